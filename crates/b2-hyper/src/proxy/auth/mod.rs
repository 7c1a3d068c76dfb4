//! Telling an HTTP proxy who is asking.

mod digest;
mod ntlm;

use ::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::ProxyError;
use super::server::{Credentials, Proxy};
pub(super) use digest::Challenge;

/// How an HTTP proxy is told who is asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthScheme {
    /// User and password, readable by whoever reads the connection to the
    /// proxy (RFC 7617).
    #[default]
    Basic,
    /// A digest of them and of a nonce (RFC 7616), with MD5, SHA-256 or
    /// SHA-512/256.
    Digest,
    /// NTLM version 2, which makes the connection known and not the request.
    Ntlm,
    /// Not at all, even if there are credentials.
    None,
}

/// Answers the questions of one proxy on one connection.
#[derive(Clone)]
pub(super) struct Authenticator {
    credentials: Option<Credentials>,
    state: State,
    /// Questions that were answered already.
    rounds: u8,
}

#[derive(Clone)]
enum State {
    Silent,
    /// The same value each time.
    Fixed(HeaderValue),
    Digest(Option<Challenge>),
    Ntlm(Ntlm),
}

#[derive(Clone)]
enum Ntlm {
    Begin,
    Challenged(ntlm::Challenge),
    Done,
}

impl Authenticator {
    pub(super) fn new(proxy: &Proxy, known: Option<Challenge>) -> Self {
        let state = match (&proxy.token, &proxy.credentials, proxy.scheme) {
            (Some(token), _, _) => State::Fixed(token.clone()),
            (None, None, _) | (None, _, AuthScheme::None) => State::Silent,
            (None, Some(credentials), AuthScheme::Basic) => basic(credentials),
            (None, _, AuthScheme::Digest) => State::Digest(known),
            (None, _, AuthScheme::Ntlm) => State::Ntlm(Ntlm::Begin),
        };
        Self { credentials: proxy.credentials.clone(), state, rounds: 0 }
    }

    /// What to say with this request.
    pub(super) fn header(
        &mut self,
        method: &str,
        uri: &str,
    ) -> Result<Option<HeaderValue>, ProxyError> {
        let text = match (&mut self.state, &self.credentials) {
            (State::Fixed(value), _) => return Ok(Some(value.clone())),
            (State::Digest(Some(challenge)), Some(credentials)) => {
                challenge.answer(credentials, method, uri, &random()?)
            }
            (State::Ntlm(Ntlm::Begin), _) => format!("NTLM {}", STANDARD.encode(ntlm::negotiate())),
            (State::Ntlm(ntlm), Some(credentials)) => {
                let Ntlm::Challenged(challenge) = ntlm else { return Ok(None) };
                let answer = ntlm::authenticate(challenge, credentials, random()?, ntlm::now());
                // From here on the connection is known, or never will be.
                *ntlm = Ntlm::Done;
                format!("NTLM {}", STANDARD.encode(answer))
            }
            _ => return Ok(None),
        };
        let mut value = HeaderValue::try_from(text)
            .map_err(|_| ProxyError::Unsuitable("the user name cannot be sent"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Takes in a refusal with status 407.
    pub(super) fn challenge(&mut self, headers: &HeaderMap) -> Result<(), ProxyError> {
        let values = headers.get_all(header::PROXY_AUTHENTICATE);
        let offers: Vec<_> = values.iter().filter_map(|value| value.to_str().ok()).collect();
        let refused = || ProxyError::Credentials { offered: schemes(&offers) };
        self.rounds += 1;
        match &mut self.state {
            State::Silent | State::Fixed(_) => return Err(refused()),
            State::Digest(known) => {
                let new = Challenge::choose(&offers).ok_or_else(refused)?;
                // A second question in a row means a wrong password, unless
                // the nonce is just too old.
                if known.is_some() && self.rounds > 1 && !new.stale() {
                    return Err(refused());
                }
                *known = Some(new);
            }
            State::Ntlm(ntlm) => {
                let Ntlm::Begin = ntlm else { return Err(refused()) };
                let offer = offers.iter().find_map(|offer| offer.strip_prefix("NTLM"));
                let offer = offer.ok_or_else(refused)?.trim();
                // The first message was sent, so the second has to come.
                let bytes = STANDARD.decode(offer).ok();
                let parsed = bytes.and_then(|bytes| ntlm::Challenge::parse(&bytes));
                *ntlm = Ntlm::Challenged(parsed.ok_or_else(refused)?);
            }
        }
        if self.rounds > 3 { Err(refused()) } else { Ok(()) }
    }

    /// Whether the proxy has to be asked before a request can be sent.
    pub(super) fn needs_introduction(&self) -> bool {
        match &self.state {
            State::Silent | State::Fixed(_) => false,
            State::Digest(known) => known.is_none(),
            State::Ntlm(ntlm) => matches!(ntlm, Ntlm::Begin),
        }
    }

    /// The proxy asked nothing: the connection is known, or needs not be.
    pub(super) fn introduced(&mut self) {
        match &mut self.state {
            State::Ntlm(ntlm) => *ntlm = Ntlm::Done,
            State::Digest(known) if known.is_none() => self.state = State::Silent,
            _ => {}
        }
    }

    /// The next question comes on a new connection.
    pub(super) fn reconnecting(&mut self) -> Result<(), ProxyError> {
        if let State::Ntlm(ntlm) = &mut self.state {
            // Its messages belong to one connection.
            if matches!(ntlm, Ntlm::Challenged(_)) {
                return Err(ProxyError::Protocol("it hung up in the middle of NTLM"));
            }
            *ntlm = Ntlm::Begin;
        }
        Ok(())
    }

    /// The challenge that the next connection can answer at once.
    pub(super) fn known(&self) -> Option<&Challenge> {
        match &self.state {
            State::Digest(known) => known.as_ref(),
            _ => None,
        }
    }
}

fn basic(credentials: &Credentials) -> State {
    let login = format!("{}:{}", credentials.user, credentials.password.as_str());
    // Base64 is always a header.
    HeaderValue::try_from(format!("Basic {}", STANDARD.encode(login))).map_or(
        State::Silent,
        |mut value| {
            value.set_sensitive(true);
            State::Fixed(value)
        },
    )
}

/// The names of the schemes that were offered.
fn schemes(offers: &[&str]) -> String {
    let name = |offer: &&str| offer.split([' ', ',']).next().unwrap_or("").to_owned();
    let names: Vec<_> = offers.iter().map(name).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn random() -> Result<[u8; 8], ProxyError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|_| ProxyError::Unsuitable("the system gives no randomness"))?;
    Ok(bytes)
}
