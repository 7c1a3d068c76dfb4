//! Sources whose length only their end tells.

use std::future::IntoFuture;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::mpsc;

use b2::{
    CannotResume, Check, Error, RequestError, Resume, Sha1Digest, Source, WaitReason, WholeDigest,
};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::proxy::Trouble;
use crate::support::site::{Site, hasty};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon, until};

/// Bytes of a part in these tests.
const PART: usize = 100_000;

async fn site() -> Site {
    Site::with_settings(Settings::default().with_part_sizes(PART as u64, 1_000)).await
}

/// A reader that gives a little at a time.
fn stream(content: Vec<u8>) -> Source {
    Source::stream(Sips(io::Cursor::new(content)))
}

struct Sips<R>(R);

impl<R: Read> Read for Sips<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(7_001);
        self.0.read(&mut buffer[..most])
    }
}

async fn versions(site: &Site) -> Vec<String> {
    site.versions().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_length_comes_back() {
    let site = site().await;
    for size in [0, 1, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART, 2 * PART + 1, 9 * PART + 5]
    {
        let content = pattern(size);
        let done = soon(site.bucket.upload("x", stream(content.clone()))).await.unwrap();
        assert_eq!(done.file.content_length, size as u64);
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes came back differently");
        let parts = done.file.content_sha1.is_none() || back.check == Check::None;
        assert_eq!(parts, size > PART, "{size} bytes: {:?}", back.check);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_that_is_known_is_stored() {
    let site = site().await;
    let content = pattern(3 * PART);
    let digest = digest(&content);
    let upload = site.bucket.upload("x", stream(content));
    soon(upload.with_whole_digest(WholeDigest::Known(digest))).await.unwrap();
    let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
    assert_eq!(back.check, Check::LargeFileSha1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_can_be_sent_without_a_runtime() {
    let site = site().await;
    let content = pattern(5 * PART + 1);
    let upload = site.bucket.upload("x", stream(content.clone()));
    aside(move || upload.run_blocking(&UreqTransport::new()).unwrap()).await;
    let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
    assert!(back.content == content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_cut_are_read_again() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, hasty("")).await;
    let content = pattern(8 * PART);
    proxy.expect([120_000, 50_000, 230_000].map(Trouble::CutUp));
    soon(bucket.upload("x", stream(content.clone()))).await.unwrap();
    assert!(recorder.sent("b2_upload_part") > 8, "nothing was sent again");
    let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
    assert!(back.content == content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_breaks_leaves_nothing() {
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let site = site().await;
    for whole in [0, PART / 2, 3 * PART] {
        let source = Source::stream(io::Cursor::new(pattern(whole)).chain(Breaks));
        let error = soon(site.bucket.upload("x", source)).await.unwrap_err();
        let Error::Local(local) = &error else { panic!("{error:?}") };
        assert_eq!(local.source.kind(), io::ErrorKind::BrokenPipe);
    }
    assert!(versions(&site).await.is_empty(), "a large file was left unfinished");
}

/// Waits for what it is to give.
struct Pipe(mpsc::Receiver<Vec<u8>>, io::Cursor<Vec<u8>>);

fn pipe() -> (mpsc::Sender<Vec<u8>>, Source) {
    let (give, take) = mpsc::channel();
    (give, Source::stream(Pipe(take, io::Cursor::default())))
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.1.read(buffer)? {
            0 => {
                let Ok(bytes) = self.0.recv() else { return Ok(0) };
                self.1 = io::Cursor::new(bytes);
                self.1.read(buffer)
            }
            read => Ok(read),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_sent_before_the_source_has_ended() {
    let site = site().await;
    let (give, source) = pipe();
    let handle = site.bucket.upload("x", source).start();
    for chunk in pattern(2 * PART).chunks(PART / 2) {
        give.send(chunk.to_vec()).unwrap();
    }
    until("a stored part", || (handle.progress().acknowledged_bytes > 0).then_some(())).await;
    let waits = || handle.waiting_for().filter(|reason| *reason == WaitReason::Source);
    until("a wait for the source", waits).await;
    assert_eq!(handle.progress().total_bytes, None);
    drop(give);
    let done = soon(handle.join()).await.unwrap();
    assert_eq!(done.file.content_length, 2 * PART as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_a_stream_cancels_it() {
    let site = site().await;
    // Nobody could go on with it, so interrupting cancels as well.
    for abort in [true, false] {
        let (give, source) = pipe();
        let handle = site.bucket.upload("x", source).start();
        for chunk in pattern(2 * PART).chunks(PART / 2) {
            give.send(chunk.to_vec()).unwrap();
        }
        until("a stored part", || (handle.progress().acknowledged_bytes > 0).then_some(())).await;
        if abort {
            handle.abort()
        } else {
            handle.interrupt()
        }
        let error = soon(handle.join()).await.unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{error:?}");
        assert!(versions(&site).await.is_empty());
    }
    let upload = site.bucket.upload("x", stream(pattern(5 * PART)));
    let error = soon(upload.with_part_callback(|_| ControlFlow::Break(()))).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    assert!(versions(&site).await.is_empty());
}

fn digest(content: &[u8]) -> Sha1Digest {
    let mut verifier = b2_core::body::BodyVerifier::default();
    verifier.update(content);
    verifier.digest().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_that_is_known_is_stored_after_a_killed_stream_too() {
    let (site, folder) = (site().await, Folder::new());
    let journal = folder.path("journal");
    dropped(&site, &journal).await;
    let content = pattern(3 * PART);
    let known = WholeDigest::Known(digest(&content));
    let upload = site.bucket.upload("x", stream(content)).with_journal(&journal);
    soon(upload.with_whole_digest(known)).await.unwrap();
    let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
    assert_eq!(back.check, Check::LargeFileSha1);
}

/// Begins a stream with a journal and drops it in the middle.
async fn dropped(site: &Site, journal: &std::path::Path) {
    let (give, source) = pipe();
    let upload = site.bucket.upload("x", source).with_journal(journal);
    let (seen, stored) = mpsc::channel();
    let upload = upload.with_part_callback(move |_| {
        seen.send(()).unwrap();
        ControlFlow::Continue(())
    });
    for chunk in pattern(2 * PART).chunks(PART / 2) {
        give.send(chunk.to_vec()).unwrap();
    }
    tokio::select! {
        result = upload.into_future() => panic!("it ended: {result:?}"),
        () = until("a stored part", || stored.try_recv().ok()) => {}
    }
    drop(give);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_stream_has_left_is_cancelled_by_the_next() {
    let (site, folder) = (site().await, Folder::new());
    let journal = folder.path("journal");
    for size in [5 * PART, 10] {
        dropped(&site, &journal).await;
        assert!(journal.exists(), "nobody knows of the large file");
        assert_eq!(versions(&site).await, ["x"], "it is unfinished");
        let content = pattern(size);
        let upload = site.bucket.upload("x", stream(content.clone())).with_journal(&journal);
        let stored = soon(upload).await.unwrap().file;
        assert_eq!(versions(&site).await, ["x"], "only the new one is there");
        folder.assert_empty();
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content);
        soon(site.bucket.delete_version("x", stored.file_id.unwrap())).await.unwrap();
    }
}

fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Request { source, .. }
        if matches!(**source, RequestError::CannotResume(CannotResume::Stream)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_does_not_cancel_what_a_file_can_go_on_with() {
    let (site, folder) = (site().await, Folder::new());
    let (journal, path) = (folder.path("journal"), folder.path("source"));
    let content = pattern(5 * PART);
    std::fs::write(&path, &content).unwrap();
    let upload = || {
        site.bucket.upload("x", Source::file(&path).unwrap()).with_journal(folder.path("journal"))
    };
    assert!(soon(upload().with_part_callback(|_| ControlFlow::Break(()))).await.is_err());
    let streamed = site.bucket.upload("x", stream(content.clone())).with_journal(&journal);
    let error = soon(streamed).await.unwrap_err();
    assert!(is_refused(&error), "{error:?}");
    assert_eq!(versions(&site).await, ["x"], "the parts are there");
    soon(upload()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_does_not_go_on_with_the_record_of_a_stream() {
    let (site, folder) = (site().await, Folder::new());
    let journal = folder.path("journal");
    dropped(&site, &journal).await;
    let upload = site.bucket.upload("x", pattern(5 * PART)).with_journal(&journal);
    let error = soon(upload).await.unwrap_err();
    assert!(is_refused(&error), "{error:?}");
    assert!(error.advice().is_some());
    assert!(journal.exists(), "it tells of the unfinished file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_an_id_is_told_of_by_a_small_stream_too() {
    let (site, folder) = (site().await, Folder::new());
    let journal = folder.path("journal");
    // The process was killed before B2 had told the id.
    let mut record = Resume::new(site.bucket.id().clone(), "x", 0, None);
    record.part_size = Some(PART as u64);
    std::fs::write(&journal, format!("{record}\n")).unwrap();
    let upload = site.bucket.upload("x", stream(pattern(10))).with_journal(&journal);
    let stored = soon(upload).await.unwrap();
    assert!(stored.possible_orphan);
    let upload = site.bucket.upload("x", stream(pattern(10))).with_journal(&journal);
    assert!(!soon(upload).await.unwrap().possible_orphan, "it is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_of_another_file_is_refused() {
    let (site, folder) = (site().await, Folder::new());
    let journal = folder.path("journal");
    dropped(&site, &journal).await;
    let upload = site.bucket.upload("y", stream(pattern(5 * PART))).with_journal(&journal);
    let error = soon(upload).await.unwrap_err();
    let Error::Request { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, RequestError::CannotResume(CannotResume::Name(_))), "{error:?}");
    assert_eq!(versions(&site).await, ["x"]);
}
