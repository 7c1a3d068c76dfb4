//! TLS: whom to trust, what to speak, and the handshake.
//!
//! [`TlsSettings`] are choices; [`Tls`] begins sessions on any byte stream.
//! Whatever makes a check weaker is called `dangerous_*`.

mod certificate;
mod error;
mod group;
mod identity;
mod key_log;
mod provider;
mod roots;
mod session;
mod settings;
mod signatures;
mod strength;
mod suites;
mod verify;
mod versions;

pub use certificate::Certificate;
pub use error::{CertificateFault, TlsError};
pub use group::Groups;
pub use identity::{Identity, IdentityError, StoreType, open};
pub use session::Tls;
pub use settings::{RevocationCheck, TlsSettings};
pub use signatures::SignatureAlgorithms;
pub use suites::CipherSuites;
pub use verify::{CertificatePolicy, SecurityFlags, ServerChain, Verdict};
pub use versions::Versions;
