//! Answers that B2 does not give on a good day, and what the machines make of
//! them. Virtual time: nothing here waits.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test may stop, and virtual time has to begin somewhere"
)]

mod pieces;
mod refused;
mod settled;
mod stage;
mod versions;

use std::time::Duration;

use b2_core::account::Timeouts;
use b2_core::download::Object;
use b2_core::endpoint::{CreateBucket, CreateKey, ListBuckets};
use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::plan::SinkVerdict;
use b2_core::retry::RetryPolicy;
use b2_core::upload::UploadHeaders;
use b2_core::{
    Authorize, Call, Config, Download, Error, Operation, Reconciled, Reply, SmallUpload, Step,
};
use b2_proto::{
    BucketName, BucketType, ByteRange, CreateBucketRequest, CreateKeyRequest, FileName,
    ListBucketsRequest,
};

use crate::stage::{SESSION, Stage, answer, head, lost};

const FILE: [(&str, &str); 4] = [
    ("x-bz-file-id", "4_z1"),
    ("x-bz-file-name", "x"),
    ("content-length", "100"),
    ("x-bz-content-sha1", "none"),
];

fn list() -> Call<ListBuckets> {
    Call::new(ListBucketsRequest::new("".into()))
}

fn upload(len: u64) -> SmallUpload {
    let headers = UploadHeaders::new(FileName::new("x").unwrap());
    SmallUpload::new("b".into(), headers, len).unwrap()
}

fn download() -> Download {
    let bucket = BucketName::new("bucket").unwrap();
    Download::new(Object::Name { bucket, file: FileName::new("x").unwrap() })
}

#[test]
fn no_retry_after_is_too_large_to_count() {
    for seconds in ["18446744073709551615", "9300000000000000000", "86400000000"] {
        for status in [429, 503] {
            let result =
                Stage::new().play(list(), |_, _| answer(status, &[("retry-after", seconds)], "{}"));
            assert!(result.is_err());
        }
    }
}

#[test]
fn no_setting_is_too_large_to_count() {
    let endless = Timeouts::default().with_call(Duration::MAX).with_stall(Duration::MAX);
    let patient = RetryPolicy::default().with_pauses(Duration::MAX, Duration::MAX);
    let mut stage = Stage::with(Config::default().with_timeouts(endless).with_retry(patient));
    assert!(stage.play(list(), |_, _| answer(503, &[], "{}")).is_err());
    assert!(stage.play(list(), |_, _| answer(200, &[], r#"{"buckets":[]}"#)).is_ok());
}

#[test]
fn a_rate_limit_holds_the_account_no_longer_than_its_patience() {
    let mut stage = Stage::new();
    let day = [("retry-after", "86400")];
    assert!(stage.play(list(), |_, _| answer(429, &day, "{}")).is_err());
    stage.play(list(), |_, _| answer(200, &[], r#"{"buckets":[]}"#)).unwrap();
    assert!(stage.elapsed() < Duration::from_secs(20 * 60), "{:?}", stage.elapsed());
}

#[test]
fn slow_uploads_try_five_urls_all_the_same() {
    let mut tried = 0;
    let result = Stage::new().play(upload(2_000_000_000), |_, now| {
        tried += 1;
        *now += Duration::from_secs(20 * 60);
        answer(503, &[], r#"{"code":"service_unavailable","message":"no tomes available"}"#)
    });
    assert!(result.is_err());
    assert!(tried >= 5, "{tried} URLs were tried");
}

#[test]
fn a_key_is_not_made_twice_because_a_gateway_gave_up() {
    let mut made = 0;
    let request = CreateKeyRequest::new("".into(), vec![], "k".into());
    let result = Stage::new().play(Call::<CreateKey>::new(request), |_, _| {
        made += 1;
        answer(504, &[], "<html>")
    });
    assert!(matches!(result, Err(Error::Unconfirmed { .. })));
    assert_eq!(made, 1);
}

#[test]
fn an_old_bucket_does_not_pass_for_a_new_one() {
    let request = CreateBucketRequest::new("".into(), "photos".into(), BucketType::AllPrivate);
    let old = |bucket_type: &str, revision: u32| {
        format!(
            r#"{{"buckets":[{{"accountId":"a","bucketId":"old","bucketInfo":{{}},
            "bucketName":"photos","bucketType":"{bucket_type}","corsRules":[],
            "lifecycleRules":[],"options":[],"revision":{revision}}}]}}"#
        )
    };
    for (bucket_type, revision) in [("allPublic", 2), ("allPrivate", 57)] {
        let result =
            Stage::new().play(Reconciled::<CreateBucket>::new(request.clone()), |transmit, _| {
                match transmit.operation {
                    "b2_create_bucket" => {
                        Reply::Failed { source: lost(TransportErrorKind::Interrupted), sent: None }
                    }
                    _ => answer(200, &[], &old(bucket_type, revision)),
                }
            });
        assert!(result.is_err(), "{bucket_type} of revision {revision} passed for new");
    }
}

#[test]
fn a_download_that_breaks_after_its_last_byte_is_complete() {
    let broken = |status, headers: &[(&str, &str)], delivered| Reply::Broken {
        head: head(status, headers),
        delivered,
        digest: None,
        source: lost(TransportErrorKind::Timeout),
    };
    let whole = Stage::new().play(download(), |_, _| broken(200, &FILE, 100));
    assert_eq!(whole.unwrap().bytes, 100);
    let mut part = FILE.to_vec();
    part[2] = ("content-length", "10");
    part.push(("content-range", "bytes 0-9/100"));
    let range = ByteRange::inclusive(0, 9).unwrap();
    let ranged = Stage::new().play(download().with_range(range), |_, _| broken(206, &part, 10));
    assert_eq!(ranged.unwrap().bytes, 10);
}

#[test]
fn more_bytes_than_the_range_never_reach_the_sink() {
    let range = ByteRange::inclusive(0, 9).unwrap();
    let result = Stage::new().play(download().with_range(range), |transmit, _| {
        assert_ne!(transmit.accept(&head(200, &FILE)), SinkVerdict::Deliver);
        answer(404, &[], "{}")
    });
    assert!(result.is_err());
}

#[test]
fn a_refused_handshake_ends_at_once() {
    let mut stage = Stage::new();
    let mut account = Authorize::new();
    let Step::Send(transmit) = account.poll(&mut stage.account, stage.now) else { panic!() };
    let refused = TransportError::new(TransportErrorKind::Tls, Sent::Nothing);
    let reply = Reply::Failed { source: refused, sent: None };
    account.handle(&mut stage.account, transmit.ticket, reply, stage.now);
    assert!(matches!(account.poll(&mut stage.account, stage.now), Step::Done(Err(_))));
}

/// Ten operations, B2 out of reach: they end together, not one after another.
#[test]
fn all_give_up_together() {
    let mut stage = Stage::new();
    let mut waiting: Vec<_> = (0..10).map(|_| Authorize::new()).collect();
    while !waiting.is_empty() {
        let mut next = None;
        waiting.retain_mut(|operation| {
            loop {
                match operation.poll(&mut stage.account, stage.now) {
                    Step::Send(transmit) => {
                        let source =
                            TransportError::new(TransportErrorKind::Connect, Sent::Nothing);
                        let reply = Reply::Failed { source, sent: None };
                        operation.handle(&mut stage.account, transmit.ticket, reply, stage.now);
                    }
                    Step::Event(_) | Step::Digest(_) | Step::Prefetch(_) => {}
                    Step::Wait(wait) => {
                        next = next.min(wait.until).or(wait.until);
                        return true;
                    }
                    Step::Done(result) => return result.is_ok(),
                }
            }
        });
        stage.now = next.unwrap_or(stage.now);
    }
    assert!(stage.elapsed() < Duration::from_secs(20 * 60), "{:?}", stage.elapsed());
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let mut stage = Stage::new();
    let mut printed = format!("{:?}", answer(200, &[], SESSION));
    let result = stage.play(upload(3), |transmit, _| {
        printed.push_str(&format!("{transmit:?}"));
        let message = "more than one upload using auth token canary-upload";
        let body = format!(r#"{{"status":400,"code":"bad_request","message":"{message}"}}"#);
        let reply = answer(400, &[], &body);
        printed.push_str(&format!("{reply:?}"));
        reply
    });
    printed.push_str(&format!("{result:?} {:?} {:?}", stage.events, stage.account));
    assert!(!printed.contains("canary"), "{printed}");
}

/// Downloads 16 MiB over a line that breaks after each `step` bytes, ten
/// minutes apart: longer than anybody's patience if nothing counts as progress.
fn in_steps(step: u64) -> Result<u64, Error> {
    const WHOLE: u64 = 16 << 20;
    let mut at = 0;
    let result = Stage::new().play(download(), |_, now| {
        *now += Duration::from_secs(600);
        let (from, delivered) = (at, step.min(WHOLE - at));
        at += delivered;
        let range = format!("bytes {from}-{}/{WHOLE}", WHOLE - 1);
        let left = (WHOLE - from).to_string();
        let mut headers: Vec<_> =
            FILE.iter().copied().filter(|(name, _)| *name != "content-length").collect();
        headers.push(("content-length", &left));
        headers.extend((from > 0).then_some(("content-range", &*range)));
        let status = if from == 0 { 200 } else { 206 };
        let source = lost(TransportErrorKind::Timeout);
        Reply::Broken { head: head(status, &headers), delivered, digest: None, source }
    });
    result.map(|downloaded| downloaded.bytes)
}

/// What a destination takes time for is not the line's fault: 64 KiB are an
/// advance after whatever time. Less is none.
#[test]
fn a_download_goes_on_as_long_as_it_advances() {
    assert_eq!(in_steps(64 << 10).unwrap(), 16 << 20);
    let given_up = in_steps((64 << 10) - 1).unwrap_err();
    assert!(matches!(given_up, Error::Exhausted { .. }), "{given_up}");
}
