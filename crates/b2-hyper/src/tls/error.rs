//! Why no encrypted session came about.

use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError};

use super::identity::IdentityError;

/// Why no encrypted session came about.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The crate was built without cryptography: enable a feature.
    #[error("b2-hyper was built without cryptography (feature aws-lc-rs or ring)")]
    NoProvider,
    /// Nobody is trusted: give a root certificate or trust the system's.
    #[error("no root certificate is trusted: the system has none and none was given")]
    NoRoots,
    /// What was chosen does not fit together, such as a version of TLS
    /// without one of its cipher suites.
    #[error("the chosen versions, cipher suites, groups and certificates do not fit together")]
    Settings(#[source] rustls::Error),
    /// The host is neither a name nor an address.
    #[error("the host of the URL is neither a name nor an address")]
    Name,
    /// The certificate of the server is not accepted.
    #[error("the certificate of the server is not accepted: {0}")]
    Certificate(CertificateFault),
    /// The own certificate could not be shown, because its key has not signed:
    /// look after the token that it is in.
    #[error("the own certificate cannot be shown: {0}")]
    Identity(Arc<IdentityError>),
    /// The server refused, for example because it wants a certificate or
    /// speaks no version that is allowed.
    #[error("the server refused the handshake ({0:?})")]
    Refused(AlertDescription),
    /// The server speaks something else, or breaks the protocol.
    #[error("the server does not keep to the protocol")]
    Protocol(#[source] rustls::Error),
    /// The connection broke off during the handshake.
    #[error("the handshake broke off")]
    Broken(#[source] Arc<io::Error>),
}

impl TlsError {
    /// Whether nobody refused anything, so that another attempt may go better.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    pub(super) fn of_handshake(error: io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(own) = inner.and_then(of_own_key) {
            return Self::Identity(own);
        }
        match inner {
            Some(rustls::Error::InvalidCertificate(fault)) => {
                Self::Certificate(CertificateFault::of(fault))
            }
            Some(rustls::Error::AlertReceived(alert)) => Self::Refused(*alert),
            Some(other) => Self::Protocol(other.clone()),
            None => Self::Broken(Arc::new(error)),
        }
    }
}

/// Why the own key has not signed, if that is it.
#[cfg(feature = "pkcs11")]
fn of_own_key(error: &rustls::Error) -> Option<Arc<IdentityError>> {
    let rustls::Error::Other(rustls::OtherError(other)) = error else { return None };
    let super::identity::SigningFailure(own) = other.downcast_ref()?;
    Some(Arc::clone(own))
}

/// Keys that are at hand sign always.
#[cfg(not(feature = "pkcs11"))]
fn of_own_key(_: &rustls::Error) -> Option<Arc<IdentityError>> {
    None
}

/// What is wrong with the certificate of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Its time is over: the server's owner has to renew it, or the clock of
    /// this machine is wrong.
    #[error("it has expired")]
    Expired,
    /// Its time has not come yet: the clock of this machine may be wrong.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It belongs to another host.
    #[error("it is not valid for the name of the host")]
    WrongName,
    /// Nobody who is trusted vouches for it: give the root certificate of its
    /// authority if you trust it.
    #[error("its issuer is unknown")]
    UnknownIssuer,
    /// It vouches for itself, and nobody who is trusted does: accept it alone
    /// with [`dangerous_accept_certificate`](super::TlsSettings::dangerous_accept_certificate)
    /// if you know it.
    #[error("it is signed by itself, and not trusted")]
    SelfSigned,
    /// An authority in its chain may not vouch for its name.
    #[error("an authority in its chain may not vouch for its name")]
    NameConstraint,
    /// Its authority has revoked it.
    #[error("it is revoked")]
    Revoked,
    /// The responder of its authority says that it is revoked.
    #[error("it is revoked, says the responder of its authority")]
    RevokedByResponder,
    /// Nobody could say whether it is revoked, and that was demanded; or what
    /// was said is out of date.
    #[error("whether it is revoked is unknown")]
    UnknownRevocation,
    /// As [`UnknownRevocation`](Self::UnknownRevocation), of an authority in
    /// its chain.
    #[error("whether an authority in its chain is revoked is unknown")]
    UnknownAuthorityRevocation,
    /// None of the addresses that it names for its revocation answered, and
    /// that was demanded: ask for less, or let this machine reach them.
    #[error("whether it is revoked could not be asked")]
    RevocationUnreachable,
    /// As [`RevocationUnreachable`](Self::RevocationUnreachable), of an
    /// authority in its chain.
    #[error("whether an authority in its chain is revoked could not be asked")]
    AuthorityRevocationUnreachable,
    /// What was answered about its revocation must not be believed.
    #[error("what was answered about its revocation must not be believed: {0}")]
    RevocationAnswer(&'static str),
    /// Its key, or that of an authority in its chain, is too short: an RSA
    /// key of fewer than 2048 bits.
    #[error("a key in its chain is too short")]
    WeakKey,
    /// It is meant for something else than a server.
    #[error("it is not meant for servers")]
    WrongUsage,
    /// It is the certificate of an authority: give it as a root if you trust
    /// the authority itself, or accept it alone with
    /// [`dangerous_accept_certificate`](super::TlsSettings::dangerous_accept_certificate).
    /// OpenSSL lets authorities be servers.
    #[error(
        "it is the certificate of an authority and not of a server; give it as a root \
         (SSLServerCACerts), or accept it alone (SSLAcceptServerCert), if you know it"
    )]
    Authority,
    /// A signature in its chain is wrong or of an unsupported kind.
    #[error("a signature in its chain does not hold")]
    BadSignature,
    /// It cannot be read.
    #[error("it cannot be read")]
    Unreadable,
    /// Its chain breaks another rule, such as that it may be no longer.
    #[error("its chain breaks a rule: {0}")]
    Chain(String),
    /// The policy that was given does not accept it.
    #[error("the policy does not accept it")]
    Policy,
}

impl CertificateFault {
    /// Whether it is found out only by asking the authority.
    pub(super) fn is_about_revocation(&self) -> bool {
        matches!(
            self,
            Self::Revoked
                | Self::RevokedByResponder
                | Self::UnknownRevocation
                | Self::UnknownAuthorityRevocation
                | Self::RevocationUnreachable
                | Self::AuthorityRevocationUnreachable
                | Self::RevocationAnswer(_)
        )
    }

    pub(super) fn of(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName,
            E::UnknownIssuer => Self::UnknownIssuer,
            E::Revoked => Self::Revoked,
            E::UnknownRevocationStatus
            | E::ExpiredRevocationList
            | E::ExpiredRevocationListContext { .. } => Self::UnknownRevocation,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::WrongUsage,
            E::BadSignature
            | E::UnsupportedSignatureAlgorithmContext { .. }
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::BadSignature,
            E::BadEncoding => Self::Unreadable,
            E::ApplicationVerificationFailure => Self::Policy,
            E::Other(other) => {
                let own = other.0.downcast_ref::<Self>();
                own.cloned().unwrap_or_else(|| Self::Chain(other.to_string()))
            }
            other => Self::Chain(other.to_string()),
        }
    }
}
