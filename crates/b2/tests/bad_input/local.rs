//! Sources and destinations that are not fit.

use std::fs;
use std::io::ErrorKind;

use b2::{Error, RequestError, Side, Source};

use crate::scene::Scene;
use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::soon;
use crate::support::verdict::local;

const SIZE: usize = 1 << 20;
/// The smallest part.
const PART: usize = 5_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_that_are_no_files() {
    let folder = Folder::new();
    let missing = Source::file(folder.path("missing")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(Source::file(folder.itself()).is_err(), "a folder is no source");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_source_is_an_empty_file() {
    let s = Scene::set().await;
    let stored = soon(s.bucket.upload("empty", "")).await.unwrap();
    assert_eq!(stored.file.content_length, 0);
    // Nothing has no parts, however small a large file may be.
    let stored = soon(s.bucket.upload("none", "").with_simple_limit(0)).await.unwrap();
    assert_eq!(stored.file.content_length, 0);
    assert_eq!(s.recorder.sent("b2_start_large_file"), 0);
    for name in ["empty", "none"] {
        assert_eq!(soon(s.bucket.download(name).to_bytes()).await.unwrap().content, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_stores_nothing() {
    let s = Scene::set().await;
    let before = s.everything().await;
    let folder = Folder::holding("source", &pattern(SIZE));
    let source = Source::file(folder.path("source")).unwrap();
    fs::write(folder.path("source"), pattern(SIZE / 2)).unwrap();
    let error = soon(s.bucket.upload("new", source)).await.unwrap_err();
    assert_eq!(local(&error).0, Side::Source);
    assert!(s.everything().await == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destinations_that_cannot_be_written() {
    let s = Scene::set().await;
    let folder = Folder::holding("there", b"precious");
    fs::create_dir(folder.path("folder")).unwrap();
    for (name, kinds) in [
        ("there", &[ErrorKind::AlreadyExists][..]),
        ("folder", &[ErrorKind::AlreadyExists, ErrorKind::IsADirectory]),
        ("missing/back", &[ErrorKind::NotFound]),
        ("there/back", &[ErrorKind::NotADirectory]),
    ] {
        let path = folder.path(name);
        let error = soon(s.bucket.download("file").to_file(&path)).await.unwrap_err();
        let (side, kind) = local(&error);
        assert!(side == Side::Sink && kinds.contains(&kind), "{name}: {error:?}");
        assert!(!error.retryable(), "{name}: {error:?}");
    }
    for name in ["folder", "missing/back"] {
        let path = folder.path(name);
        let error = soon(s.bucket.download("file").to_file_replacing(&path)).await.unwrap_err();
        assert_eq!(local(&error).0, Side::Sink, "{name}: {error:?}");
    }
    assert_eq!(s.recorder.sent("b2_download_file_by_name"), 0, "nothing was fetched");
    assert_eq!(folder.names(), ["folder", "there"]);
    assert_eq!(folder.files()["there"], b"precious");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journals_that_cannot_be_kept() {
    let s = Scene::set().await;
    let before = s.everything().await;
    let folder = Folder::holding("other", b"no journal\n");
    let upload = |journal: &str| {
        let upload = s.bucket.upload("new", vec![7; PART + 1]).with_simple_limit(0);
        soon(upload.with_part_size(PART as u64).with_journal(folder.path(journal)))
    };
    let error = upload("missing/journal").await.unwrap_err();
    assert_eq!(local(&error).1, ErrorKind::NotFound, "{error:?}");
    // A file of somebody else's is neither used nor replaced.
    let error = upload("other").await.unwrap_err();
    let refused = match &error {
        Error::Request { source, .. } => matches!(**source, RequestError::CannotResume(_)),
        other => matches!(other, Error::Local(_)),
    };
    assert!(refused, "{error:?}");
    let download = s.bucket.download("file").with_journal(folder.path("other"));
    soon(download.to_file(folder.path("back"))).await.unwrap_err();
    assert_eq!(folder.files()["other"], b"no journal\n");
    assert!(!folder.path("back").exists());
    assert!(s.everything().await == before);
}
