//! The calls that move no bytes: settings, keys, copies, locks.

use std::collections::BTreeMap;

use b2::{ByteRange, Capability, Error, ErrorCode, RequestError};

use crate::support::site::Site;
use crate::support::soon;
use crate::support::verdict::api;

#[tokio::test]
async fn a_bucket_changes_only_at_the_revision_that_was_seen() {
    let site = Site::start().await;
    let info = BTreeMap::from([("purpose".to_owned(), "tests".to_owned())]);
    let changed = soon(site.bucket.update().with_info(info.clone()).run()).await.unwrap();
    assert_eq!(changed.bucket_info, info);
    let again = site.bucket.update().with_info(BTreeMap::new());
    let stale = again.with_if_revision_is(changed.revision - 1).run();
    assert_eq!(api(&soon(stale).await.unwrap_err()).code, ErrorCode::Conflict);
    let seen = soon(site.client.buckets()).await.unwrap();
    assert_eq!(seen[0].bucket_info, info, "a refused change changes nothing");
}

#[tokio::test]
async fn a_copy_has_the_bytes_of_its_source_or_a_range_of_them() {
    let site = Site::start().await;
    soon(site.bucket.upload("a", "hello world")).await.unwrap();
    let source = soon(site.bucket.head("a")).await.unwrap().file_id;
    soon(site.bucket.copy(source.clone(), "b").run()).await.unwrap();
    let range: ByteRange = "bytes=6-10".parse().unwrap();
    let own = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let copy = site.bucket.copy(source, "c").with_range(range).with_metadata("text/plain", own);
    let copy = soon(copy.run()).await.unwrap();
    assert_eq!(copy.file.content_type.as_deref(), Some("text/plain"));
    for (name, content) in [("b", "hello world"), ("c", "world")] {
        assert_eq!(soon(site.bucket.download(name).to_bytes()).await.unwrap().content, content);
    }
}

#[tokio::test]
async fn a_key_out_of_range_is_not_asked_for() {
    let site = Site::start().await;
    let key = |seconds| {
        let key = site.client.new_key("short", vec![Capability::ListFiles]);
        soon(key.with_buckets(vec![site.bucket.id().clone()]).with_duration_seconds(seconds).run())
    };
    for seconds in [0, 86_400_001] {
        let refused = key(seconds).await.unwrap_err();
        let Error::Request { source, .. } = &refused else { panic!("{refused:?}") };
        assert!(matches!(**source, RequestError::OutOfRange { .. }), "{source:?}");
    }
    assert!(key(60).await.unwrap().expiration_timestamp.is_some());
}

#[tokio::test]
async fn nothing_is_unfinished_in_a_bucket_of_whole_files() {
    let site = Site::start().await;
    soon(site.bucket.upload("a", "whole")).await.unwrap();
    let mut unfinished = site.bucket.unfinished();
    assert!(soon(unfinished.next()).await.is_none());
    let refused = soon(site.client.cancel_unfinished("4_zno_such_file".into())).await;
    assert!(refused.unwrap_err().code().is_some());
}
