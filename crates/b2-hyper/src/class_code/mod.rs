//! Errors as the numbers that components with numeric errors report.
//!
//! [`of`] says what is at the bottom of an error of a request; what happens
//! before any request has a method of this name.

mod system;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io;

use rustls::AlertDescription as Alert;

use crate::connect::{ConnectError, ResolveError};
use crate::error::{BuildError, Late, Refusal};
use crate::http::{ContentError, RedirectError};
use crate::proxy::ProxyError;
use crate::settings::{SettingError, SettingsError};
use crate::tls::{CertificateFault, IdentityError, TlsError};

/// What has no number of its own.
const OTHER: u32 = 600;
const UNSUPPORTED: u32 = 601;
const FIREWALL: u32 = 118;
const HANDSHAKE: u32 = 276;
const DROPPED: u32 = 1120;
const NO_ADDRESS: u32 = 11_001;

/// The number of the first error that has one, from the top down.
pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<u32> {
    let mut next = Some(error);
    while let Some(this) = next {
        if let Some(code) = own(this) {
            return Some(code);
        }
        next = this.source();
    }
    None
}

fn own(error: &(dyn Error + 'static)) -> Option<u32> {
    if let Some(refusal) = error.downcast_ref() {
        return Some(of_refusal(refusal));
    }
    if let Some(late) = error.downcast_ref() {
        return Some(of_late(late));
    }
    if error.is::<RedirectError>() || error.is::<ContentError>() {
        return Some(151);
    }
    if let Some(resolve) = error.downcast_ref() {
        return Some(of_resolve(resolve));
    }
    if let Some(tls) = error.downcast_ref() {
        return of_session(tls);
    }
    if let Some(h2) = error.downcast_ref::<h2::Error>() {
        return h2.get_io().and_then(of_io);
    }
    error.downcast_ref().and_then(of_io)
}

/// An error of the system may only carry another one.
fn of_io(error: &io::Error) -> Option<u32> {
    match error.get_ref() {
        Some(inner) => of(inner).or_else(|| system::of(error)),
        None => system::of(error),
    }
}

fn of_refusal(refusal: &Refusal) -> u32 {
    match refusal {
        Refusal::Port => 116,
        Refusal::Server => 152,
        Refusal::Scheme => 153,
        Refusal::Length
        | Refusal::Chunked
        | Refusal::Policy
        | Refusal::PlainHttp2
        | Refusal::NoRuntime => OTHER,
    }
}

fn of_late(late: &Late) -> u32 {
    match late {
        Late::Silence(_) => 201,
        // The number of both: "timeout" of a connection, "interrupted" of HTTP.
        Late::Deadline | Late::Connect(_) | Late::Interrupted => 301,
    }
}

fn of_resolve(error: &ResolveError) -> u32 {
    match error {
        ResolveError::NoHost => NO_ADDRESS,
        ResolveError::NoAnswer => 11_002,
        ResolveError::Failed => 11_003,
        ResolveError::NoAddress(_) => 11_004,
    }
}

/// What goes wrong in a session that stands.
fn of_session(error: &rustls::Error) -> Option<u32> {
    use rustls::Error as E;
    match error {
        E::EncryptError | E::AlertReceived(Alert::BadRecordMac | Alert::DecryptError) => Some(283),
        E::DecryptError | E::InvalidMessage(_) | E::PeerSentOversizedRecord => Some(284),
        // In TLS 1.3 a server says so after the handshake.
        E::AlertReceived(Alert::CertificateRequired) => Some(281),
        _ => None,
    }
}

impl ConnectError {
    /// The number under which components with numeric errors report this.
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 102 | the address is that of no server |
    /// | 118 | the [proxy](ProxyError) did not connect |
    /// | 10013 to 10065 | what the system says, by the numbers of Winsock |
    /// | 11001 | the host is not known |
    /// | 11002 | no name server has answered |
    /// | 11003 | a name server refused or failed |
    /// | 11004 | the host has no address of the family allowed |
    ///
    /// Those of TLS are at [`TlsError::class_code`].
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Resolve(error) => of_io(error).unwrap_or(NO_ADDRESS),
            Self::Dial(error) => of_io(error).unwrap_or(10_061),
            Self::Unspecified(_) => 102,
            Self::Proxy(error) => error.class_code(),
            Self::NoHttp2 => HANDSHAKE,
            Self::Tls(error) => error.class_code(),
        }
    }
}

impl ProxyError {
    /// The number under which components with numeric errors report this:
    /// 118, whatever the proxy said, and what is said of
    /// [`ConnectError::Resolve`] if it could not be asked for want of an
    /// address.
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Resolve(error) => of_io(error).unwrap_or(NO_ADDRESS),
            _ => FIREWALL,
        }
    }
}

impl TlsError {
    /// The number under which components with numeric errors report this.
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 270 | there is no cryptography |
    /// | 271 | there is no root certificate |
    /// | 276 | the handshake failed |
    /// | 281 | the server wants a certificate of the client |
    ///
    /// Those of certificates are at [`CertificateFault::class_code`].
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::NoProvider => 270,
            Self::NoRoots => 271,
            Self::Certificate(fault) => fault.class_code(),
            Self::Identity(error) => error.class_code(),
            Self::Refused(Alert::CertificateRequired) => 281,
            _ => HANDSHAKE,
        }
    }
}

impl CertificateFault {
    /// The number under which components with numeric errors report this: 274
    /// for an unknown issuer, also if it is itself, 275 if the chain breaks a
    /// rule, and 280 for what is wrong with the certificate itself.
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::UnknownIssuer | Self::SelfSigned => 274,
            Self::NameConstraint
            | Self::Chain(_)
            | Self::BadSignature
            | Self::WeakKey
            | Self::Authority => 275,
            _ => 280,
        }
    }
}

impl IdentityError {
    /// The number under which components with numeric errors report this.
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 270 | the security token does not work |
    /// | 271 | the store cannot be read |
    /// | 272 | no certificate in it fits |
    /// | 273 | there is no key, or the password is wrong |
    /// | 281 | there is a key and no certificate |
    /// | 601 | this kind of store is not supported |
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Token(_) => 270,
            Self::File(_) | Self::Format(_) => 271,
            Self::NoCertificate => 272,
            Self::Password | Self::Mismatch | Self::NoKey => 273,
            Self::KeyAlone => 281,
            Self::Unsupported(error) => error.class_code(),
        }
    }
}

impl SettingError {
    /// The number under which components with numeric errors report this: 601
    /// for what is not supported, else 600.
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Unsupported { .. } => UNSUPPORTED,
            Self::Unknown { .. } | Self::Value { .. } => OTHER,
        }
    }
}

impl BuildError {
    /// The number under which components with numeric errors report this.
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 118 | a proxy or its script is named wrongly |
    /// | 271 | certificates cannot be read |
    /// | 272 | there is no certificate |
    /// | 302 | a file cannot be opened |
    /// | 600 | a header is none |
    ///
    /// Those of settings are at [`SettingError::class_code`].
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::ProxyUrl | Self::ScriptUrl => FIREWALL,
            Self::Variable { source, .. } => source.class_code(),
            Self::Pem(_) | Self::Certificate(_) | Self::RevocationList(_) => 271,
            Self::NoCertificate => 272,
            Self::File { .. } | Self::NoRootFile(_) => 302,
            Self::Setting(error) => error.class_code(),
            Self::Header => OTHER,
        }
    }
}

impl SettingsError {
    /// The number of what it is about: [`SettingError::class_code`],
    /// [`BuildError::class_code`] or [`IdentityError::class_code`].
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Setting(error) => error.class_code(),
            Self::Build(error) => error.class_code(),
            Self::Identity(error) => error.class_code(),
            Self::LocalHost { .. } => NO_ADDRESS,
        }
    }
}
