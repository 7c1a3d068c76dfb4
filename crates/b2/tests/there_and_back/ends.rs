//! Every kind of source and every kind of destination.

use std::fs;

use b2::port::BlockingTransport;
use b2::{ByteRange, Check, Source};

use crate::exits::SIZES;
use crate::support::content::{Shelf, Stutter, pattern};
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

/// Uploads content by `source` in every size, asynchronously and not.
async fn sent_by(source: fn(Vec<u8>, &Folder) -> Source) {
    let site = Site::start().await;
    for size in SIZES {
        let (content, folder) = (pattern(size), Folder::new());
        let given = source(content.clone(), &folder);
        assert_eq!((given.len(), given.is_empty()), (Some(size as u64), size == 0));
        soon(site.bucket.upload("x", given.clone())).await.unwrap();
        let back = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(back.content == content, "{size} bytes came back differently");

        let bucket = site.bucket.clone();
        let uploaded =
            aside(move || bucket.upload("y", given).run_blocking(&UreqTransport::new()).unwrap());
        let sha1 = uploaded.await.file.content_sha1;
        assert_eq!(sha1, back.headers.content_sha1, "{size} bytes were sent differently");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_source() {
    sent_by(|content, folder| {
        fs::write(folder.path("source"), content).unwrap();
        Source::file(folder.path("source")).unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_are_a_source() {
    sent_by(|content, _| content.into()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_unknown_length_is_a_source() {
    // Up to 1 MiB is kept in memory, the last size is spooled.
    sent_by(|content, _| Source::reader(std::io::Cursor::new(content)).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_our_own_that_stutters_is_a_source() {
    sent_by(|content, _| Source::custom(Stutter::new(content)).unwrap()).await;
}

/// Downloads every size by `fetch`, asynchronously and not.
macro_rules! fetched_by {
    ($site:ident, |$download:ident, $folder:ident, $shelf:ident| $run:expr, $content:expr) => {{
        for size in SIZES {
            let wanted = pattern(size);
            soon($site.bucket.upload("x", wanted.clone())).await.unwrap();
            for blocking in [false, true] {
                let $folder = Folder::holding("old", b"old");
                let $shelf = Shelf::default();
                let $download = $site.bucket.download("x");
                let run = $run;
                let downloaded = match blocking {
                    false => soon(run).await.unwrap(),
                    true => {
                        let run = move || {
                            let transport: &dyn BlockingTransport = &UreqTransport::new();
                            run.run_blocking(transport)
                        };
                        aside(run).await.unwrap()
                    }
                };
                assert_eq!((downloaded.bytes, downloaded.check), (size as u64, Check::ContentSha1));
                let content: Vec<u8> = $content;
                assert!(content == wanted, "{size} bytes came back differently ({blocking})");
            }
        }
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_is_a_destination() {
    let site = Site::start().await;
    fetched_by!(site, |download, folder, _shelf| download.to_file(folder.path("new")), {
        assert_eq!(folder.names(), ["new", "old"]);
        folder.files().remove("new").unwrap()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_replaced_is_a_destination() {
    let site = Site::start().await;
    fetched_by!(site, |download, folder, _shelf| download.to_file_replacing(folder.path("old")), {
        assert_eq!(folder.names(), ["old"]);
        folder.files().remove("old").unwrap()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_is_a_destination() {
    let site = Site::start().await;
    fetched_by!(
        site,
        |download, _folder, shelf| download.to_writer(shelf.clone()),
        shelf.content()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_of_our_own_is_a_destination() {
    let site = Site::start().await;
    fetched_by!(site, |download, _folder, shelf| download.to_sink(shelf.clone()), shelf.content());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_the_present_folder_needs_no_path() {
    let site = Site::start().await;
    site.bucket.upload("x", "here").await.unwrap();
    let name = format!("b2-test-{}", std::process::id());
    soon(site.bucket.download("x").to_file(&name)).await.unwrap();
    let content = fs::read(&name).unwrap();
    fs::remove_file(&name).unwrap();
    assert_eq!(content, b"here");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_downloaded_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (site, folder) = (Site::start().await, Folder::holding("any", b"new file"));
    site.bucket.upload("x", "content").await.unwrap();
    soon(site.bucket.download("x").to_file(folder.path("back"))).await.unwrap();
    let mode = |name| fs::metadata(folder.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("back"), mode("any"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_is_fetched_and_nothing_else() {
    let (site, content) = (Site::start().await, pattern(700_000));
    site.bucket.upload("x", content.clone()).await.unwrap();
    let fetch = async |range: ByteRange| {
        let range = site.bucket.download("x").with_range(range);
        soon(range.to_bytes()).await.unwrap()
    };
    let middle = fetch(ByteRange::inclusive(1, 600_000).unwrap()).await;
    assert!(middle.content == content[1..=600_000]);
    assert_eq!((middle.check, middle.headers.content_length), (Check::None, 700_000));
    let rest = fetch(ByteRange::starting_at(699_999)).await;
    assert_eq!(rest.content, &content[699_999..]);
    let beyond = fetch(ByteRange::inclusive(699_000, 10_000_000).unwrap()).await;
    assert_eq!(beyond.content, &content[699_000..]);
}
