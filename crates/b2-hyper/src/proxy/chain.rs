//! Through one proxy after the other to a server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ::http::uri::Authority;

use crate::connect::socket::{Socket, Traffic};
use crate::connect::stream::Wire;
use crate::connect::{ConnectError, Connector};
use crate::target::Target;

use super::auth::{Authenticator, Challenge};
use super::error::ProxyError;
use super::forward::Forward;
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
}

/// A proxy, and what it has asked before.
#[derive(Debug)]
pub(crate) struct Hop {
    proxy: Proxy,
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
    fn new(proxy: &Proxy) -> Arc<Self> {
        Arc::new(Self { proxy: proxy.clone(), challenge: Mutex::new(None) })
    }

    fn authenticator(&self) -> Authenticator {
        let known = self.challenge.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Authenticator::new(&self.proxy, known)
    }

    /// Remembers the challenge, so that the next connection need not ask.
    pub(super) fn keep(&self, authenticator: &Authenticator) {
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
        let hop = |tls| rules.any(tls).map(Hop::new);
        Self { firewall: firewall.map(Hop::new), http: hop(false), https: hop(true), rules }
    }

    /// The proxies on the way to `target`, the nearest first.
    pub(crate) fn route(&self, target: &Target) -> Vec<Arc<Hop>> {
        let chosen = self.rules.choose(target.tls, &target.host);
        let proxy = chosen.and(if target.tls { self.https.as_ref() } else { self.http.as_ref() });
        self.firewall.iter().chain(proxy).map(Arc::clone).collect()
    }
}

impl Connector {
    /// Goes through the proxies of `route` to `target`.
    pub(crate) async fn pass(
        &self,
        route: &[Arc<Hop>],
        target: &Target,
    ) -> Result<Passed, ConnectError> {
        let mut known: Vec<_> = route.iter().map(|hop| hop.authenticator()).collect();
        // A proxy may hang up once to learn who we are, and once to tell that
        // the nonce is old.
        for _ in 0..3 {
            if let Some(passed) = self.attempt(route, &mut known, target).await? {
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
    ) -> Result<Option<Passed>, ConnectError> {
        let place = |index: usize| {
            route.get(index).map_or((&*target.host, target.port), |hop: &Arc<Hop>| {
                (hop.proxy.host(), hop.proxy.port())
            })
        };
        let (host, port) = place(0);
        let tcp = self.dialer.dial(host, port).await?;
        let local_address = tcp.local_addr().map_err(ConnectError::Dial)?;
        let peer_address = tcp.peer_addr().map_err(ConnectError::Dial)?;
        let traffic = Arc::new(Traffic::default());
        let socket = Socket::new(tcp, Arc::clone(&traffic));
        let limited = socket.with_limits(self.send_limit.as_ref(), self.receive_limit.as_ref());
        let mut wire = Wire::Tcp(limited);
        let mut forward = None;
        for (index, hop) in route.iter().enumerate() {
            if hop.proxy.tls {
                let wire_to = wire.logged(self.proxy_tls.packet_observer());
                let session = self.proxy_tls.connect_by(hop.proxy.host(), wire_to, &self.dialer);
                let session = session.await;
                wire = Wire::tls(session.map_err(ConnectError::Tls)?);
            }
            let (host, port) = place(index + 1);
            let authenticator = &mut known[index];
            let reads = index + 1 == route.len() && hop.reads(target);
            let outcome = if reads {
                introduce(&mut wire, &hop.proxy, host, port, authenticator).await
            } else {
                hop.proxy.open(&mut wire, host, port, authenticator).await
            };
            hop.keep(authenticator);
            if outcome.map_err(ConnectError::Proxy)? == Tunnel::Again {
                return Ok(None);
            }
            if reads {
                forward = Some(forwarding(target, authenticator, hop)?);
            }
        }
        Ok(Some(Passed { wire, traffic, local_address, peer_address, forward }))
    }
}

fn forwarding(
    target: &Target,
    authenticator: &Authenticator,
    hop: &Arc<Hop>,
) -> Result<Forward, ConnectError> {
    let authority = Authority::try_from(target.to_string())
        .map_err(|_| ConnectError::Proxy(ProxyError::Unsuitable("the host of the URL")))?;
    Ok(Forward::new(authority, authenticator.clone(), Arc::clone(hop)))
}
