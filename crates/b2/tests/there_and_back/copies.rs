//! Copies inside B2.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use b2::{
    ByteRange, CannotResume, Check, CustomerKey, EncryptionRequest, Error, FileId, RequestError,
};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::soon;

/// Bytes of a part in these tests.
const PART: usize = 100_000;

async fn site() -> Site {
    Site::with_settings(Settings::default().with_part_sizes(PART as u64, 1_000)).await
}

async fn stored(site: &Site, content: &[u8]) -> FileId {
    let upload = site.bucket.upload("source", content.to_vec()).with_file_info("note", "kept");
    soon(upload).await.unwrap().file.file_id.unwrap()
}

fn under(byte: u8) -> EncryptionRequest {
    EncryptionRequest::sse_c(CustomerKey::new([byte; 32]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_in_parts_is_the_source_again() {
    let site = site().await;
    for size in [PART + 1, 2 * PART, 7 * PART + 3] {
        let content = pattern(size);
        let source = stored(&site, &content).await;
        for parts in [false, true] {
            let copy = site.bucket.copy(source.clone(), "copy");
            let copy = if parts { copy.with_simple_limit(PART as u64) } else { copy };
            let copied = soon(copy.run()).await.unwrap();
            assert_eq!(copied.file.file_info.get("note").map(String::as_str), Some("kept"));
            let back = soon(site.bucket.download("copy").to_bytes()).await.unwrap();
            assert!(back.content == content, "{size} bytes differ");
            assert_ne!(back.check, Check::None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_of_a_range_does_not_bear_the_digest_of_the_whole() {
    let site = site().await;
    let content = pattern(6 * PART);
    let source = stored(&site, &content).await;
    let (first, last) = (PART / 2, 5 * PART + 9);
    for limit in [u64::MAX, PART as u64] {
        let range = ByteRange::inclusive(first as u64, last as u64).unwrap();
        let copy = site.bucket.copy(source.clone(), "copy").with_range(range);
        let copied = soon(copy.with_simple_limit(limit).run()).await.unwrap();
        assert_eq!(copied.file.file_info.get("large_file_sha1"), None);
        assert_eq!(copied.file.file_info.get("note").map(String::as_str), Some("kept"));
        let back = soon(site.bucket.download("copy").to_bytes()).await.unwrap();
        assert!(back.content == content[first..=last], "other bytes came back");
    }
    let nothing = ByteRange::starting_at(content.len() as u64);
    match soon(site.bucket.copy(source, "copy").with_range(nothing).run()).await {
        Err(Error::Request { source, .. }) => assert_eq!(*source, RequestError::EmptyRange),
        other => panic!("{other:?}"),
    }
}

/// Whole and in parts, all and a range.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entry_of_the_information_changes_and_the_rest_stays() {
    let site = site().await;
    let content = pattern(4 * PART);
    let upload = site.bucket.upload("source", content.clone()).with_content_type("text/plain");
    let upload = upload.with_file_info("note", "kept").with_file_info("by", "a");
    let upload = upload.with_simple_limit(PART as u64);
    let source = soon(upload).await.unwrap().file.file_id.unwrap();
    for limit in [u64::MAX, PART as u64] {
        let copy = || {
            let copy = site.bucket.copy(source.clone(), "copy").with_simple_limit(limit);
            copy.with_changed_info("BY", "b").with_changed_info("new", "1")
        };
        let entry = |file: &b2::FileVersion, name: &str| file.file_info.get(name).cloned();
        let all = soon(copy().run()).await.unwrap().file;
        assert_eq!(all.content_type.as_deref(), Some("text/plain"));
        for (name, value) in [("note", "kept"), ("by", "b"), ("new", "1")] {
            assert_eq!(entry(&all, name).as_deref(), Some(value), "{name}");
        }
        let back = soon(site.bucket.download("copy").to_bytes()).await.unwrap();
        assert!(back.content == content && back.check != Check::None);

        let range = ByteRange::inclusive(0, 3 * PART as u64).unwrap();
        let part = soon(copy().with_range(range).run()).await.unwrap().file;
        assert_eq!(entry(&part, "large_file_sha1"), None, "the digest of other bytes");
        assert_eq!(entry(&part, "by").as_deref(), Some("b"));
        let back = soon(site.bucket.download("copy").to_bytes()).await.unwrap();
        assert!(back.content == content[..=3 * PART]);

        let own = BTreeMap::from([("by".to_owned(), "own".to_owned())]);
        let own = soon(copy().with_metadata("text/css", own).run()).await.unwrap().file;
        assert_eq!(own.content_type.as_deref(), Some("text/css"));
        assert_eq!((entry(&own, "by").as_deref(), entry(&own, "note")), (Some("b"), None));
    }
}

/// Nothing is copied then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_cannot_be_stored_is_refused() {
    let site = site().await;
    let source = stored(&site, b"content").await;
    let copy = || site.bucket.copy(source.clone(), "copy");
    let long = "x".repeat(7_001);
    let many = (0..10).fold(copy(), |copy, number| copy.with_changed_info(&number.to_string(), ""));
    for wrong in [
        copy().with_changed_info("a b", "x"),
        copy().with_changed_info("", "x"),
        copy().with_changed_info("a", &long),
        many,
    ] {
        match soon(wrong.run()).await {
            Err(Error::Request { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(soon(site.bucket.download("copy").to_bytes()).await.is_err(), "there is a copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_its_own_key_and_information() {
    let site = site().await;
    let content = pattern(4 * PART);
    let upload = site.bucket.upload("source", content.clone()).with_encryption(under(1));
    let source = soon(upload).await.unwrap().file.file_id.unwrap();
    for limit in [u64::MAX, PART as u64] {
        let copy = || site.bucket.copy(source.clone(), "copy").with_simple_limit(limit);
        let own = BTreeMap::from([("own".to_owned(), "yes".to_owned())]);
        let copied = copy()
            .with_source_encryption(under(1))
            .with_encryption(under(2))
            .with_metadata("text/plain", own);
        let copied = soon(copied.run()).await.unwrap();
        assert_eq!(copied.file.content_type.as_deref(), Some("text/plain"));
        assert_eq!(copied.file.file_info.get("own").map(String::as_str), Some("yes"));
        let back = site.bucket.download("copy").with_customer_key(CustomerKey::new([2; 32]));
        assert!(soon(back.to_bytes()).await.unwrap().content == content, "other bytes");

        let wrong = copy().with_source_encryption(under(3)).with_encryption(under(2));
        let wrong = soon(wrong.run()).await;
        assert!(matches!(wrong, Err(Error::Api { .. })), "{wrong:?}");
    }
    let mut unfinished = site.bucket.unfinished();
    assert!(soon(unfinished.next()).await.is_none(), "a failed copy was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_copy_goes_on_from_its_journal() {
    let site = site().await;
    let folder = Folder::new();
    let content = pattern(10 * PART);
    let source = stored(&site, &content).await;
    let journal = folder.path("journal");
    let copy = |source: &FileId| {
        let copy = site.bucket.copy(source.clone(), "copy").with_simple_limit(PART as u64);
        copy.with_journal(&journal).with_concurrency(1)
    };
    let stopped = copy(&source).with_part_callback(|part| match part.number {
        4 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(soon(stopped.run()).await, Err(Error::Cancelled)));

    let other = stored(&site, &content).await;
    match soon(copy(&other).run()).await {
        Err(Error::Request { source, .. }) => {
            assert_eq!(*source, RequestError::CannotResume(CannotResume::Source));
        }
        other => panic!("{other:?}"),
    }
    let sent = soon(site.bucket.upload("copy", content.clone()).with_journal(&journal)).await;
    assert!(matches!(sent, Err(Error::Request { .. })), "{sent:?}");

    let kept = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let copied = std::sync::Arc::clone(&kept);
    let rest = copy(&source).with_part_callback(move |_| {
        copied.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    soon(rest.run()).await.unwrap();
    assert_eq!(
        kept.load(std::sync::atomic::Ordering::Relaxed),
        6,
        "parts copied after the first 4"
    );
    let back = soon(site.bucket.download("copy").to_bytes()).await.unwrap();
    assert!(back.content == content, "other bytes came back");
    assert!(!journal.exists(), "the journal of a finished copy is left");
}
