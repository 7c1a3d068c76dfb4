//! One question to a server of an authority, over plain HTTP.
//!
//! What comes back is signed, so nothing has to be encrypted; TLS here would
//! need a certificate that is checked in turn, without end. No redirect is
//! followed, no cookie kept, no credential sent but those of a proxy.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::event::Told;
use crate::connect::stream::Wire;
use crate::connect::{ConnectError, Connector, Dialer};
use crate::proxy::Forward;
use crate::target::Target;

/// The longest time for one question; some have to fit in the time for a
/// connection, or nobody who does not answer could be missed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A way to servers, through proxies or not. It does not use the local port
/// that was chosen, which the connection that is asked about holds.
pub(crate) trait Reach: Sync {
    /// A connection without TLS.
    fn reach(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<(Wire, Option<Forward>), ConnectError>> + Send;
}

impl Reach for Connector {
    async fn reach(&self, target: &Target) -> Result<(Wire, Option<Forward>), ConnectError> {
        let routes = self.chain.routes(target).await?;
        let (passed, _proxies) =
            self.pass_any(&routes, target, &self.dialer.on_any_port(), None).await?;
        Ok((passed.wire, passed.forward))
    }
}

impl Reach for Dialer {
    async fn reach(&self, target: &Target) -> Result<(Wire, Option<Forward>), ConnectError> {
        let tcp = self.on_any_port().dial(&target.host, target.port).await?;
        let socket = crate::connect::socket::Socket::new(tcp, std::sync::Arc::default());
        Ok((Wire::Tcp(socket), None))
    }
}

/// What is asked of a server.
pub(super) struct Errand<'a> {
    pub(super) url: &'a str,
    /// What is sent, and of which type; nothing is sent to get a file.
    pub(super) post: Option<(Vec<u8>, &'static str)>,
    /// The most bytes that are taken.
    pub(super) limit: usize,
}

impl Errand<'_> {
    /// The body of the answer, if it came in time and was a success.
    pub(super) async fn run(self, way: &impl Reach) -> Result<Bytes, Told> {
        let run = tokio::time::timeout(PATIENCE, self.exchange(way));
        run.await.unwrap_or(Err(Told::Late))
    }

    async fn exchange(self, way: &impl Reach) -> Result<Bytes, Told> {
        let uri: Uri = self.url.parse().map_err(|_| Told::BadUrl)?;
        let target = Target::of(&uri).ok().filter(|target| !target.tls).ok_or(Told::BadUrl)?;
        let (wire, forward) = way.reach(&target).await.map_err(|_| Told::Unreachable)?;
        let mut request = self.request(&uri, &target)?;
        if let Some(forward) = &forward {
            forward.dress(&mut request).map_err(|_| Told::Unreachable)?;
        }
        let handshake = http1::handshake(TokioIo::new(wire)).await;
        let (mut sender, connection) = handshake.map_err(|_| Told::Broken)?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(|_| Told::Broken)?;
            if answer.status() != http::StatusCode::OK {
                return Err(Told::Status(answer.status().as_u16()));
            }
            collect(answer.into_body(), self.limit).await
        };
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        let mut open = true;
        poll_fn(|cx| {
            if open {
                // What becomes of the connection, the exchange learns.
                open = connection.as_mut().poll(cx).is_pending();
            }
            exchange.as_mut().poll(cx)
        })
        .await
    }

    fn request(&self, uri: &Uri, target: &Target) -> Result<Request<Full<Bytes>>, Told> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let method = if self.post.is_some() { Method::POST } else { Method::GET };
        let host = target.host_header().map_err(|_| Told::BadUrl)?;
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header(header::CONNECTION, HeaderValue::from_static("close"));
        let mut body = Bytes::new();
        if let Some((bytes, kind)) = &self.post {
            builder = builder.header(header::CONTENT_TYPE, *kind);
            body = Bytes::copy_from_slice(bytes);
        }
        builder.body(Full::new(body)).map_err(|_| Told::BadUrl)
    }
}

async fn collect(body: Incoming, limit: usize) -> Result<Bytes, Told> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Told::TooLong),
        Err(_) => Err(Told::Broken),
    }
}
