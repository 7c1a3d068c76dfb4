//! The pieces in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError};
use http::Version;
use tokio::time::timeout_at;

use crate::error::Late;
use crate::target::Target;
use crate::tls::Tls;
use crate::watch::{after, now};

use super::dial::Dialer;
use super::error::ConnectError;
use super::facts::{ConnectionFacts, TlsFacts};
use super::socket::{Socket, Traffic};
use super::stream::{Stream, Wire};

/// Makes connections, through proxies and with TLS if need be.
pub(crate) struct Connector {
    pub(crate) dialer: Dialer,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
}

/// A connection that is ready for HTTP.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) facts: ConnectionFacts,
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
        let tcp = self.dialer.dial(&target.host, target.port).await?;
        let local_address = tcp.local_addr().map_err(ConnectError::Dial)?;
        let peer_address = tcp.peer_addr().map_err(ConnectError::Dial)?;
        let traffic = Arc::new(Traffic::default());
        let mut wire = Wire::Tcp(Socket::new(tcp, Arc::clone(&traffic)));
        let mut tls = None;
        if target.tls {
            let session = self.tls.connect(&target.host, wire).await.map_err(ConnectError::Tls)?;
            tls = Some(TlsFacts::of(session.get_ref().1));
            wire = Wire::tls(session);
        }
        let h2 = tls.as_ref().is_some_and(|tls| tls.alpn.as_deref() == Some(b"h2"));
        let facts = ConnectionFacts {
            local_address,
            peer_address,
            proxies: 0,
            http_version: if h2 { Version::HTTP_2 } else { Version::HTTP_11 },
            tls,
        };
        let stream = Stream::new(wire, traffic);
        Ok(Connected { stream, facts })
    }
}
