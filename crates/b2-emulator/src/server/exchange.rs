//! One request and its answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response};

use super::admin;
use super::answer_body::AnswerBody;
use super::connection::{Context, Peer};
use super::request_body::{Broken, RequestBody};
use crate::control::Strike;
use crate::engine::{Begun, CHUNK, Engine, Receiving};
use crate::fault::Fault;
use crate::model::{Answer, Head, Payload, REQUEST_ID};

/// How often a download is looked up anew because its blob has gone since.
const LOOK_UPS: usize = 3;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
pub(super) struct Withheld;

/// Answers one request.
pub(super) async fn answer(
    context: Arc<Context>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Withheld> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let base = format!("{}://{}", context.scheme, host.unwrap_or(&context.authority));
    let head =
        Arc::new(Head { method: parts.method, uri: parts.uri, headers: parts.headers, base });
    let body = RequestBody::new(body, context.patience);
    let exchange = Exchange { context, head };
    if admin::is_meant(&exchange.head) {
        return Ok(exchange.administer(body, peer).await);
    }
    exchange.answer(body).await
}

struct Exchange {
    context: Arc<Context>,
    head: Arc<Head>,
}

impl Exchange {
    /// Answers, unless something is to go wrong first or last.
    async fn answer(&self, mut body: RequestBody) -> Result<Response<AnswerBody>, Withheld> {
        let Strike { delay_ms, fault } = self.context.control.strike(&self.head);
        if let Some(delay) = delay_ms {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        match fault {
            None => Ok(self.perform(body).await),
            Some(Fault::Refuse | Fault::LoseRequest) => Err(Withheld),
            Some(Fault::LoseReply) => {
                self.perform(body).await;
                Err(Withheld)
            }
            Some(Fault::Status { status, code, retry_after_s }) => {
                Ok(self.fail(status, &code, retry_after_s))
            }
            Some(Fault::Truncate(bytes)) => {
                Ok(self.perform(body).await.map(|body| body.cut_after(bytes)))
            }
            Some(Fault::Corrupt) if self.is_upload() => {
                body.corrupt();
                Ok(self.perform(body).await)
            }
            Some(Fault::Corrupt) => Ok(self.perform(body).await.map(AnswerBody::corrupt)),
            Some(Fault::ExpireToken | Fault::CloseUrl) => {
                let token = self.head.header("authorization").map(str::to_owned);
                let now = self.now();
                self.blocking(move |engine, _| engine.expire(token, now)).await;
                Ok(self.perform(body).await)
            }
            // A delay among the faults; one of ours stands apart.
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                Ok(self.perform(body).await)
            }
        }
    }

    async fn perform(&self, body: RequestBody) -> Response<AnswerBody> {
        let now = self.now();
        let nothing_follows = body.is_end_stream();
        // In one go if it can be: each visit to another thread costs more
        // than the answer to a small request does.
        let begun = self.blocking(move |engine, head| match engine.begin(head, now) {
            Begun::Collect { .. } if nothing_follows => {
                Err(Box::new(conclude(engine, head, &Bytes::new(), now)))
            }
            begun => Ok(begun),
        });
        let begun = match begun.await.transpose() {
            Ok(begun) => begun,
            Err(answer) => return self.respond(*answer),
        };
        match begun {
            None => self.respond_and_close(self.broken_down()),
            Some(Begun::Refused(answer)) if body.is_end_stream() => self.respond(*answer),
            Some(Begun::Refused(answer)) => self.respond_and_close(*answer),
            Some(Begun::Collect { limit }) => self.collect(body, limit).await,
            Some(Begun::Receive(receiving)) => self.receive(body, *receiving).await,
        }
    }

    async fn administer(&self, mut body: RequestBody, peer: Peer) -> Response<AnswerBody> {
        if let Some(refused) = admin::guard(&self.head, peer) {
            return self.respond_and_close(refused.complete(self.now(), self.head.is_head()));
        }
        let body = match body.gather(admin::LARGEST_BODY).await {
            Ok(body) => body,
            Err(broken) => return self.respond_and_close(self.explain(&broken)),
        };
        let control = Arc::clone(&self.context.control);
        let answer = self.blocking(move |_, head| admin::answer(&control, head, &body)).await;
        self.respond(answer.unwrap_or_else(|| self.broken_down()))
    }

    /// Brings in a small body and concludes.
    async fn collect(&self, mut body: RequestBody, limit: u64) -> Response<AnswerBody> {
        let body = match body.gather(limit).await {
            Ok(body) => body,
            Err(broken) => return self.respond_and_close(self.explain(&broken)),
        };
        let now = self.now();
        let answer = self.blocking(move |engine, head| conclude(engine, head, &body, now)).await;
        self.respond(answer.unwrap_or_else(|| self.broken_down()))
    }

    /// Brings the body of an upload to the disk and concludes.
    async fn receive(
        &self,
        mut body: RequestBody,
        mut receiving: Receiving,
    ) -> Response<AnswerBody> {
        loop {
            let (pieces, is_last) = match body.next_chunk().await {
                Ok(chunk) => chunk,
                Err(broken) => {
                    self.blocking(move |engine, _| engine.abandon(receiving)).await;
                    return self.respond_and_close(self.explain(&broken));
                }
            };
            let now = self.now();
            let written = self.blocking(move |engine, head| {
                let mut pieces = pieces.iter();
                if let Err(error) = pieces.try_for_each(|piece| receiving.writer.write(piece)) {
                    return Err(Box::new(engine.fail(receiving, &error, head, now)));
                }
                Ok(if is_last {
                    Step::Done(Box::new(engine.receive(head, receiving, now)))
                } else {
                    Step::Next(Box::new(receiving))
                })
            });
            match written.await {
                Some(Ok(Step::Next(still))) => receiving = *still,
                Some(Ok(Step::Done(answer))) => return self.respond(*answer),
                Some(Err(answer)) if is_last => return self.respond(*answer),
                Some(Err(answer)) => return self.respond_and_close(*answer),
                None => return self.respond_and_close(self.broken_down()),
            }
        }
    }

    /// Runs on a thread that may wait for the disk. `None` if it panicked.
    async fn blocking<R: Send + 'static>(
        &self,
        job: impl FnOnce(&Arc<Engine>, &Arc<Head>) -> R + Send + 'static,
    ) -> Option<R> {
        let (engine, head) = (Arc::clone(&self.context.control.engine), Arc::clone(&self.head));
        tokio::task::spawn_blocking(move || job(&engine, &head)).await.ok()
    }

    fn now(&self) -> u64 {
        self.context.control.clock.now()
    }

    fn is_upload(&self) -> bool {
        self.head.route().is_ok_and(|route| route.operation().is_upload())
    }

    fn respond(&self, answer: Answer) -> Response<AnswerBody> {
        let engine = &self.context.control.engine;
        let body = match answer.body {
            Payload::Bytes(bytes) => AnswerBody::bytes(bytes),
            Payload::Stored(segments) => AnswerBody::stored(Arc::clone(engine), segments),
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        if let Ok(id) = HeaderValue::try_from(engine.next_request_id()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    /// For answers that leave the body unread.
    fn respond_and_close(&self, answer: Answer) -> Response<AnswerBody> {
        let mut response = self.respond(answer);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// An error that somebody asked for.
    fn fail(&self, status: u16, code: &str, retry_after: Option<u32>) -> Response<AnswerBody> {
        let mut answer = Answer::injected(status, code);
        if let Some(seconds) = retry_after {
            answer.set(RETRY_AFTER, seconds.to_string());
        }
        self.respond_and_close(answer.complete(self.now(), self.head.is_head()))
    }

    fn explain(&self, broken: &Broken) -> Answer {
        let answer = match broken {
            Broken::Silence => Answer::error(408, "request_timeout", "the request took too long"),
            Broken::Cut => Answer::error(400, "bad_request", "the request body is incomplete"),
            Broken::TooLong => Answer::error(400, "bad_request", "the request body is too long"),
        };
        answer.complete(self.now(), false)
    }

    fn broken_down(&self) -> Answer {
        let message = "the emulator failed; its output tells why";
        Answer::error(500, "internal_error", message).complete(self.now(), self.head.is_head())
    }
}

/// What came of one chunk.
enum Step {
    Next(Box<Receiving>),
    Done(Box<Answer>),
}

/// Concludes, and makes sure that a download's first bytes are there.
///
/// Between looking a file up and opening its blob it may be deleted; then
/// looking again gives the right answer.
fn conclude(engine: &Arc<Engine>, head: &Arc<Head>, body: &Bytes, now: u64) -> Answer {
    let mut answer = engine.conclude(head, body.clone(), now);
    for _ in 1..LOOK_UPS {
        let Payload::Stored(segments) = &answer.body else { break };
        let Some(segment) = segments.first() else { break };
        match engine.open_blob(segment) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                answer = engine.conclude(head, body.clone(), now);
            }
            Ok(blob) if segments.len() == 1 && segment.len <= CHUNK as u64 => {
                // What cannot be read is found out again when it is sent.
                if let Ok(bytes) = blob.read(segment.offset, segment.len as usize) {
                    answer.body = Payload::Bytes(bytes);
                }
                break;
            }
            _ => break,
        }
    }
    answer
}
