//! What a responder says, before anything of it is believed.

use super::super::super::der::{
    ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, unix_time,
};
use super::request::NONCE;

const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];

/// A basic response (RFC 6960).
pub(super) struct Response<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) responder: Responder<'a>,
    pub(super) nonce: Option<&'a [u8]>,
    pub(super) singles: Vec<Single<'a>>,
    /// Who may speak for the authority, in DER.
    pub(super) certificates: Vec<&'a [u8]>,
}

/// Who claims to have signed.
pub(super) enum Responder<'a> {
    Name(&'a [u8]),
    /// SHA-1 of the public key.
    Key(&'a [u8]),
}

/// What is said of one certificate.
pub(super) struct Single<'a> {
    /// The identifier of the digest in the next two.
    pub(super) digest: &'a [u8],
    pub(super) issuer_name: &'a [u8],
    pub(super) issuer_key: &'a [u8],
    pub(super) serial: &'a [u8],
    pub(super) status: Status,
    pub(super) this_update: i64,
    pub(super) next_update: Option<i64>,
}

/// What a responder knows of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    Good,
    Revoked,
    Unknown,
}

/// `None` if it is no answer, or one that refuses to say anything: neither is
/// signed.
pub(super) fn parse(bytes: &[u8]) -> Option<Response<'_>> {
    let mut outer = Reader::new(bytes).enter(SEQUENCE)?;
    if outer.take(ENUMERATED)? != [0] {
        return None;
    }
    let mut explicit = outer.enter(0xa0)?;
    let mut kind_and_bytes = explicit.enter(SEQUENCE)?;
    if kind_and_bytes.take(OID)? != BASIC {
        return None;
    }
    let mut basic = Reader::new(kind_and_bytes.take(OCTET_STRING)?).enter(SEQUENCE)?;
    let data = basic.element(SEQUENCE)?;
    let algorithm = basic.take(SEQUENCE)?;
    let signature = basic.bits()?;
    let mut certificates = Vec::new();
    if let Some(mut explicit) = basic.enter(0xa0) {
        let mut list = explicit.enter(SEQUENCE)?;
        while let Some(certificate) = list.element(SEQUENCE) {
            certificates.push(certificate.whole);
        }
    }
    let (responder, singles, nonce) = parse_data(Reader::new(data.content))?;
    let signed = data.whole;
    Some(Response { signed, algorithm, signature, responder, nonce, singles, certificates })
}

type Data<'a> = (Responder<'a>, Vec<Single<'a>>, Option<&'a [u8]>);

fn parse_data(mut data: Reader<'_>) -> Option<Data<'_>> {
    // The version has a default and only one value.
    let _ = data.take(0xa0);
    let responder = match (data.take(0xa1), data.enter(0xa2)) {
        (Some(name), _) => Responder::Name(name),
        (None, Some(mut key)) => Responder::Key(key.take(OCTET_STRING)?),
        (None, None) => return None,
    };
    data.take(GENERALIZED_TIME)?;
    let mut list = data.enter(SEQUENCE)?;
    let mut singles = Vec::new();
    while let Some(single) = list.enter(SEQUENCE) {
        singles.push(parse_single(single)?);
    }
    let nonce = match data.enter(0xa1) {
        Some(mut explicit) => nonce(explicit.enter(SEQUENCE)?),
        None => None,
    };
    Some((responder, singles, nonce))
}

fn parse_single(mut single: Reader<'_>) -> Option<Single<'_>> {
    let mut id = single.enter(SEQUENCE)?;
    let digest = id.enter(SEQUENCE)?.take(OID)?;
    let (issuer_name, issuer_key) = (id.take(OCTET_STRING)?, id.take(OCTET_STRING)?);
    let serial = id.take(INTEGER)?;
    let status = match single.any()?.tag {
        0x80 => Status::Good,
        0xa1 => Status::Revoked,
        0x82 => Status::Unknown,
        _ => return None,
    };
    let this_update = unix_time(single.take(GENERALIZED_TIME)?)?;
    let next_update = match single.enter(0xa0) {
        Some(mut explicit) => Some(unix_time(explicit.take(GENERALIZED_TIME)?)?),
        None => None,
    };
    Some(Single { digest, issuer_name, issuer_key, serial, status, this_update, next_update })
}

fn nonce(mut extensions: Reader<'_>) -> Option<&[u8]> {
    while let Some(mut extension) = extensions.enter(SEQUENCE) {
        if extension.take(OID) == Some(NONCE) {
            // Some wrap it in a string of its own, some do not.
            let value = extension.take(OCTET_STRING)?;
            return Some(Reader::new(value).take(OCTET_STRING).unwrap_or(value));
        }
    }
    None
}
