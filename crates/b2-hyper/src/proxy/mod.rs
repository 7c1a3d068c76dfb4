//! Proxies: HTTP, with and without a tunnel, and SOCKS.
//!
//! A [`Proxy`] is one of them; [`ProxyRules`] say which requests go through
//! which. Both work without the rest of the crate: [`Proxy::tunnel`] takes any
//! byte stream.
//!
//! ```
//! use b2_hyper::proxy::{AuthScheme, Exceptions, Proxy, ProxyRules};
//!
//! let proxy = Proxy::http("proxy.example", 3128)
//!     .with_credentials("ada", "secret")
//!     .with_scheme(AuthScheme::Digest);
//! let rules = ProxyRules::all(proxy).with_exceptions(Exceptions::parse("localhost;10.0.0.0/8"));
//! let transport = b2_hyper::HyperTransport::builder().with_proxy(rules).build()?;
//! # Ok::<(), b2_hyper::BuildError>(())
//! ```
//!
//! What goes through an HTTP proxy to an `https` URL, through SOCKS, or
//! through a proxy with [`with_tunnel`](Proxy::with_tunnel), passes unread.
//! Requests to `http` URLs are read by an HTTP proxy.

mod auth;
mod chain;
mod environment;
mod error;
mod exceptions;
mod forward;
mod head;
mod host;
mod http;
mod introduction;
#[cfg(feature = "pac")]
mod pac;
mod rules;
mod server;
mod socks4;
mod socks5;

pub use auth::AuthScheme;
pub(crate) use chain::{Chain, Passed, Route};
pub use error::ProxyError;
pub use exceptions::Exceptions;
pub(crate) use forward::Forward;
pub(crate) use host::is_host;
pub(crate) use introduction::Introduction;
#[cfg(feature = "pac")]
pub use pac::ProxyScript;
pub use rules::ProxyRules;
pub(crate) use server::{Credentials, token};
pub use server::{Proxy, ProxyKind};
