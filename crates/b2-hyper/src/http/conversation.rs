//! HTTP/1 or HTTP/2 on a stream.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use ::http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;

use crate::connect::stream::Stream;
use crate::http::body::SentBody;

/// An answer's status line and headers may take this many bytes; B2's take
/// about 8,000 at the most (7,000 of file info and what belongs to it).
const HEAD_LIMIT: u32 = 64 * 1024;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Sending = Pin<Box<dyn Future<Output = Sent> + Send>>;
type Sent = Result<Response<Incoming>, TrySendError<Request<SentBody>>>;

/// Takes requests.
pub(crate) enum Sender {
    One(http1::SendRequest<SentBody>),
    Two(http2::SendRequest<SentBody>),
}

impl Sender {
    /// Whether a request would be taken.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_ready(),
            Self::Two(sender) => sender.is_ready(),
        }
    }

    pub(crate) fn send(&mut self, request: Request<SentBody>) -> Sending {
        match self {
            Self::One(sender) => Box::pin(sender.try_send_request(request)),
            Self::Two(sender) => Box::pin(sender.try_send_request(request)),
        }
    }
}

/// Moves the bytes of requests and answers; ends when it is polled to its end.
pub(crate) enum Conversation {
    One(Box<http1::Connection<Stream, SentBody>>),
    /// Without a connection it only brings the last answers to their end.
    Two(Option<Box<http2::Connection<Stream, SentBody, Tasks>>>, Tasks),
}

impl Conversation {
    pub(crate) async fn one(stream: Stream) -> hyper::Result<(Sender, Self)> {
        let mut builder = http1::Builder::new();
        let limit = usize::try_from(HEAD_LIMIT).unwrap_or(usize::MAX);
        let (sender, connection) = builder.max_header_size(limit).handshake(stream).await?;
        Ok((Sender::One(sender), Self::One(Box::new(connection))))
    }

    pub(crate) async fn two(stream: Stream) -> hyper::Result<(Sender, Self)> {
        let tasks = Tasks::default();
        let mut builder = http2::Builder::new(tasks.clone());
        let (sender, connection) =
            builder.max_header_list_size(HEAD_LIMIT).handshake(stream).await?;
        Ok((Sender::Two(sender), Self::Two(Some(Box::new(connection)), tasks)))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::One(connection) => Pin::new(&mut **connection).poll(cx).map(drop),
            Self::Two(connection, tasks) => loop {
                if let Some(open) = connection
                    && Pin::new(&mut **open).poll(cx).is_ready()
                {
                    // The server takes no more requests, but may have answers
                    // to finish.
                    *connection = None;
                }
                // What they do may make others, which have to begin too.
                if !tasks.poll(cx) {
                    let over = connection.is_none() && tasks.list().is_empty();
                    return if over { Poll::Ready(()) } else { Poll::Pending };
                }
            },
        }
    }
}

/// What hyper wants to have done beside a connection of HTTP/2. It is done by
/// whoever polls the connection, and ends with it.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Vec<Task>>>);

impl Tasks {
    fn list(&self) -> MutexGuard<'_, Vec<Task>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls all; answers whether there are new ones or some have ended.
    fn poll(&self, cx: &mut Context<'_>) -> bool {
        let mut current = std::mem::take(&mut *self.list());
        let before = current.len();
        current.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        let ended = current.len() < before;
        let mut list = self.list();
        let begun = !list.is_empty();
        current.append(&mut list);
        *list = current;
        ended || begun
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.list().push(Box::pin(task));
    }
}
