//! What is known about a file beside its content.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use b2::Source;

use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_modification_time_of_a_file_is_stored() {
    let (site, folder) = (Site::start().await, Folder::holding("source", b"content"));
    let modified = UNIX_EPOCH + Duration::from_millis(1_234_567_890_123);
    let file = fs::File::options().append(true).open(folder.path("source")).unwrap();
    file.set_modified(modified).unwrap();
    let source = Source::file(folder.path("source")).unwrap();
    assert_eq!(source.modified_ms(), Some(1_234_567_890_123));
    soon(site.bucket.upload("x", source.clone())).await.unwrap();
    let head = site.bucket.head("x").await.unwrap();
    assert_eq!(head.file_info.get("src_last_modified_millis"), Some("1234567890123"));

    soon(site.bucket.upload("x", source).with_last_modified_ms(7)).await.unwrap();
    let head = site.bucket.head("x").await.unwrap();
    assert_eq!(head.file_info.get("src_last_modified_millis"), Some("7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_and_information_come_back_as_they_were_given() {
    let site = Site::start().await;
    let value = "ä +%&=\"\u{1f980}";
    let upload = site.bucket.upload("x.html", "<p>").with_content_type("text/x-odd");
    let upload = upload.with_file_info("Odd-Name", value).with_file_info("empty", "");
    let uploaded = soon(upload).await.unwrap().file;
    let back = soon(site.bucket.download("x.html").to_bytes()).await.unwrap();
    let described = site.bucket.file_info(uploaded.file_id.clone().unwrap()).await.unwrap();
    assert_eq!(uploaded.content_type.as_deref(), Some("text/x-odd"));
    assert_eq!(back.headers.content_type.as_deref(), Some("text/x-odd"));
    assert_eq!(back.headers.file_info.get("odd-name"), Some(value));
    assert_eq!(back.headers.file_info.get("empty"), Some(""));
    assert_eq!(back.headers.file_info.as_map(), &described.file_info);
    assert_eq!(back.headers.upload_timestamp, Some(described.upload_timestamp));
    assert_eq!(uploaded, described);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_chooses_the_type_by_the_extension() {
    let site = Site::start().await;
    soon(site.bucket.upload("page.html", "<p>")).await.unwrap();
    let head = site.bucket.head("page.html").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/html"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_version_is_still_there_by_its_id() {
    let site = Site::start().await;
    let old = soon(site.bucket.upload("x", "old")).await.unwrap().file;
    soon(site.bucket.upload("x", "new")).await.unwrap();
    let newest = site.bucket.download("x").to_bytes().await.unwrap();
    assert_eq!(newest.content, "new");
    let by_id = site.client.download_version(old.file_id.unwrap()).to_bytes().await.unwrap();
    assert_eq!((&by_id.content[..], &*by_id.headers.file_name), (&b"old"[..], "x"));
}
