//! Through one proxy after the other to a server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ::http::uri::Authority;

#[cfg(feature = "pac")]
use crate::builder::Builder;
use crate::connect::socket::{Socket, Traffic};
use crate::connect::stream::Wire;
use crate::connect::{ConnectError, Connector, Dialer};
#[cfg(feature = "pac")]
use crate::error::BuildError;
use crate::observe::{Event, Witness};
use crate::target::Target;
#[cfg(feature = "pac")]
use crate::transport::HyperTransport;

use super::auth::{Authenticator, Challenge};
use super::error::ProxyError;
use super::forward::Forward;
use super::host::{self, authority};
use super::http::{Tunnel, introduce};
use super::rules::ProxyRules;
use super::server::{Proxy, ProxyKind};

/// All proxies that a transport knows.
#[derive(Debug)]
pub(crate) struct Chain {
    firewall: Option<Arc<Hop>>,
    http: Option<Arc<Hop>>,
    https: Option<Arc<Hop>>,
    rules: ProxyRules,
    /// Those that a script has named.
    #[cfg(feature = "pac")]
    named: Mutex<Vec<Arc<Hop>>>,
    #[cfg(feature = "pac")]
    fetcher: Option<HyperTransport>,
}

/// The proxies on a way to a server, the nearest first.
pub(crate) type Route = Vec<Arc<Hop>>;

/// A proxy, and what it has asked before.
#[derive(Debug)]
pub(crate) struct Hop {
    proxy: Proxy,
    firewall: bool,
    challenge: Mutex<Option<Challenge>>,
}

/// What came out at the other end.
pub(crate) struct Passed {
    pub(crate) wire: Wire,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) local_address: SocketAddr,
    pub(crate) peer_address: SocketAddr,
    pub(crate) forward: Option<Forward>,
}

impl Hop {
    fn new(proxy: &Proxy, firewall: bool) -> Arc<Self> {
        Arc::new(Self { proxy: proxy.clone(), firewall, challenge: Mutex::new(None) })
    }

    fn place(&self) -> String {
        authority(self.proxy.host(), self.proxy.port())
    }

    /// What keeps us from the proxy, who is not where the request is to go.
    fn unreachable(&self, error: ConnectError) -> ConnectError {
        match error {
            ConnectError::Resolve(source) | ConnectError::Dial(source) => {
                ConnectError::Proxy(ProxyError::Unreachable { proxy: self.place(), source })
            }
            other => other,
        }
    }

    fn tell_request(&self, witness: Option<&Witness>, host: &str, port: u16) {
        if let Some(witness) = witness {
            let (firewall, kind) = (self.firewall, self.proxy.kind);
            let (proxy, target) = (&*self.place(), &*authority(host, port));
            witness.tell(&Event::ProxyRequest { firewall, kind, proxy, target });
        }
    }

    fn tell_response(&self, witness: Option<&Witness>, outcome: &Result<Tunnel, ProxyError>) {
        if let Some(witness) = witness {
            let (firewall, proxy) = (self.firewall, &*self.place());
            let error = outcome.as_ref().err();
            let connected = matches!(outcome, Ok(Tunnel::Open));
            witness.tell(&Event::ProxyResponse { firewall, proxy, connected, error });
        }
    }

    /// With the challenge from before, unless it has to be a new one.
    fn authenticator(&self, anew: bool) -> Authenticator {
        let known = self.challenge.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Authenticator::new(&self.proxy, known.filter(|_| !anew))
    }

    /// Remembers the challenge, so that the next connection need not ask.
    fn keep(&self, authenticator: &Authenticator) {
        *self.challenge.lock().unwrap_or_else(PoisonError::into_inner) =
            authenticator.known().cloned();
    }

    /// Whether this proxy reads requests to `target` itself.
    fn reads(&self, target: &Target) -> bool {
        self.proxy.kind == ProxyKind::Http && !target.tls && !self.proxy.always_tunnel
    }
}

impl Chain {
    pub(crate) fn new(firewall: Option<&Proxy>, rules: ProxyRules) -> Self {
        // Exceptions do not matter here: this asks for the proxy itself.
        let hop = |tls| rules.any(tls).map(|proxy| Hop::new(proxy, false));
        let firewall = firewall.map(|proxy| Hop::new(proxy, true));
        Self {
            firewall,
            http: hop(false),
            https: hop(true),
            rules,
            #[cfg(feature = "pac")]
            named: Mutex::default(),
            #[cfg(feature = "pac")]
            fetcher: None,
        }
    }

    /// With a transport that fetches scripts: as `builder` does, through the
    /// firewall alone.
    #[cfg(feature = "pac")]
    pub(crate) fn with_fetcher(mut self, builder: Builder) -> Result<Self, BuildError> {
        if let Some(script) = self.rules.script() {
            self.fetcher = Some(script.fetcher(builder)?);
        }
        Ok(self)
    }

    /// The ways to `target`, to be tried in turn: each the proxies on it, the
    /// nearest first.
    pub(crate) async fn routes(&self, target: &Target) -> Result<Vec<Route>, ConnectError> {
        let to = |hop: Option<&Arc<Hop>>| self.firewall.iter().chain(hop).map(Arc::clone).collect();
        #[cfg(feature = "pac")]
        if let Some(script) = self.rules.script_for(&target.host)
            && let Some(fetcher) = &self.fetcher
        {
            let ways = Box::pin(script.ways(target, fetcher)).await?;
            let hops = ways.iter().map(|way| way.as_ref().map(|proxy| self.known(proxy)));
            return Ok(hops.map(|hop| to(hop.as_ref())).collect());
        }
        let chosen = self.rules.choose(target.tls, &target.host);
        let proxy = chosen.and(if target.tls { self.https.as_ref() } else { self.http.as_ref() });
        Ok(vec![to(proxy)])
    }

    /// The proxy that a script has named, with what it has asked before.
    #[cfg(feature = "pac")]
    fn known(&self, proxy: &Proxy) -> Arc<Hop> {
        // A script may make up any number of them.
        const MOST: usize = 64;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |hop: &&Arc<Hop>| {
            let known = &hop.proxy;
            let place = (known.host(), known.port()) == (proxy.host(), proxy.port());
            place && known.kind == proxy.kind && known.tls == proxy.tls
        };
        if let Some(hop) = named.iter().find(same) {
            return Arc::clone(hop);
        }
        let hop = Hop::new(proxy, false);
        if named.len() < MOST {
            named.push(Arc::clone(&hop));
        }
        hop
    }
}

impl Connector {
    /// Goes through the proxies of `route` to `target`.
    pub(crate) async fn pass(
        &self,
        route: &[Arc<Hop>],
        target: &Target,
        dialer: &Dialer,
        witness: Option<&Witness>,
    ) -> Result<Passed, ConnectError> {
        for hop in route {
            host::check(hop.proxy.host()).map_err(ConnectError::Proxy)?;
        }
        // A proxy that reads requests counts them, and wants each count to be
        // higher than the one before, whatever connection they come by; so
        // each connection asks for a nonce of its own.
        let own = |index: usize| index + 1 == route.len() && route[index].reads(target);
        let known = route.iter().enumerate().map(|(index, hop)| hop.authenticator(own(index)));
        let mut known: Vec<_> = known.collect();
        // A proxy may hang up once to learn who we are, and once to tell that
        // the nonce is old.
        for _ in 0..3 {
            if let Some(passed) = self.attempt(route, &mut known, target, dialer, witness).await? {
                return Ok(passed);
            }
        }
        Err(ConnectError::Proxy(ProxyError::Protocol("it hangs up whenever it is told who we are")))
    }

    async fn attempt(
        &self,
        route: &[Arc<Hop>],
        known: &mut [Authenticator],
        target: &Target,
        dialer: &Dialer,
        witness: Option<&Witness>,
    ) -> Result<Option<Passed>, ConnectError> {
        let place = |index: usize| {
            route.get(index).map_or((&*target.host, target.port), |hop: &Arc<Hop>| {
                (hop.proxy.host(), hop.proxy.port())
            })
        };
        let (host, port) = place(0);
        let dialled = dialer.dial(host, port).await;
        let tcp = dialled.map_err(|error| match route.first() {
            Some(hop) => hop.unreachable(error),
            None => error,
        })?;
        let local_address = tcp.local_addr().map_err(ConnectError::Dial)?;
        let peer_address = tcp.peer_addr().map_err(ConnectError::Dial)?;
        let traffic = Arc::new(Traffic::default());
        let socket = Socket::new(tcp, Arc::clone(&traffic));
        let limited = socket.with_limits(self.send_limit.as_ref(), self.receive_limit.as_ref());
        let mut wire = Wire::Tcp(limited);
        let mut forward = None;
        for (index, hop) in route.iter().enumerate() {
            traffic.set_awaited(true);
            if hop.proxy.tls {
                let wire_to = wire.logged(self.proxy_tls.packet_observer()).carrier();
                // Its certificate is asked about directly, not through the chain.
                let session = self.proxy_tls.connect_by(hop.proxy.host(), wire_to, dialer);
                wire = Wire::tls(session.await.map_err(ConnectError::Tls)?);
            }
            let (host, port) = place(index + 1);
            let authenticator = &mut known[index];
            let reads = index + 1 == route.len() && hop.reads(target);
            hop.tell_request(witness, host, port);
            let outcome = if reads {
                introduce(&mut wire, &hop.proxy, host, port, authenticator).await
            } else {
                hop.proxy.open(&mut wire, host, port, authenticator).await
            };
            traffic.set_awaited(false);
            if !reads {
                hop.keep(authenticator);
            }
            hop.tell_response(witness, &outcome);
            if outcome.map_err(ConnectError::Proxy)? == Tunnel::Again {
                return Ok(None);
            }
            if reads {
                forward = Some(forwarding(target, authenticator)?);
            }
        }
        Ok(Some(Passed { wire, traffic, local_address, peer_address, forward }))
    }
}

fn forwarding(target: &Target, authenticator: &Authenticator) -> Result<Forward, ConnectError> {
    let authority = Authority::try_from(target.to_string())
        .map_err(|_| ConnectError::Proxy(ProxyError::Unsuitable("the host of the URL")))?;
    Ok(Forward::new(authority, authenticator.clone()))
}
