//! Whether the authority of a certificate has revoked it, asked of itself.
//!
//! rustls asks about certificates in the middle of a handshake and waits for
//! the answer on its thread, so nothing can be fetched there. What needs the
//! network is therefore asked between the handshake and the moment when the
//! session is handed out. That is soon enough: the handshake has no early
//! data, so what the server has seen by then is what every server sees, and
//! the own certificate if it asked for one. No byte of a request has left.

mod cache;
mod fetch;
mod issuer;
mod lists;
mod ocsp;
mod scope;
mod sources;

use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::{CertificateDer, ServerName};

pub(crate) use fetch::Reach;

use super::bare::Bare;
use super::error::CertificateFault;
use super::event::{TlsEvent, TlsObserver, Told};
use super::settings::RevocationCheck;
use super::verify::{Shown, Verifier};
use cache::{Cache, now};
use fetch::Errand;
use issuer::Issuer;
pub(super) use lists::{Given, Known, List};
use ocsp::{Judgement, Question, Status};
pub(super) use scope::speaks_of;
use sources::Sources;

/// The longest answer of a responder: one status and some certificates.
const LONGEST_ANSWER: usize = 256 << 10;
/// Answers that are kept.
const MOST_ANSWERS: usize = 256;
/// Seconds for which a server that did not answer is not asked again, if it
/// may be missed.
const PAUSE: i64 = 60;
/// Authorities of a chain whose lists are fetched.
const DEEPEST: usize = 4;

/// What is asked, and what was answered before.
pub(super) struct Revocation {
    lists: Option<RevocationCheck>,
    responders: Option<RevocationCheck>,
    nobody_to_ask: bool,
    /// By the key of the authority and the address.
    fetched: Cache<Result<Arc<List>, Told>>,
    answers: Cache<Result<Option<Judgement>, CertificateFault>>,
    observer: Option<Arc<dyn TlsObserver>>,
}

/// A certificate that a server showed, with the checks for it.
struct Vetted<'a> {
    verifier: &'a Verifier,
    leaf: &'a CertificateDer<'a>,
    rest: &'a [CertificateDer<'a>],
}

impl Revocation {
    /// `None` if nothing is asked.
    pub(super) fn new(
        lists: Option<RevocationCheck>,
        responders: Option<RevocationCheck>,
        nobody_to_ask: bool,
        observer: Option<Arc<dyn TlsObserver>>,
    ) -> Option<Self> {
        (lists.is_some() || responders.is_some()).then(|| Self {
            lists,
            responders,
            nobody_to_ask,
            fetched: Cache::new(lists::MOST)
                .with_room(lists::ROOM, |list| list.as_ref().map_or(0, |list| list.len())),
            answers: Cache::new(MOST_ANSWERS),
            observer,
        })
    }

    pub(super) fn asks_lists(&self) -> bool {
        self.lists.is_some()
    }

    /// Takes in the answer of a responder that a server sent along, and fails
    /// if that says that the certificate is revoked. One that must not be
    /// believed says nothing: the responder itself is asked later.
    pub(super) fn staple(
        &self,
        verifier: &Verifier,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        stapled: &[u8],
    ) -> Result<(), CertificateFault> {
        if self.responders.is_none() || stapled.is_empty() {
            return Ok(());
        }
        let shown = Vetted { verifier, leaf, rest };
        let Some((bare, issuer)) = shown.issuer() else { return Ok(()) };
        let algorithms = verifier.chain_algorithms();
        let question = Question {
            issuer: &issuer,
            serial: bare.serial,
            nonce: None,
            algorithms: &algorithms,
            now: now(),
        };
        let Some(Ok(judgement)) = question.judge(stapled) else { return Ok(()) };
        self.answers.put(&key(&issuer, bare.serial), Ok(Some(judgement)), judgement.until);
        match judgement.status {
            Status::Revoked => Err(CertificateFault::RevokedByResponder),
            Status::Good | Status::Unknown => Ok(()),
        }
    }

    /// Asks about what a server showed.
    pub(super) async fn vet(
        &self,
        verifier: &Arc<Verifier>,
        name: &ServerName<'_>,
        shown: &[CertificateDer<'_>],
        way: &impl Reach,
    ) -> Result<(), CertificateFault> {
        let Some((leaf, rest)) = shown.split_first() else { return Ok(()) };
        if verifier.accepts(leaf) {
            return Ok(());
        }
        let (vetted, shown) = (Vetted { verifier, leaf, rest }, Shown { leaf, rest, name });
        if let Some(check) = self.responders {
            verifier.settle(&shown, self.ask_responders(&vetted, check, way).await)?;
        }
        if let Some(check) = self.lists {
            let fetched = self.fetch_lists(&vetted, &shown, check, way).await?;
            let lists: Vec<_> = fetched.iter().map(|(_, list)| Arc::clone(list)).collect();
            let checked = check_elsewhere(verifier, (leaf, rest, name), lists).await;
            if let Err(CertificateFault::RevocationAnswer(_)) = &checked {
                // The authority may not sign lists; it may have got a new key.
                fetched.iter().for_each(|(key, _)| self.fetched.forget(key));
            }
            checked?;
        }
        verifier.ask(&shown, None, true)
    }

    async fn ask_responders(
        &self,
        shown: &Vetted<'_>,
        check: RevocationCheck,
        way: &impl Reach,
    ) -> Result<(), CertificateFault> {
        let unknown = |fault| match check {
            RevocationCheck::Soft => Ok(()),
            RevocationCheck::Hard => Err(fault),
        };
        let Some((bare, issuer)) = shown.issuer() else {
            return unknown(CertificateFault::UnknownRevocation);
        };
        let key = key(&issuer, bare.serial);
        let asking = self.ask(shown, &issuer, bare.serial, check, way);
        match self.answers.get(&key, asking).await? {
            Some(Judgement { status: Status::Good, .. }) => Ok(()),
            Some(Judgement { status: Status::Revoked, .. }) => {
                Err(CertificateFault::RevokedByResponder)
            }
            Some(Judgement { status: Status::Unknown, .. }) => {
                unknown(CertificateFault::UnknownRevocation)
            }
            None if Sources::of(shown.leaf).responders.is_empty() => {
                unknown(CertificateFault::UnknownRevocation)
            }
            None => unknown(CertificateFault::RevocationUnreachable),
        }
    }

    /// What the responders say, and until when.
    async fn ask(
        &self,
        shown: &Vetted<'_>,
        issuer: &Issuer,
        serial: &[u8],
        check: RevocationCheck,
        way: &impl Reach,
    ) -> (Result<Option<Judgement>, CertificateFault>, i64) {
        let algorithms = shown.verifier.chain_algorithms();
        for url in &Sources::of(shown.leaf).responders {
            let mut nonce = [0; 16];
            if getrandom::fill(&mut nonce).is_err() {
                break;
            }
            let post = Some((ocsp::request(issuer, serial, &nonce), "application/ocsp-request"));
            let errand = Errand { url, post, limit: LONGEST_ANSWER };
            let Ok(bytes) = self.run(errand, way).await else { continue };
            let question = Question {
                issuer,
                serial,
                nonce: Some(&nonce),
                algorithms: &algorithms,
                now: now(),
            };
            match question.judge(&bytes) {
                Some(Ok(judgement)) => return (Ok(Some(judgement)), judgement.until),
                Some(Err(fault)) => {
                    let failure = match fault {
                        CertificateFault::UnknownRevocation => Told::OutOfDate,
                        _ => Told::Forged,
                    };
                    self.tell(TlsEvent::Told { url: url.clone(), failure: Some(failure) });
                    return (Err(fault), 0);
                }
                None => {
                    self.tell(TlsEvent::Told { url: url.clone(), failure: Some(Told::Unreadable) })
                }
            }
        }
        (Ok(None), pause(check))
    }

    /// The lists that the certificates of a chain name, each with its key. What
    /// is settled of one certificate says nothing about the others.
    async fn fetch_lists(
        &self,
        vetted: &Vetted<'_>,
        shown: &Shown<'_>,
        check: RevocationCheck,
        way: &impl Reach,
    ) -> Result<Vec<(Vec<u8>, Arc<List>)>, CertificateFault> {
        let mut lists = Vec::new();
        for (depth, certificate) in vetted.chain().into_iter().enumerate() {
            let urls = Sources::of(certificate).lists;
            let fault = match self.fetch_any(vetted, certificate, depth, check, way).await {
                Ok(Some(found)) => {
                    lists.push(found);
                    continue;
                }
                Err(fault) => fault,
                Ok(None) if check == RevocationCheck::Soft => continue,
                Ok(None) => match (depth, urls.is_empty()) {
                    (0, true) => CertificateFault::UnknownRevocation,
                    (0, false) => CertificateFault::RevocationUnreachable,
                    // An authority need not name a list of its own.
                    (_, true) => continue,
                    (_, false) => CertificateFault::AuthorityRevocationUnreachable,
                },
            };
            vetted.verifier.settle(shown, Err(fault))?;
        }
        Ok(lists)
    }

    /// The first list that a certificate names and that may be believed; an
    /// error if there are only others.
    async fn fetch_any(
        &self,
        shown: &Vetted<'_>,
        certificate: &CertificateDer<'_>,
        depth: usize,
        check: RevocationCheck,
        way: &impl Reach,
    ) -> Result<Option<(Vec<u8>, Arc<List>)>, CertificateFault> {
        let Some((_, issuer)) = shown.issuer_of(certificate) else { return Ok(None) };
        let mut forged = false;
        for url in Sources::of(certificate).lists {
            let key = [&issuer.spki, url.as_bytes()].concat();
            let fetching = self.fetch(&url, shown, &issuer, check, way);
            match self.fetched.get(&key, fetching).await {
                Ok(list) if list.speaks_of(certificate, depth > 0) => {
                    return Ok(Some((key, list)));
                }
                Ok(_) => {
                    self.fetched.forget(&key);
                    forged = true;
                    self.tell(TlsEvent::Told { url, failure: Some(Told::Forged) });
                }
                Err(failure) => forged |= failure == Told::Forged,
            }
        }
        let fault = "a list is not of its authority, or about other certificates";
        if forged { Err(CertificateFault::RevocationAnswer(fault)) } else { Ok(None) }
    }

    async fn fetch(
        &self,
        url: &str,
        shown: &Vetted<'_>,
        issuer: &Issuer,
        check: RevocationCheck,
        way: &impl Reach,
    ) -> (Result<Arc<List>, Told>, i64) {
        let errand = Errand { url, post: None, limit: lists::LONGEST };
        let (algorithms, issuer) = (shown.verifier.chain_algorithms(), issuer.clone());
        let read = match self.run(errand, way).await {
            Ok(bytes) => {
                let read = elsewhere(move || List::read(&bytes, &issuer, &algorithms)).await;
                read.unwrap_or(Err(Told::Broken)).inspect_err(|failure| {
                    self.tell(TlsEvent::Told { url: url.to_owned(), failure: Some(*failure) });
                })
            }
            Err(failure) => Err(failure),
        };
        match read {
            Ok(list) => {
                let until = list.next_update;
                (Ok(Arc::new(list)), until)
            }
            // Somebody on the way may have made it up: ask again next time.
            Err(Told::Forged) => (Err(Told::Forged), 0),
            Err(failure) => (Err(failure), pause(check)),
        }
    }

    async fn run(&self, errand: Errand<'_>, way: &impl Reach) -> Result<Bytes, Told> {
        let url = errand.url.to_owned();
        if self.nobody_to_ask {
            self.tell(TlsEvent::Told { url, failure: Some(Told::Unreachable) });
            return Err(Told::Unreachable);
        }
        self.tell(TlsEvent::Asked { url: url.clone() });
        let outcome = errand.run(way).await;
        self.tell(TlsEvent::Told { url, failure: outcome.as_ref().err().copied() });
        outcome
    }

    fn tell(&self, event: TlsEvent) {
        if let Some(observer) = &self.observer {
            observer.observe(&event);
        }
    }
}

impl<'a> Vetted<'a> {
    /// The certificate of the server, and who issued it.
    fn issuer(&self) -> Option<(Bare<'a>, Issuer)> {
        self.issuer_of(self.leaf)
    }

    fn issuer_of<'b>(&self, certificate: &'b [u8]) -> Option<(Bare<'b>, Issuer)> {
        let bare = Bare::read(certificate)?;
        let algorithms = self.verifier.chain_algorithms();
        let issuer = Issuer::of(&bare, self.rest, &self.verifier.roots, &algorithms)?;
        Some((bare, issuer))
    }

    /// The certificate of the server and those that vouch for each other, as
    /// far as the server showed them.
    fn chain(&self) -> Vec<&'a CertificateDer<'a>> {
        let mut chain = vec![self.leaf];
        while chain.len() <= DEEPEST
            && let Some(last) = chain.last().and_then(|der| Bare::read(der))
            && let Some(next) = self.rest.iter().find(|der| {
                let bare = Bare::read(der);
                bare.is_some_and(|bare| bare.subject == last.issuer && bare.whole != last.whole)
            })
        {
            chain.push(next);
        }
        chain
    }
}

/// What a chain is with lists that were fetched.
async fn check_elsewhere(
    verifier: &Arc<Verifier>,
    (leaf, rest, name): (&CertificateDer<'_>, &[CertificateDer<'_>], &ServerName<'_>),
    lists: Vec<Arc<List>>,
) -> Result<(), CertificateFault> {
    let (verifier, name) = (Arc::clone(verifier), name.to_owned());
    let leaf = leaf.clone().into_owned();
    let rest: Vec<_> = rest.iter().map(|der| der.clone().into_owned()).collect();
    let checked = elsewhere(move || verifier.check_with(&leaf, &rest, &name, &lists)).await;
    checked.unwrap_or(Err(CertificateFault::UnknownRevocation))
}

/// Does what takes a while with a long list where it is in nobody's way;
/// `None` if the runtime is about to end.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

/// Until when a server that did not answer is left alone.
fn pause(check: RevocationCheck) -> i64 {
    match check {
        RevocationCheck::Soft => now() + PAUSE,
        RevocationCheck::Hard => 0,
    }
}

fn key(issuer: &Issuer, serial: &[u8]) -> Vec<u8> {
    [&issuer.spki, serial].concat()
}
