//! TLS: whom to trust, what to speak, and the handshake.

mod error;
mod provider;
mod roots;
mod session;
mod settings;
mod strength;

pub use error::{CertificateFault, TlsError};
pub use session::Tls;
pub use settings::TlsSettings;
