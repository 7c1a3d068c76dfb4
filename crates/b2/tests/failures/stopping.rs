//! Work that is dropped or aborted leaves nothing behind.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use b2::port::ReadAt;
use b2::{Client, Error, Source, WholeDigest};

use crate::support::content::{Unreadable, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::{Pace, Trouble};
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, hasty};
use crate::support::{soon, until};

const SIZE: usize = 1 << 20;

/// A site with the file `x`.
async fn site() -> Site {
    let site = Site::start().await;
    site.bucket.upload("x", pattern(SIZE)).await.unwrap();
    site
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_never_begun_leaves_nothing() {
    let (site, folder) = (site().await, Folder::new());
    drop(site.bucket.download("x").to_file(folder.path("x")));
    folder.assert_empty();
    drop(site.bucket.download("x").to_file(folder.path("x")).into_future());
    folder.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_dropped_in_the_middle_leaves_nothing() {
    let (site, folder) = (site().await, Folder::holding("old", b"precious"));
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, hasty("")).await;
    for replaces in [false, true] {
        proxy.expect([Trouble::StallDown(300_000)]);
        let download = match replaces {
            false => bucket.download("x").to_file(folder.path("x")),
            true => bucket.download("x").to_file_replacing(folder.path("old")),
        };
        let monitor = download.monitor();
        let mut work = download.into_future();
        let under_way =
            until("the middle", || (monitor.progress().position_bytes > 200_000).then_some(()));
        tokio::select! {
            result = &mut work => panic!("it ended: {result:?}"),
            () = under_way => {}
        }
        assert_eq!(folder.names().len(), 2, "there is a temporary file");
        drop(work);
        folder.assert_holds_only("old", b"precious");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_aborted_is_cancelled_and_leaves_nothing() {
    let (site, folder) = (site().await, Folder::new());
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, hasty("")).await;
    proxy.expect([Trouble::StallDown(300_000)]);
    let download = bucket.download("x").to_file(folder.path("x")).start();
    let monitor = download.monitor();
    let under_way = || (monitor.progress().position_bytes > 200_000).then_some(());
    until("the middle", under_way).await;
    download.abort();
    download.abort();
    let error = soon(download.join()).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    folder.assert_empty();
    assert_eq!(monitor.waiting_for(), None, "nobody waits any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_dropped_in_the_middle_stores_nothing() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, hasty("")).await;
    proxy.expect([Trouble::StallUp(200_000)]);
    // Too much for the buffers on the way to swallow.
    let len = 64_000_000;
    let source = Unreadable { len, from: len, kind: std::io::ErrorKind::Other };
    let mut work = bucket.upload("y", Source::custom(source).unwrap()).into_future();
    let begun = until("the upload", || (proxy.is_spent()).then_some(()));
    tokio::select! {
        result = &mut work => panic!("it ended: {result:?}"),
        () = begun => {}
    }
    drop(work);
    // The server hears of the end before it is asked.
    drop(proxy);
    assert_eq!(site.versions().await, ["x"]);
    assert_eq!(recorder.sent("b2_upload_file"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_aborted_is_cancelled_and_stores_nothing() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, hasty("")).await;
    proxy.expect([Trouble::StallUp(200_000)]);
    let len = 64_000_000;
    let source = Unreadable { len, from: len, kind: std::io::ErrorKind::Other };
    let upload = bucket.upload("y", Source::custom(source).unwrap()).start();
    until("the upload", || proxy.is_spent().then_some(())).await;
    upload.abort();
    assert!(matches!(soon(upload.join()).await, Err(Error::Cancelled)));
    drop(proxy);
    assert_eq!(site.versions().await, ["x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_not_hashed_for_an_upload_that_is_dropped() {
    let site = site().await;
    let reads = Arc::new(AtomicU64::new(0));
    let source = Source::custom(Slow { len: 1 << 40, reads: Arc::clone(&reads) }).unwrap();
    let upload = site.bucket.upload("y", source).with_whole_digest(WholeDigest::Compute);
    let mut work = upload.into_future();
    let begun = until("some hashing", || (reads.load(Ordering::Relaxed) > 2).then_some(()));
    tokio::select! {
        result = &mut work => panic!("it ended: {result:?}"),
        () = begun => {}
    }
    drop(work);
    // One read may be under way.
    let most = reads.load(Ordering::Relaxed) + 1;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(reads.load(Ordering::Relaxed) <= most, "it is still read");
}

/// A source that takes its time.
struct Slow {
    len: u64,
    reads: Arc<AtomicU64>,
}

impl ReadAt for Slow {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(10));
        Ok(buffer.len())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_that_is_dropped_lets_the_work_go_on() {
    let (site, folder) = (site().await, Folder::new());
    drop(site.bucket.upload("y", pattern(SIZE)).start());
    drop(site.bucket.download("x").to_file(folder.path("x")).start());
    crate::support::until_async("the upload", async || {
        (site.versions().await == ["x", "y"]).then_some(())
    })
    .await;
    until("the download", || folder.path("x").exists().then_some(())).await;
    folder.assert_holds_only("x", &pattern(SIZE));
}

#[test]
fn a_runtime_that_is_shut_down_cancels_its_work() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    let (outer, inner) = (runtime(), runtime());
    let folder = Folder::new();
    let site = outer.block_on(site());
    let proxy = site.proxy();
    let (bucket, _) = outer.block_on(site.behind(&proxy, hasty("")));
    proxy.expect([Trouble::StallDown(300_000)]);
    let download = {
        let _inside = inner.enter();
        bucket.download("x").to_file(folder.path("x")).start()
    };
    let under_way = || (download.progress().position_bytes > 200_000).then_some(());
    outer.block_on(until("the middle", under_way));
    inner.shutdown_background();
    let ended = outer.block_on(soon(download.join()));
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    outer.block_on(until("a tidy folder", || folder.names().is_empty().then_some(())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_while_he_authorizes_holds_nobody_up() {
    let site = site().await;
    let proxy = site.proxy();
    let recorder = Recorder::default();
    let client = Client::builder(credentials(&site.emulator))
        .with_config(hasty(&proxy.url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    proxy.set_pace(Pace::Silent);
    let first = client.bucket(BUCKET).start();
    until("the question", || (recorder.sent("b2_authorize_account") == 1).then_some(())).await;
    let second = client.bucket(BUCKET).start();
    until("a second who waits", || second.waiting_for()).await;
    proxy.set_pace(Pace::Free);
    let begun = Instant::now();
    first.abort();
    assert!(matches!(soon(first.join()).await, Err(Error::Cancelled)));
    soon(second.join()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "not only when the lease lapsed");
    assert_eq!(recorder.sent("b2_authorize_account"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_whose_wait_is_dropped_loses_no_row() {
    let site = site().await;
    for name in ["y", "z"] {
        site.bucket.upload(name, "").await.unwrap();
    }
    let mut files = site.bucket.files().with_page(1).stream();
    let mut names = Vec::new();
    loop {
        // Far too short for most pages.
        let next = tokio::time::timeout(Duration::from_micros(200), files.next()).await;
        match next {
            Err(_) => {}
            Ok(Some(file)) => names.push(file.unwrap().file_name),
            Ok(None) => break,
        }
    }
    assert_eq!(names, ["x", "y", "z"]);
}
