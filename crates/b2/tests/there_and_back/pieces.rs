//! Files that are fetched in pieces.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use b2::{ByteRange, Check, DownloadAccess, Error, Event, Observer, ProtocolEvent, Scope};

use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::Trouble;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

/// Bytes of a piece in these tests.
const PIECE: usize = 50_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_around_the_edges_comes_back() {
    let site = Site::start().await;
    for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 7 * PIECE, 20 * PIECE + 3] {
        let content = pattern(size);
        soon(site.bucket.upload("x", content.clone())).await.unwrap();
        let folder = Folder::new();
        let download = || site.bucket.download("x").with_piece_size(PIECE as u64);

        let done = soon(download().to_file(folder.path("a"))).await.unwrap();
        assert_eq!((done.bytes, done.check), (size as u64, Check::ContentSha1));
        assert!(fs::read(folder.path("a")).unwrap() == content, "{size} bytes differ");

        let (run, path) = (download().to_file(folder.path("b")), folder.path("b"));
        aside(move || run.run_blocking(&UreqTransport::new()).unwrap()).await;
        assert!(fs::read(path).unwrap() == content, "{size} bytes differ");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_is_fetched_in_pieces_too() {
    let site = Site::start().await;
    let content = pattern(10 * PIECE);
    soon(site.bucket.upload("x", content.clone())).await.unwrap();
    let folder = Folder::new();
    let (first, last) = (PIECE as u64 / 2, 8 * PIECE as u64 + 5);
    for (name, range, end) in [
        ("a", ByteRange::inclusive(first, last).unwrap(), last as usize + 1),
        ("b", ByteRange::starting_at(first), content.len()),
        ("c", ByteRange::inclusive(first, u64::MAX).unwrap(), content.len()),
        ("d", ByteRange::inclusive(0, u64::MAX).unwrap(), content.len()),
    ] {
        let download = site.bucket.download("x").with_piece_size(PIECE as u64).with_range(range);
        let done = soon(download.to_file(folder.path(name))).await.unwrap();
        assert_eq!(done.check, Check::None);
        let first = if name == "d" { 0 } else { first as usize };
        let wanted = &content[first..end];
        assert!(fs::read(folder.path(name)).unwrap() == wanted, "{range} differs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_download_url_is_asked_for_names_only() {
    let site = Site::start().await;
    let content = pattern(20 * PIECE);
    soon(site.bucket.upload("x", content.clone())).await.unwrap();
    let (proxy, recorder) = (site.proxy(), Recorder::default());
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let access = DownloadAccess::default().with_download_url(&proxy.url());
    let download =
        || client.download(BUCKET, "x").with_access(access.clone()).with_piece_size(PIECE as u64);
    let folder = Folder::new();
    soon(download().to_file(folder.path("pieces"))).await.unwrap();
    assert!(fs::read(folder.path("pieces")).unwrap() == content);

    // One stream, which has to go on where it was cut.
    proxy.expect([Trouble::CutDown(3 * PIECE as u64)]);
    let shelf = Shelf::default();
    soon(download().to_writer(shelf.clone())).await.unwrap();
    assert!(proxy.is_spent() && shelf.content() == content);
    assert!(recorder.sent("b2_download_file_by_name") > 20);
    assert_eq!(recorder.sent("b2_download_file_by_id"), 0);
}

/// Interrupts a download once some pieces are there.
struct Interrupter(Arc<AtomicBool>);

impl Observer for Interrupter {
    fn on_event(&self, _: &Scope, event: &Event<'_>) {
        if let Event::Protocol(ProtocolEvent::PieceStored { offset, .. }) = event
            && *offset > 3 * PIECE as u64
        {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

struct Interrupted {
    site: Site,
    folder: Folder,
    journal: PathBuf,
    to: PathBuf,
    content: Vec<u8>,
}

/// A download that was stopped half-way, with a journal.
async fn interrupted() -> Interrupted {
    interrupted_within(None).await
}

/// As above, of a range.
async fn interrupted_within(range: Option<ByteRange>) -> Interrupted {
    let site = Site::start().await;
    let content = pattern(30 * PIECE + 11);
    soon(site.bucket.upload("x", content.clone())).await.unwrap();
    let folder = Folder::new();
    let (journal, to) = (folder.path("journal"), folder.path("to"));
    let enough = Arc::new(AtomicBool::new(false));
    let client = site.builder().with_observer(Interrupter(Arc::clone(&enough))).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let download = bucket.download("x").with_piece_size(PIECE as u64).with_concurrency(1);
    let download = match range {
        Some(range) => download.with_range(range),
        None => download,
    };
    let handle = download.with_journal(&journal).to_file(&to).start();
    while !enough.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    handle.interrupt();
    match soon(handle.join()).await {
        Err(Error::Cancelled) => {}
        other => panic!("{other:?}"),
    }
    assert!(journal.exists() && !to.exists());
    Interrupted { site, folder, journal, to, content }
}

/// Goes on and gives the bytes that were fetched.
async fn go_on(stage: &Interrupted) -> u64 {
    let recorder = Recorder::default();
    let client = stage.site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let download = bucket.download("x").with_piece_size(PIECE as u64);
    let handle = download.with_journal(&stage.journal).to_file(&stage.to).start();
    let monitor = handle.monitor();
    let done = soon(handle.join()).await.unwrap();
    assert_eq!(done.check, Check::ContentSha1);
    assert!(!stage.journal.exists(), "the journal of a finished download is left");
    assert_eq!(fs::read_dir(stage.folder.itself()).unwrap().count(), 1);
    monitor.progress().transferred_bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_download_goes_on_from_its_journal() {
    let stage = interrupted().await;
    let fetched = go_on(&stage).await;
    let whole = stage.content.len() as u64;
    assert!(fetched <= whole - 4 * PIECE as u64, "{fetched} of {whole} bytes were fetched again");
    assert!(fs::read(&stage.to).unwrap() == stage.content, "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_not_mixed_with_the_old_one() {
    let stage = interrupted().await;
    let newer = pattern(30 * PIECE + 12)[1..].to_vec();
    soon(stage.site.bucket.upload("x", newer.clone())).await.unwrap();
    assert!(go_on(&stage).await >= newer.len() as u64);
    assert!(fs::read(&stage.to).unwrap() == newer, "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_and_missing_bytes_are_fetched_again() {
    for damage in [
        |path: &std::path::Path| fs::write(path, pattern(30 * PIECE)).unwrap(),
        |path: &std::path::Path| fs::remove_file(path).unwrap(),
    ] {
        let stage = interrupted().await;
        damage(&stage.folder.path(".b2-partial-to"));
        go_on(&stage).await;
        assert!(fs::read(&stage.to).unwrap() == stage.content, "other bytes came back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_range_what_was_changed_is_fetched_again() {
    // No digest tells of a range, so those of the pieces have to.
    let range = ByteRange::starting_at(77);
    for changed in [None, Some(0), Some(2 * PIECE + 5)] {
        let stage = interrupted_within(Some(range)).await;
        let partial = stage.folder.path(".b2-partial-to");
        let mut content = fs::read(&partial).unwrap();
        if let Some(changed) = changed {
            assert!(content[changed] == stage.content[77 + changed], "nothing is there");
            content[changed] ^= 1;
        }
        fs::write(partial, content).unwrap();
        let download = stage.site.bucket.download("x").with_piece_size(PIECE as u64);
        let download = download.with_range(range).with_journal(&stage.journal);
        let handle = download.to_file(&stage.to).start();
        let monitor = handle.monitor();
        assert_eq!(soon(handle.join()).await.unwrap().check, Check::None);
        assert!(fs::read(&stage.to).unwrap() == stage.content[77..], "other bytes came back");
        let (fetched, kept) = (monitor.progress().transferred_bytes, 3 * PIECE as u64);
        let most = stage.content.len() as u64 - kept;
        assert!(fetched <= most, "{fetched} bytes were fetched again, {most} expected");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_token_opens_what_is_below_its_prefix() {
    let site = Site::start().await;
    let content = pattern(5 * PIECE);
    soon(site.bucket.upload("shared/x", content.clone())).await.unwrap();
    soon(site.bucket.upload("private/x", content.clone())).await.unwrap();
    let granted = soon(site.bucket.download_authorization("shared/", 60)).await.unwrap();
    let access = b2::DownloadAccess::default().with_token(granted.authorization_token);
    let folder = Folder::new();
    let fetch = |name: &str| {
        let download = site.bucket.download(name).with_access(access.clone());
        download.with_piece_size(PIECE as u64).to_file(folder.path("to"))
    };
    soon(fetch("shared/x")).await.unwrap();
    assert!(fs::read(folder.path("to")).unwrap() == content);
    fs::remove_file(folder.path("to")).unwrap();
    let error = soon(fetch("private/x")).await.unwrap_err();
    assert_eq!(error.api().map(|api| api.status), Some(401));
    assert_eq!(fs::read_dir(folder.itself()).unwrap().count(), 0);
}
