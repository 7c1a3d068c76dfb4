//! Decisions about certificates that are left to the user: what is shown to
//! him, when, and what he can override.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod site;
mod statement;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use authority::Authority;
use b2_hyper::HyperTransport;
use b2_hyper::tls::{
    Backend, CertificateFault as Fault, Decision, RevocationCheck, ServerChain, TlsSettings,
    Verdict,
};
use rcgen::{CertificateParams, date_time_ymd};
use responder::{answering, names_responder};
use site::{BOTH, SERIAL, Site, between, copy, list, year_2090};
use statement::Statement;

/// What a policy was asked: what is wrong, and whether revocation was asked
/// about.
type Seen = Arc<Mutex<Vec<(Option<Fault>, bool)>>>;

/// With a policy that accepts these faults, and what it sees.
fn accepting(settings: TlsSettings, faults: &[Fault]) -> (TlsSettings, Seen) {
    let (seen, faults) = (Seen::default(), faults.to_vec());
    let keep = Arc::clone(&seen);
    let settings = settings.dangerous_certificate_policy(move |shown: &ServerChain| {
        keep.lock().unwrap().push((shown.fault.clone(), shown.revocation_asked));
        match &shown.fault {
            Some(fault) if faults.contains(fault) => Decision::Accept,
            _ => Decision::Default,
        }
    });
    (settings, seen)
}

fn take(seen: &Seen) -> Vec<(Option<Fault>, bool)> {
    std::mem::take(&mut seen.lock().unwrap())
}

const BACKENDS: &[Backend] = &[
    Backend::Rustls,
    #[cfg(feature = "openssl")]
    Backend::OpenSsl,
];

/// Nobody is trusted.
fn nobody(backend: Backend) -> TlsSettings {
    TlsSettings::new().with_platform_roots(false).with_backend(backend)
}

#[tokio::test]
async fn each_fault_is_asked_about_alone() {
    let all_wrong = |params: &mut CertificateParams| {
        *params = CertificateParams::new(["other.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    let wrong = [Fault::UnknownIssuer, Fault::Expired, Fault::WrongName];
    let site = Site::new(Authority::new(), all_wrong);
    for &backend in BACKENDS {
        let (settings, seen) = accepting(nobody(backend), &wrong);
        assert_eq!(site.visit(settings).await, Ok(()), "{backend:?}");
        let mut faults: Vec<_> = take(&seen).into_iter().map(|(fault, _)| fault).collect();
        assert_eq!(faults.pop(), Some(None), "at last without a fault");
        assert_eq!(faults.len(), wrong.len(), "{backend:?}: each once: {faults:?}");
        assert!(wrong.iter().all(|fault| faults.contains(&Some(fault.clone()))), "{faults:?}");
        // Whoever accepts two of them has not accepted the third.
        for missing in &wrong {
            let others: Vec<_> = wrong.iter().filter(|fault| *fault != missing).cloned().collect();
            let (settings, _) = accepting(nobody(backend), &others);
            assert_eq!(site.visit(settings).await, Err(missing.clone()), "{backend:?}");
        }
        let (settings, _) = accepting(nobody(backend), &[]);
        assert!(site.visit(settings).await.is_err(), "it decides nothing by itself");
    }
}

#[tokio::test]
async fn a_good_one_can_be_refused_and_trust_begins_with_the_first_use() {
    for &backend in BACKENDS {
        let sites = [Site::new(Authority::new(), |_| {}), Site::new(Authority::new(), |_| {})];
        let known = Arc::new(OnceLock::new());
        let settings = || {
            let known = Arc::clone(&known);
            nobody(backend).dangerous_certificate_policy(move |shown: &ServerChain| {
                let own = shown.certificate.fingerprint_sha256.clone();
                match known.get_or_init(|| own.clone()) == &own {
                    true => Decision::Accept,
                    false => Decision::Refuse,
                }
            })
        };
        for _ in 0..2 {
            assert_eq!(sites[0].visit(settings()).await, Ok(()), "{backend:?}");
            assert_eq!(sites[1].visit(settings()).await, Err(Fault::UnknownIssuer));
        }
        let refusing = sites[0].settings().with_backend(backend);
        let refusing = refusing.dangerous_certificate_policy(|_: &ServerChain| Decision::Refuse);
        assert_eq!(sites[0].visit(refusing).await, Err(Fault::Policy), "{backend:?}");
    }
}

/// A site whose responder says this.
fn responding(status: u8) -> Site {
    let authority = Authority::new();
    let (signer, pem) = (copy(&authority), authority.pem.clone());
    let (server, _) = answering(move |request| {
        let nonce = &request[request.len() - 16..];
        (200, Statement::new(status, SERIAL).sign(&signer, &pem, nonce))
    });
    Site::new(authority, |params| names_responder(params, &format!("http://{server}/")))
}

#[tokio::test]
async fn what_came_of_revocation_is_shown_and_can_be_overridden() {
    let (good, revoked) = (responding(0), responding(1));
    for check in BOTH {
        let asking = |site: &Site| site.settings().with_responder_check(check);
        let (settings, seen) = accepting(asking(&good), &[]);
        assert_eq!(good.visit(settings).await, Ok(()));
        assert_eq!(take(&seen), [(None, false), (None, true)]);
        let fault = Fault::RevokedByResponder;
        let (settings, seen) = accepting(asking(&revoked), &[]);
        assert_eq!(revoked.visit(settings).await, Err(fault.clone()));
        assert_eq!(take(&seen), [(None, false), (Some(fault.clone()), true)]);
        let (settings, seen) = accepting(asking(&revoked), std::slice::from_ref(&fault));
        assert_eq!(revoked.visit(settings).await, Ok(()));
        assert_eq!(take(&seen), [(None, false), (Some(fault), true), (None, true)]);
    }
}

/// The policy that can only refuse sees as much, and overrides nothing.
#[tokio::test]
async fn a_policy_that_refuses_sees_what_came_of_revocation() {
    for (site, fault) in [(responding(0), None), (responding(1), Some(Fault::RevokedByResponder))] {
        for verdict in [Verdict::Default, Verdict::Refuse] {
            let seen = Seen::default();
            let keep = Arc::clone(&seen);
            let settings = site.settings().with_responder_check(RevocationCheck::Hard);
            let settings = settings.with_certificate_policy(move |shown: &ServerChain| {
                keep.lock().unwrap().push((shown.fault.clone(), shown.revocation_asked));
                if shown.revocation_asked { verdict } else { Verdict::Default }
            });
            let refused = (verdict == Verdict::Refuse).then_some(Fault::Policy);
            let expected = fault.clone().or(refused).map_or(Ok(()), Err);
            assert_eq!(site.visit(settings).await, expected);
            assert_eq!(take(&seen), [(None, false), (fault.clone(), true)]);
        }
    }
}

/// Accepting a stranger is no leave to have been revoked by it.
#[tokio::test]
async fn revocation_is_still_asked_about_what_was_accepted() {
    let root = Authority::new();
    let of_root = list(&root.issuer, 1, year_2090());
    let (root_server, _) = answering(move |_| (200, of_root.clone()));
    let later = Arc::new(OnceLock::<Vec<u8>>::new());
    let said = Arc::clone(&later);
    let (leaf_server, _) = answering(move |_| match said.get() {
        Some(list) => (200, list.clone()),
        None => (404, Vec::new()),
    });
    let urls = [root_server, leaf_server].map(|server| format!("http://{server}/list.crl"));
    let made = between(root, &urls[0], &urls[1]);
    let asking = || nobody(Backend::Rustls).with_fetched_revocation_lists(RevocationCheck::Hard);
    let unreachable = [Fault::RevocationUnreachable, Fault::AuthorityRevocationUnreachable];
    let (settings, seen) = accepting(asking(), &[Fault::UnknownIssuer]);
    assert_eq!(made.site.visit(settings).await, Err(unreachable[0].clone()));
    let asked =
        [(Some(Fault::UnknownIssuer), false), (None, false), (Some(unreachable[0].clone()), true)];
    assert_eq!(take(&seen), asked);
    later.set(list(&made.issuer, u64::from(SERIAL), year_2090())).unwrap();
    // The root is a stranger, so its list cannot be believed.
    let (settings, seen) = accepting(asking(), &[Fault::UnknownIssuer, unreachable[1].clone()]);
    assert_eq!(made.site.visit(settings).await, Err(Fault::Revoked));
    let revoked = (Some(Fault::Revoked), true);
    assert_eq!(take(&seen).last(), Some(&revoked), "and the policy sees it");
    let all = [Fault::UnknownIssuer, unreachable[1].clone(), Fault::Revoked];
    let (settings, _) = accepting(asking(), &all);
    assert_eq!(made.site.visit(settings).await, Ok(()));
}

#[tokio::test]
async fn a_resumed_session_is_shown_too() {
    let site = Site::new(Authority::new(), |_| {});
    let seen = Seen::default();
    let keep = Arc::clone(&seen);
    let settings = site.settings().with_certificate_policy(move |shown: &ServerChain| {
        let mut seen = keep.lock().unwrap();
        seen.push((shown.fault.clone(), shown.revocation_asked));
        if seen.len() > 2 { Verdict::Refuse } else { Verdict::Default }
    });
    let resumed = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&resumed);
    let settings = settings.with_observer(move |event: &b2_hyper::tls::TlsEvent| {
        if let b2_hyper::tls::TlsEvent::Established { resumed, .. } = event {
            heard.lock().unwrap().push(*resumed);
        }
    });
    let builder = HyperTransport::builder().with_tls(settings);
    let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
    assert_eq!(site.go(&transport).await, Ok(()));
    assert_eq!(site.go(&transport).await, Ok(()));
    assert_eq!(*resumed.lock().unwrap(), [false, true]);
    assert_eq!(take(&seen), [(None, false), (None, false)]);
    seen.lock().unwrap().extend([(None, false), (None, false)]);
    assert_eq!(site.go(&transport).await, Err(Fault::Policy));
}

/// What is wrong with a chain hides nothing of the certificate.
#[tokio::test]
async fn the_name_is_asked_about_whatever_the_chain_is() {
    let authority = Authority::new();
    let revoking = list(&authority.issuer, u64::from(SERIAL), year_2090());
    let site = Site::new(authority, |params| {
        let names = CertificateParams::new(["other.example".to_owned()]).unwrap();
        params.subject_alt_names = names.subject_alt_names;
    });
    let settings = || site.settings().with_revocation_list(&revoking);
    let (settings_of_one, seen) = accepting(settings(), &[Fault::Revoked]);
    assert_eq!(site.visit(settings_of_one).await, Err(Fault::WrongName));
    assert_eq!(take(&seen), [(Some(Fault::Revoked), false), (Some(Fault::WrongName), false)]);
    let (settings, _) = accepting(settings(), &[Fault::Revoked, Fault::WrongName]);
    assert_eq!(site.visit(settings).await, Ok(()));
}

/// What could not be asked and was accepted is not asked about in other words.
#[tokio::test]
async fn each_thing_about_revocation_is_asked_once() {
    let site = Site::new(Authority::new(), |params| {
        site::names_list(params, "http://127.0.0.1:1/list.crl".to_owned());
    });
    let settings = site.settings().with_fetched_revocation_lists(RevocationCheck::Hard);
    let (settings, seen) = accepting(settings, &[Fault::RevocationUnreachable]);
    assert_eq!(site.visit(settings).await, Ok(()));
    let asked = [(None, false), (Some(Fault::RevocationUnreachable), true), (None, true)];
    assert_eq!(take(&seen), asked);
}
