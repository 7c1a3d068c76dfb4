//! TLS: whom to trust, what to speak, and the handshake.
//!
//! [`TlsSettings`] are choices; [`Tls`] begins sessions on any byte stream.
//! Whatever makes a check weaker is called `dangerous_*`.

mod backend;
mod bare;
mod certificate;
mod der;
mod error;
mod event;
mod file;
mod group;
mod identity;
mod key_log;
#[cfg(feature = "openssl")]
mod platform;
mod provider;
mod record;
mod revocation;
mod roots;
mod session;
mod settings;
mod signatures;
mod stream;
mod strength;
mod suites;
mod verify;
mod versions;

pub use backend::Backend;
pub use certificate::Certificate;
pub use error::{CertificateFault, TlsError};
pub use event::{TlsEvent, TlsObserver, Told};
#[cfg(feature = "pac")]
pub(crate) use file::open as open_file;
pub(crate) use file::read as read_file;
pub use group::{Groups, KeyShare};
pub(crate) use identity::is_no_store;
#[cfg(feature = "pkcs11")]
pub use identity::open_token;
pub use identity::{
    Accepted, Identity, IdentityError, PublicKey, StoreType, open, open_accepted,
    open_with_certificate,
};
#[cfg(feature = "openssl")]
pub use platform::CipherList;
#[cfg(feature = "openssl")]
pub(crate) use platform::is_tls as is_openssl;
pub use record::{RecordKind, RecordLog};
pub use session::Tls;
pub use settings::{RevocationCheck, TlsSettings};
pub use signatures::SignatureAlgorithms;
pub use stream::TlsSession;
pub use suites::CipherSuites;
pub use verify::{
    CertificatePolicy, Decision, OverridingPolicy, SecurityFlags, ServerChain, Verdict,
};
pub use versions::Versions;
