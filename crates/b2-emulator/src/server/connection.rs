//! One connection from its first request to its end.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use super::Stop;
use super::answer_body::AnswerBody;
use super::exchange::{self, Withheld};
use super::patience::Patient;
use crate::control::Control;

/// What every connection of a server shares.
pub(super) struct Context {
    pub(super) control: Arc<Control>,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Host and port, for clients that name none.
    pub(super) authority: String,
    /// How long a peer may do nothing.
    pub(super) patience: Duration,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// Whether it is on this machine.
    pub(super) is_loopback: bool,
}

/// Room for the largest legal head, names and file info encoded, and more.
const BUFFER: usize = 256 * 1024;

/// More than any request needs, so that the rules refuse what is too much, in
/// words.
const MOST_HEADERS: usize = 512;

/// What is read and thrown away after an answer that did not wait for the
/// body, so that the peer gets to read the answer.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(3);

/// Serves requests until either side has had enough.
pub(super) async fn serve<S>(
    stream: S,
    peer: Peer,
    context: Arc<Context>,
    stopping: watch::Receiver<Stop>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let patience = context.patience;
    let traffic = Arc::clone(&context.control.traffic);
    let _connected = traffic.connect();
    let service = service_fn(move |request| Box::pin(answer(Arc::clone(&context), peer, request)));
    let io = TokioIo::new(Patient::new(stream, patience, traffic));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(BUFFER)
        .max_headers(MOST_HEADERS)
        .serve_connection(io, service);
    if drive(&mut connection, stopping).await {
        linger(connection.into_parts().io.into_inner()).await;
    }
}

/// Runs the connection to its end; tells whether it ended in good order.
async fn drive<S, F>(
    connection: &mut http1::Connection<TokioIo<Patient<S>>, F>,
    mut stopping: watch::Receiver<Stop>,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: HttpService<Incoming, ResBody = AnswerBody, Future: Unpin> + Unpin,
    F::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut is_told = false;
    loop {
        tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => return ended.is_ok(),
            _ = stopping.wait_for(|stop| *stop != Stop::No), if !is_told => {
                is_told = true;
                std::pin::Pin::new(&mut *connection).graceful_shutdown();
            }
        }
    }
}

/// Closes our side and drains the other.
///
/// Closing a socket with unread bytes in it resets the connection, and the
/// reset can overtake the answer. A client still sending a body would then
/// see a broken pipe and never the reason.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let drain = async {
        if stream.shutdown().await.is_ok() {
            let mut rest = stream.take(LINGER_BYTES);
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        }
    };
    let _ = tokio::time::timeout(LINGER_TIME, drain).await;
}

/// Answers on a task of its own: when the client goes away in the middle, a
/// change that has begun still ends in order.
async fn answer(
    context: Arc<Context>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Withheld> {
    let task = tokio::spawn(exchange::answer(context, peer, request));
    task.await.unwrap_or_else(|_| {
        let mut response = Response::new(AnswerBody::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok(response)
    })
}
