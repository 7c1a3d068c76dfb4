//! What a responder is asked.

use sha1::{Digest, Sha1};

use super::super::super::der::{context, null, octet_string, oid, sequence};
use super::super::issuer::Issuer;

pub(super) const SHA_1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
pub(super) const NONCE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];

/// Asks about one certificate. Responders are free to ignore the nonce, and
/// those that sign in advance do.
pub(in super::super) fn request(issuer: &Issuer, serial: &[u8], nonce: &[u8]) -> Vec<u8> {
    let id = sequence(&[
        &sequence(&[&oid(SHA_1), &null()]),
        &octet_string(&Sha1::digest(&issuer.name)),
        &octet_string(&Sha1::digest(issuer.key_bits().unwrap_or_default())),
        &super::super::super::der::element(super::super::super::der::INTEGER, &[serial]),
    ]);
    let list = sequence(&[&sequence(&[&id])]);
    let extension = sequence(&[&oid(NONCE), &octet_string(&octet_string(nonce))]);
    sequence(&[&sequence(&[&list, &context(2, &[&sequence(&[&extension])])])])
}
