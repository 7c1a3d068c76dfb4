//! The client's own certificate.

mod jks;
mod jwk;
mod keys;
mod own;
#[cfg(feature = "pkcs11")]
mod patience;
mod pem;
mod pkcs12;
mod pkcs7;
mod ssh;
mod store;
#[cfg(feature = "pkcs11")]
mod token;
mod work;
mod xml;

pub use keys::PublicKey;
#[cfg(feature = "pkcs11")]
pub(super) use own::SigningFailure;
pub use own::{Identity, IdentityError};
pub(crate) use store::is_no_store;
pub use store::{Accepted, StoreType, open, open_accepted, open_with_certificate};
#[cfg(feature = "pkcs11")]
pub use token::open_token;
