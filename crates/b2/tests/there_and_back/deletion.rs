//! Deleting all versions of a name.

use b2::{Error, FileRetention, RequestError};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::site::Site;
use crate::support::soon;

async fn versions(site: &Site, prefix: &str) -> Vec<String> {
    let mut rows = site.bucket.versions().with_prefix(prefix).stream();
    let mut names = Vec::new();
    while let Some(row) = soon(rows.next()).await {
        names.push(row.unwrap().file_name);
    }
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_version_goes_and_no_other_name() {
    let site = Site::with_settings(Settings::default().with_part_sizes(100_000, 1_000)).await;
    for name in ["a", "a", "a/b", "ab", "A"] {
        soon(site.bucket.upload(name, "content")).await.unwrap();
    }
    soon(site.bucket.hide("a")).await.unwrap();
    let journal = tempfile::tempdir().unwrap();
    let stopped = site
        .bucket
        .upload("a", pattern(500_000))
        .with_journal(journal.path().join("journal"))
        .with_part_callback(|_| std::ops::ControlFlow::Break(()));
    assert!(soon(stopped).await.is_err());
    assert_eq!(versions(&site, "a").await.len(), 6);

    let deleted = soon(site.bucket.delete_all_versions("a")).await.unwrap();
    assert_eq!((deleted.versions, deleted.unfinished), (3, 1));
    assert_eq!(versions(&site, "").await, ["A", "a/b", "ab"]);
    let again = soon(site.bucket.delete_all_versions("a")).await.unwrap();
    assert_eq!((again.versions, again.unfinished), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_versions_than_a_page_are_deleted_too() {
    let site = Site::start().await;
    for round in 0..2_100 {
        let text = round.to_string().into_bytes();
        soon(site.bucket.upload("a", text)).await.unwrap();
    }
    let deleted = soon(site.bucket.delete_all_versions("a")).await.unwrap();
    assert_eq!(deleted.versions, 2_100);
    assert!(versions(&site, "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_stays_and_all_that_is_newer() {
    let site = Site::start().await;
    soon(site.bucket.update().with_file_lock(true).run()).await.unwrap();
    let upload = |kept: bool| {
        let upload = site.bucket.upload("a", "content");
        let until = 4_000_000_000_000;
        let governed = FileRetention::new()
            .with_mode(b2::RetentionMode::Governance)
            .with_retain_until_timestamp(until);
        if kept { upload.with_retention(governed) } else { upload }
    };
    for kept in [false, true, false] {
        soon(upload(kept)).await.unwrap();
    }
    let refused = soon(site.bucket.delete_all_versions("a")).await;
    assert!(matches!(refused, Err(Error::Api { .. })), "{refused:?}");
    assert_eq!(versions(&site, "").await.len(), 2, "the oldest is gone, the others stay");
    let bypassing = site.bucket.delete_all_versions_bypassing_governance("a");
    assert_eq!(soon(bypassing).await.unwrap().versions, 2);

    // A retention by halves is refused before anything is sent.
    let half = FileRetention::new().with_mode(b2::RetentionMode::Governance);
    match soon(site.bucket.upload("a", "content").with_retention(half)).await {
        Err(Error::Request { source, .. }) => {
            assert!(matches!(*source, RequestError::Contradiction(_)), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legal_hold_is_set_with_the_upload() {
    let site = Site::start().await;
    soon(site.bucket.update().with_file_lock(true).run()).await.unwrap();
    let held = site.bucket.upload("a", "content").with_legal_hold(b2::LegalHold::On);
    let id = soon(held).await.unwrap().file.file_id.unwrap();
    let refused = soon(site.client.delete_version_bypassing_governance("a", id.clone())).await;
    assert!(matches!(refused, Err(Error::Api { .. })), "{refused:?}");
    soon(site.client.set_legal_hold("a", id.clone(), b2::LegalHold::Off)).await.unwrap();
    soon(site.bucket.delete_version("a", id)).await.unwrap();
}
