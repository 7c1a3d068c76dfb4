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
use super::super::signatures::SignatureAlgorithms;
use super::super::versions::Versions;
use super::chain::{Chain, Demand};
use super::flags::SecurityFlags;
use super::policy::{Policy, ServerChain};

/// Checks the chain, then asks the policy.
pub(in super::super) struct Verifier {
    pub(in super::super) roots: Vec<TrustAnchor<'static>>,
    /// Those of the roots that the user has named.
    pub(in super::super) given: Vec<CertificateDer<'static>>,
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
    pub(in super::super) policy: Option<Policy>,
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

    /// Whether the policy may accept what is refused.
    pub(in super::super) fn overrides(&self) -> bool {
        self.policy.as_ref().is_some_and(Policy::overrides)
    }

    /// Checks a chain, and asks the policy about one fault after the other.
    fn check(&self, chain: &Chain<'_>, revocation_asked: bool) -> Result<(), CertificateFault> {
        if self.accepts(chain.leaf) {
            return Ok(());
        }
        // What else there was, it has accepted in the handshake.
        let settled = revocation_asked && self.overrides();
        let mut flags = if settled { self.flags.after_the_handshake() } else { self.flags };
        let mut with_path = true;
        loop {
            let checked = if with_path { chain.check(flags) } else { chain.check_alone(flags) };
            let Err(fault) = checked else { return Ok(()) };
            if settled && !fault.is_about_revocation() {
                return Ok(());
            }
            self.ask(&Shown::of(chain), Some(fault.clone()), revocation_asked)?;
            match flags.overlooking(&fault) {
                Some(more) => flags = more,
                // Nothing more can be said of the chain, but of the certificate.
                None if with_path => with_path = false,
                None => return Ok(()),
            }
        }
    }

    /// Checks everything once more with lists that were fetched.
    pub(in super::super) fn check_with(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        fetched: &[Arc<List>],
    ) -> Result<(), CertificateFault> {
        let algorithms = self.chain_algorithms();
        let borrowed: Vec<_> =
            fetched.iter().filter_map(|list| Some((list.borrowed()?, list.next_update))).collect();
        let fetched = borrowed.iter().map(|(list, until)| Known { list, until: *until });
        let lists: Vec<_> = fetched.chain(self.lists.iter().map(Given::known)).collect();
        // What had to be fetched was demanded where it was.
        let demand = Demand { leaf: self.demand_status, authorities: self.demand_status };
        let now = UnixTime::now();
        let (roots, given) = (&*self.roots, &*self.given);
        let (algorithms, lists) = (&*algorithms, &*lists);
        let chain =
            Chain { leaf, intermediates, name, now, roots, given, algorithms, lists, demand };
        self.check(&chain, true)
    }

    /// What becomes of what was learnt about revocation: it may be overlooked,
    /// and otherwise the policy is asked.
    pub(in super::super) fn settle(
        &self,
        shown: &Shown<'_>,
        outcome: Result<(), CertificateFault>,
    ) -> Result<(), CertificateFault> {
        let outcome = outcome.or_else(|fault| self.flags.unless_overlooked(fault));
        outcome.or_else(|fault| self.ask(shown, Some(fault), true))
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
    pub(in super::super) fn ask(
        &self,
        shown: &Shown<'_>,
        fault: Option<CertificateFault>,
        revocation_asked: bool,
    ) -> Result<(), CertificateFault> {
        let Some(policy) = &self.policy else { return fault.map_or(Ok(()), Err) };
        let certificate = Certificate::from_der(shown.leaf)?;
        let others = shown.rest.iter().filter_map(|der| Certificate::from_der(der).ok());
        policy.decide(&ServerChain {
            host: shown.name.to_str().into_owned(),
            chain: std::iter::once(certificate.clone()).chain(others).collect(),
            certificate,
            fault,
            revocation_asked,
        })
    }

    /// Shows the policy what the server had shown when a session began that is
    /// now resumed.
    pub(in super::super) fn look_again(
        &self,
        name: &ServerName<'_>,
        shown: &[CertificateDer<'_>],
    ) -> Result<(), CertificateFault> {
        match (&self.policy, shown.split_first()) {
            (Some(_), Some((leaf, rest))) => {
                self.judge(&Shown { leaf, rest, name }, &[], UnixTime::now())
            }
            _ => Ok(()),
        }
    }

    /// What can be said in the handshake, or of a session that was resumed.
    pub(in super::super) fn judge(
        &self,
        shown: &Shown<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<(), CertificateFault> {
        // With lists that are still to be fetched it is too soon to demand.
        let lists_follow = self.revocation.as_ref().is_some_and(|asked| asked.asks_lists());
        let demand_now = self.demand_status && !lists_follow;
        let algorithms = self.chain_algorithms();
        let lists: Vec<_> = self.lists.iter().map(Given::known).collect();
        let chain = Chain {
            leaf: shown.leaf,
            intermediates: shown.rest,
            name: shown.name,
            now,
            roots: &self.roots,
            given: &self.given,
            algorithms: &algorithms,
            lists: &lists,
            demand: Demand { leaf: demand_now, authorities: demand_now },
        };
        self.check(&chain, false)?;
        if let (Some(asked), false) = (&self.revocation, self.accepts(shown.leaf)) {
            let told = asked.staple(self, shown.leaf, shown.rest, stapled);
            told.or_else(|fault| self.ask(shown, Some(fault), false))?;
        }
        self.ask(shown, None, false)
    }
}

/// What a server shows, and who it should be.
pub(in super::super) struct Shown<'a> {
    pub(in super::super) leaf: &'a CertificateDer<'a>,
    pub(in super::super) rest: &'a [CertificateDer<'a>],
    pub(in super::super) name: &'a ServerName<'a>,
}

impl<'a> Shown<'a> {
    fn of(chain: &Chain<'a>) -> Self {
        Self { leaf: chain.leaf, rest: chain.intermediates, name: chain.name }
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
        let shown = Shown { leaf, rest: intermediates, name };
        let checked = self.judge(&shown, stapled, now);
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
