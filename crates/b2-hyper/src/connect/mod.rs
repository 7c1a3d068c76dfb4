//! From a name to a byte stream: look up, dial, pass the proxies, encrypt.
//!
//! Each step is a piece of its own that works without the others and without
//! the rest of the crate:
//!
//! ```text
//! resolve -> Dialer (socket options, happy eyeballs) -> Proxy::tunnel -> Tls::connect
//! ```
//!
//! ```
//! use b2_hyper::connect::{Dialer, Family, SocketOptions};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let port = listener.local_addr()?.port();
//! let dialer = Dialer::new()
//!     .with_family(Family::V4)
//!     .with_options(SocketOptions::new().with_local_address("127.0.0.1".parse()?));
//! let tcp = dialer.dial("localhost", port).await?;
//! assert!(tcp.nodelay()?);
//! # Ok(()) }
//! ```

mod connector;
mod dial;
mod error;
mod facts;
mod options;
mod race;
mod resolve;
pub(crate) mod socket;
pub(crate) mod stream;

pub(crate) use connector::{Connected, Connector};
pub use dial::Dialer;
pub use error::ConnectError;
pub use facts::{ConnectionFacts, TlsFacts};
pub use options::{KeepAlive, SocketOptions};
pub(crate) use resolve::Addresses;
pub use resolve::{Family, ResolveError, resolve};
