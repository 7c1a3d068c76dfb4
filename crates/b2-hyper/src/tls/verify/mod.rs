//! Whether a server's certificate is accepted.

mod chain;
mod flags;
mod policy;
mod verifier;

pub use flags::SecurityFlags;
pub use policy::{CertificatePolicy, ServerChain, Verdict};
pub(super) use verifier::Verifier;
