//! Other people's proxies. Needs programs that `cargo xtask peers` looks for
//! first; without them these tests fail, so they run only when asked for.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

#[path = "../authority/mod.rs"]
mod authority;
#[cfg(feature = "aws-lc-rs")]
mod hybrid;
mod journey;
mod keys;
mod openssl;
#[cfg(feature = "openssl")]
mod platform;
mod program;
#[path = "../responder/mod.rs"]
mod responder;
mod revocation;
#[path = "../server/mod.rs"]
mod server;
mod socks;
mod squid;
#[cfg(feature = "pkcs11")]
mod token;
