//! The verifier that rustls asks.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, PeerIncompatible, SignatureScheme,
};

use super::super::certificate::Certificate;
use super::super::error::CertificateFault;
use super::super::event::{TlsEvent, TlsObserver};
use super::super::identity::PublicKey;
use super::super::revocation::{Given, Known, List, Revocation};
use super::super::settings::RevocationCheck;
use super::super::signatures::SignatureAlgorithms;
use super::super::versions::Versions;
use super::chain::{Chain, Demand};
use super::flags::SecurityFlags;
use super::policy::{CertificatePolicy, ServerChain, Verdict};

/// Checks the chain, then asks the policy.
pub(in super::super) struct Verifier {
    pub(in super::super) roots: Vec<TrustAnchor<'static>>,
    pub(in super::super) algorithms: WebPkiSupportedAlgorithms,
    pub(in super::super) allowed: SignatureAlgorithms,
    /// Those that are spoken.
    pub(in super::super) versions: Versions,
    pub(in super::super) lists: Arc<Vec<Given>>,
    /// Whether every certificate has to be on one of the given lists.
    pub(in super::super) demand_status: bool,
    pub(in super::super) flags: SecurityFlags,
    pub(in super::super) accepted: Vec<Certificate>,
    pub(in super::super) accepted_keys: Vec<PublicKey>,
    pub(in super::super) policy: Option<Arc<dyn CertificatePolicy>>,
    pub(in super::super) observer: Option<Arc<dyn TlsObserver>>,
    /// What is asked after the handshake.
    pub(in super::super) revocation: Option<Arc<Revocation>>,
}

impl Verifier {
    fn offers(&self, scheme: SignatureScheme) -> bool {
        self.allowed.offers(scheme, self.versions)
    }

    /// The algorithms that may stand in a chain.
    pub(in super::super) fn chain_algorithms(
        &self,
    ) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
        if self.allowed == SignatureAlgorithms::default() {
            return self.algorithms.all.to_vec();
        }
        let offered = self.algorithms.mapping.iter().filter(|(scheme, _)| self.offers(*scheme));
        offered.flat_map(|(_, algorithms)| algorithms.iter().copied()).collect()
    }

    /// Whether this certificate is accepted whatever is wrong with it.
    pub(in super::super) fn accepts(&self, leaf: &CertificateDer<'_>) -> bool {
        self.accepted.iter().any(|accepted| accepted.der() == &leaf[..])
            || self.accepted_keys.iter().any(|key| key.is_of(leaf))
    }

    fn check(&self, chain: &Chain<'_>) -> Result<(), CertificateFault> {
        if self.accepts(chain.leaf) { Ok(()) } else { chain.check(self.flags) }
    }

    /// Checks everything once more with lists that were fetched.
    pub(in super::super) fn check_with(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        fetched: &[Arc<List>],
        check: RevocationCheck,
    ) -> Result<(), CertificateFault> {
        let algorithms = self.chain_algorithms();
        let borrowed: Vec<_> =
            fetched.iter().filter_map(|list| Some((list.borrowed()?, list.next_update))).collect();
        let fetched = borrowed.iter().map(|(list, until)| Known { list, until: *until });
        let lists: Vec<_> = fetched.chain(self.lists.iter().map(Given::known)).collect();
        let authorities = self.demand_status;
        let demand = Demand { leaf: authorities || check == RevocationCheck::Hard, authorities };
        let now = UnixTime::now();
        let (roots, algorithms, lists) = (&*self.roots, &*algorithms, &*lists);
        let chain = Chain { leaf, intermediates, name, now, roots, algorithms, lists, demand };
        chain.check(self.flags)
    }

    /// The outcome of another check, with the conditions that are overlooked.
    pub(in super::super) fn unless_overlooked(
        &self,
        outcome: Result<(), CertificateFault>,
    ) -> Result<(), CertificateFault> {
        outcome.or_else(|fault| self.flags.unless_overlooked(fault))
    }

    /// Tells what the server showed.
    fn tell(&self, leaf: &CertificateDer<'_>, checked: &Result<(), CertificateFault>) {
        let (Some(observer), Ok(read)) = (&self.observer, Certificate::from_der(leaf)) else {
            return;
        };
        let fault = checked.clone().err();
        observer.observe(&TlsEvent::Shown { subject: read.subject, issuer: read.issuer, fault });
    }

    /// What the policy makes of it.
    fn decide(
        &self,
        policy: &dyn CertificatePolicy,
        chain: &Chain<'_>,
        checked: Result<(), CertificateFault>,
    ) -> Result<(), CertificateFault> {
        let read = |der: &CertificateDer<'_>| Certificate::from_der(der);
        let certificate = read(chain.leaf)?;
        let others = chain.intermediates.iter().filter_map(|der| read(der).ok());
        let shown = ServerChain {
            host: chain.name.to_str().into_owned(),
            chain: std::iter::once(certificate.clone()).chain(others).collect(),
            certificate,
            fault: checked.clone().err(),
        };
        match policy.decide(&shown) {
            Verdict::Default => checked,
            Verdict::Refuse => checked.and(Err(CertificateFault::Policy)),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // With lists that are still to be fetched it is too soon to demand.
        let lists_follow = self.revocation.as_ref().is_some_and(|asked| asked.asks_lists());
        let demand_now = self.demand_status && !lists_follow;
        let algorithms = self.chain_algorithms();
        let lists: Vec<_> = self.lists.iter().map(Given::known).collect();
        let chain = Chain {
            leaf,
            intermediates,
            name,
            now,
            roots: &self.roots,
            algorithms: &algorithms,
            lists: &lists,
            demand: Demand { leaf: demand_now, authorities: demand_now },
        };
        let mut checked = self.check(&chain);
        if let (Ok(()), Some(asked), false) = (&checked, &self.revocation, self.accepts(leaf)) {
            checked = asked.staple(self, leaf, intermediates, stapled);
        }
        if let Some(policy) = &self.policy {
            checked = self.decide(&**policy, &chain, checked);
        }
        self.tell(leaf, &checked);
        checked.map(|()| ServerCertVerified::assertion()).map_err(told)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.allowed.allows_in_1_2(signed.scheme) {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.allowed.allows_in_1_3(signed.scheme) {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut offered = self.algorithms.supported_schemes();
        offered.retain(|scheme| self.offers(*scheme));
        // Servers of TLS 1.2 cannot know which are for 1.3 only; most take the first.
        offered.sort_by_key(|scheme| !self.allowed.allows_in_1_2(*scheme));
        offered
    }
}

/// As an error of rustls, from which the right alert follows.
fn told(fault: CertificateFault) -> Error {
    let error = match fault {
        CertificateFault::Expired => CertificateError::Expired,
        CertificateFault::NotYetValid => CertificateError::NotValidYet,
        CertificateFault::WrongName => CertificateError::NotValidForName,
        CertificateFault::UnknownIssuer => CertificateError::UnknownIssuer,
        CertificateFault::Revoked => CertificateError::Revoked,
        CertificateFault::UnknownRevocation => CertificateError::UnknownRevocationStatus,
        CertificateFault::WrongUsage => CertificateError::InvalidPurpose,
        CertificateFault::BadSignature => CertificateError::BadSignature,
        CertificateFault::Unreadable => CertificateError::BadEncoding,
        CertificateFault::Policy => CertificateError::ApplicationVerificationFailure,
        // rustls has no word for the others.
        other => CertificateError::Other(OtherError(Arc::new(other))),
    };
    Error::InvalidCertificate(error)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("flags", &self.flags).finish_non_exhaustive()
    }
}
