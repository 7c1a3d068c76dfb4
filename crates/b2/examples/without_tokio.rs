//! The facade on another executor, with a transport written for the occasion.
//!
//! ```text
//! cargo run -p b2 --example without_tokio
//! ```
//!
//! `b2` names no runtime. This example brings its own: sockets and timers of
//! smol, HTTP/1 by hyper's connection without its client. It makes a new
//! connection for each request, which is simple and slow; the guide
//! `docs/guide/transports.md` says what a transport owes.

use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use b2::port::{BoxFuture, RequestBody, ResponseBody, Spawn, Timer, Transport};
use b2::{BucketType, Client, Credentials, Source, TransportError, TransportErrorKind};
use b2_core::error::Sent;
use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use smol::Async;
use smol::future::FutureExt as _;
use smol::io::{AsyncRead, AsyncWrite};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = b2_emulator::Emulator::builder().start_blocking()?;
    let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    let client = Client::builder(credentials)
        .with_realm(emulator.base_url())
        .with_transport(SmolTransport)
        .with_timer(SmolTimer)
        .with_spawn(SmolSpawn)
        .build()?;
    smol::block_on(there_and_back(client))
}

async fn there_and_back(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    let bucket = client.create_bucket("without-tokio", BucketType::AllPrivate).await?;
    let content: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let upload = bucket.upload("numbers.bin", Source::bytes(content.clone())).start();
    let uploaded = upload.join().await?;
    println!("uploaded {} bytes", uploaded.file.content_length);

    let mut files = bucket.files().stream();
    while let Some(file) = files.next().await {
        println!("listed {}", file?.file_name);
    }

    let back = bucket.download("numbers.bin").to_bytes().await?;
    if back.content != content {
        return Err("other bytes came back".into());
    }
    println!("downloaded and equal, checked against {:?}", back.check);
    Ok(())
}

/// Waits on smol's reactor.
struct SmolTimer;

impl Timer for SmolTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            smol::Timer::at(at).await;
        })
    }
}

/// Runs tasks on smol's global executor.
struct SmolSpawn;

impl Spawn for SmolSpawn {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        smol::spawn(task).detach();
    }
}

/// One plain HTTP/1.1 connection for each request.
struct SmolTransport;

impl Transport for SmolTransport {
    async fn send(
        &self,
        request: http::Request<RequestBody>,
        deadline: Instant,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        let late = async {
            smol::Timer::at(deadline).await;
            Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe))
        };
        exchange(request, deadline).or(late).await
    }
}

async fn exchange(
    mut request: http::Request<RequestBody>,
    deadline: Instant,
) -> Result<http::Response<ResponseBody>, TransportError> {
    let failed = |kind, sent| move |cause| with_cause(kind, sent, cause);
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let addresses = smol::net::resolve(&host)
        .await
        .map_err(|error| with_cause(TransportErrorKind::Resolve, Sent::Nothing, error))?;
    let stream = connect(addresses)
        .await
        .map_err(|error| with_cause(TransportErrorKind::Connect, Sent::Nothing, error))?;
    let (mut sender, connection) = http1::handshake(Socket(stream))
        .await
        .map_err(failed(TransportErrorKind::Other, Sent::Nothing))?;
    // The connection ends when request and answer are dropped.
    smol::spawn(connection).detach();

    if let Ok(value) = host.parse() {
        request.headers_mut().insert(http::header::HOST, value);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
    *request.uri_mut() = path.map_err(|error: http::uri::InvalidUri| {
        with_cause(TransportErrorKind::Other, Sent::Nothing, error)
    })?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(failed(TransportErrorKind::Interrupted, Sent::Maybe))?;
    Ok(answer.map(|body| ResponseBody::new(Answer { body, late: smol::Timer::at(deadline) })))
}

async fn connect(addresses: Vec<std::net::SocketAddr>) -> io::Result<Async<TcpStream>> {
    let mut last = io::Error::other("the name has no address");
    for address in addresses {
        match Async::<TcpStream>::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn with_cause(
    kind: TransportErrorKind,
    sent: Sent,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> TransportError {
    TransportError::new(kind, sent).with_source(cause)
}

/// The body of an answer, with the deadline of its request.
struct Answer {
    body: Incoming,
    late: smol::Timer,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if self.late.poll(cx).is_ready() {
            let late = TransportError::new(TransportErrorKind::Timeout, Sent::Maybe);
            return Poll::Ready(Some(Err(late)));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| with_cause(TransportErrorKind::Interrupted, Sent::Maybe, error))
        }))
    }
}

/// A smol socket as hyper wants to see it.
struct Socket(Async<TcpStream>);

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Initialised memory keeps this example free of `unsafe`.
        let mut buffer = [0; 16 * 1024];
        let room = cursor.remaining().min(buffer.len());
        let read = ready!(Pin::new(&mut self.0).poll_read(cx, &mut buffer[..room]))?;
        cursor.put_slice(&buffer[..read]);
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
