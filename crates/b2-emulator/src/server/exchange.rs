//! One request and its answer.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response};

use super::answer_body::AnswerBody;
use super::connection::Context;
use crate::engine::{Begun, CHUNK, Engine, Receiving};
use crate::model::{Answer, Head, Payload};

/// How often a download is looked up anew because its blob has gone since.
const LOOK_UPS: usize = 3;

/// Why a body did not arrive.
enum Broken {
    /// The peer sent nothing for too long.
    Silence,
    /// The connection ended, or broke the rules of HTTP.
    Cut,
    /// More than wanted.
    TooLong,
}

/// Answers one request.
pub(super) async fn answer(
    context: Arc<Context>,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let base = format!("{}://{}", context.scheme, host.unwrap_or(&context.authority));
    let head =
        Arc::new(Head { method: parts.method, uri: parts.uri, headers: parts.headers, base });
    let exchange = Exchange { context, head };
    exchange.answer(body).await
}

struct Exchange {
    context: Arc<Context>,
    head: Arc<Head>,
}

impl Exchange {
    async fn answer(&self, body: Incoming) -> Response<AnswerBody> {
        let begun = self.blocking(|engine, head| engine.begin(head, now())).await;
        match begun {
            None => self.respond_and_close(self.broken_down()),
            Some(Begun::Refused(answer)) if body.is_end_stream() => self.respond(*answer),
            Some(Begun::Refused(answer)) => self.respond_and_close(*answer),
            Some(Begun::Collect { limit }) => self.collect(body, limit).await,
            Some(Begun::Receive(receiving)) => self.receive(body, *receiving).await,
        }
    }

    /// Brings in a small body and concludes.
    async fn collect(&self, body: Incoming, limit: u64) -> Response<AnswerBody> {
        let body = match gather(body, limit, self.context.patience).await {
            Ok(body) => body,
            Err(broken) => return self.respond_and_close(self.explain(&broken)),
        };
        let answer = self.blocking(move |engine, head| conclude(engine, head, &body)).await;
        self.respond(answer.unwrap_or_else(|| self.broken_down()))
    }

    /// Brings the body of an upload to the disk and concludes.
    async fn receive(&self, mut body: Incoming, mut receiving: Receiving) -> Response<AnswerBody> {
        let mut buffer = BytesMut::new();
        loop {
            match next_chunk(&mut body, &mut buffer, self.context.patience).await {
                Ok(true) => {
                    let chunk = buffer.split().freeze();
                    match self.write(receiving, chunk).await {
                        Ok(still) => receiving = still,
                        Err(answer) => return self.respond_and_close(*answer),
                    }
                }
                Ok(false) => break,
                Err(broken) => {
                    self.blocking(move |engine, _| engine.abandon(receiving)).await;
                    return self.respond_and_close(self.explain(&broken));
                }
            }
        }
        let last = buffer.freeze();
        let answer = self.blocking(move |engine, head| match receiving.writer.write(&last) {
            Ok(()) => engine.receive(head, receiving, now()),
            Err(error) => engine.fail(receiving, &error, head, now()),
        });
        self.respond(answer.await.unwrap_or_else(|| self.broken_down()))
    }

    /// Writes one chunk; a failure comes back as the answer to give.
    async fn write(
        &self,
        mut receiving: Receiving,
        chunk: Bytes,
    ) -> Result<Receiving, Box<Answer>> {
        let written = self.blocking(move |engine, head| match receiving.writer.write(&chunk) {
            Ok(()) => Ok(receiving),
            Err(error) => Err(Box::new(engine.fail(receiving, &error, head, now()))),
        });
        written.await.unwrap_or_else(|| Err(Box::new(self.broken_down())))
    }

    /// Runs on a thread that may wait for the disk. `None` if it panicked.
    async fn blocking<R: Send + 'static>(
        &self,
        job: impl FnOnce(&Arc<Engine>, &Arc<Head>) -> R + Send + 'static,
    ) -> Option<R> {
        let (engine, head) = (Arc::clone(&self.context.engine), Arc::clone(&self.head));
        tokio::task::spawn_blocking(move || job(&engine, &head)).await.ok()
    }

    fn respond(&self, answer: Answer) -> Response<AnswerBody> {
        let body = match answer.body {
            Payload::Bytes(bytes) => AnswerBody::bytes(bytes),
            Payload::Stored(segments) => {
                AnswerBody::stored(Arc::clone(&self.context.engine), segments)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response
    }

    /// For answers that leave the body unread.
    fn respond_and_close(&self, answer: Answer) -> Response<AnswerBody> {
        let mut response = self.respond(answer);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn explain(&self, broken: &Broken) -> Answer {
        let answer = match broken {
            Broken::Silence => Answer::error(408, "request_timeout", "the request took too long"),
            Broken::Cut => Answer::error(400, "bad_request", "the request body is incomplete"),
            Broken::TooLong => Answer::error(400, "bad_request", "the request body is too long"),
        };
        answer.complete(now(), false)
    }

    fn broken_down(&self) -> Answer {
        let message = "the emulator failed; its output tells why";
        Answer::error(500, "internal_error", message).complete(now(), self.head.is_head())
    }
}

/// Concludes, and makes sure that a download's first bytes are there.
///
/// Between looking a file up and opening its blob it may be deleted; then
/// looking again gives the right answer.
fn conclude(engine: &Arc<Engine>, head: &Arc<Head>, body: &Bytes) -> Answer {
    let mut answer = engine.conclude(head, body.clone(), now());
    for _ in 1..LOOK_UPS {
        let Payload::Stored(segments) = &answer.body else { break };
        let opened = segments.first().map(|segment| engine.open_blob(segment));
        match opened {
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                answer = engine.conclude(head, body.clone(), now());
            }
            _ => break,
        }
    }
    answer
}

async fn gather(mut body: Incoming, limit: u64, patience: Duration) -> Result<Bytes, Broken> {
    let mut gathered = BytesMut::new();
    while let Some(data) = next_data(&mut body, patience).await? {
        if (gathered.len() + data.len()) as u64 > limit {
            return Err(Broken::TooLong);
        }
        gathered.extend_from_slice(&data);
    }
    Ok(gathered.freeze())
}

/// Fills the buffer to a chunk; `false` once the body has ended.
async fn next_chunk(
    body: &mut Incoming,
    buffer: &mut BytesMut,
    patience: Duration,
) -> Result<bool, Broken> {
    while buffer.len() < CHUNK {
        match next_data(body, patience).await? {
            Some(data) => buffer.extend_from_slice(&data),
            None => return Ok(false),
        }
    }
    Ok(true)
}

async fn next_data(body: &mut Incoming, patience: Duration) -> Result<Option<Bytes>, Broken> {
    loop {
        let frame = tokio::time::timeout(patience, body.frame());
        match frame.await {
            Err(_) => return Err(Broken::Silence),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Broken::Cut),
            Ok(Some(Ok(frame))) => {
                // Anything else is a trailer, which nobody wants.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
