//! An asynchronous transport as a subject.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::port::{RequestBody, ResponseBody, Transport};

use super::Subject;
use crate::conformance::ask::{Answer, Ask, KEPT, Outcome};
use crate::conformance::case::Flaw;
use crate::conformance::signal::{Signal, unless, within};

/// How much later than its deadline a transport may come before the suite
/// stops waiting for it.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) struct Asynchronous<'a, T>(pub(crate) &'a T);

impl<T: Transport> Asynchronous<'_, T> {
    async fn send(&self, ask: &Ask) -> Result<Sending, Flaw> {
        let body = RequestBody::new(ask.content.clone().source(), ask.content.announced);
        let request = ask.request(body).map_err(|error| Flaw::new(error.to_string()))?;
        let deadline = ask.deadline();
        let sending = within(ask.patience + GRACE, self.0.send(request, deadline));
        Ok(sending.await.unwrap_or_else(|| Err(hung())))
    }

    async fn exchange(&self, ask: &Ask) -> Result<Outcome, Flaw> {
        let begin = Instant::now();
        let result = match self.send(ask).await? {
            Ok(response) => {
                let reading = within(ask.patience + GRACE, read(response));
                Ok(reading.await.ok_or_else(|| Flaw::new("the body of the answer never ended"))?)
            }
            Err(error) => Err(error),
        };
        Ok(Outcome { result, elapsed: begin.elapsed() })
    }
}

type Sending = Result<http::Response<ResponseBody>, TransportError>;

fn hung() -> TransportError {
    TransportError::new(TransportErrorKind::Other, Sent::Maybe)
        .with_source("the transport did not give up at its deadline")
}

async fn read(response: http::Response<ResponseBody>) -> Answer {
    let (head, mut stream) = response.into_parts();
    let (mut body, mut broke) = (Vec::new(), None);
    while let Some(chunk) = stream.chunk().await {
        match chunk {
            Ok(bytes) => body.extend_from_slice(&bytes[..bytes.len().min(KEPT - body.len())]),
            Err(error) => {
                broke = Some(error);
                break;
            }
        }
    }
    Answer { status: head.status.as_u16(), headers: head.headers, body, broke }
}

impl<T: Transport> Subject for Asynchronous<'_, T> {
    async fn exchange(&self, ask: Ask) -> Result<Outcome, Flaw> {
        if ask.stall.is_some() {
            return Err(Flaw::NotApplicable("the asynchronous driver watches the pace itself"));
        }
        self.exchange(&ask).await
    }

    async fn give_up(&self, ask: Ask, moment: &Signal) -> Result<Option<Outcome>, Flaw> {
        unless(moment, self.exchange(&ask)).await.transpose()
    }

    async fn leave(&self, ask: Ask, bytes: usize) -> Result<(), Flaw> {
        let response = self.send(&ask).await?;
        let mut body = response.map_err(|error| Flaw::new(error.to_string()))?.into_body();
        let mut read = 0;
        while read < bytes {
            match body.chunk().await {
                Some(Ok(chunk)) => read += chunk.len(),
                _ => return Err(Flaw::new("the body of the answer ended too early")),
            }
        }
        Ok(())
    }

    async fn together(&self, asks: Vec<Ask>) -> Result<Vec<Outcome>, Flaw> {
        let mut running: Vec<_> = asks.iter().map(|ask| Box::pin(self.exchange(ask))).collect();
        let mut outcomes: Vec<_> = asks.iter().map(|_| None).collect();
        poll_fn(|cx| {
            for (running, outcome) in running.iter_mut().zip(&mut outcomes) {
                if outcome.is_none()
                    && let Poll::Ready(done) = Pin::new(running).poll(cx)
                {
                    *outcome = Some(done);
                }
            }
            if outcomes.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        outcomes.into_iter().flatten().collect()
    }
}
