//! Lists of revoked certificates that are fetched: which are believed, for how
//! long, and of whom they speak.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod site;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use authority::Authority;
use b2_hyper::HyperTransport;
use b2_hyper::tls::CertificateFault as Fault;
use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyPair, date_time_ymd};
use responder::answering;
use site::{BOTH, Between, SERIAL, between, copy, issuer, list, list_of, listed, year_2090};

/// Answers with the other list the first and the third time.
fn wavering(other: Vec<u8>, good: Vec<u8>) -> impl Fn(&[u8]) -> (u16, Vec<u8>) {
    let count = AtomicUsize::new(0);
    move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => (200, other.clone()),
        _ => (200, good.clone()),
    }
}

#[tokio::test]
async fn a_list_is_fetched_once_and_believed() {
    for (revoked, expected) in [(SERIAL, Err(Fault::Revoked)), (1, Ok(()))] {
        let authority = Authority::new();
        let bytes = list(&authority.issuer, u64::from(revoked), year_2090());
        let (server, asked) = answering(move |_| (200, bytes.clone()));
        let site = listed(authority, server);
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            let builder = HyperTransport::builder().with_tls(settings);
            // Each request has a connection of its own.
            let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
            for _ in 0..3 {
                assert_eq!(site.go(&transport).await, expected, "{check:?}");
            }
        }
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 2, "once for each transport");
        assert!(asked[0].0.starts_with("GET /list.crl HTTP/1.1\r\n"), "{}", asked[0].0);
        // Nothing is asked by who does not want it.
        assert_eq!(site.visit(site.settings()).await, Ok(()));
    }
}

#[tokio::test]
async fn a_list_that_must_not_be_believed_is_refused_either_way_and_asked_for_again() {
    let authority = Authority::new();
    // Of the same name, by another key.
    let imposter = issuer(&authority, KeyPair::generate().unwrap());
    let forged = list(&imposter, 1, year_2090());
    let good = list(&authority.issuer, 1, year_2090());
    let (server, _) = answering(wavering(forged, good));
    let site = listed(authority, server);
    for check in BOTH {
        let settings = site.settings().with_fetched_revocation_lists(check);
        let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
        let found = site.go(&transport).await;
        assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{check:?}: {found:?}");
        assert_eq!(site.go(&transport).await, Ok(()), "{check:?}");
    }
    let authority = Authority::new();
    let old = list(&authority.issuer, 1, date_time_ymd(2021, 1, 1));
    let (server, _) = answering(move |_| (200, old.clone()));
    let site = listed(authority, server);
    for check in BOTH {
        let settings = site.settings().with_fetched_revocation_lists(check);
        assert_eq!(site.visit(settings).await, Err(Fault::UnknownRevocation), "{check:?}");
    }
}

/// A site whose root revokes number `root_revokes`, and the authority between
/// number `leaf_revokes`.
fn chained(root_revokes: u64, leaf_revokes: u64) -> Between {
    let root = Authority::new();
    let bytes = list(&root.issuer, root_revokes, year_2090());
    let (root_server, _) = answering(move |_| (200, bytes.clone()));
    let later = Arc::new(OnceLock::<Vec<u8>>::new());
    let said = Arc::clone(&later);
    let (leaf_server, _) = answering(move |_| (200, said.get().cloned().unwrap_or_default()));
    let urls = [root_server, leaf_server].map(|server| format!("http://{server}/list.crl"));
    let between = between(root, &urls[0], &urls[1]);
    later.set(list(&between.issuer, leaf_revokes, year_2090())).unwrap();
    between
}

#[tokio::test]
async fn an_authority_that_was_revoked_vouches_for_nobody() {
    for (root, leaf, expected) in
        [(88, 1, Err(Fault::Revoked)), (1, u64::from(SERIAL), Err(Fault::Revoked)), (1, 1, Ok(()))]
    {
        let site = chained(root, leaf).site;
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            assert_eq!(site.visit(settings).await, expected, "{check:?}");
        }
    }
}

/// What somebody on the way says once must not be believed for longer, whether
/// it is in the name of the authority or in that of another one.
#[tokio::test]
async fn a_list_of_another_authority_is_refused_either_way_and_not_kept() {
    for revoked in [1, u64::from(SERIAL)] {
        let authority = Authority::new();
        let good = list(&authority.issuer, revoked, year_2090());
        let other = list(&Authority::new().issuer, 1, year_2090());
        let (server, _) = answering(wavering(other, good));
        let site = listed(authority, server);
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            let builder = HyperTransport::builder().with_tls(settings);
            let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
            let found = site.go(&transport).await;
            assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{check:?}: {found:?}");
            let expected = if revoked == 1 { Ok(()) } else { Err(Fault::Revoked) };
            for _ in 0..2 {
                assert_eq!(site.go(&transport).await, expected, "{check:?}");
            }
        }
    }
}

/// An authority may have many lists; another one than that of the certificate
/// says nothing of it.
#[tokio::test]
async fn a_list_of_other_certificates_is_refused_either_way_and_not_kept() {
    let scopes: [(&str, Option<CrlScope>); 2] =
        [("http://elsewhere.example/2.crl", None), ("here", Some(CrlScope::CaCertsOnly))];
    for (url, scope) in scopes {
        let authority = Authority::new();
        let signer = copy(&authority);
        let count = AtomicUsize::new(0);
        let here = Arc::new(OnceLock::<String>::new());
        let own = Arc::clone(&here);
        let (server, _) = answering(move |_| {
            let own = own.get().unwrap().clone();
            let wrong = if url == "here" { own.clone() } else { url.to_owned() };
            let (uri, scope) = match count.fetch_add(1, Ordering::SeqCst) {
                0 | 2 => (wrong, scope),
                _ => (own, Some(CrlScope::UserCertsOnly)),
            };
            let distribution_point = CrlDistributionPoint { uris: vec![uri] };
            let point = CrlIssuingDistributionPoint { distribution_point, scope };
            (200, list_of(&signer, u64::from(SERIAL), year_2090(), Some(point)))
        });
        here.set(format!("http://{server}/list.crl")).unwrap();
        let site = listed(authority, server);
        for check in BOTH {
            let settings = site.settings().with_fetched_revocation_lists(check);
            let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
            let found = site.go(&transport).await;
            assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{check:?}: {found:?}");
            assert_eq!(site.go(&transport).await, Err(Fault::Revoked), "{check:?}");
        }
    }
}
