//! The checks of webpki, of which single ones may be left out.

use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use webpki::{
    EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
    anchor_from_trusted_cert,
};

use super::super::bare::Bare;
use super::super::certificate::Certificate;
use super::super::error::CertificateFault;
use super::super::revocation::{Known, speaks_of};
use super::flags::SecurityFlags;

/// One chain to be checked.
pub(super) struct Chain<'a> {
    pub(super) leaf: &'a CertificateDer<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) name: &'a ServerName<'a>,
    pub(super) now: UnixTime,
    pub(super) roots: &'a [TrustAnchor<'static>],
    /// Those of the roots that the user has named.
    pub(super) given: &'a [CertificateDer<'static>],
    pub(super) algorithms: &'a [&'static dyn SignatureVerificationAlgorithm],
    pub(super) lists: &'a [Known<'a>],
    pub(super) demand: Demand,
}

/// Which certificates are refused if no list speaks of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) leaf: bool,
    pub(super) authorities: bool,
}

/// What is left out.
struct Relaxed<'a> {
    now: UnixTime,
    roots: Vec<TrustAnchor<'a>>,
    any_usage: bool,
}

impl Chain<'_> {
    /// Checks everything but what `flags` overlook.
    pub(super) fn check(&self, flags: SecurityFlags) -> Result<(), CertificateFault> {
        let leaf = EndEntityCert::try_from(self.leaf).map_err(|error| fault(&error))?;
        let mut relaxed = Relaxed { now: self.now, roots: self.roots.to_vec(), any_usage: false };
        self.check_leaf_key()?;
        let mut last = None;
        // webpki stops at the first fault; each is overlooked once at most.
        while let Err(found) = self.path(&leaf, &relaxed, flags) {
            if self.is_given() && is_about_issuers(&found) {
                self.check_given(&leaf, flags)?;
                break;
            }
            if !flags.overlook(&found) {
                return Err(found);
            }
            if last.as_ref() == Some(&found) {
                // The server shows nobody who vouches for it: there is no path
                // to check, but the certificate itself.
                match found {
                    CertificateFault::UnknownIssuer | CertificateFault::SelfSigned => {
                        self.check_leaf(flags, self.demand.leaf)?;
                    }
                    other => return Err(other),
                }
                break;
            }
            self.relax(&mut relaxed, &found)?;
            last = Some(found);
        }
        self.check_name(&leaf, flags)
    }

    /// Checks what the server's certificate says, whoever says it.
    pub(super) fn check_alone(&self, flags: SecurityFlags) -> Result<(), CertificateFault> {
        let leaf = EndEntityCert::try_from(self.leaf).map_err(|error| fault(&error))?;
        self.check_leaf(flags, self.demand.leaf)?;
        self.check_name(&leaf, flags)
    }

    /// What is said of a certificate that is trusted itself. webpki has not come to the lists, and
    /// a revoked one is refused whoever trusts it.
    fn check_given(
        &self,
        leaf: &EndEntityCert<'_>,
        flags: SecurityFlags,
    ) -> Result<(), CertificateFault> {
        let about = |known: &&Known<'_>| speaks_of(known.list, self.leaf, false);
        for known in self.lists.iter().filter(about) {
            if known.list.find_serial(leaf.serial()).map_err(|error| fault(&error))?.is_some() {
                return Err(CertificateFault::Revoked);
            }
        }
        self.check_leaf(flags, !self.is_known(self.leaf, false))
    }

    fn check_name(
        &self,
        leaf: &EndEntityCert<'_>,
        flags: SecurityFlags,
    ) -> Result<(), CertificateFault> {
        let named = leaf.verify_is_valid_for_subject_name(self.name);
        named.or_else(|error| flags.unless_overlooked(fault(&error)))
    }

    /// What can be said of a certificate whose authority is unknown. `missing` is whether a list
    /// should speak of it and none does.
    fn check_leaf(&self, flags: SecurityFlags, missing: bool) -> Result<(), CertificateFault> {
        const ANY: &str = "2.5.29.37.0";
        const SERVERS: &str = "1.3.6.1.5.5.7.3.1";
        let read = Certificate::from_der(self.leaf)?;
        let now = self.seconds();
        let purposes = &read.extended_key_usage;
        let listed = purposes.split(',').any(|oid| [ANY, SERVERS].contains(&oid));
        let faults = [
            (now > read.not_after, CertificateFault::Expired),
            (now < read.not_before, CertificateFault::NotYetValid),
            (!purposes.is_empty() && !listed, CertificateFault::WrongUsage),
            (missing, CertificateFault::UnknownRevocation),
        ];
        let found = faults.into_iter().find(|(is, fault)| *is && !flags.overlook(fault));
        found.map_or(Ok(()), |(_, fault)| Err(fault))
    }

    fn path(
        &self,
        leaf: &EndEntityCert<'_>,
        relaxed: &Relaxed<'_>,
        flags: SecurityFlags,
    ) -> Result<(), CertificateFault> {
        // webpki looks at the first list that speaks of a certificate.
        let (current, old): (Vec<Known<'_>>, Vec<_>) =
            self.lists.iter().partition(|known| self.seconds() < known.until);
        let lists: Vec<_> = current.into_iter().chain(old).map(|known| known.list).collect();
        // What is unknown is found out below: webpki does not say of whom, and
        // has one time for certificates and lists.
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            let options = options.with_status_policy(UnknownStatusPolicy::Allow);
            let options = options.with_depth(RevocationCheckDepth::Chain);
            options.with_expiration_policy(ExpirationPolicy::Ignore).build()
        });
        let path = leaf.verify_for_usage(
            self.algorithms,
            &relaxed.roots,
            self.intermediates,
            relaxed.now,
            Usage { any: relaxed.any_usage },
            revocation,
            None,
        );
        let path = path.map_err(|error| self.explain(&error))?;
        self.look_for_lists(&path, flags)
    }

    /// Whether each certificate has the list that it has to have, and whether
    /// that holds at present, whatever time is thought of for certificates.
    fn look_for_lists(
        &self,
        path: &VerifiedPath<'_>,
        flags: SecurityFlags,
    ) -> Result<(), CertificateFault> {
        if !self.is_known(self.leaf, false) {
            flags.unless_overlooked(CertificateFault::UnknownRevocation)?;
        }
        for authority in path.intermediate_certificates() {
            if !self.is_known(&authority.der(), true) {
                flags.unless_overlooked(CertificateFault::UnknownAuthorityRevocation)?;
            }
        }
        Ok(())
    }

    fn is_known(&self, certificate: &CertificateDer<'_>, is_authority: bool) -> bool {
        let about = |known: &&Known<'_>| speaks_of(known.list, certificate, is_authority);
        let mut lists = self.lists.iter().filter(about).peekable();
        if lists.peek().is_none() {
            return !if is_authority { self.demand.authorities } else { self.demand.leaf };
        }
        lists.any(|known| self.seconds() < known.until)
    }

    /// The present, in seconds since 1970.
    fn seconds(&self) -> i64 {
        i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX)
    }

    /// rustls would refuse the signature of such a key in the handshake, but
    /// not say why.
    fn check_leaf_key(&self) -> Result<(), CertificateFault> {
        if is_weak(self.leaf) { Err(CertificateFault::WeakKey) } else { Ok(()) }
    }

    /// What webpki finds, in words that say more.
    fn explain(&self, error: &Error) -> CertificateFault {
        let weak = || self.intermediates.iter().any(is_weak);
        match fault(error) {
            // A signature of a short key is not even looked at.
            CertificateFault::BadSignature if weak() => CertificateFault::WeakKey,
            CertificateFault::UnknownIssuer if self.is_self_signed() => {
                CertificateFault::SelfSigned
            }
            // Many programs make authorities of them.
            CertificateFault::Authority if self.is_self_signed() => CertificateFault::SelfSigned,
            other => other,
        }
    }

    /// Whether the server's certificate is itself what the user trusts, as many
    /// programs make one for a single server: an authority that vouches for
    /// itself. webpki finds no path from an authority, but OpenSSL does (its
    /// partial chain). It is safe: whoever has the key of this certificate could
    /// sign another for any server, which would be accepted. Of the roots that
    /// others have chosen none is a server, and so none is taken for one.
    fn is_given(&self) -> bool {
        self.given.contains(self.leaf)
    }

    /// Whether the server's certificate vouches for itself, and is no root.
    fn is_self_signed(&self) -> bool {
        let Some(bare) = Bare::read(self.leaf) else { return false };
        let is_root = |root: &TrustAnchor<'_>| *root.subject_public_key_info == *bare.spki;
        bare.issuer == bare.subject && !self.roots.iter().any(is_root)
    }

    fn relax(
        &self,
        relaxed: &mut Relaxed<'_>,
        found: &CertificateFault,
    ) -> Result<(), CertificateFault> {
        match found {
            CertificateFault::Expired | CertificateFault::NotYetValid => {
                relaxed.now = self.valid_time().ok_or_else(|| found.clone())?;
            }
            CertificateFault::UnknownIssuer | CertificateFault::SelfSigned => {
                // Whatever the server showed last is as good as a root now.
                let shown = self.intermediates.iter().chain([self.leaf]);
                let anchors = shown.filter_map(|der| anchor_from_trusted_cert(der).ok());
                relaxed.roots.extend(anchors.map(|anchor| anchor.to_owned()));
            }
            CertificateFault::WrongUsage => relaxed.any_usage = true,
            other => return Err(other.clone()),
        }
        Ok(())
    }

    /// A time at which the leaf and all that was shown with it are valid.
    fn valid_time(&self) -> Option<UnixTime> {
        let mut latest_begin = 0;
        let mut earliest_end = i64::MAX;
        for der in self.intermediates.iter().chain([self.leaf]) {
            let read = Certificate::from_der(der).ok()?;
            latest_begin = read.not_before.max(latest_begin);
            earliest_end = read.not_after.min(earliest_end);
        }
        let middle = latest_begin + (earliest_end - latest_begin) / 2;
        let seconds = u64::try_from(middle).ok().filter(|_| latest_begin <= earliest_end)?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// Whether the fault is that nobody vouches for the server, and nothing else.
fn is_about_issuers(fault: &CertificateFault) -> bool {
    use CertificateFault::{Authority, SelfSigned, UnknownIssuer};
    matches!(fault, Authority | SelfSigned | UnknownIssuer)
}

/// Whether the key is an RSA key of fewer bits than any is accepted with.
fn is_weak(der: &CertificateDer<'_>) -> bool {
    const LEAST: u32 = 2048;
    let read = Certificate::from_der(der);
    read.is_ok_and(|read| {
        read.public_key_algorithm.starts_with("RSA") && read.public_key_length < LEAST
    })
}

/// What the certificate has to be meant for.
struct Usage {
    any: bool,
}

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        if self.any {
            return Ok(());
        }
        KeyUsage::server_auth().validate(purposes)
    }
}

fn fault(error: &Error) -> CertificateFault {
    use CertificateFault as F;
    match error {
        Error::CertExpired { .. } => F::Expired,
        Error::CertNotValidYet { .. } => F::NotYetValid,
        Error::CertNotValidForName(_) => F::WrongName,
        Error::UnknownIssuer => F::UnknownIssuer,
        Error::CertRevoked | Error::CertDistrusted => F::Revoked,
        Error::CaUsedAsEndEntity => F::Authority,
        Error::NameConstraintViolation => F::NameConstraint,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => F::WrongUsage,
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => F::Unreadable,
        Error::InvalidCrlSignatureForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            F::RevocationAnswer("the signature of a list does not hold")
        }
        Error::IssuerNotCrlSigner => F::RevocationAnswer("who signed a list may not do so"),
        Error::InvalidSignatureForPublicKey
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => F::BadSignature,
        other => F::Chain(format!("{other:?}")),
    }
}
