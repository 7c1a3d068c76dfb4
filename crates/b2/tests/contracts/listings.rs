//! Listings are complete and in order, whatever their pages.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use b2::{Action, Bucket, Client, FileList, FileVersion};
use b2_emulator::{Emulator, Settings};

use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, file_capabilities, hasty};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

const FILES: usize = 2500;

/// The names of the crowd, in the order of their bytes.
fn names() -> BTreeSet<String> {
    let name = |number: usize| match number % 5 {
        0 => format!("top {number:04}"),
        1 => format!("a/{number:04}"),
        2 => format!("a/b/{number:04}"),
        3 => format!("a-{}/{number:04}", number % 3),
        _ => format!("\u{ff5e}{number:04}/\u{10400}"),
    };
    (0..FILES).map(name).collect()
}

/// A server with many files, made once for all tests here.
fn crowd() -> &'static Emulator {
    static CROWD: OnceLock<Emulator> = OnceLock::new();
    CROWD.get_or_init(|| {
        // On another thread: a runtime cannot be started inside another one.
        std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(gather()))
            .join()
            .unwrap()
    })
}

async fn gather() -> Emulator {
    let site = Site::start().await;
    let mut names = names().into_iter().collect::<Vec<_>>();
    // In no order at all.
    names.sort_by_key(|name| name.bytes().rev().collect::<Vec<_>>());
    let names = Arc::new(names);
    let workers = (0..16).map(|worker| {
        let (names, bucket) = (Arc::clone(&names), site.bucket.clone());
        tokio::spawn(async move {
            for name in names.iter().skip(worker).step_by(16) {
                bucket.upload(name, "").await.unwrap();
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    site.emulator
}

/// The crowd's bucket, seen by a client whose requests are counted.
async fn watched() -> (Bucket, Recorder) {
    let emulator = tokio::task::block_in_place(crowd);
    let recorder = Recorder::default();
    let client = Client::builder(credentials(emulator))
        .with_config(hasty(emulator.base_url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    (soon(client.bucket(BUCKET)).await.unwrap(), recorder)
}

async fn rows(files: FileList) -> Vec<FileVersion> {
    let mut stream = files.stream();
    let mut rows = Vec::new();
    while let Some(row) = soon(stream.next()).await {
        rows.push(row.unwrap());
    }
    rows
}

async fn listed(files: FileList) -> Vec<String> {
    rows(files).await.into_iter().map(|row| row.file_name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_five_hundred_files_take_three_pages() {
    let (bucket, recorder) = watched().await;
    let wanted = Vec::from_iter(names());
    assert_eq!(wanted.len(), FILES);
    assert_eq!(listed(bucket.files().with_page(1000)).await, wanted);
    assert_eq!(recorder.sent("b2_list_file_names"), 3);
    assert_eq!(listed(bucket.files()).await, wanted, "the default");
    assert_eq!(recorder.sent("b2_list_file_names"), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_of_a_page_changes_nothing_but_the_number_of_pages() {
    let (bucket, recorder) = watched().await;
    let wanted = Vec::from_iter(names());
    for (page, pages) in [(97, 26), (2499, 2), (2500, 1), (10_000, 1)] {
        recorder.clear();
        assert_eq!(listed(bucket.files().with_page(page)).await, wanted, "pages of {page}");
        assert_eq!(recorder.sent("b2_list_file_names"), pages, "pages of {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blocking_listing_is_the_same() {
    let (bucket, _) = watched().await;
    let listed = aside(move || {
        let transport = UreqTransport::new();
        let mut files = bucket.files().with_page(1000).stream();
        let next = std::iter::from_fn(|| files.next_blocking(&transport));
        next.map(|file| file.unwrap().file_name).collect::<Vec<_>>()
    });
    assert_eq!(listed.await, Vec::from_iter(names()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_selects() {
    let (bucket, _) = watched().await;
    for prefix in ["a", "a/", "a/b/", "a-", "top 00", "\u{ff5e}", "nothing", ""] {
        let mut wanted = Vec::from_iter(names());
        wanted.retain(|name| name.starts_with(prefix));
        let files = bucket.files().with_prefix(prefix).with_page(1000);
        assert_eq!(listed(files).await, wanted, "{prefix:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delimiter_folds() {
    let (bucket, _) = watched().await;
    for prefix in ["", "a", "a/", "a/b/", "a-1/"] {
        for page in [1, 3, 1000] {
            let wanted: BTreeSet<String> = names()
                .into_iter()
                .filter(|name| name.starts_with(prefix))
                .map(|name| match name[prefix.len()..].find('/') {
                    Some(at) => name[..=prefix.len() + at].to_owned(),
                    None => name,
                })
                .collect();
            let files = bucket.files().with_prefix(prefix).with_delimiter("/");
            // One by one is for the short ones only.
            if page == 1 && wanted.len() > 100 {
                continue;
            }
            let rows = rows(files.with_page(page)).await;
            let listed: Vec<_> = rows.iter().map(|row| &row.file_name).collect();
            assert_eq!(listed, Vec::from_iter(&wanted), "{prefix:?} in pages of {page}");
            for row in &rows {
                let folder = row.file_name.ends_with('/');
                assert_eq!(row.action == Action::Folder, folder, "{row:?}");
                assert_eq!(row.file_id.is_none(), folder, "{row:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_begins_where_it_is_told() {
    let (bucket, _) = watched().await;
    for start in ["a/0500", "a/0501", "b", "top", "\u{ff5e}", "\u{10ffff}"] {
        let mut wanted = Vec::from_iter(names());
        wanted.retain(|name| name.as_str() >= start);
        assert_eq!(listed(bucket.files().with_start(start)).await, wanted, "{start:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_a_prefix_need_not_name_it() {
    let site = Site::start().await;
    for name in ["in/a", "in/deep/b", "in/deep/c", "inn", "out"] {
        site.bucket.upload(name, "").await.unwrap();
    }
    let credentials = site.restricted_key(file_capabilities(), None, Some("in/")).await;
    let client = site.client_with(credentials);
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    let all = ["in/a", "in/deep/b", "in/deep/c"];
    for page in [1, 2, 1000] {
        assert_eq!(listed(bucket.files().with_page(page)).await, all);
        assert_eq!(listed(bucket.files().with_page(page).with_prefix("i")).await, all);
        let deeper = bucket.files().with_page(page).with_prefix("in/deep/");
        assert_eq!(listed(deeper).await, all[1..], "a narrower one is kept");
        let folded = bucket.files().with_page(page).with_delimiter("/");
        assert_eq!(listed(folded).await, ["in/a", "in/deep/"]);
    }
    let mut versions = bucket.versions().with_page(1).stream();
    for name in all {
        assert_eq!(soon(versions.next()).await.unwrap().unwrap().file_name, name);
    }
    assert!(soon(versions.next()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_come_newest_first_in_pages_of_any_size() {
    let site = Site::start().await;
    let mut wanted = Vec::new();
    for name in ["a", "b/c", "b/d", "e"] {
        let mut versions = Vec::new();
        for version in 0..7 {
            let uploaded = site.bucket.upload(name, format!("{version}").into_bytes()).await;
            versions.push((name.to_owned(), uploaded.unwrap().file.file_id.unwrap()));
        }
        versions.push((name.to_owned(), site.bucket.hide(name).await.unwrap().file_id.unwrap()));
        wanted.extend(versions.into_iter().rev());
    }
    for page in [1, 2, 3, 8, 1000] {
        let mut versions = site.bucket.versions().with_page(page).stream();
        let mut listed = Vec::new();
        while let Some(row) = soon(versions.next()).await {
            let row = row.unwrap();
            listed.push((row.file_name, row.file_id.unwrap()));
        }
        assert_eq!(listed, wanted, "pages of {page}");
        let mut folded = site.bucket.versions().with_page(page).with_delimiter("/").stream();
        let mut rows = 0;
        while let Some(row) = soon(folded.next()).await {
            row.unwrap();
            rows += 1;
        }
        assert_eq!(rows, 8 + 1 + 8, "the folder once, pages of {page}");
    }
    assert_eq!(site.names().await, [""; 0], "all are hidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_are_short_or_empty_end_no_listing() {
    let site = Site::with_settings(Settings::default().with_scan_limit(3)).await;
    for number in 0..40 {
        let name = format!("{number:02}");
        site.bucket.upload(&name, "").await.unwrap();
        if number % 13 != 0 {
            site.bucket.hide(&name).await.unwrap();
        }
    }
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    assert_eq!(listed(bucket.files()).await, ["00", "13", "26", "39"]);
    assert!(recorder.sent("b2_list_file_names") > 5, "there were empty pages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_bucket_ends_at_once() {
    let site = Site::start().await;
    assert_eq!(listed(site.bucket.files()).await, [""; 0]);
    assert_eq!(site.versions().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_and_keys_are_listed_too() {
    let site = Site::start().await;
    for name in ["zebra-bucket", "apple-bucket"] {
        let made = site.client.create_bucket(name, b2::BucketType::AllPrivate).await.unwrap();
        assert_eq!(made.name().as_str(), name);
    }
    let buckets = soon(site.client.buckets()).await.unwrap();
    let names: Vec<_> = buckets.into_iter().map(|bucket| bucket.bucket_name).collect();
    assert_eq!(names, ["apple-bucket", BUCKET, "zebra-bucket"]);
    let mut ids = Vec::new();
    for number in 0..5 {
        let name = format!("key-{number}");
        let key = site.client.create_key(&name, file_capabilities()).await.unwrap();
        ids.push((key.application_key_id, name));
    }
    let mut keys = site.client.keys();
    let mut listed = Vec::new();
    while let Some(key) = soon(keys.next()).await {
        let key = key.unwrap();
        listed.push((key.application_key_id, key.key_name));
    }
    assert_eq!(listed, ids);
}
