//! What becomes of what OpenSSL thinks of a certificate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::x509::{X509StoreContextRef, X509VerifyResult};
use rustls::pki_types::CertificateDer;

use super::super::certificate::Certificate;
use super::super::error::CertificateFault;
use super::super::identity::PublicKey;
use super::super::settings::TlsSettings;
use super::super::verify::{Policy, SecurityFlags, ServerChain};
use super::error::fault;

/// What the user wants to be overlooked, accepted or asked.
pub(super) struct Judge {
    flags: SecurityFlags,
    accepted: Vec<Certificate>,
    accepted_keys: Vec<PublicKey>,
    policy: Option<Policy>,
}

impl Judge {
    pub(super) fn new(settings: &TlsSettings) -> Self {
        Self {
            flags: settings.flags,
            accepted: settings.accepted.clone(),
            accepted_keys: settings.accepted_keys.clone(),
            policy: settings.policy.clone(),
        }
    }

    fn accepts(&self, leaf: &CertificateDer<'_>) -> bool {
        self.accepted.iter().any(|accepted| accepted.der() == &leaf[..])
            || self.accepted_keys.iter().any(|key| key.is_of(leaf))
    }
}

/// One look at what one server shows.
pub(super) struct Look {
    pub(super) judge: Arc<Judge>,
    pub(super) host: String,
    /// The server's own certificate, if it was refused, and why.
    refused: Mutex<Option<(CertificateDer<'static>, CertificateFault)>>,
    /// What the policy has accepted: OpenSSL has several words for one fault.
    overridden: Mutex<Vec<CertificateFault>>,
}

impl Look {
    pub(super) fn new(judge: &Arc<Judge>, host: &str) -> Self {
        let (judge, host) = (Arc::clone(judge), host.to_owned());
        Self { judge, host, refused: Mutex::default(), overridden: Mutex::default() }
    }

    /// OpenSSL calls this for each fault that it finds, and at last for the
    /// server's own certificate. Whoever says no ends the handshake.
    pub(super) fn at(&self, good: bool, context: &mut X509StoreContextRef) -> bool {
        let found = (!good).then(|| fault(context.error()));
        if found.is_none() && context.error_depth() > 0 {
            return true;
        }
        let chain = chain(context);
        let Some(leaf) = chain.first() else { return false };
        let found =
            found.filter(|found| !self.judge.accepts(leaf) && !self.judge.flags.overlook(found));
        if !good && found.is_none() {
            return true;
        }
        match self.ask(&chain, found) {
            None => true,
            Some(fault) => {
                if good {
                    context.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
                }
                let refusal = Some((leaf.clone(), fault));
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
                false
            }
        }
    }

    /// What the policy makes of it.
    fn ask(
        &self,
        chain: &[CertificateDer<'static>],
        fault: Option<CertificateFault>,
    ) -> Option<CertificateFault> {
        let Some(policy) = &self.judge.policy else { return fault };
        let read: Vec<_> = chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
        let Some(certificate) = read.first().cloned() else {
            return Some(CertificateFault::Unreadable);
        };
        let mut overridden = self.overridden.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.as_ref().is_some_and(|fault| overridden.contains(fault)) {
            return None;
        }
        let (host, chain) = (self.host.clone(), read);
        let shown = ServerChain { host, certificate, chain, fault, revocation_asked: false };
        // A panic must not go through OpenSSL; it would end the program.
        let decided = catch_unwind(AssertUnwindSafe(|| policy.decide(&shown)));
        match (decided, shown.fault) {
            (Ok(Ok(())), fault) => {
                overridden.extend(fault);
                None
            }
            (Ok(Err(fault)), _) => Some(fault),
            (Err(_), fault) => fault.or(Some(CertificateFault::Policy)),
        }
    }

    /// What was refused in this handshake, and why.
    pub(super) fn refusal(&self) -> Option<(CertificateDer<'static>, CertificateFault)> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The chain that OpenSSL has built so far, the server's certificate first.
fn chain(context: &X509StoreContextRef) -> Vec<CertificateDer<'static>> {
    let built = context.chain().into_iter().flatten();
    built.filter_map(|each| each.to_der().ok()).map(CertificateDer::from).collect()
}
