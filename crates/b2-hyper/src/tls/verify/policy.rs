//! Decisions that are left to the user.

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

/// Looks at the certificates of servers, during the handshake and on its
/// thread, so it has to answer soon. It can only refuse; what widens is called
/// `dangerous_*`.
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
