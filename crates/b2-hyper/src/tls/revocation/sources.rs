//! Where a certificate says that its revocation is told.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

const OCSP: &str = "1.3.6.1.5.5.7.48.1";
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
                    let names = points.iter().filter_map(|point| point.distribution_point.as_ref());
                    for name in names {
                        if let DistributionPointName::FullName(names) = name {
                            sources.lists.extend(names.iter().filter_map(address));
                        }
                    }
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let responders = access.accessdescs.iter();
                    let responders =
                        responders.filter(|each| each.access_method.to_id_string() == OCSP);
                    sources
                        .responders
                        .extend(responders.filter_map(|each| address(&each.access_location)));
                }
                _ => {}
            }
        }
        sources.lists.truncate(MOST);
        sources.responders.truncate(MOST);
        sources
    }
}

fn address(name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::URI(text) = name else { return None };
    let http = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    http.then(|| (*text).to_owned())
}
