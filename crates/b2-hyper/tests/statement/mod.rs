//! What responders sign about a certificate, right and wrong.

use std::sync::Arc;

use rcgen::{Issuer, KeyPair, SigningKey};
use sha1::{Digest, Sha1};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::responder::der;

const ECDSA_WITH_SHA_256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SHA_1: [u8; 9] = [6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0];

/// What is said, and by whom.
#[derive(Clone)]
pub(crate) struct Statement {
    /// 0 good, 1 revoked, 2 unknown.
    pub(crate) status: u8,
    pub(crate) serial: Vec<u8>,
    pub(crate) this_update: &'static str,
    pub(crate) next_update: Option<&'static str>,
    /// In place of the one that came.
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) broken_signature: bool,
    /// Who signs in place of the authority, with a certificate.
    pub(crate) delegate: Option<Arc<(Vec<u8>, KeyPair)>>,
}

impl Statement {
    pub(crate) fn new(status: u8, serial: u8) -> Self {
        Self {
            status,
            serial: vec![serial],
            this_update: "20200101000000Z",
            next_update: Some("20900101000000Z"),
            nonce: None,
            broken_signature: false,
            delegate: None,
        }
    }

    /// The statement in the name of the authority of `pem`, in the answer to
    /// `nonce`.
    pub(crate) fn sign(&self, issuer: &Issuer<'_, KeyPair>, pem: &str, nonce: &[u8]) -> Vec<u8> {
        let (_, authority) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        let authority = authority.parse_x509().unwrap();
        let id = der(
            0x30,
            &[
                &der(0x30, &[&SHA_1]),
                &der(4, &[&Sha1::digest(authority.subject().as_raw())]),
                &der(4, &[&Sha1::digest(&authority.public_key().subject_public_key.data)]),
                &der(2, &[&self.serial]),
            ],
        );
        let status = match self.status {
            0 => der(0x80, &[]),
            1 => der(0xa1, &[&der(0x18, &[b"20200101000000Z"])]),
            _ => der(0x82, &[]),
        };
        let next = self.next_update.map(|time| der(0xa0, &[&der(0x18, &[time.as_bytes()])]));
        let this = der(0x18, &[self.this_update.as_bytes()]);
        let single = der(0x30, &[&id, &status, &this, &next.unwrap_or_default()]);
        let key = self.delegate.as_ref().map_or_else(|| issuer.key(), |delegate| &delegate.1);
        let name = match &self.delegate {
            Some(delegate) => {
                let (_, read) = X509Certificate::from_der(&delegate.0).unwrap();
                read.subject().as_raw().to_vec()
            }
            None => authority.subject().as_raw().to_vec(),
        };
        let nonce = self.nonce.as_deref().unwrap_or(nonce);
        let oid = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
        let extension = der(0x30, &[&oid, &der(4, &[&der(4, &[nonce])])]);
        let extensions =
            if nonce.is_empty() { Vec::new() } else { der(0xa1, &[&der(0x30, &[&extension])]) };
        let produced = der(0x18, &[self.this_update.as_bytes()]);
        let data =
            der(0x30, &[&der(0xa1, &[&name]), &produced, &der(0x30, &[&single]), &extensions]);
        let mut signature = key.sign(&data).unwrap();
        if self.broken_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        let certificates = self.delegate.as_ref().map(|it| der(0xa0, &[&der(0x30, &[&it.0])]));
        let algorithm = der(0x30, &[&ECDSA_WITH_SHA_256]);
        let basic =
            [data, algorithm, der(3, &[&[0], &signature]), certificates.unwrap_or_default()];
        let basic = der(0x30, &basic.each_ref().map(|part| &part[..]));
        let kind = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
        let bytes = der(0xa0, &[&der(0x30, &[&kind, &der(4, &[&basic])])]);
        der(0x30, &[&[0x0a, 1, 0], &bytes])
    }
}
