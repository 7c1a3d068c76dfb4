//! Files that B2 encrypts, with its own key or the customer's.

use std::ops::ControlFlow;

use b2::{CannotResume, Check, CustomerKey, EncryptionRequest, Error, RequestError};
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

fn key(byte: u8) -> CustomerKey {
    CustomerKey::new([byte; 32])
}

fn under(byte: u8) -> EncryptionRequest {
    EncryptionRequest::sse_c(key(byte))
}

/// B2 refuses to give the file without the right key, and nothing is left.
async fn locked_for_others(site: &Site, name: &str) {
    let folder = Folder::new();
    for wrong in [None, Some(key(9))] {
        let download = site.bucket.download(name);
        let download = match wrong {
            Some(key) => download.with_customer_key(key),
            None => download,
        };
        match soon(download.to_file(folder.path("out"))).await {
            Err(Error::Api { source, .. }) => assert!((400..404).contains(&source.status)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(std::fs::read_dir(folder.path(".")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_under_the_customers_key_comes_back_with_it_only() {
    let site = site().await;
    for size in [0, 1, 2 * PART, 3 * PART + 7] {
        let content = pattern(size);
        let upload = site.bucket.upload("x", content.clone()).with_encryption(under(1));
        soon(upload).await.unwrap();

        let download = || site.bucket.download("x").with_customer_key(key(1));
        let back = soon(download().to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes differ");
        assert_ne!(back.check, Check::None);
        let folder = Folder::new();
        let pieces = download().with_piece_size(50_000).to_file(folder.path("out"));
        soon(pieces).await.unwrap();
        assert!(std::fs::read(folder.path("out")).unwrap() == content, "{size} bytes differ");
        let headers = soon(download().headers()).await.unwrap();
        assert_eq!(headers.content_length, size as u64);
        locked_for_others(&site, "x").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_b2_encrypts_with_its_own_key_needs_none() {
    let site = site().await;
    for size in [3, 3 * PART] {
        let content = pattern(size);
        let upload = site.bucket.upload("x", content.clone());
        let stored = soon(upload.with_encryption(EncryptionRequest::sse_b2())).await.unwrap();
        let setting = stored.file.server_side_encryption.unwrap();
        assert!(setting.is_encrypted() && !setting.is_sse_c());
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes differ");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_upload_goes_on_with_its_own_key_only() {
    let site = site().await;
    let folder = Folder::new();
    let content = pattern(8 * PART);
    std::fs::write(folder.path("source"), &content).unwrap();
    let journal = folder.path("journal");
    let upload = |encryption: Option<EncryptionRequest>| {
        let source = b2::Source::file(folder.path("source")).unwrap();
        let upload = site.bucket.upload("big", source).with_journal(&journal);
        let upload = upload.with_concurrency(1);
        match encryption {
            Some(encryption) => upload.with_encryption(encryption),
            None => upload,
        }
    };
    let stopped = upload(Some(under(1))).with_part_callback(|_| ControlFlow::Break(()));
    assert!(matches!(soon(stopped).await, Err(Error::Cancelled)));

    for other in [None, Some(under(2)), Some(EncryptionRequest::sse_b2())] {
        match soon(upload(other)).await {
            Err(Error::Request { source, .. }) => {
                assert_eq!(*source, RequestError::CannotResume(CannotResume::CustomerKey));
            }
            other => panic!("{other:?}"),
        }
    }
    let text = std::fs::read_to_string(&journal).unwrap();
    assert!(!text.contains(&*key(1).expose_base64()), "the journal holds the key");

    let handle = upload(Some(under(1))).start();
    let monitor = handle.monitor();
    soon(handle.join()).await.unwrap();
    let sent = monitor.progress().transferred_bytes;
    assert!(sent < content.len() as u64, "all {sent} bytes were sent again");
    let back = site.bucket.download("big").with_customer_key(key(1));
    assert!(soon(back.to_bytes()).await.unwrap().content == content, "other bytes came back");
    locked_for_others(&site, "big").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn less_file_information_fits_beside_encryption() {
    let site = site().await;
    let upload = || site.bucket.upload("x", "content").with_file_info("note", &"n".repeat(3_000));
    assert!(soon(upload()).await.is_ok());
    match soon(upload().with_encryption(EncryptionRequest::sse_b2())).await {
        Err(Error::Request { source, .. }) => {
            assert!(matches!(*source, RequestError::FileInfo(_)), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
}
