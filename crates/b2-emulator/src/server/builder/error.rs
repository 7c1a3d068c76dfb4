//! Why an emulator did not start.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::control::BadRule;
use crate::engine::OpenError;

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder could not be opened.
    #[error("the data folder cannot be opened")]
    Open(#[from] OpenError),
    /// The address is one that other machines can reach, and that was not
    /// allowed.
    #[error("{0} is not a loopback address; to be reached from elsewhere has to be allowed")]
    NotLoopback(IpAddr),
    /// The wished-for account id is not one.
    #[error("an account id is 12 lower-case hex digits")]
    BadAccountId,
    /// The port is taken, or threads or sockets have run out.
    #[error("the server cannot listen on {address}")]
    Listen {
        /// Where it tried.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate cannot be used")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault that is to be injected cannot be.
    #[error("a fault cannot be injected")]
    Fault(#[from] BadRule),
    /// The files to begin with could not be stored.
    #[error("{} cannot be loaded: {reason}", .path.display())]
    Preload {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The system would not give random bytes to make keys from.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The server's thread ended before it was ready.
    #[error("the server ended before it was ready")]
    Died,
}
