//! A durable Backblaze B2 server that runs on your machine.
//!
//! It is not a mock: it enforces the rules of B2, keeps what it acknowledged
//! through crashes, and serves the official tools as the service does. It
//! listens on the loopback address only.
//!
//! ```
//! # #[cfg(feature = "server")]
//! # async fn example() -> Result<(), b2_emulator::StartError> {
//! let emulator = b2_emulator::Emulator::start().await?;
//! println!("{}", emulator.base_url());
//! println!("{} {}", emulator.application_key_id(), emulator.application_key());
//! # Ok(())
//! # }
//! # #[cfg(feature = "server")]
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! `Emulator::builder` chooses a folder to keep
//! the data in, a port, TLS and limits; `Emulator::start_blocking` is for
//! programs that do not await, and `command::run` for those that want to offer
//! the emulator as a command of their own.
//!
//! [`InMemory`] is the same B2 as a value, for tests in virtual time, and
//! [`fault`] the vocabulary of what can go wrong around it.
//!
//! # How it is built
//!
//! ```text
//! server    sockets, TLS, timeouts                  (feature "server")
//! engine    begin -> collect or receive -> conclude
//! model     the rules: pure, no clock, no files
//! store     ordered rows: in a map, or in redb      (feature "server")
//! blob      file bytes: in a map, or in a folder    (feature "server")
//! ```
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `server` (default) | sockets, TLS and the data folder; without it [`InMemory`] and nothing heavy |

mod blob;
#[cfg(feature = "server")]
mod control;
mod engine;
pub mod fault;
mod in_memory;
mod model;
#[cfg(feature = "server")]
mod server;
mod store;

#[cfg(feature = "server")]
pub use control::{BadRule, FaultRule, SeededFaults, Stats, Transactions};
#[cfg(feature = "server")]
pub use engine::OpenError;
pub use in_memory::{
    Flight, InMemory, Started, StoredObject, UnfinishedFile, UploadUrl, operation_name,
};
pub use model::{Caps, Settings};
#[cfg(feature = "server")]
pub use server::{Builder, Emulator, SnapshotFailure, StartError, Tls, command};
pub use store::StoreError;
