//! The pieces in order.

use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError};
use http::Version;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::time::timeout_at;

use crate::error::Late;
use crate::http::HttpVersion;
use crate::pace::RateLimit;
use crate::proxy::{Chain, Forward};
use crate::target::Target;
use crate::tls::Tls;
use crate::watch::{after, now};

use super::dial::Dialer;
use super::error::ConnectError;
use super::facts::{ConnectionFacts, TlsFacts};
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
    ) -> Result<Connected, TransportError> {
        let own = after(now(), self.timeout);
        let (end, late) = if own < deadline {
            (own, Late::Connect(self.timeout))
        } else {
            (deadline, Late::Deadline)
        };
        match timeout_at(end.into(), self.open(target)).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(late.into_error(Sent::Nothing)),
        }
    }

    async fn open(&self, target: &Target) -> Result<Connected, ConnectError> {
        let route = self.chain.route(target);
        let passed = self.pass(&route, target).await?;
        let mut tls = None;
        let layer = if target.tls {
            // Twice, because hyper-rustls keeps the wire as hyper wants to see it.
            let wire = TokioIo::new(TokioIo::new(passed.wire.logged(self.tls.packet_observer())));
            let session = self.tls.connect_by(&target.host, wire, self).await;
            let session = session.map_err(ConnectError::Tls)?;
            tls = Some(TlsFacts::of(session.get_ref().1));
            MaybeHttpsStream::Https(TokioIo::new(session))
        } else {
            MaybeHttpsStream::Http(TokioIo::new(passed.wire))
        };
        let h2 = tls.as_ref().is_some_and(|tls| tls.alpn.as_deref() == Some(b"h2"));
        let http_version = match self.version {
            _ if h2 => Version::HTTP_2,
            HttpVersion::Http2Only => return Err(ConnectError::NoHttp2),
            HttpVersion::Http10 => Version::HTTP_10,
            HttpVersion::Http11 | HttpVersion::Http2 => Version::HTTP_11,
        };
        let facts = ConnectionFacts {
            local_address: passed.local_address,
            peer_address: passed.peer_address,
            proxies: route.len(),
            http_version,
            tls,
        };
        let stream = Stream::new(layer, passed.traffic);
        Ok(Connected { stream, facts, forward: passed.forward })
    }
}
