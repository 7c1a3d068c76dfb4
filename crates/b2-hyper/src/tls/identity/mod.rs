//! The client's own certificate.

mod own;
mod pem;
mod pkcs12;
mod pkcs7;
mod store;

pub use own::{Identity, IdentityError};
pub use store::{StoreType, open};
