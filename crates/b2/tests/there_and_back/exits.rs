//! Every size around a boundary, through each of the four exits.

use b2::{Check, Source};
use b2_core::Account;

use crate::support::by_hand::ByHand;
use crate::support::content::pattern;
use crate::support::site::{Site, credentials, hasty};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

/// Nothing, one byte, and around the size of a chunk and of four.
pub(crate) const SIZES: [usize; 10] = [
    0,
    1,
    (255 << 10) - 1,
    255 << 10,
    (255 << 10) + 1,
    (256 << 10) - 1,
    256 << 10,
    (256 << 10) + 1,
    1 << 20,
    (1 << 20) + 1,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_awaited_comes_back() {
    let site = Site::start().await;
    for size in SIZES {
        let content = pattern(size);
        let uploaded = soon(site.bucket.upload("x", content.clone())).await.unwrap();
        assert_eq!(uploaded.file.content_length, size as u64);
        assert!(!uploaded.possible_duplicate);
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes came back differently");
        assert_eq!((back.check, back.headers.content_length), (Check::ContentSha1, size as u64));
    }
    assert_eq!(site.versions().await.len(), SIZES.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_started_is_joined() {
    let site = Site::start().await;
    for size in SIZES {
        let content = pattern(size);
        let upload = site.bucket.upload("x", content.clone()).start();
        let monitor = upload.monitor();
        soon(upload.join()).await.unwrap();
        let progress = monitor.progress();
        assert_eq!(progress.total_bytes, Some(size as u64));
        assert_eq!(
            (progress.acknowledged_bytes, progress.position_bytes),
            (size as u64, size as u64)
        );
        assert_eq!(monitor.waiting_for(), None);

        let download = site.bucket.download("x").to_bytes().start();
        let monitor = download.monitor();
        let back = soon(download.join()).await.unwrap();
        assert!(back.content == content, "{size} bytes came back differently");
        let progress = monitor.progress();
        assert_eq!(progress.total_bytes, Some(size as u64));
        assert_eq!(
            (progress.acknowledged_bytes, progress.transferred_bytes),
            (size as u64, size as u64)
        );
        assert_eq!(monitor.waiting_for(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_on_this_thread_comes_back() {
    let site = Site::start().await;
    let bucket = site.bucket.clone();
    aside(move || {
        let transport = UreqTransport::new();
        for size in SIZES {
            let content = pattern(size);
            let upload = bucket.upload("x", content.clone());
            let uploaded = upload.run_blocking(&transport).unwrap();
            assert_eq!(uploaded.file.content_length, size as u64);
            let download = bucket.download("x").to_bytes();
            let monitor = download.monitor();
            let back = download.run_blocking(&transport).unwrap();
            assert!(back.content == content, "{size} bytes came back differently");
            assert_eq!(back.check, Check::ContentSha1);
            let progress = monitor.progress();
            assert_eq!(progress.total_bytes, Some(size as u64));
            assert_eq!(progress.acknowledged_bytes, size as u64);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_driven_by_hand_comes_back() {
    let site = Site::start().await;
    let bucket = site.bucket.clone();
    let account = Account::new(hasty(site.emulator.base_url()), credentials(&site.emulator), 1);
    aside(move || {
        let transport = UreqTransport::new();
        let mut hand = ByHand::new(account, &transport);
        for size in SIZES {
            let content = pattern(size);
            let upload = bucket.upload("x", Source::bytes(content.clone())).into_operation();
            hand.source = content;
            let uploaded = hand.drive(upload.unwrap()).unwrap();
            assert_eq!(uploaded.file.content_length, size as u64);
            let download = bucket.download("x").to_bytes().into_operation();
            let downloaded = hand.drive(download.unwrap()).unwrap();
            assert!(hand.sink == hand.source, "{size} bytes came back differently");
            assert_eq!((downloaded.bytes, downloaded.check), (size as u64, Check::ContentSha1));
        }
        let head = bucket.head("x").into_operation().unwrap();
        hand.drive(head).unwrap();
        assert_eq!(hand.account.idle_upload_urls(), 1, "one URL served all uploads");
    })
    .await;
}
