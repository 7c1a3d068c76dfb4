//! Where a certificate says that its revocation is told.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::{
    CRLDistributionPoint, DistributionPointName, GeneralName, ParsedExtension,
};
use x509_parser::prelude::{FromDer, X509Certificate};

const OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// The extension of distribution points.
const POINTS: &str = "2.5.29.31";
/// A certificate names one or two; more are not asked.
const MOST: usize = 4;

/// The addresses that a certificate names, `http` only: what is fetched is
/// signed, and TLS would have to be checked in turn.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) lists: Vec<String>,
    pub(super) responders: Vec<String>,
}

impl Sources {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        let mut sources = Self::default();
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return sources };
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::CRLDistributionPoints(points) => {
                    let urls = points.iter().flat_map(urls);
                    sources.lists.extend(urls.filter(|url| is_http(url)).map(str::to_owned));
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let responders = access.accessdescs.iter();
                    let responders =
                        responders.filter(|each| each.access_method.to_id_string() == OCSP);
                    let urls = responders.filter_map(|each| url(&each.access_location));
                    sources.responders.extend(urls.filter(|url| is_http(url)).map(str::to_owned));
                }
                _ => {}
            }
        }
        sources.lists.truncate(MOST);
        sources.responders.truncate(MOST);
        sources
    }
}

/// The addresses of the lists that a certificate names, of whatever kind;
/// `None` if it has nothing to say about lists.
pub(super) fn points(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let mut found = None;
    for extension in parsed.extensions() {
        if extension.oid.to_id_string() != POINTS {
            continue;
        }
        let found = found.get_or_insert_with(Vec::new);
        if let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() {
            found.extend(points.iter().flat_map(urls).map(str::to_owned));
        }
    }
    found
}

/// The addresses of one point. Lists that another authority writes, and those
/// of some reasons only, are not read here.
fn urls<'a>(point: &'a CRLDistributionPoint<'a>) -> impl Iterator<Item = &'a str> {
    let whole = point.reasons.is_none() && point.crl_issuer.is_none();
    let names = match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) if whole => &names[..],
        _ => &[],
    };
    names.iter().filter_map(url)
}

fn url<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    match name {
        GeneralName::URI(text) => Some(text),
        _ => None,
    }
}

fn is_http(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}
