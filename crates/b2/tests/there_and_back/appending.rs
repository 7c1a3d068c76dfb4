//! Downloads that complete what is there.

use std::fs;

use b2::{ByteRange, Error, RequestError};

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_appended() {
    let site = Site::start().await;
    let content = pattern(300_000);
    soon(site.bucket.upload("x", content.clone())).await.unwrap();
    let folder = Folder::new();
    let path = folder.path("file");
    // Without a file, all of it.
    soon(site.bucket.download("x").append_to_file(&path)).await.unwrap();
    assert!(fs::read(&path).unwrap() == content, "the bytes differ");
    for there in [1, 150_000, 299_999] {
        fs::write(&path, &content[..there]).unwrap();
        let rest = site.bucket.download("x").with_start(there as u64).append_to_file(&path);
        let done = soon(rest).await.unwrap();
        assert_eq!(done.bytes, 300_000 - there as u64);
        assert!(fs::read(&path).unwrap() == content, "the bytes differ");
    }
    // The offset counts from the beginning of the range.
    fs::write(&path, &content[1_000..1_500]).unwrap();
    let range = ByteRange::from_bounds("1000-2000").unwrap();
    let rest = site.bucket.download("x").with_range(range).with_start(500);
    soon(rest.append_to_file(&path)).await.unwrap();
    assert!(fs::read(&path).unwrap() == content[1_000..=2_000], "the bytes differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_appends_nothing() {
    let site = Site::start().await;
    let folder = Folder::new();
    let path = folder.path("file");
    fs::write(&path, "old").unwrap();
    let absent = soon(site.bucket.download("absent").append_to_file(&path)).await;
    assert!(matches!(absent, Err(Error::Api { .. })), "{absent:?}");
    let range = ByteRange::from_bounds("5-9").unwrap();
    let nothing = site.bucket.download("x").with_range(range).with_start(5);
    match soon(nothing.append_to_file(&path)).await {
        Err(Error::Request { source, .. }) => assert_eq!(*source, RequestError::EmptyRange),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
}
