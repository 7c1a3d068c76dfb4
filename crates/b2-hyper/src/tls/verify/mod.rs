//! Whether a server's certificate is accepted.

mod chain;
mod flags;
mod policy;
mod verifier;

pub use flags::SecurityFlags;
pub(super) use policy::Policy;
pub use policy::{CertificatePolicy, Decision, OverridingPolicy, ServerChain, Verdict};
pub(super) use verifier::{Shown, Verifier};
