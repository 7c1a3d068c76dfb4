//! An account whose answers are written by hand.

use std::time::{Duration, Instant};

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::op::Transmit;
use b2_core::{Account, Config, Credentials, Error, Event, Operation, Reply, Step};

pub(crate) const SESSION: &str = r#"{"accountId":"c5d20e7718af","authorizationToken":"canary-account",
    "applicationKeyExpirationTimestamp":null,"apiInfo":{"storageApi":{
    "absoluteMinimumPartSize":5000000,"recommendedPartSize":100000000,"allowed":{"buckets":null,
    "capabilities":["listFiles","listBuckets","writeFiles","readFiles"],"namePrefix":null},
    "apiUrl":"https://a.test","downloadUrl":"https://d.test","s3ApiUrl":"https://s.test"}}}"#;
const UPLOAD_URL: &str = r#"{"bucketId":"b","uploadUrl":"https://up.test/canary-url",
    "authorizationToken":"canary-upload"}"#;

pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> Box<http::response::Parts> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    Box::new(builder.body(()).unwrap().into_parts().0)
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    Reply::Response { head: head(status, headers), body, sent: None }
}

pub(crate) fn lost(kind: TransportErrorKind) -> TransportError {
    TransportError::new(kind, Sent::Maybe)
}

/// An account and its time.
pub(crate) struct Stage {
    pub(crate) account: Account,
    pub(crate) now: Instant,
    begun: Instant,
    pub(crate) events: Vec<Event>,
    session: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let now = Instant::now();
        let account = Account::new(config, Credentials::new("id", "canary-key"), 1);
        Self { account, now, begun: now, events: Vec::new(), session: SESSION.to_owned() }
    }

    /// A key that lacks this capability.
    pub(crate) fn without(mut self, capability: &str) -> Self {
        self.session = self.session.replace(&format!("\"{capability}\""), "\"nothing\"");
        self
    }

    /// A key that reaches this bucket alone.
    pub(crate) fn restricted_to(mut self, id: &str) -> Self {
        let only = format!(r#""buckets":[{{"id":"{id}","name":"bucket-{id}"}}]"#);
        self.session = self.session.replace(r#""buckets":null"#, &only);
        self
    }

    /// Drives an operation; authorizations and upload URLs are answered well.
    pub(crate) fn play<O: Operation>(
        &mut self,
        mut operation: O,
        mut play: impl FnMut(&Transmit, &mut Instant) -> Reply,
    ) -> Result<O::Output, Error> {
        loop {
            match operation.poll(&mut self.account, self.now) {
                Step::Send(transmit) => {
                    let reply = match transmit.operation {
                        "b2_authorize_account" => answer(200, &[], &self.session),
                        "b2_get_upload_url" => answer(200, &[], UPLOAD_URL),
                        _ => play(&transmit, &mut self.now),
                    };
                    operation.handle(&mut self.account, transmit.ticket, reply, self.now);
                }
                Step::Digest(_) | Step::Prefetch(_) => panic!("nothing here is hashed"),
                Step::Event(event) => self.events.push(event),
                Step::Wait(wait) => self.now = wait.until.expect("a wait without an end"),
                Step::Done(result) => return result,
            }
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.begun
    }
}
