//! A file that is larger than every buffer on the way.

use b2::{Check, Source};

use crate::support::content::{same_files, write_file};
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

const SIZE: usize = 100_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_over_the_asynchronous_transport() {
    let (site, folder) = (Site::start().await, Folder::new());
    let (here, back) = (folder.path("here"), folder.path("back"));
    write_file(&here, SIZE);
    let upload = site.bucket.upload("large", Source::file(&here).unwrap()).start();
    let uploaded = soon(upload.join()).await.unwrap();
    assert_eq!(uploaded.file.content_length, SIZE as u64);
    let downloaded = soon(site.bucket.download("large").to_file(&back)).await.unwrap();
    assert_eq!((downloaded.bytes, downloaded.check), (SIZE as u64, Check::ContentSha1));
    assert!(aside(move || same_files(&here, &back)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_over_the_blocking_transport() {
    let (site, folder) = (Site::start().await, Folder::new());
    let (here, back) = (folder.path("here"), folder.path("back"));
    write_file(&here, SIZE);
    let bucket = site.bucket.clone();
    aside(move || {
        let transport = UreqTransport::new();
        let upload = bucket.upload("large", Source::file(&here).unwrap());
        let uploaded = upload.run_blocking(&transport).unwrap();
        assert_eq!(uploaded.file.content_length, SIZE as u64);
        let download = bucket.download("large").to_file(&back);
        let downloaded = download.run_blocking(&transport).unwrap();
        assert_eq!((downloaded.bytes, downloaded.check), (SIZE as u64, Check::ContentSha1));
        assert!(same_files(&here, &back));
    })
    .await;
}
