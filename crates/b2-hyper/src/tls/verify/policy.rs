//! Decisions that are left to the user.

use std::sync::Arc;

use super::super::certificate::Certificate;
use super::super::error::CertificateFault;

/// What a server showed, and what is thought of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerChain {
    /// The host that was asked for.
    pub host: String,
    /// The server's own certificate.
    pub certificate: Certificate,
    /// Everything that the server showed, its own certificate first. The root
    /// is among them only if the server sent it. With OpenSSL, the chain that
    /// was found instead, up to the root.
    pub chain: Vec<Certificate>,
    /// What is wrong with it; `None` if it is accepted.
    pub fault: Option<CertificateFault>,
    /// Whether its authority has been asked whether it is revoked. That comes
    /// after the handshake, so a policy is asked once more then.
    pub revocation_asked: bool,
}

impl ServerChain {
    /// `OK`, or what is wrong.
    #[must_use]
    pub fn status(&self) -> String {
        self.fault.as_ref().map_or_else(|| "OK".to_owned(), ToString::to_string)
    }
}

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// As it was decided without the policy.
    Default,
    /// Refuse it, even if it is good.
    Refuse,
}

/// Looks at the certificates of servers, so it has to answer soon. It can only
/// refuse; what widens is called `dangerous_*`
/// ([`dangerous_certificate_policy`](crate::tls::TlsSettings::dangerous_certificate_policy)).
///
/// It is asked during the handshake and on its thread, about resumed sessions
/// as well. If the authority of the certificate is asked about revocation, it
/// is asked again with what came of that.
///
/// ```
/// use b2_hyper::tls::{ServerChain, TlsSettings, Verdict};
///
/// // Keys of fewer than 256 bits are not good enough for us.
/// let policy = |shown: &ServerChain| match shown.certificate.public_key_length {
///     0..256 => Verdict::Refuse,
///     _ => Verdict::Default,
/// };
/// let settings = TlsSettings::new().with_certificate_policy(policy);
/// ```
pub trait CertificatePolicy: Send + Sync + 'static {
    /// Decides about one certificate.
    fn decide(&self, shown: &ServerChain) -> Verdict;
}

impl<F> CertificatePolicy for F
where
    F: Fn(&ServerChain) -> Verdict + Send + Sync + 'static,
{
    fn decide(&self, shown: &ServerChain) -> Verdict {
        self(shown)
    }
}

/// What a policy says that may accept what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// As it was decided without the policy.
    Default,
    /// Refuse it, even if it is good.
    Refuse,
    /// Accept it although [`fault`](ServerChain::fault) is wrong with it.
    Accept,
}

/// As [`CertificatePolicy`], but it may accept what is refused.
///
/// It is asked about one fault after the other: whoever accepts a certificate
/// that has expired is asked again if it is for another host as well, and at
/// last without a fault. Whoever accepts a weak key, a wrong signature, a
/// broken chain or a revocation accepts the whole chain, because it cannot be
/// checked any further; about the time, the purpose and the name of the
/// certificate itself he is still asked.
///
/// ```
/// use std::sync::Mutex;
///
/// use b2_hyper::tls::{CertificateFault, Decision, ServerChain, TlsSettings};
///
/// // Trust on first use: whatever the first connection shows, and nothing else.
/// let known = Mutex::new(None);
/// let policy = move |shown: &ServerChain| {
///     let mut known = known.lock().unwrap();
///     let own = &shown.certificate.fingerprint_sha256;
///     match &shown.fault {
///         _ if known.get_or_insert_with(|| own.clone()) != own => Decision::Refuse,
///         Some(CertificateFault::SelfSigned | CertificateFault::UnknownIssuer) => Decision::Accept,
///         _ => Decision::Default,
///     }
/// };
/// let settings = TlsSettings::new().dangerous_certificate_policy(policy);
/// ```
pub trait OverridingPolicy: Send + Sync + 'static {
    /// Decides about one certificate.
    fn decide(&self, shown: &ServerChain) -> Decision;
}

impl<F> OverridingPolicy for F
where
    F: Fn(&ServerChain) -> Decision + Send + Sync + 'static,
{
    fn decide(&self, shown: &ServerChain) -> Decision {
        self(shown)
    }
}

/// Whom the user leaves decisions to.
#[derive(Clone)]
pub(in super::super) enum Policy {
    Refusing(Arc<dyn CertificatePolicy>),
    Overriding(Arc<dyn OverridingPolicy>),
}

impl Policy {
    /// Whether it may accept what is refused.
    pub(in super::super) fn overrides(&self) -> bool {
        matches!(self, Self::Overriding(_))
    }

    /// What becomes of a certificate.
    pub(in super::super) fn decide(&self, shown: &ServerChain) -> Result<(), CertificateFault> {
        let decision = match self {
            Self::Overriding(policy) => policy.decide(shown),
            Self::Refusing(policy) => match policy.decide(shown) {
                Verdict::Default => Decision::Default,
                Verdict::Refuse => Decision::Refuse,
            },
        };
        match (decision, &shown.fault) {
            (Decision::Accept, _) | (Decision::Default, None) => Ok(()),
            (Decision::Refuse, None) => Err(CertificateFault::Policy),
            (_, Some(fault)) => Err(fault.clone()),
        }
    }
}
