//! Files that are sent in parts.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use b2::{CannotResume, Check, Error, RequestError, Resume, Source, Upload, WholeDigest};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

/// Bytes of a part in these tests.
const PART: usize = 100_000;

async fn site() -> Site {
    Site::with_settings(Settings::default().with_part_sizes(PART as u64, 1_000)).await
}

fn file(folder: &Folder, content: &[u8]) -> (PathBuf, Source) {
    let path = folder.path("source");
    fs::write(&path, content).unwrap();
    let source = Source::file(&path).unwrap();
    (path, source)
}

/// Large file ids that the server has and nobody finished.
async fn unfinished(site: &Site) -> usize {
    let mut rows = site.bucket.versions().stream();
    let mut found = 0;
    while let Some(row) = soon(rows.next()).await {
        found += usize::from(row.unwrap().action == b2::Action::Start);
    }
    found
}

/// Stops after so many parts.
fn stopping(upload: Upload, parts: u32) -> Upload {
    let seen = std::sync::atomic::AtomicU32::new(0);
    upload.with_part_callback(move |part| {
        assert!(part.number >= 1 && Some(part.number) <= part.of && !part.kept);
        match seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 >= parts {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
}

async fn comes_back(site: &Site, content: &[u8]) {
    let back = soon(site.bucket.download("big").to_bytes()).await.unwrap();
    assert!(back.content == content, "other bytes came back");
    assert_eq!(back.check, Check::LargeFileSha1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_around_the_edges_comes_back() {
    let site = site().await;
    for size in [2 * PART + 1, 3 * PART - 1, 3 * PART, 3 * PART + 1, 17 * PART + 5] {
        let content = pattern(size);
        let (_, source) = file(&Folder::new(), &content);
        let uploaded = soon(site.bucket.upload("big", source.clone())).await.unwrap();
        assert_eq!(uploaded.file.content_length, size as u64);
        comes_back(&site, &content).await;

        let bucket = site.bucket.clone();
        aside(move || bucket.upload("big", source).run_blocking(&UreqTransport::new()).unwrap())
            .await;
        comes_back(&site, &content).await;
    }
    // The limit itself is still one request.
    let small = soon(site.bucket.upload("small", pattern(2 * PART))).await.unwrap();
    assert!(small.file.content_md5.is_some(), "B2 knows the MD5 of small files only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_digest_of_the_whole_is_a_choice() {
    let site = site().await;
    let content = pattern(4 * PART);
    let stored = |uploaded: b2::StoredFile| uploaded.file.file_info.get("large_file_sha1").cloned();
    let upload = || site.bucket.upload("big", content.clone());

    let computed = stored(soon(upload()).await.unwrap()).unwrap();
    let omitted = upload().with_whole_digest(WholeDigest::Omit);
    assert_eq!(stored(soon(omitted).await.unwrap()), None);
    let known = WholeDigest::Known(computed.parse().unwrap());
    assert_eq!(stored(soon(upload().with_whole_digest(known)).await.unwrap()), Some(computed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_upload_leaves_nothing_behind() {
    let site = site().await;
    let upload = site.bucket.upload("big", pattern(20 * PART)).with_concurrency(1);
    let handle = upload.start();
    while handle.progress().acknowledged_bytes == 0 {
        tokio::task::yield_now().await;
    }
    handle.abort();
    match soon(handle.join()).await {
        Err(Error::Cancelled) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(unfinished(&site).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_upload_goes_on_from_its_journal() {
    let site = site().await;
    let folder = Folder::new();
    let content = pattern(10 * PART + 7);
    let (_, source) = file(&folder, &content);
    let journal = folder.path("journal");
    let upload = || {
        let upload = site.bucket.upload("big", source.clone());
        upload.with_journal(&journal).with_concurrency(2)
    };

    match soon(stopping(upload(), 4)).await {
        Err(Error::Cancelled) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(unfinished(&site).await, 1);
    assert!(journal.exists());

    let handle = upload().start();
    let monitor = handle.monitor();
    soon(handle.join()).await.unwrap();
    let progress = monitor.progress();
    assert_eq!(progress.acknowledged_bytes, content.len() as u64);
    let sent = progress.transferred_bytes;
    assert!(sent <= content.len() as u64 - 4 * PART as u64, "{sent} bytes were sent");
    // The digest of the whole is in the journal. A part that arrived while the
    // upload stopped is not, and is compared.
    assert!(progress.hashed_bytes <= 2 * PART as u64, "{progress:?}");
    comes_back(&site, &content).await;
    assert_eq!(unfinished(&site).await, 0);
    assert!(!journal.exists(), "the journal of a finished upload is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_upload_goes_on_from_a_snapshot() {
    let site = site().await;
    let content = pattern(6 * PART);
    let text = snapshot_of(&site, &content).await.to_string();
    let again = site.bucket.upload("big", content.clone()).with_resume(text.parse().unwrap());
    let handle = again.start();
    let monitor = handle.monitor();
    soon(handle.join()).await.unwrap();
    // Bytes cannot tell whether they have changed, so each part is compared.
    assert!(monitor.progress().hashed_bytes > 0);
    comes_back(&site, &content).await;
}

/// Interrupts an upload of `content` with a journal and changes the source.
async fn resumed_after(change: impl FnOnce(&Path)) -> (Error, Site) {
    let site = site().await;
    let folder = Folder::new();
    let (path, source) = file(&folder, &pattern(5 * PART));
    let journal = folder.path("journal");
    let upload = stopping(site.bucket.upload("big", source).with_journal(&journal), 2);
    assert!(soon(upload).await.is_err());
    change(&path);
    let source = Source::file(&path).unwrap();
    let error = soon(site.bucket.upload("big", source).with_journal(&journal)).await.unwrap_err();
    assert!(journal.exists(), "the journal is what tells of the parts");
    (error, site)
}

fn why(error: &Error) -> &CannotResume {
    match error {
        Error::Request { source, .. } => match &**source {
            RequestError::CannotResume(why) => why,
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Sets the time of the last change back to what it was.
fn in_secret(path: &Path, change: impl FnOnce(&Path)) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    change(path);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_changed_in_secret_is_not_resumed() {
    // Behind the parts that B2 has.
    let last_byte = |path: &Path| {
        let mut content = pattern(5 * PART);
        *content.last_mut().unwrap() ^= 1;
        fs::write(path, content).unwrap();
    };
    let (error, site) = resumed_after(|path| in_secret(path, last_byte)).await;
    assert_eq!(*why(&error), CannotResume::Content);
    assert_eq!(unfinished(&site).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_written_again_as_it_was_is_resumed() {
    let site = site().await;
    let (folder, content) = (Folder::new(), pattern(5 * PART));
    let (path, source) = file(&folder, &content);
    let journal = folder.path("journal");
    let upload = stopping(site.bucket.upload("big", source).with_journal(&journal), 2);
    assert!(soon(upload).await.is_err());
    in_secret(&path, |path| fs::write(path, &content).unwrap());
    let upload = site.bucket.upload("big", Source::file(&path).unwrap()).with_journal(&journal);
    soon(upload).await.unwrap();
    comes_back(&site, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_with_other_options_is_not_resumed() {
    type Change = fn(Upload) -> Upload;
    let changes: [Change; 4] = [
        |upload| upload.with_content_type("image/png"),
        |upload| upload.with_file_info("b", "2").with_file_info("a", "1"),
        |upload| upload.with_file_info("a", "1").with_legal_hold(b2::LegalHold::On),
        |upload| upload.with_encryption(b2::EncryptionRequest::sse_b2()),
    ];
    for change in changes {
        let site = site().await;
        let folder = Folder::new();
        let (path, source) = file(&folder, &pattern(5 * PART));
        let journal = folder.path("journal");
        let upload = site.bucket.upload("big", source).with_journal(&journal);
        assert!(soon(stopping(upload.with_file_info("a", "1"), 2)).await.is_err());
        let again = || site.bucket.upload("big", Source::file(&path).unwrap());
        let error = soon(change(again()).with_journal(&journal)).await.unwrap_err();
        assert_eq!(*why(&error), CannotResume::Options);
        assert_eq!(unfinished(&site).await, 1, "nothing is lost");
        soon(again().with_file_info("a", "1").with_journal(&journal)).await.unwrap();
    }
}

/// Stops an upload of `content` and gives what it knew.
async fn snapshot_of(site: &Site, content: &[u8]) -> Resume {
    let handle = stopping(site.bucket.upload("big", content.to_vec()), 2).start();
    let snapshot = loop {
        match handle.snapshot().filter(|snapshot| !snapshot.parts.is_empty()) {
            Some(snapshot) => break snapshot,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(soon(handle.join()).await.is_err());
    snapshot
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_than_a_snapshot_tells_of_destroy_nothing() {
    let site = site().await;
    let content = pattern(5 * PART);
    let snapshot = snapshot_of(&site, &content).await;
    let mut other = content.clone();
    other[4 * PART] ^= 1;
    let upload = site.bucket.upload("big", other).with_resume(snapshot.clone());
    let error = soon(upload).await.unwrap_err();
    assert_eq!(*why(&error), CannotResume::Content);
    assert_eq!(unfinished(&site).await, 1, "the parts are there");
    soon(site.bucket.upload("big", content.clone()).with_resume(snapshot)).await.unwrap();
    comes_back(&site, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_source_is_not_resumed() {
    let (error, site) = resumed_after(|path| fs::write(path, pattern(5 * PART + 1)).unwrap()).await;
    assert!(matches!(why(&error), CannotResume::Length { .. }), "{error:?}");
    assert_eq!(unfinished(&site).await, 1);

    let touch = |path: &Path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    };
    let (error, _site) = resumed_after(touch).await;
    assert_eq!(*why(&error), CannotResume::Modified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_while_it_is_sent_is_an_error() {
    let site = site().await;
    let folder = Folder::new();
    let (path, source) = file(&folder, &pattern(20 * PART));
    let changed = std::sync::atomic::AtomicBool::new(false);
    let upload = site.bucket.upload("big", source).with_concurrency(1);
    let upload = upload.with_part_callback(move |_| {
        if !changed.swap(true, std::sync::atomic::Ordering::Relaxed) {
            fs::write(&path, pattern(20 * PART + 1)).unwrap();
        }
        ControlFlow::Continue(())
    });
    match soon(upload).await {
        Err(Error::Local(_)) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(unfinished(&site).await, 0, "it is cancelled, as nothing can complete it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_upload_waits_and_goes_on() {
    let site = site().await;
    let content = pattern(8 * PART);
    let handle = site.bucket.upload("big", content.clone()).with_concurrency(1).start();
    handle.pause();
    let paused = async {
        while handle.waiting_for() != Some(b2::WaitReason::Paused) {
            tokio::task::yield_now().await;
        }
    };
    soon(paused).await;
    let reached = handle.progress().acknowledged_bytes;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(handle.progress().acknowledged_bytes, reached);
    handle.unpause();
    soon(handle.join()).await.unwrap();
    comes_back(&site, &content).await;
}
