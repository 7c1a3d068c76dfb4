//! Large files by hand.

use b2::{
    ByteRange, CustomerKey, EncryptionRequest, Error, FileName, LargeFile, RequestError, Source,
    UploadHeaders,
};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::site::Site;
use crate::support::soon;

/// Bytes of a part in these tests.
const PART: usize = 100_000;

async fn site() -> Site {
    Site::with_settings(Settings::default().with_part_sizes(PART as u64, 1_000)).await
}

fn headers(name: &str) -> UploadHeaders {
    UploadHeaders::new(FileName::new(name).unwrap())
}

async fn begun(site: &Site, name: &str) -> LargeFile {
    soon(site.bucket.start_large_file(headers(name))).await.unwrap()
}

fn is_missing(error: &Error, wanted: u32) -> bool {
    matches!(
        error,
        Error::Request { source, .. }
            if matches!(**source, RequestError::MissingPart { number } if number == wanted)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_any_order_and_origin_become_one_file() {
    let site = site().await;
    let content = pattern(3 * PART + 1);
    let whole = soon(site.bucket.upload("source", content.clone())).await.unwrap();
    let source = whole.file.file_id.unwrap();

    let headers = headers("made").with_file_info("note", "by hand").unwrap();
    let file = soon(site.bucket.start_large_file(headers)).await.unwrap();
    assert!(!file.possible_orphan());
    let part =
        |number: usize| content[(number - 1) * PART..content.len().min(number * PART)].to_vec();
    let last = soon(file.upload_part(4, part(4))).await.unwrap();
    assert_eq!((last.number, last.len, last.kept), (4, 1, false));
    // Replaced by the right one.
    soon(file.upload_part(1, part(2))).await.unwrap();
    let range = ByteRange::inclusive(PART as u64, 2 * PART as u64 - 1).unwrap();
    soon(file.copy_part(2, source, Some(range))).await.unwrap();
    soon(file.upload_part(1, part(1))).await.unwrap();

    assert!(is_missing(&soon(file.finish()).await.unwrap_err(), 3));
    soon(file.upload_part(3, part(3))).await.unwrap();
    // Whoever knows the id can go on.
    let elsewhere = site.client.large_file(file.id().clone());
    let stored = soon(elsewhere.finish()).await.unwrap();
    assert_eq!(stored.file_info.get("note").map(String::as_str), Some("by hand"));
    let back = soon(site.bucket.download("made").to_bytes()).await.unwrap();
    assert!(back.content == content, "other bytes were stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digests_of_other_parts_finish_nothing() {
    let site = site().await;
    let file = begun(&site, "x").await;
    assert!(is_missing(&soon(file.finish()).await.unwrap_err(), 1));
    let first = soon(file.upload_part(1, pattern(PART))).await.unwrap();
    let second = soon(file.upload_part(2, pattern(7))).await.unwrap();
    let swapped = file.finish_with(vec![second.digest, first.digest]);
    let error = soon(swapped).await.unwrap_err();
    assert!(matches!(error, Error::Api { .. }), "{error:?}");
    let mut parts = file.parts();
    let mut numbers = Vec::new();
    while let Some(part) = parts.next().await {
        numbers.push(part.unwrap().part_number);
    }
    assert_eq!(numbers, [1, 2]);
    let stored = soon(file.finish_with(vec![first.digest, second.digest])).await.unwrap();
    assert_eq!(stored.content_length, PART as u64 + 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_part_is_not_sent() {
    let site = site().await;
    let file = begun(&site, "x").await;
    let refused = [
        file.upload_part(0, "content"),
        file.upload_part(10_001, "content"),
        file.upload_part(1, ""),
        file.upload_part(1, Source::stream(&b"content"[..])),
    ];
    for part in refused {
        let error = soon(part).await.unwrap_err();
        assert!(matches!(error, Error::Request { .. }), "{error:?}");
    }
    assert!(soon(file.parts().next()).await.is_none());
    soon(file.cancel()).await.unwrap();
    let error = soon(file.upload_part(1, "content")).await.unwrap_err();
    assert!(matches!(error, Error::Api { .. }), "{error:?}");
    assert!(soon(site.bucket.unfinished().next()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_under_the_customers_own_key_need_it() {
    let site = site().await;
    let key = CustomerKey::new([7; 32]);
    let headers = headers("x").with_encryption(EncryptionRequest::sse_c(key.clone()));
    let file = soon(site.bucket.start_large_file(headers)).await.unwrap();
    soon(file.upload_part(1, pattern(PART))).await.unwrap();
    let keyless = site.client.large_file(file.id().clone());
    assert!(soon(keyless.upload_part(2, "end")).await.is_err());
    soon(keyless.with_customer_key(key.clone()).upload_part(2, "end")).await.unwrap();
    soon(file.finish()).await.unwrap();
    let download = site.bucket.download("x").with_customer_key(key);
    assert!(soon(download.to_bytes()).await.unwrap().content.ends_with(b"end"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_marker_of_a_hidden_file_is_found_behind_unfinished_ones() {
    let site = site().await;
    soon(site.bucket.upload("x", "content")).await.unwrap();
    let marker = soon(site.bucket.hide("x")).await.unwrap();
    let files = [begun(&site, "x").await, begun(&site, "x").await];
    let again = soon(site.bucket.hide("x")).await.unwrap();
    assert_eq!(again.file_id, marker.file_id);
    assert_eq!(site.versions().await.len(), 4);
    for file in files {
        soon(file.cancel()).await.unwrap();
    }
}
