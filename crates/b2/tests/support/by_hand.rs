//! The smallest driver: one thread, one request at a time, all in memory.

use std::io::Read as _;
use std::time::Instant;

use b2::port::BlockingTransport;
use b2::{Error, TransportError, TransportErrorKind};
use b2_core::body::{BodyEncoder, BodyVerifier};
use b2_core::error::Sent;
use b2_core::op::Transmit;
use b2_core::plan::{BodyPlan, SinkPlan, SinkVerdict};
use b2_core::{Account, Operation, Reply, Step};
use b2_proto::Sha1Digest;

pub(crate) struct ByHand<'a> {
    pub(crate) account: Account,
    pub(crate) transport: &'a dyn BlockingTransport,
    pub(crate) source: Vec<u8>,
    pub(crate) sink: Vec<u8>,
    pub(crate) verifier: BodyVerifier,
    /// Every step and reply, by `Debug`.
    pub(crate) text: String,
}

impl<'a> ByHand<'a> {
    pub(crate) fn new(account: Account, transport: &'a dyn BlockingTransport) -> Self {
        let (source, sink) = (Vec::new(), Vec::new());
        let verifier = BodyVerifier::default();
        Self { account, transport, source, sink, verifier, text: String::new() }
    }

    pub(crate) fn drive<O>(&mut self, mut operation: O) -> Result<O::Output, Error>
    where
        O: Operation<Output: std::fmt::Debug> + std::fmt::Debug,
    {
        loop {
            let step = operation.poll(&mut self.account, Instant::now());
            self.text.push_str(&format!("{step:?}\n{operation:?}\n{:?}\n", self.account));
            match step {
                Step::Send(transmit) => {
                    let ticket = transmit.ticket;
                    let reply = self.perform(*transmit);
                    self.text.push_str(&format!("{reply:?}\n"));
                    operation.handle(&mut self.account, ticket, reply, Instant::now());
                }
                Step::Digest(_) | Step::Prefetch(_) => panic!("nothing here is hashed beforehand"),
                Step::Event(_) => {}
                Step::Wait(wait) => {
                    let until = wait.until.expect("there is nothing else to wait for");
                    std::thread::sleep(until.saturating_duration_since(Instant::now()));
                }
                Step::Done(result) => return result,
            }
        }
    }

    fn perform(&mut self, transmit: Transmit) -> Reply {
        let (body, sent) = self.body(transmit.request.body());
        let mut reader = &body[..];
        let mut request = http::Request::new(&mut reader as &mut dyn std::io::Read);
        request.method_mut().clone_from(transmit.request.method());
        request.uri_mut().clone_from(transmit.request.uri());
        request.headers_mut().clone_from(transmit.request.headers());
        let sending = self.transport.send(request, &transmit.limits);
        let (head, mut answer) = match sending {
            Ok(answer) => answer.into_parts(),
            Err(source) => return Reply::Failed { source, sent },
        };
        let head = Box::new(head);
        let mut bytes = Vec::new();
        if let Err(error) = answer.read_to_end(&mut bytes) {
            let kind = TransportErrorKind::Interrupted;
            let source = TransportError::new(kind, Sent::Maybe).with_source(error);
            return Reply::Failed { source, sent };
        }
        match (transmit.accept(&head), transmit.sink) {
            (SinkVerdict::Deliver, SinkPlan::Deliver(plan)) => {
                if plan.restart {
                    self.verifier = BodyVerifier::default();
                }
                self.verifier.update(&bytes);
                self.sink.truncate(usize::try_from(plan.sink_offset).unwrap());
                self.sink.extend_from_slice(&bytes);
                let digest = self.verifier.digest();
                Reply::Delivered { head, bytes: bytes.len() as u64, digest }
            }
            _ => Reply::Response { head, body: bytes.into(), sent },
        }
    }

    fn body(&self, plan: &BodyPlan) -> (Vec<u8>, Option<Sha1Digest>) {
        match plan {
            BodyPlan::Bytes(bytes) => (bytes.to_vec(), None),
            BodyPlan::Source { offset, len, .. } => {
                let start = usize::try_from(*offset).unwrap();
                let mut body = self.source[start..][..usize::try_from(*len).unwrap()].to_vec();
                let mut encoder = BodyEncoder::for_plan(plan).unwrap();
                encoder.update(&body);
                let trailer = encoder.finish().unwrap();
                body.extend_from_slice(trailer.as_bytes());
                (body, Some(trailer.digest()))
            }
            _ => (Vec::new(), None),
        }
    }
}
