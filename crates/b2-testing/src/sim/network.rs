//! Carries requests from the machines to the emulator's model and back, with
//! the faults that befall them on the way.

use b2_core::body::{BodyEncoder, BodyVerifier};
use b2_core::error::{Sent, Side, TransportError, TransportErrorKind};
use b2_core::op::{DigestRequest, Reply, Transmit};
use b2_core::plan::{BodyPlan, DigestMode, SinkPlan, SinkVerdict};
use b2_core::time::{Duration, Instant};
use b2_emulator::fault::Fault;
use b2_proto::Sha1Digest;
use bytes::Bytes;
use http::{Request, Response};

use crate::sim::actor::Life;

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) actor: usize,
    /// Which operation of the actor sent it.
    pub(crate) life: Life,
    pub(crate) transmit: Transmit,
    pub(crate) request: Request<Bytes>,
    pub(crate) digest: Option<Sha1Digest>,
    pub(crate) fault: Option<Fault>,
    /// When the client gives up waiting.
    pub(crate) expires: Instant,
}

/// A request that the client has given up and that still reaches the server.
#[derive(Debug)]
pub(crate) struct Straggler {
    pub(crate) actor: usize,
    pub(crate) life: Life,
    pub(crate) request: Request<Bytes>,
}

/// What comes back of a flight.
#[derive(Debug)]
pub(crate) enum Landing {
    /// An answer, whose body breaks off after so many bytes.
    Answer { response: Response<Bytes>, cut: Option<usize> },
    /// Nothing.
    Silence(TransportErrorKind, Sent),
}

impl std::fmt::Display for Landing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silence(kind, _) => write!(f, "{kind}"),
            Self::Answer { response, cut: None } => write!(f, "{}", response.status()),
            Self::Answer { response, cut: Some(cut) } => {
                write!(f, "{}, cut after {cut} bytes", response.status())
            }
        }
    }
}

impl Flight {
    pub(crate) fn new(
        (actor, life): (usize, Life),
        transmit: Transmit,
        source: &Bytes,
        fault: Option<Fault>,
        now: Instant,
    ) -> Self {
        let (body, digest) = encode(transmit.request.body(), source);
        let mut request = Request::new(body);
        request.method_mut().clone_from(transmit.request.method());
        request.uri_mut().clone_from(transmit.request.uri());
        request.headers_mut().clone_from(transmit.request.headers());
        let host = transmit.request.uri().authority().map(|host| host.as_str().to_owned());
        if let Some(host) = host.and_then(|host| host.parse().ok()) {
            request.headers_mut().insert(http::header::HOST, host);
        }
        let expires = transmit.limits.deadline.min(now + transmit.limits.answer);
        Self { actor, life, transmit, request, digest, fault, expires }
    }

    pub(crate) fn straggler(&self) -> Straggler {
        Straggler { actor: self.actor, life: self.life, request: self.request.clone() }
    }

    pub(crate) fn is_upload(&self) -> bool {
        matches!(self.transmit.request.body(), BodyPlan::Source { .. })
    }

    /// The number of the part that it carries.
    pub(crate) fn part_number(&self) -> Option<u32> {
        if self.transmit.operation == "b2_copy_part" {
            let json = serde_json::from_slice::<serde_json::Value>(self.request.body()).ok()?;
            return u32::try_from(json["partNumber"].as_u64()?).ok();
        }
        let value = self.request.headers().get(b2_proto::header::PART_NUMBER)?;
        value.to_str().ok()?.parse().ok()
    }

    pub(crate) fn url(&self) -> String {
        self.transmit.request.uri().to_string()
    }

    pub(crate) fn token(&self) -> String {
        let value = self.request.headers().get(http::header::AUTHORIZATION);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// Upload URL and token: what may serve one upload at a time.
    pub(crate) fn pair(&self) -> String {
        format!("{} {}", self.url(), self.token())
    }

    /// Damages file content on its way to the server.
    pub(crate) fn corrupt_body(&mut self) {
        let mut body = self.request.body().to_vec();
        // The digits at the end are part of what the line carries.
        if let Some(byte) = body.first_mut() {
            *byte ^= 0x20;
        }
        *self.request.body_mut() = body.into();
    }
}

fn encode(plan: &BodyPlan, source: &Bytes) -> (Bytes, Option<Sha1Digest>) {
    match plan {
        BodyPlan::Source { offset, len, .. } => {
            let start = usize::try_from(*offset).expect("simulated files are small");
            let end = start + usize::try_from(*len).expect("simulated files are small");
            let mut encoder = BodyEncoder::for_plan(plan).expect("a source is encoded");
            let content = source.slice(start..end);
            encoder.update(&content);
            let trailer = encoder.finish().expect("all bytes were shown");
            let body = [&content[..], trailer.as_bytes()].concat();
            (body.into(), Some(trailer.digest()))
        }
        BodyPlan::Bytes(bytes) => (bytes.clone(), None),
        _ => (Bytes::new(), None),
    }
}

/// The digest that a machine asks for.
pub(crate) fn digest(source: &Bytes, sink: &MemorySink, request: &DigestRequest) -> Sha1Digest {
    let mut sink = sink.content.clone();
    if request.side == Side::Sink {
        // Bytes that are missing make another digest.
        let end = usize::try_from(request.offset + request.len).expect("simulated files are small");
        sink.resize(sink.len().max(end), 0);
    }
    let sink = Bytes::from(sink);
    let source = if request.side == Side::Source { source } else { &sink };
    let (offset, len) = (request.offset, request.len);
    let plan = BodyPlan::Source { offset, len, digest: DigestMode::Ahead };
    encode(&plan, source).1.expect("a source is hashed")
}

/// A download's destination in a simulation.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemorySink {
    pub(crate) content: Vec<u8>,
    verifier: BodyVerifier,
    /// What is on the disk for certain.
    synced: Vec<u8>,
}

impl MemorySink {
    fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn sync(&mut self) {
        self.synced.clone_from(&self.content);
    }

    /// A process is killed, or the machine loses its power: then only what was
    /// synced is there.
    pub(crate) fn survive(&mut self, powerless: bool) {
        self.verifier = BodyVerifier::default();
        if powerless {
            self.content.clone_from(&self.synced);
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        if offset == self.verifier.position() {
            self.verifier.update(bytes);
        }
        let start = usize::try_from(offset).expect("simulated files are small");
        let end = start + bytes.len();
        self.content.resize(self.content.len().max(end), 0);
        self.content[start..end].copy_from_slice(bytes);
    }

    fn digest_at(&self, end: u64) -> Option<Sha1Digest> {
        self.verifier.digest().filter(|_| self.verifier.position() == end)
    }
}

/// Does what a driver does when an answer, or nothing, arrives.
pub(crate) fn receive(flight: &Flight, landing: Landing, sink: &mut MemorySink) -> Reply {
    let sent = flight.digest;
    let (response, cut) = match landing {
        Landing::Silence(kind, maybe) => {
            return Reply::Failed { source: TransportError::new(kind, maybe), sent };
        }
        Landing::Answer { response, cut } => (response, cut),
    };
    let (head, body) = response.into_parts();
    let body = cut.map_or_else(|| body.clone(), |cut| body.slice(..cut));
    let head = Box::new(head);
    let broken = || TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe);
    match (flight.transmit.accept(&head), &flight.transmit.sink) {
        (SinkVerdict::Deliver, SinkPlan::Deliver(plan)) => {
            if plan.restart {
                sink.clear();
            }
            sink.write(plan.sink_offset, &body);
            let bytes = body.len() as u64;
            let digest = sink.digest_at(plan.sink_offset + bytes);
            match cut {
                Some(_) => Reply::Broken { head, delivered: bytes, digest, source: broken() },
                None => Reply::Delivered { head, bytes, digest },
            }
        }
        _ if cut.is_some() => Reply::Failed { source: broken(), sent },
        _ => Reply::Response { head, body, sent },
    }
}

/// The answer that a [`Fault::Status`] puts in the server's mouth.
pub(crate) fn status(status: u16, code: &str, retry_after_s: Option<u32>) -> Response<Bytes> {
    let body = if code.is_empty() {
        Bytes::from_static(b"<html>Bad Gateway</html>")
    } else {
        let json = serde_json::json!({"status": status, "code": code, "message": "on purpose"});
        Bytes::from(json.to_string())
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status of the table");
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Upload URL and token that an answer hands out.
pub(crate) fn issued_pair(response: &Response<Bytes>) -> Option<String> {
    let json = serde_json::from_slice::<serde_json::Value>(response.body()).ok()?;
    Some(format!("{} {}", json["uploadUrl"].as_str()?, json["authorizationToken"].as_str()?))
}

/// Time on the wire, one way.
pub(crate) fn latency(draw: u64) -> Duration {
    Duration::from_millis(5 + draw % 200)
}
