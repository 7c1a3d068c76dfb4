//! Of which certificates a list of revoked ones speaks.
//!
//! An authority may have several lists, each of some of its certificates only.
//! Whoever can answer in its place must not get by with the wrong one.

use rustls::pki_types::CertificateDer;
use webpki::CertRevocationList;

use super::super::bare::Bare;
use super::super::der::{Reader, SEQUENCE};
use super::sources::points;

/// Whether a list speaks of a certificate, which is that of an authority or
/// of a server. The rule is that of webpki, which does not tell.
pub(in super::super) fn speaks_of(
    list: &CertRevocationList<'_>,
    certificate: &CertificateDer<'_>,
    is_authority: bool,
) -> bool {
    let issuer = Bare::read(certificate).and_then(|bare| Reader::new(bare.issuer).take(SEQUENCE));
    if issuer != Some(list.issuer()) {
        return false;
    }
    match list.issuing_distribution_point() {
        None => true,
        Some(point) => Scope::read(point).is_some_and(|it| it.covers(certificate, is_authority)),
    }
}

/// What a list says of itself (`IssuingDistributionPoint`).
#[derive(Default)]
struct Scope<'a> {
    urls: Vec<&'a [u8]>,
    no_authorities: bool,
    authorities_only: bool,
}

impl<'a> Scope<'a> {
    /// `None` for lists of other kinds, none of which webpki reads.
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut scope = Self::default();
        let mut fields = Reader::new(der).enter(SEQUENCE)?;
        while let Some(field) = fields.any() {
            let is_set = field.content != [0];
            match field.tag {
                0xa0 => {
                    let mut names = Reader::new(field.content).enter(0xa0)?;
                    while let Some(name) = names.any() {
                        // Other kinds of names are no addresses.
                        scope.urls.extend((name.tag == 0x86).then_some(name.content));
                    }
                }
                0x81 => scope.no_authorities = is_set,
                0x82 => scope.authorities_only = is_set,
                _ if is_set => return None,
                _ => {}
            }
        }
        Some(scope)
    }

    fn covers(&self, certificate: &CertificateDer<'_>, is_authority: bool) -> bool {
        if self.authorities_only && !is_authority || self.no_authorities && is_authority {
            return false;
        }
        points(certificate)
            .is_none_or(|named| named.iter().any(|url| self.urls.contains(&url.as_bytes())))
    }
}
