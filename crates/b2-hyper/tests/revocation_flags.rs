//! Which flag overlooks what is unknown about revocation, of the server and of
//! its authorities, and what none overlooks.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![cfg_attr(test, expect(dead_code, reason = "the servers are shared with other tests"))]

mod authority;
mod responder;
mod server;
mod site;
mod statement;

use std::sync::{Arc, OnceLock};

use authority::Authority;
use b2_hyper::tls::{CertificateFault as Fault, RevocationCheck, SecurityFlags, TlsSettings};
use rcgen::{KeyPair, date_time_ymd};
use responder::{answering, names_responder};
use site::{BOTH, Between, SERIAL, Site, between, copy, issuer, list, names_list, year_2090};
use statement::Statement;

const TIME: u32 = 0x1;
const REVOCATION: u32 = 0x100;
const AUTHORITY_REVOCATION: u32 = 0x400;
/// All that do not overlook the name.
const ALL: u32 = 0x1 | 0x10 | 0x20 | 0x100 | 0x400 | 0x800;

fn ignoring(settings: TlsSettings, flags: u32) -> TlsSettings {
    settings.dangerous_ignore(SecurityFlags::from_bits(flags).unwrap())
}

/// What is found in a chain with an authority in between, if the lists of the
/// root and of that authority are these; `None` for no answer.
async fn found(
    (root, leaf): (Option<Vec<u8>>, impl FnOnce(&Between) -> Option<Vec<u8>>),
    authority: Authority,
    flags: u32,
    check: RevocationCheck,
) -> Result<(), Fault> {
    let said = |list: Option<Vec<u8>>| list.map_or((404, Vec::new()), |list| (200, list));
    let (root_server, _) = answering(move |_| said(root.clone()));
    let later = Arc::new(OnceLock::new());
    let of_leaf = Arc::clone(&later);
    let (leaf_server, _) = answering(move |_| said(of_leaf.get().cloned().unwrap()));
    let urls = [root_server, leaf_server].map(|server| format!("http://{server}/list.crl"));
    let between = between(authority, &urls[0], &urls[1]);
    later.set(leaf(&between)).unwrap();
    let settings = between.site.settings().with_fetched_revocation_lists(check);
    between.site.visit(ignoring(settings, flags)).await
}

/// What may be said by one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Good,
    Revoked,
    Old,
    OldAndRevoked,
    Forged,
    Nothing,
}

impl Said {
    fn list(self, signer: &rcgen::Issuer<'_, KeyPair>, number: u64) -> Option<Vec<u8>> {
        let old = date_time_ymd(2021, 1, 1);
        match self {
            Self::Good => Some(list(signer, 1, year_2090())),
            Self::Revoked => Some(list(signer, number, year_2090())),
            Self::Old => Some(list(signer, 1, old)),
            Self::OldAndRevoked => Some(list(signer, number, old)),
            Self::Forged => Some(list(&Authority::new().issuer, 1, year_2090())),
            Self::Nothing => None,
        }
    }
}

#[tokio::test]
async fn each_flag_is_for_its_own_certificates() {
    use Said::{Forged, Good, Nothing, Old, OldAndRevoked, Revoked};
    let (leaf_unknown, leaf_mute) = (Fault::UnknownRevocation, Fault::RevocationUnreachable);
    let above_unknown = Fault::UnknownAuthorityRevocation;
    let above_mute = Fault::AuthorityRevocationUnreachable;
    let forged =
        Fault::RevocationAnswer("a list is not of its authority, or about other certificates");
    let hard = RevocationCheck::Hard;
    for (root, leaf, flags, expected) in [
        (Good, Good, 0, Ok(())),
        (Good, Nothing, 0, Err(leaf_mute.clone())),
        (Good, Nothing, REVOCATION, Ok(())),
        (Good, Nothing, ALL & !REVOCATION, Err(leaf_mute.clone())),
        (Nothing, Good, 0, Err(above_mute.clone())),
        (Nothing, Good, AUTHORITY_REVOCATION, Ok(())),
        (Nothing, Good, ALL & !AUTHORITY_REVOCATION, Err(above_mute)),
        (Nothing, Nothing, REVOCATION | AUTHORITY_REVOCATION, Ok(())),
        (Good, Old, 0, Err(leaf_unknown.clone())),
        (Good, Old, REVOCATION, Ok(())),
        (Good, Old, ALL & !REVOCATION, Err(leaf_unknown)),
        (Old, Good, 0, Err(above_unknown.clone())),
        (Old, Good, AUTHORITY_REVOCATION, Ok(())),
        (Old, Good, ALL & !AUTHORITY_REVOCATION, Err(above_unknown)),
        // What is overlooked of one is still looked for at the other.
        (Nothing, Revoked, ALL, Err(Fault::Revoked)),
        (Revoked, Nothing, ALL, Err(Fault::Revoked)),
        (Old, Revoked, ALL, Err(Fault::Revoked)),
        (Good, OldAndRevoked, ALL, Err(Fault::Revoked)),
        // Nobody has to believe what is forged.
        (Forged, Good, ALL, Err(forged.clone())),
        (Good, Forged, ALL, Err(forged)),
    ] {
        let authority = Authority::new();
        let of_root = root.list(&authority.issuer, 88);
        let of_leaf = |between: &Between| leaf.list(&between.issuer, u64::from(SERIAL));
        let outcome = found((of_root, of_leaf), authority, flags, hard).await;
        assert_eq!(outcome, expected, "root {root:?}, leaf {leaf:?}, flags {flags:#x}");
    }
}

#[tokio::test]
async fn lists_that_were_given_are_demanded_of_each_certificate() {
    let root = Authority::new();
    let of_root = list(&root.issuer, 1, year_2090());
    let old_root = list(&root.issuer, 1, date_time_ymd(2021, 1, 1));
    let nobody = "http://127.0.0.1:1/list.crl";
    let Between { site, issuer } = between(root, nobody, nobody);
    let of_leaf = list(&issuer, 1, year_2090());
    let with = |lists: &[&Vec<u8>], flags| {
        let settings = site.settings().with_revocation_check(RevocationCheck::Hard);
        let add = |settings: TlsSettings, list: &&Vec<u8>| settings.with_revocation_list(list);
        ignoring(lists.iter().fold(settings, add), flags)
    };
    let (leaf, above) = (Fault::UnknownRevocation, Fault::UnknownAuthorityRevocation);
    for (lists, flags, expected) in [
        (&[&of_root, &of_leaf][..], 0, Ok(())),
        // Of several about the same, one that holds is enough.
        (&[&old_root, &of_root, &of_leaf], 0, Ok(())),
        (&[&of_leaf], 0, Err(above.clone())),
        (&[&of_leaf], AUTHORITY_REVOCATION, Ok(())),
        (&[&of_leaf], REVOCATION, Err(above)),
        (&[&of_root], 0, Err(leaf.clone())),
        (&[&of_root], REVOCATION, Ok(())),
        (&[&of_root], AUTHORITY_REVOCATION, Err(leaf.clone())),
        (&[], AUTHORITY_REVOCATION, Err(leaf)),
        (&[], REVOCATION | AUTHORITY_REVOCATION, Ok(())),
    ] {
        assert_eq!(site.visit(with(lists, flags)).await, expected, "{} {flags:#x}", lists.len());
    }
}

/// Whoever overlooks the time of certificates still has lists of today.
#[tokio::test]
async fn a_list_has_to_hold_today_whatever_time_is_overlooked() {
    let authority = Authority::new();
    let signer = copy(&authority);
    let replayed = list(&signer, 1, date_time_ymd(2023, 1, 1));
    let (server, _) = answering(move |_| (200, replayed.clone()));
    let site = Site::new(authority, |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2024, 1, 1);
        names_list(params, format!("http://{server}/list.crl"));
    });
    for check in BOTH {
        let settings = || site.settings().with_fetched_revocation_lists(check);
        assert_eq!(site.visit(settings()).await, Err(Fault::Expired));
        let lax = ignoring(settings(), TIME);
        assert_eq!(site.visit(lax).await, Err(Fault::UnknownRevocation), "{check:?}");
        assert_eq!(site.visit(ignoring(settings(), TIME | REVOCATION)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_forged_answer_of_a_responder_is_never_overlooked() {
    let forge: [fn(&mut Statement); 3] = [
        |it| it.broken_signature = true,
        |it| it.serial = vec![78],
        |it| it.nonce = Some(vec![1; 16]),
    ];
    let old: [fn(&mut Statement); 2] =
        [|it| it.next_update = Some("20210101000000Z"), |it| it.this_update = "20890101000000Z"];
    let changes = forge.map(|change| (change, true)).into_iter().chain(old.map(|it| (it, false)));
    for (change, is_forged) in changes {
        let authority = Authority::new();
        let mut statement = Statement::new(0, SERIAL);
        change(&mut statement);
        let (signer, pem) = (copy(&authority), authority.pem.clone());
        let (server, _) = answering(move |request| {
            (200, statement.sign(&signer, &pem, &request[request.len() - 16..]))
        });
        let url = format!("http://{server}/ocsp");
        let site = Site::new(authority, |params| names_responder(params, &url));
        for check in BOTH {
            let settings = || site.settings().with_responder_check(check);
            let lax = site.visit(ignoring(settings(), REVOCATION)).await;
            let other = site.visit(ignoring(settings(), ALL & !REVOCATION)).await;
            if is_forged {
                assert!(matches!(lax, Err(Fault::RevocationAnswer(_))), "{lax:?}");
                assert!(matches!(other, Err(Fault::RevocationAnswer(_))), "{other:?}");
            } else {
                assert_eq!((lax, other), (Ok(()), Err(Fault::UnknownRevocation)));
            }
        }
    }
}

#[tokio::test]
async fn who_cannot_be_asked_about_the_server_is_overlooked_by_its_own_flag() {
    let site = Site::new(Authority::new(), |params| {
        names_responder(params, "http://127.0.0.1:1/ocsp");
    });
    let hard = || site.settings().with_responder_check(RevocationCheck::Hard);
    for (flags, expected) in [
        (0, Err(Fault::RevocationUnreachable)),
        (ALL & !REVOCATION, Err(Fault::RevocationUnreachable)),
        (REVOCATION, Ok(())),
    ] {
        assert_eq!(site.visit(ignoring(hard(), flags)).await, expected, "{flags:#x}");
    }
    // Neither may a list of the same name, by another key.
    let authority = Authority::new();
    let imposter = issuer(&authority, KeyPair::generate().unwrap());
    let forged = list(&imposter, 1, year_2090());
    let (server, _) = answering(move |_| (200, forged.clone()));
    let url = format!("http://{server}/list.crl");
    let site = Site::new(authority, |params| names_list(params, url));
    for check in BOTH {
        let settings = site.settings().with_fetched_revocation_lists(check);
        let found = site.visit(ignoring(settings, ALL)).await;
        assert!(matches!(found, Err(Fault::RevocationAnswer(_))), "{check:?}: {found:?}");
    }
}
