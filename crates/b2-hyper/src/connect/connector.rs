//! The pieces in order.

use std::io;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError};
use http::Version;
use tokio::time::timeout_at;

use crate::error::Late;
use crate::http::HttpVersion;
use crate::observe::{Event, Witness};
use crate::pace::RateLimit;
use crate::proxy::{Chain, Forward, Passed, Route};
use crate::target::Target;
use crate::tls::Tls;
use crate::watch::{after, now};

use super::dial::Dialer;
use super::error::ConnectError;
use super::facts::ConnectionFacts;
use super::stream::Stream;

/// Makes connections, through proxies and with TLS if need be.
pub(crate) struct Connector {
    pub(crate) dialer: Dialer,
    pub(crate) chain: Chain,
    pub(crate) tls: Tls,
    /// For the connection to a proxy itself.
    pub(crate) proxy_tls: Tls,
    pub(crate) version: HttpVersion,
    pub(crate) timeout: Duration,
    pub(crate) send_limit: Option<RateLimit>,
    pub(crate) receive_limit: Option<RateLimit>,
}

/// A connection that is ready for HTTP.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) facts: ConnectionFacts,
    /// How requests have to be written if an HTTP proxy reads them.
    pub(crate) forward: Option<Forward>,
}

impl Connector {
    /// Connects within its own timeout and before `deadline`.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        deadline: Instant,
        witness: Option<&Witness>,
    ) -> Result<Connected, TransportError> {
        let own = after(now(), self.timeout);
        let (end, late) = if own < deadline {
            (own, Late::Connect(self.timeout))
        } else {
            (deadline, Late::Deadline)
        };
        match timeout_at(end.into(), self.open(target, witness)).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(late.into_error(Sent::Nothing)),
        }
    }

    async fn open(
        &self,
        target: &Target,
        witness: Option<&Witness>,
    ) -> Result<Connected, ConnectError> {
        if let Some(witness) = witness {
            let (host, port, tls) = (&*target.host, target.port, target.tls);
            witness.tell(&Event::Connecting { host, port, tls });
        }
        let routes = self.chain.routes(target).await?;
        let (passed, proxies) = self.pass_any(&routes, target, &self.dialer, witness).await?;
        let mut tls = None;
        let stream = if target.tls {
            let carrier = passed.wire.logged(self.tls.packet_observer()).carrier();
            // In a handshake nobody reads while something is to be written.
            passed.traffic.set_awaited(true);
            let session = self.tls.connect_by(&target.host, carrier, self).await;
            passed.traffic.set_awaited(false);
            let session = session.map_err(ConnectError::Tls)?;
            tls = Some(session.facts());
            Stream::encrypted(session, passed.traffic)
        } else {
            Stream::plain(passed.wire, passed.traffic)
        };
        let h2 = tls.as_ref().is_some_and(|tls| tls.alpn.as_deref() == Some(b"h2"));
        let http_version = match self.version {
            _ if h2 => Version::HTTP_2,
            HttpVersion::Http2Only => return Err(ConnectError::NoHttp2),
            HttpVersion::Http10 => Version::HTTP_10,
            _ => Version::HTTP_11,
        };
        let facts = ConnectionFacts {
            local_address: passed.local_address,
            peer_address: passed.peer_address,
            proxies,
            http_version,
            tls,
        };
        if let Some(witness) = witness {
            witness.tell(&Event::Connected { facts: &facts });
        }
        Ok(Connected { stream, facts, forward: passed.forward })
    }

    /// Goes the first of the ways that leads to `target`, whose beginning
    /// `dialer` dials, and says how many proxies are on it. None takes more
    /// than its share of the time.
    pub(crate) async fn pass_any(
        &self,
        routes: &[Route],
        target: &Target,
        dialer: &Dialer,
        witness: Option<&Witness>,
    ) -> Result<(Passed, usize), ConnectError> {
        let mut last = None;
        let share = self.timeout / u32::try_from(routes.len().max(1)).unwrap_or(u32::MAX);
        for (index, route) in routes.iter().enumerate() {
            let passing = self.pass(route, target, dialer, witness);
            let end = after(now(), if index + 1 == routes.len() { self.timeout } else { share });
            match timeout_at(end.into(), passing).await {
                Ok(Ok(passed)) => return Ok((passed, route.len())),
                Ok(Err(error)) => last = Some(error),
                Err(_) => last = Some(ConnectError::Dial(io::ErrorKind::TimedOut.into())),
            }
        }
        // There is always a way, even if it is the direct one.
        Err(last.unwrap_or_else(|| ConnectError::Dial(io::ErrorKind::NotFound.into())))
    }
}
