//! The emulator behind a socket.
//!
//! It runs on a thread of its own with a runtime of its own, so it works the
//! same under any executor and in plain blocking code.

mod admin;
mod answer_body;
mod builder;
mod certificate;
pub mod command;
mod connection;
mod exchange;
mod listener;
mod patience;
mod preload;
mod request_body;
mod turning;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::control::Control;
use crate::model::Credentials;

pub use builder::{Builder, StartError, Tls};
pub use turning::SnapshotFailure;

/// A running B2 server. It stops when this value is dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let emulator = b2_emulator::Emulator::start_blocking()?;
/// println!("B2_ENVIRONMENT={}", emulator.base_url());
/// println!("{} {}", emulator.application_key_id(), emulator.application_key());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    base_url: String,
    credentials: Credentials,
    certificate_pem: Option<String>,
    /// There from the moment it is ready.
    control: Option<Arc<Control>>,
    stop: watch::Sender<Stop>,
    /// Gone once it has been waited for.
    thread: Option<JoinHandle<()>>,
    ended: watch::Receiver<bool>,
}

/// How the server is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// It is not.
    No,
    /// Requests under way are answered first.
    Gracefully,
    /// Connections are cut.
    Now,
}

impl Emulator {
    /// Starts an emulator in memory, on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// When no socket or thread is to be had.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// As [`Emulator::start`], for callers that do not await.
    ///
    /// # Errors
    ///
    /// When no socket or thread is to be had.
    pub fn start_blocking() -> Result<Self, StartError> {
        Self::builder().start_blocking()
    }

    /// An emulator with other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where clients authorize, such as `http://127.0.0.1:49213`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address the server listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Id of the account, 12 hex digits.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.credentials.account_id
    }

    /// Id of the master application key.
    #[must_use]
    pub fn application_key_id(&self) -> &str {
        &self.credentials.key_id
    }

    /// The master application key.
    #[must_use]
    pub fn application_key(&self) -> &str {
        self.credentials.key()
    }

    /// The certificate clients have to trust, in PEM; `None` without HTTPS.
    #[must_use]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate_pem.as_deref()
    }

    /// Answers the requests under way and stops.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the server at once.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(Stop::Gracefully);
        // The sender lives in the server's thread, so an error is an end too.
        let _ = self.ended.wait_for(|ended| *ended).await;
        self.join();
    }

    /// As [`Emulator::shutdown`], for callers that do not await.
    pub fn shutdown_blocking(mut self) {
        self.stop.send_replace(Stop::Gracefully);
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic in there has already been printed.
            let _ = thread.join();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop.send_replace(Stop::Now);
            self.join();
        }
    }
}
