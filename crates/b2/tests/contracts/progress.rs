//! Progress, and what work waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use b2::{Config, Monitor, Progress, TestMode, WaitReason};

use crate::support::content::pattern;
use crate::support::proxy::Trouble;
use crate::support::site::{BUCKET, Site, credentials, hasty, retry};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon, until};

const SIZE: usize = 3 << 20;

/// Looks at a monitor again and again, on a thread of its own, until told to
/// stop; gives what it saw.
fn watch(monitor: Monitor) -> impl FnOnce() -> Vec<Progress> {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    let thread = std::thread::spawn(move || {
        let mut seen = vec![monitor.progress()];
        while !told.load(Ordering::Acquire) {
            let now = monitor.progress();
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            std::thread::yield_now();
        }
        seen.push(monitor.progress());
        seen
    });
    move || {
        over.store(true, Ordering::Release);
        thread.join().unwrap()
    }
}

#[track_caller]
fn assert_never_backwards(seen: &[Progress]) {
    for step in seen.windows(2) {
        let (before, after) = (&step[0], &step[1]);
        assert!(before.position_bytes <= after.position_bytes, "{step:?}");
        assert!(before.acknowledged_bytes <= after.acknowledged_bytes, "{step:?}");
        assert!(before.transferred_bytes <= after.transferred_bytes, "{step:?}");
        assert!(
            before.total_bytes.is_none_or(|total| after.total_bytes == Some(total)),
            "{step:?}"
        );
    }
    let end = seen.last().unwrap();
    assert_eq!(end.total_bytes, Some(SIZE as u64));
    assert_eq!((end.acknowledged_bytes, end.position_bytes), (SIZE as u64, SIZE as u64));
    assert!(seen.iter().all(|seen| seen.position_bytes <= SIZE as u64));
    assert!(seen.len() > 3, "hardly anything was seen: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_progress_of_a_download_that_is_cut_never_runs_backwards() {
    let site = Site::start().await;
    site.bucket.upload("x", pattern(SIZE)).await.unwrap();
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, hasty("")).await;
    for blocking in [false, true] {
        proxy.expect([Trouble::CutDown(400_000); 5]);
        let download = bucket.download("x").to_bytes();
        let watched = watch(download.monitor());
        let back = match blocking {
            false => soon(download).await,
            true => aside(move || download.run_blocking(&UreqTransport::new())).await,
        };
        let seen = watched();
        assert!(back.unwrap().content == pattern(SIZE));
        assert!(proxy.is_spent());
        assert_never_backwards(&seen);
        // Nothing had to be fetched twice.
        assert_eq!(seen.last().unwrap().transferred_bytes, SIZE as u64);
        assert!(seen.iter().all(|seen| seen.acknowledged_bytes <= seen.position_bytes));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_progress_of_an_upload_that_is_cut_never_runs_backwards() {
    let site = Site::start().await;
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, hasty("")).await;
    proxy.expect([Trouble::CutUp(2_500_000), Trouble::CutUp(500_000), Trouble::CutUp(1_500_000)]);
    let upload = bucket.upload("x", pattern(SIZE)).start();
    let watched = watch(upload.monitor());
    soon(upload.join()).await.unwrap();
    let seen = watched();
    assert!(proxy.is_spent());
    assert_never_backwards(&seen);
    assert!(seen.last().unwrap().transferred_bytes > SIZE as u64, "it was sent more than once");
    // Only an answer says that bytes are safe, and there is one answer.
    let safe = |seen: &Progress| [0, SIZE as u64].contains(&seen.acknowledged_bytes);
    assert!(seen.iter().all(safe));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_busy_server_says_so() {
    let site = Site::start().await;
    // Every third upload is refused with a 503; the pause that follows is
    // long enough to be seen.
    let pause = Duration::from_millis(400);
    let retry = retry().with_upload_urls(1).with_pauses(pause, pause);
    let config = Config::default()
        .with_realm(site.emulator.base_url())
        .with_test_mode(TestMode::FailSomeUploads)
        .with_retry(retry);
    let client =
        b2::Client::builder(credentials(&site.emulator)).with_config(config).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    for name in ["first", "second"] {
        soon(bucket.upload(name, "content")).await.unwrap();
    }
    let third = bucket.upload("third", "content").start();
    let backoff = WaitReason::Backoff("b2_upload_file");
    until("the pause", || third.waiting_for().filter(|reason| *reason == backoff)).await;
    assert_eq!(backoff.to_string(), "waiting to send b2_upload_file again");
    soon(third.join()).await.unwrap();
    assert_eq!(site.names().await, ["first", "second", "third"]);
}
