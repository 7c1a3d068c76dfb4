//! An HTTP transport for `b2-core` on hyper, rustls and tokio.
//!
//! It moves requests and answers and knows nothing about what they mean: no
//! buckets, no error codes, no retries. Unless told it follows no redirect,
//! opens no compression, and logs nothing. It speaks HTTP/1.1, which is what B2
//! speaks with every known client, and HTTP/1.0 or 2 if told.
//!
//! ```no_run
//! use std::time::{Duration, Instant};
//!
//! use b2_core::port::{RequestBody, Transport};
//! use b2_hyper::HyperTransport;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = HyperTransport::builder()
//!     .with_connect_timeout(Duration::from_secs(5))
//!     .build()?;
//!
//! let request = http::Request::get("https://api.backblazeb2.com/b2api/v4/b2_authorize_account")
//!     .body(RequestBody::from_bytes(bytes::Bytes::new()))?;
//! let mut answer = transport.send(request, Instant::now() + Duration::from_secs(30)).await?;
//!
//! assert_eq!(answer.status(), 401, "the request has no credentials");
//! while let Some(chunk) = answer.body_mut().chunk().await {
//!     println!("{} bytes", chunk?.len());
//! }
//! # Ok(()) }
//! ```
//!
//! # How a request goes
//!
//! ```text
//! send -> Outgoing -> Pool --idle link--> Exchange -> head -> Answer --whole--> Pool
//!                       \--none--> Connector --link--^            \--dropped--> closed
//! ```
//!
//! There is no task behind a connection: the future of
//! [`send`](b2_core::port::Transport::send) and the body of the answer poll
//! it, and dropping either closes it at once. While a request is being written
//! the connection is read, so an early answer is found, even if the server
//! then breaks the connection.
//!
//! # Pieces
//!
//! | module | has |
//! |---|---|
//! | [`connect`] | names, sockets, happy eyeballs, facts about connections |
//! | [`proxy`] | HTTP and SOCKS proxies, and which requests go through them |
//! | [`tls`] | whom to trust, what to speak, one's own certificate |
//! | [`pace`] | limits on bytes |
//! | [`observe`] | events of the wire, lines of a log, without secrets |
//! | [`capture`] | requests and answers as they are on the wire |
//! | [`settings`] | all of it by name |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `aws-lc-rs` | yes | TLS with the cryptography of aws-lc-rs |
//! | `ring` | no | TLS with the cryptography of ring; `aws-lc-rs` goes before it |
//! | `platform-roots` | yes | trust in the certificates of the operating system |
//! | `x448` | no | the group X448 for the key exchange of TLS 1.3 |
//! | `bundled-roots` | no | the root certificates of Mozilla, built in |
//! | `openssl` | no | TLS with the OpenSSL of the system, for servers that rustls does not speak to |
//! | `pac` | no | scripts that choose proxies, run by QuickJS |
//! | `pkcs11` | no | client certificates whose keys are in security tokens |
//!
//! No provider of cryptography is ever installed for the whole process.
//!
//! # Where next
//!
//! [`b2_core::port`] is the contract that this crate keeps;
//! `b2_testing::conformance` checks it.

pub mod capture;
pub mod connect;
pub mod observe;
pub mod pace;
pub mod proxy;
pub mod settings;
pub mod tls;

mod builder;
mod class_code;
mod error;
mod follow;
mod http;
mod pool;
mod target;
mod timer;
mod transport;
mod url_policy;
mod watch;

pub use builder::Builder;
pub use error::BuildError;
pub use http::{
    ContentError, Decompression, HeaderOverrides, HttpVersion, Received, RedirectError, Redirects,
    status_line,
};
pub use timer::{TokioSpawn, TokioTimer};
pub use transport::HyperTransport;
pub use url_policy::UrlPolicy;
