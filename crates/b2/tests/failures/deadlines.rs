//! Servers that take their time. Nothing waits for ever, and what waits can
//! say what for.

use std::time::{Duration, Instant};

use b2::{Check, Client, Config, Error, Run, Source, Timeouts, TransportErrorKind, WaitReason};
use b2_core::Operation;

use crate::scene::Scene;
use crate::support::content::Unreadable;
use crate::support::folder::Folder;
use crate::support::proxy::{Pace, Trouble};
use crate::support::site::{Site, credentials, retry};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::transport;
use crate::support::{aside, soon, until};

/// Longer than an answer takes, shorter than most of what happens here.
const CALL: Duration = Duration::from_millis(400);

/// Answers within `call`; 8 KiB in every second of a body.
fn impatient(call: Duration) -> Config {
    let timeouts = Timeouts::default()
        .with_call(call)
        .with_stall(Duration::from_secs(1))
        .with_slowest_rate(8 << 10);
    Config::default().with_timeouts(timeouts).with_retry(retry().with_attempts(2))
}

/// A bucket with the file `x`, for a client that gives up soon.
async fn scene(call: Duration) -> Scene {
    Scene::with_config(impatient(call)).await.and_file().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_answers_is_given_up() {
    let site = Site::start().await;
    let proxy = site.proxy();
    proxy.set_pace(Pace::Silent);
    let config = impatient(CALL).with_realm(&proxy.url());
    let client = Client::builder(credentials(&site.emulator)).with_config(config).build().unwrap();
    let begun = Instant::now();
    let call = client.bucket("the-bucket").start();
    let reason = until("a reason to wait", || call.waiting_for()).await;
    assert_eq!(reason, WaitReason::Reply("b2_authorize_account"));
    assert_eq!(reason.to_string(), "waiting for the answer to b2_authorize_account");
    let error = soon(call.join()).await.unwrap_err();
    assert!(matches!(error, Error::Exhausted { attempts: 2, .. }), "{error:?}");
    assert_eq!(transport(&error), TransportErrorKind::Timeout);
    assert!(error.advice().unwrap().contains("too slow"));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    let call = client.bucket("the-bucket");
    let failed = aside(move || call.run_blocking(&UreqTransport::new())).await;
    assert_eq!(transport(&failed.unwrap_err()), TransportErrorKind::Timeout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_by_name_holds_for_whole_calls() {
    let site = Site::start().await;
    let proxy = site.proxy();
    let client = |timeout: &str, call| {
        let config = impatient(call).with_realm(&proxy.url());
        let mut builder = Client::builder(credentials(&site.emulator)).with_config(config);
        builder.config(timeout).unwrap();
        builder.build().unwrap()
    };
    // It ends a silence that a call would have suffered,
    proxy.set_pace(Pace::Silent);
    let begun = Instant::now();
    let call = client("Timeout=1", Duration::from_secs(60)).bucket("the-bucket").start();
    let error = soon(call.join()).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // and grants a time that a call would not have.
    proxy.set_pace(Pace::Trickle(200, Duration::from_millis(150)));
    let call = client("LogLevel=0", CALL).bucket("the-bucket").start();
    assert_eq!(transport(&soon(call.join()).await.unwrap_err()), TransportErrorKind::Timeout);
    for timeout in ["Timeout=60", "Timeout=50", "Timeout=0"] {
        let call = client(timeout, CALL).bucket("the-bucket").start();
        soon(call.join()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_says_what_it_waits_for_and_ends() {
    let scene = scene(CALL).await;
    scene.proxy.set_pace(Pace::Silent);
    let bucket = &scene.bucket;
    times_out("b2_download_file_by_name", bucket.head("x")).await;
    times_out("b2_download_file_by_name", bucket.download("x").to_bytes()).await;
    times_out("b2_hide_file", bucket.hide("x")).await;
    times_out("b2_get_file_info", bucket.file_info("4_z0".into())).await;
    assert_eq!(scene.recorder.retries(), 4, "each was tried twice");
}

async fn times_out<O, T>(operation: &str, call: Run<O, T>)
where
    O: Operation<Output: Send + 'static> + Send + 'static,
    T: std::fmt::Debug + Send + 'static,
{
    let begun = Instant::now();
    let call = call.start();
    let waits = until(operation, || call.waiting_for()).await;
    assert!(matches!(waits, WaitReason::Reply(name) if name == operation), "{waits:?}");
    let error = soon(call.join()).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Timeout, "{operation}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{operation}: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_never_answered_is_unconfirmed() {
    let scene = scene(CALL).await;
    scene.proxy.set_pace(Pace::Silent);
    let upload = scene.bucket.upload("y", scene.content.clone()).start();
    let waits = || upload.waiting_for().filter(|_| upload.progress().position_bytes > 0);
    assert_eq!(until("a wait", waits).await, WaitReason::Reply("b2_upload_file"));
    let error = soon(upload.join()).await.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed { .. }), "{error:?}");
    // The bytes did arrive, and the error said that this may be.
    assert_eq!(scene.site.versions().await, ["x", "y"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_trickles_is_given_up_at_the_deadline() {
    let scene = scene(CALL).await;
    scene.proxy.set_pace(Pace::Trickle(1, Duration::from_millis(20)));
    let begun = Instant::now();
    let error = soon(scene.bucket.file_info("4_z0".into())).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_stalls_goes_on_over_another_connection() {
    let scene = scene(CALL).await;
    let folder = Folder::new();
    scene.proxy.expect([Trouble::StallDown(300_000), Trouble::StallDown(300_000)]);
    let downloaded = soon(scene.bucket.download("x").to_file(folder.path("x"))).await.unwrap();
    assert_eq!(downloaded.check, Check::ContentSha1);
    folder.assert_holds_only("x", &scene.content);
    assert_eq!(scene.recorder.resumed().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_download_that_stalls_goes_on_over_another_connection() {
    let scene = scene(CALL).await;
    let folder = Folder::new();
    scene.proxy.expect([Trouble::StallDown(300_000)]);
    let download = scene.bucket.download("x").to_file(folder.path("x"));
    let downloaded = aside(move || download.run_blocking(&UreqTransport::new()).unwrap()).await;
    assert_eq!(downloaded.check, Check::ContentSha1);
    folder.assert_holds_only("x", &scene.content);
    assert_eq!(scene.recorder.resumed().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_only_trickles_is_given_up() {
    // The head trickles too, and that has to be long enough for it.
    let scene = scene(Duration::from_secs(5)).await;
    let folder = Folder::new();
    // An eighth of what is asked for, and yet a byte every now and then: at
    // this rate the file would take more than a quarter of an hour.
    scene.proxy.set_pace(Pace::Trickle(50, Duration::from_millis(50)));
    let begun = Instant::now();
    let error = soon(scene.bucket.download("x").to_file(folder.path("x"))).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(!scene.recorder.resumed().is_empty(), "it did trickle");
    folder.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_slow_but_bearable_is_left_alone() {
    let scene = scene(CALL).await;
    // 1 MiB at about 800 KiB/s: longer than any call may take.
    scene.proxy.set_pace(Pace::Trickle(16 << 10, Duration::from_millis(20)));
    let back = soon(scene.bucket.download("x").to_bytes()).await.unwrap();
    assert!(back.content == scene.content);
    assert_eq!(scene.recorder.retries(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_stalls_is_sent_again_to_another_url() {
    let scene = scene(CALL).await;
    scene.proxy.expect([Trouble::StallUp(200_000)]);
    // More than the operating system keeps for a reader that does not read.
    let len = 64_000_000;
    let source = Unreadable { len, from: len, kind: std::io::ErrorKind::Other };
    let upload = scene.bucket.upload("y", Source::custom(source).unwrap());
    let uploaded = soon(upload).await.unwrap();
    assert_eq!(uploaded.file.content_length, len);
    assert_eq!(scene.site.versions().await, ["x", "y"]);
    assert_eq!(scene.recorder.sent("b2_upload_file"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_anothers_authorization_says_so() {
    let site = Site::start().await;
    let proxy = site.proxy();
    proxy.set_pace(Pace::Silent);
    let config = impatient(CALL).with_realm(&proxy.url());
    let client = Client::builder(credentials(&site.emulator)).with_config(config).build().unwrap();
    let first = client.bucket("the-bucket").start();
    until("the first to ask", || first.waiting_for()).await;
    let second = client.bucket("the-bucket").start();
    let reason = until("the second to wait", || second.waiting_for()).await;
    assert_eq!(reason, WaitReason::Authorization);
    assert!(soon(first.join()).await.is_err());
    assert!(soon(second.join()).await.is_err());
}
