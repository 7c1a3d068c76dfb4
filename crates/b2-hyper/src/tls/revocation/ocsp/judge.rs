//! Whether a responder may be believed, and what follows.

use rustls::pki_types::SignatureVerificationAlgorithm;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::super::bare::Bare;
use super::super::super::error::CertificateFault;
use super::super::issuer::{Issuer, holds};
use super::request::SHA_1;
use super::response::{Responder, Response, Single, Status, parse};

const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// Seconds that two clocks may differ.
const SKEW: i64 = 300;
/// Seconds that an answer is believed that does not say until when it holds.
const UNDATED: i64 = 24 * 60 * 60;

/// What is asked, and when.
pub(in super::super) struct Question<'a> {
    pub(in super::super) issuer: &'a Issuer,
    pub(in super::super) serial: &'a [u8],
    /// What was sent along; an answer need not repeat it, but not change it.
    pub(in super::super) nonce: Option<&'a [u8]>,
    pub(in super::super) algorithms: &'a [&'static dyn SignatureVerificationAlgorithm],
    pub(in super::super) now: i64,
}

/// What may be believed, and until when, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Judgement {
    pub(in super::super) status: Status,
    pub(in super::super) until: i64,
}

impl Question<'_> {
    /// `None` if the bytes say nothing, which anybody could have sent; an
    /// error if they say something that must not be believed, or that does not
    /// hold at present.
    pub(in super::super) fn judge(
        &self,
        bytes: &[u8],
    ) -> Option<Result<Judgement, CertificateFault>> {
        let response = parse(bytes)?;
        let said = self.about(&response).map_err(CertificateFault::RevocationAnswer);
        Some(said.and_then(|single| self.weigh(single)))
    }

    /// What is said about this certificate, by who may say it.
    fn about<'a, 'b>(&self, response: &'b Response<'a>) -> Result<&'b Single<'a>, &'static str> {
        self.signed(response)?;
        let nonces = self.nonce.zip(response.nonce);
        if nonces.is_some_and(|(sent, came)| sent != came) {
            return Err("it answers another question");
        }
        let about = response.singles.iter().find(|single| self.is_about(single));
        about.ok_or("it is about another certificate")
    }

    fn weigh(&self, single: &Single<'_>) -> Result<Judgement, CertificateFault> {
        let until = single.next_update.unwrap_or(single.this_update + UNDATED);
        if single.this_update > self.now + SKEW || until < self.now - SKEW {
            return Err(CertificateFault::UnknownRevocation);
        }
        Ok(Judgement { status: single.status, until })
    }

    fn is_about(&self, single: &Single<'_>) -> bool {
        let digest = |bytes: &[u8]| match single.digest {
            SHA_1 => Some(Sha1::digest(bytes).to_vec()),
            SHA_256 => Some(Sha256::digest(bytes).to_vec()),
            _ => None,
        };
        let key = self.issuer.key_bits().and_then(digest);
        single.serial == self.serial
            && digest(&self.issuer.name).is_some_and(|name| name == single.issuer_name)
            && key.is_some_and(|key| key == single.issuer_key)
    }

    /// By the authority itself, or by someone whom it lets speak.
    fn signed(&self, response: &Response<'_>) -> Result<(), &'static str> {
        let by = |key: &[u8]| {
            let (algorithm, signature) = (response.algorithm, response.signature);
            holds(self.algorithms, key, algorithm, response.signed, signature)
        };
        if self.issuer.is(&response.responder) {
            return by(&self.issuer.spki).ok_or("its signature does not hold");
        }
        let speakers = response.certificates.iter().filter_map(|der| Bare::read(der));
        let named = |speaker: &Bare<'_>| match response.responder {
            Responder::Name(name) => speaker.subject == name,
            Responder::Key(digest) => speaker.key_bits().is_some_and(|bits| is_sha_1(bits, digest)),
        };
        let speaker = speakers.into_iter().find(named);
        let speaker = speaker.ok_or("it does not show who signed it")?;
        self.may_speak(&speaker)?;
        by(speaker.spki).ok_or("its signature does not hold")
    }

    /// Whether the authority has made this one a responder (RFC 6960, 4.2.2.2).
    fn may_speak(&self, speaker: &Bare<'_>) -> Result<(), &'static str> {
        const NO: &str = "who signed it may not speak for the authority";
        let (algorithm, signature) = (speaker.algorithm, speaker.signature);
        let issued = speaker.issuer == self.issuer.name
            && holds(self.algorithms, &self.issuer.spki, algorithm, speaker.signed, signature)
                .is_some();
        let parsed = X509Certificate::from_der(speaker.whole).map_err(|_| NO)?.1;
        let usage = parsed.extended_key_usage().ok().flatten();
        if !issued || !usage.is_some_and(|usage| usage.value.ocsp_signing) {
            return Err(NO);
        }
        let validity = parsed.validity();
        let valid = validity.not_before.timestamp() <= self.now + SKEW
            && self.now - SKEW <= validity.not_after.timestamp();
        if valid { Ok(()) } else { Err("the certificate of who signed it is out of date") }
    }
}

impl Issuer {
    fn is(&self, responder: &Responder<'_>) -> bool {
        match responder {
            Responder::Name(name) => *name == self.name,
            Responder::Key(digest) => self.key_bits().is_some_and(|bits| is_sha_1(bits, digest)),
        }
    }
}

fn is_sha_1(bytes: &[u8], digest: &[u8]) -> bool {
    Sha1::digest(bytes)[..] == *digest
}
