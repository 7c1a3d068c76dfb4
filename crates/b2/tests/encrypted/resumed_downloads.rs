//! Encrypted downloads that go on after an interruption.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use b2::{Bucket, ByteRange, Check, Config, Error, Event, Observer, ProtocolEvent, Scope};

use crate::scene::{FRAME, PART, SEALED, decryption, encryption, site};
use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::Trouble;
use crate::support::site::{BUCKET, Site, retry};
use crate::support::soon;

/// Bytes of a piece that are asked for: three frames fit.
const PIECE: u64 = 3 * SEALED as u64 + 17;

/// Interrupts a download once some pieces are there.
struct Interrupter(Arc<AtomicBool>);

impl Observer for Interrupter {
    fn on_event(&self, _: &Scope, event: &Event<'_>) {
        if let Event::Protocol(ProtocolEvent::PieceStored { offset, .. }) = event
            && *offset > 10 * SEALED as u64
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

async fn upload(site: &Site, content: &[u8]) {
    let upload = site.bucket.upload("x", content.to_vec());
    soon(upload.with_client_encryption(encryption())).await.unwrap();
}

async fn interrupted() -> Interrupted {
    let site = site().await;
    let content = pattern(6 * PART + 11);
    upload(&site, &content).await;
    let folder = Folder::new();
    let (journal, to) = (folder.path("journal"), folder.path("to"));
    let enough = Arc::new(AtomicBool::new(false));
    let client = site.builder().with_observer(Interrupter(Arc::clone(&enough))).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let stage = Interrupted { site, folder, journal, to, content };
    let handle = stage.download(&bucket, PIECE).to_file(&stage.to).start();
    while !enough.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    handle.interrupt();
    match soon(handle.join()).await {
        Err(Error::Cancelled) => {}
        other => panic!("{other:?}"),
    }
    assert!(stage.journal.exists() && !stage.to.exists());
    stage
}

impl Interrupted {
    fn download(&self, bucket: &Bucket, piece: u64) -> b2::encryption::DecryptedDownload {
        let download = bucket.download("x").with_piece_size(piece).with_concurrency(1);
        download.with_journal(&self.journal).with_client_decryption(decryption())
    }

    /// Goes on and gives the bytes that were fetched.
    async fn go_on(&self, piece: u64) -> u64 {
        let before = self.site.emulator.stats().downloaded_today;
        let done = self.download(&self.site.bucket, piece).to_file(&self.to);
        let done = soon(done).await.unwrap();
        assert_eq!(done.check, Check::Authenticated);
        assert_eq!(done.bytes, fs::metadata(&self.to).unwrap().len());
        assert_eq!(self.folder.names(), ["to"], "something was left");
        self.site.emulator.stats().downloaded_today - before
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_from_its_journal() {
    // Also if the pieces are of another size now.
    for piece in [PIECE, 2 * PIECE, 1] {
        let stage = interrupted().await;
        let fetched = stage.go_on(piece).await;
        let whole = stage.content.len() as u64;
        assert!(fetched <= whole - 9 * FRAME as u64, "{fetched} of {whole} were fetched again");
        assert!(fs::read(&stage.to).unwrap() == stage.content, "other bytes came back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_is_not_mixed_with_the_old_one() {
    let stage = interrupted().await;
    let newer = pattern(6 * PART + 12)[1..].to_vec();
    upload(&stage.site, &newer).await;
    assert!(stage.go_on(PIECE).await >= newer.len() as u64);
    assert!(fs::read(&stage.to).unwrap() == newer, "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_is_fetched_again() {
    let stage = interrupted().await;
    let partial = stage.folder.path(".b2-partial-to");
    fs::File::options().write(true).open(partial).unwrap().set_len(FRAME as u64).unwrap();
    assert!(stage.go_on(PIECE).await >= stage.content.len() as u64);
    assert!(fs::read(&stage.to).unwrap() == stage.content, "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_meanwhile_is_fetched_again() {
    // The first byte that is kept, and one in the middle of a frame.
    for changed in [0, 4 * FRAME + FRAME / 2] {
        let stage = interrupted().await;
        let partial = stage.folder.path(".b2-partial-to");
        let mut content = fs::read(&partial).unwrap();
        assert!(content[changed] == stage.content[changed], "nothing is there");
        content[changed] ^= 1;
        fs::write(partial, content).unwrap();
        let fetched = stage.go_on(PIECE).await;
        assert!(fs::read(&stage.to).unwrap() == stage.content, "a changed byte was taken over");
        let whole = stage.content.len() as u64;
        assert!(fetched <= whole - 5 * FRAME as u64, "{fetched} of {whole} were fetched again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_digests_nothing_is_taken_over() {
    // As an older version has written it.
    let stage = interrupted().await;
    let lines = fs::read_to_string(&stage.journal).unwrap();
    let without = lines.lines().map(|line| match line.split_once(",\"digest\"") {
        Some((before, _)) => format!("{before}}}}}\n"),
        None => format!("{line}\n"),
    });
    let without: String = without.collect();
    assert!(lines.contains("digest") && !without.contains("digest"), "{lines}");
    fs::write(&stage.journal, without).unwrap();
    assert!(stage.go_on(PIECE).await >= stage.content.len() as u64);
    assert!(fs::read(&stage.to).unwrap() == stage.content, "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_other_bytes_is_begun_anew() {
    let stage = interrupted().await;
    let range = ByteRange::starting_at(1);
    let download = stage.site.bucket.download("x").with_range(range).with_journal(&stage.journal);
    soon(download.with_client_decryption(decryption()).to_file(&stage.to)).await.unwrap();
    assert!(fs::read(&stage.to).unwrap() == stage.content[1..], "other bytes came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_are_gone_on_with_in_the_middle_of_a_frame() {
    let site = site().await;
    let content = pattern(4 * PART);
    upload(&site, &content).await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, Config::default().with_retry(retry())).await;
    let cuts = || [5 * SEALED as u64 + 100, 3333, 40_000].map(Trouble::CutDown);
    let folder = Folder::new();
    let download = || bucket.download("x").with_client_decryption(decryption());

    proxy.expect(cuts());
    soon(download().to_file(folder.path("file"))).await.unwrap();
    assert!(fs::read(folder.path("file")).unwrap() == content);
    assert!(proxy.is_spent());
    proxy.expect(cuts());
    let shelf = Shelf::default();
    soon(download().to_writer(shelf.clone())).await.unwrap();
    assert!(shelf.content() == content);
    assert!(proxy.is_spent() && !recorder.resumed().is_empty());
}
