//! A durable Backblaze B2 server that runs on your machine.
//!
//! It is not a mock: it enforces the rules of B2, keeps what it acknowledged
//! through crashes, and serves the official tools as the service does.
//!
//! [`InMemory`] is the same B2 as a value, for tests in virtual time.

mod blob;
mod engine;
pub mod fault;
mod in_memory;
mod model;
#[cfg(feature = "server")]
mod server;
mod store;

pub use engine::OpenError;
pub use in_memory::{
    Flight, InMemory, Started, StoredObject, UnfinishedFile, UploadUrl, operation_name,
};
pub use model::Settings;
#[cfg(feature = "server")]
pub use server::{Builder, Emulator, StartError, Tls, command};
pub use store::StoreError;
