//! TLS: whom to trust, what to speak, and the handshake.
//!
//! [`TlsSettings`] are choices; [`Tls`] begins sessions on any byte stream.
//! Whatever makes a check weaker is called `dangerous_*`.

mod bare;
mod certificate;
mod der;
mod error;
mod event;
mod group;
mod identity;
mod key_log;
mod provider;
mod record;
mod revocation;
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
pub use event::{TlsEvent, TlsObserver, Told};
pub use group::{Groups, KeyShare};
#[cfg(feature = "pkcs11")]
pub use identity::open_token;
pub use identity::{
    Accepted, Identity, IdentityError, PublicKey, StoreType, open, open_accepted,
    open_with_certificate,
};
pub use record::{RecordKind, RecordLog};
pub(crate) use revocation::Reach;
pub use session::Tls;
pub use settings::{RevocationCheck, TlsSettings};
pub use signatures::SignatureAlgorithms;
pub use suites::CipherSuites;
pub use verify::{CertificatePolicy, SecurityFlags, ServerChain, Verdict};
pub use versions::Versions;
