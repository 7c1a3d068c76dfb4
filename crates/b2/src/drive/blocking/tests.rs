//! Blocking transfers that hang, or nearly.

use std::time::Duration;

use super::*;
use crate::sink::{Shared, Sink};

/// Gives a byte at a time, for as long as anyone asks.
struct Drip;

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer[0] = b'x';
        Ok(1)
    }
}

/// More than a drip brings in a window that is over soon, and a deadline
/// far away.
fn limits() -> Limits {
    let now = Instant::now();
    let mut limits = Limits::new(now, Duration::from_secs(1 << 30), Duration::from_millis(5));
    limits.floor = u64::MAX;
    limits
}

#[test]
fn an_answer_that_drips_is_not_waited_for() {
    let bytes = Shared::default();
    let sink = Arc::new(std::sync::Mutex::new(Sink::memory(Arc::clone(&bytes))));
    let ends = Ends { sink: Some(sink), ..Ends::default() };
    let (head, ()) = http::Response::new(()).into_parts();
    let reply = deliver(
        (Box::new(head), Box::new(Drip)),
        &Delivery::whole(),
        &ends,
        limits(),
        crate::buffer::BufferPool::default().take(),
    );
    let Reply::Broken { delivered, source, .. } = reply else { panic!("{reply:?}") };
    assert_eq!(source.kind, TransportErrorKind::Timeout);
    assert_eq!(delivered, bytes.lock().unwrap().len() as u64);
}

#[test]
fn a_small_answer_may_drip_but_not_past_the_deadline() {
    let small = collect(Box::new(Drip.take(100)), 100, limits()).unwrap();
    assert_eq!(small, [b'x'; 100].as_slice());
    let mut limits = limits();
    limits.deadline = Instant::now();
    let error = collect(Box::new(Drip.take(100)), 100, limits).unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Timeout);
}

#[test]
fn a_request_that_is_not_taken_is_given_up() {
    let source: Arc<dyn ReadAt> = Arc::new(Zeros);
    let ends = Ends { source: Some(source), ..Ends::default() };
    let plan =
        BodyPlan::Source { offset: 0, len: 1 << 40, digest: b2_core::plan::DigestMode::HexAtEnd };
    let mut reader = PlanReader::new(&plan, &ends, limits());
    let error = std::iter::repeat_with(|| reader.read(&mut [0])).find_map(Result::err);
    assert_eq!(error.unwrap().kind(), io::ErrorKind::TimedOut);
    assert!(reader.overdue && reader.failure.is_none());
}

/// A transport that tells a slow upload from no other failure.
struct Plain;

impl BlockingTransport for Plain {
    fn send(
        &self,
        request: http::Request<&mut dyn Read>,
        _: &Limits,
    ) -> Result<http::Response<Box<dyn Read>>, TransportError> {
        let answer = match request.uri().path().rsplit('/').next() {
            Some("b2_authorize_account") => AUTHORIZED,
            Some("b2_get_upload_url") => UPLOAD_URL,
            _ => {
                let failed = io::copy(request.into_body(), &mut io::sink()).unwrap_err();
                let error = TransportError::new(TransportErrorKind::Other, Sent::Nothing);
                return Err(error.with_source(failed));
            }
        };
        Ok(http::Response::new(Box::new(answer.as_bytes())))
    }
}

const AUTHORIZED: &str = r#"{"accountId": "a", "authorizationToken": "t",
    "applicationKeyExpirationTimestamp": null, "apiInfo": {"storageApi": {
    "absoluteMinimumPartSize": 5000000, "recommendedPartSize": 100000000,
    "allowed": {"buckets": null, "capabilities": ["writeFiles"], "namePrefix": null},
    "apiUrl": "https://a.test", "downloadUrl": "https://d.test",
    "s3ApiUrl": "https://s.test"}}}"#;
const UPLOAD_URL: &str = r#"{"bucketId": "b", "uploadUrl": "https://u.test/up",
    "authorizationToken": "u"}"#;

#[test]
fn an_upload_that_is_too_slow_fails_by_a_timeout_whatever_the_transport_says() {
    let timeouts = b2_core::account::Timeouts::default().with_stall(Duration::ZERO);
    let retry = crate::RetryPolicy::default()
        .with_attempts(1)
        .with_upload_urls(1)
        .with_pauses(Duration::from_millis(1), Duration::from_millis(1));
    let config = crate::Config::default().with_timeouts(timeouts).with_retry(retry);
    let builder = crate::Client::builder(crate::Credentials::new("id", "key"));
    let client = builder.with_config(config).with_seed(1).build_blocking().unwrap();
    let name = crate::client::bucket_name("", "the-bucket").unwrap();
    let bucket = crate::Bucket::new(client.context, b2_proto::BucketId::from("b"), name);
    let error = bucket.upload("x", "content").run_blocking(&Plain).unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("Timeout") && text.contains("b2_upload_file"), "{text}");
}

/// A terabyte of nothing.
struct Zeros;

impl ReadAt for Zeros {
    fn len(&self) -> io::Result<u64> {
        Ok(1 << 40)
    }

    fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        Ok(buffer.len())
    }
}
