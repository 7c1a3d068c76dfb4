//! TLS by the OpenSSL of the system.
//!
//! rustls speaks nothing before TLS 1.2, no suite without forward secrecy and
//! no CBC. Whoever has to talk to a server that knows nothing else can have
//! the system's library for it. Why it is done this way stands in
//! `docs/decisions/0012-platform-tls.md`.

mod ciphers;
mod connect;
mod context;
mod eof;
mod error;
mod facts;
mod judge;
mod settings;

pub use ciphers::CipherList;
pub(super) use connect::Platform;
pub(super) use eof::NoEof;
pub(crate) use error::is_tls;
pub(super) use facts::facts;
pub(super) use settings::check;
