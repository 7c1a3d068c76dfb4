//! A blocking transport as a subject.

use std::io::{self, Read};
use std::time::Instant;

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::port::BlockingTransport;

use super::Subject;
use crate::conformance::ask::{Answer, Ask, KEPT, Outcome};
use crate::conformance::case::Flaw;
use crate::conformance::signal::Signal;

pub(crate) struct Blocking<'a>(pub(crate) &'a dyn BlockingTransport);

type Sending = Result<http::Response<Box<dyn Read>>, TransportError>;

impl Blocking<'_> {
    fn send(&self, ask: &Ask) -> Result<Sending, Flaw> {
        let mut source = ask.content.clone().source();
        let body: &mut dyn Read = &mut source;
        let request = ask.request(body).map_err(|error| Flaw::new(error.to_string()))?;
        Ok(self.0.send(request, &ask.limits()))
    }
}

fn read(response: http::Response<Box<dyn Read>>) -> Answer {
    let (head, mut reader) = response.into_parts();
    let (mut body, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let broke = loop {
        match reader.read(&mut buffer) {
            Ok(0) => break None,
            Ok(read) => body.extend_from_slice(&buffer[..read.min(KEPT - body.len())]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(broken(error)),
        }
    };
    Answer { status: head.status.as_u16(), headers: head.headers, body, broke }
}

/// What the blocking driver of `b2` makes of an error inside a body.
fn broken(error: io::Error) -> TransportError {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Timeout,
        _ => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, Sent::Maybe).with_source(error)
}

impl Subject for Blocking<'_> {
    async fn exchange(&self, ask: Ask) -> Result<Outcome, Flaw> {
        let begin = Instant::now();
        let result = self.send(&ask)?.map(read);
        Ok(Outcome { result, elapsed: begin.elapsed() })
    }

    async fn give_up(&self, _: Ask, _: &Signal) -> Result<Option<Outcome>, Flaw> {
        Err(Flaw::NotApplicable("a blocking call cannot be dropped"))
    }

    async fn leave(&self, ask: Ask, bytes: usize) -> Result<(), Flaw> {
        let response = self.send(&ask)?.map_err(|error| Flaw::new(error.to_string()))?;
        let mut some = vec![0; bytes];
        response.into_body().read_exact(&mut some).map_err(|error| Flaw::new(error.to_string()))
    }

    async fn together(&self, _: Vec<Ask>) -> Result<Vec<Outcome>, Flaw> {
        Err(Flaw::NotApplicable("a blocking transport sends one request at a time"))
    }
}
