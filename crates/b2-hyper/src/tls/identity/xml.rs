//! Keys in XML: `RSAKeyValue` of XML signatures, with the private numbers that
//! .NET adds, and certificates in `X509Certificate`.

use rustls::pki_types::CertificateDer;

use super::keys::RsaNumbers;
use super::own::{Found, IdentityError};

const FORMAT: &str = "XML key";

pub(super) fn read(text: &[u8]) -> Result<Vec<Found>, IdentityError> {
    let format = || IdentityError::Format(FORMAT);
    let text = str::from_utf8(text).map_err(|_| format())?;
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}').trim());
    let document = document.map_err(|_| format())?;
    // Prefixes of namespaces differ, so names are looked at without them.
    let value = |name: &str| {
        let node = document.descendants().find(|node| node.tag_name().name() == name)?;
        super::store::base64(node.text()?.as_bytes())
    };
    let certificates =
        document.descendants().filter(|it| it.tag_name().name() == "X509Certificate");
    let certificates = certificates.filter_map(|node| node.text());
    let chain: Option<Vec<_>> =
        certificates.map(|text| super::store::base64(text.as_bytes())).collect();
    let chain: Vec<_> = chain.ok_or_else(format)?.into_iter().map(CertificateDer::from).collect();
    let number = |name| value(name).unwrap_or_default();
    let numbers = RsaNumbers {
        n: number("Modulus"),
        e: number("Exponent"),
        d: number("D"),
        p: number("P"),
        q: number("Q"),
        dp: number("DP"),
        dq: number("DQ"),
        qi: number("InverseQ"),
    };
    let public = !numbers.n.is_empty() && !numbers.e.is_empty();
    if !public && chain.is_empty() {
        return Err(format());
    }
    let whole = [&numbers.d, &numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.qi];
    let private = public && whole.iter().all(|number| !number.is_empty());
    let found = Found::new(chain, private.then(|| numbers.private()));
    Ok(vec![Found { public: public.then(|| numbers.public()), ..found }])
}

pub(super) fn looks_like(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_start().starts_with(b"<")
}
