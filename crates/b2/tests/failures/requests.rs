//! Requests that cannot be made, and things that are not there.

use std::time::{Duration, Instant};

use b2::{
    BucketType, ByteRange, Client, Error, ErrorCode, RequestError, Source, TransportErrorKind,
};

use crate::support::content::Unreadable;
use crate::support::recorder::Recorder;
use crate::support::site::{Site, credentials};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::{api, in_full, transport};
use crate::support::{aside, soon};

/// A site and a client whose requests are counted.
async fn watched() -> (Site, Client, Recorder) {
    let site = Site::start().await;
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    (site, client, recorder)
}

#[track_caller]
fn request(error: &Error) -> &RequestError {
    match error {
        Error::Request { source, .. } => source,
        other => panic!("no refused request: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_bucket_is_named() {
    let (_site, client, _) = watched().await;
    let error = soon(client.bucket("nobodys-bucket")).await.unwrap_err();
    let unknown = RequestError::NoSuchBucket { name: "nobodys-bucket".into(), restriction: None };
    assert_eq!(*request(&error), unknown);
    assert!(in_full(&error).contains("nobodys-bucket"));
    let error = soon(client.bucket_info("nobodys-bucket")).await.unwrap_err();
    assert_eq!(*request(&error), unknown);
    let error = soon(client.download("nobodys-bucket", "x").to_bytes()).await.unwrap_err();
    assert_eq!(api(&error).status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_bucket_names_are_never_sent() {
    let (_site, client, recorder) = watched().await;
    let long = "x".repeat(64);
    for name in ["", "short", "under_score", "sp ace-bucket", "ümlaut-bucket", &long] {
        let errors = [
            soon(client.bucket(name)).await.unwrap_err(),
            soon(client.create_bucket(name, BucketType::AllPrivate)).await.unwrap_err(),
            soon(client.head(name, "x")).await.unwrap_err(),
            soon(client.download(name, "x").to_bytes()).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(request(&error), RequestError::BucketName(_)), "{name}: {error:?}");
        }
    }
    assert_eq!(recorder.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_file_names_are_never_sent() {
    let (site, client, recorder) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    recorder.clear();
    let (ascii, wide) = ("x".repeat(1025), "ä".repeat(513));
    for name in ["", "a\nb", "a\0b", "tab\t", "del\u{7f}", &ascii, &wide] {
        let errors = [
            soon(bucket.upload(name, "content")).await.unwrap_err(),
            soon(bucket.hide(name)).await.unwrap_err(),
            soon(bucket.head(name)).await.unwrap_err(),
            soon(bucket.download(name).to_bytes()).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(request(&error), RequestError::FileName(_)), "{name}: {error:?}");
            assert!(!error.retryable());
        }
    }
    assert_eq!(recorder.requests(), [""; 0]);
    assert_eq!(site.versions().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_only_the_server_refuses_cost_one_upload() {
    let (site, client, recorder) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    for name in ["/a", "a/", "a//b"] {
        let error = soon(bucket.upload(name, "content")).await.unwrap_err();
        assert_eq!((api(&error).status, error.code()), (400, Some(&ErrorCode::BadRequest)));
        assert!(in_full(&error).contains("File names must not"), "{}", in_full(&error));
    }
    assert_eq!(recorder.sent("b2_upload_file"), 3);
    assert_eq!(site.versions().await, [""; 0]);
}

/// Ten terabytes.
const LARGEST_FILE: u64 = 10_000_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_for_b2_is_never_sent() {
    let (_site, client, recorder) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    recorder.clear();
    let len = LARGEST_FILE + 1;
    let huge = Unreadable { len, from: 0, kind: std::io::ErrorKind::Other };
    let error = soon(bucket.upload("x", Source::custom(huge).unwrap())).await.unwrap_err();
    assert_eq!(*request(&error), RequestError::TooLarge { len, limit: LARGEST_FILE });
    assert_eq!(recorder.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_file_information_is_never_sent() {
    let (_site, client, recorder) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    recorder.clear();
    let eleven = (0..11).fold(bucket.upload("x", ""), |upload, number| {
        upload.with_file_info(&format!("name{number}"), "value")
    });
    let long = bucket.upload("x", "").with_file_info("name", &"ä".repeat(2000));
    let odd = bucket.upload("x", "").with_file_info("no name", "value");
    let broken = bucket.upload("x", "").with_content_type("text/plain\r\nX-Injected: 1");
    for upload in [eleven, long, odd] {
        let error = soon(upload).await.unwrap_err();
        assert!(matches!(request(&error), RequestError::FileInfo(_)), "{error:?}");
    }
    let error = soon(broken).await.unwrap_err();
    assert!(matches!(request(&error), RequestError::Header { .. }), "{error:?}");
    assert_eq!(recorder.sent("b2_upload_file"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_there_is_a_404_with_advice() {
    let (_site, client, recorder) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    let errors = [
        soon(bucket.download("nothing").to_bytes()).await.unwrap_err(),
        soon(bucket.head("nothing")).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(api(&error).status, 404);
        assert!(error.advice().unwrap_or_default().contains("hidden or deleted"), "{error:?}");
    }
    assert_eq!(recorder.retries(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_beyond_the_end_is_refused() {
    let (site, client, _) = watched().await;
    site.bucket.upload("x", "12345").await.unwrap();
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    let range = ByteRange::starting_at(5);
    let error = soon(bucket.download("x").with_range(range).to_bytes()).await.unwrap_err();
    assert_eq!(api(&error).status, 416);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_not_empty_is_not_deleted() {
    let (site, client, _) = watched().await;
    site.bucket.upload("x", "12345").await.unwrap();
    let error = soon(client.delete_bucket(&site.bucket)).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::CannotDeleteNonEmptyBucket));
    assert!(error.advice().unwrap().contains("delete every file version"));
    assert_eq!(site.names().await, ["x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_bucket_says_that_it_is_gone() {
    let (site, client, _) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    soon(client.delete_bucket(&bucket)).await.unwrap();
    let error = soon(bucket.upload("x", "late")).await.unwrap_err();
    assert!(error.advice().unwrap().contains("it may have been deleted"), "{error:?}");
    let error = soon(site.client.bucket("the-bucket")).await.unwrap_err();
    assert!(matches!(request(&error), RequestError::NoSuchBucket { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_ends_a_listing() {
    let (_site, client, _) = watched().await;
    let bucket = soon(client.bucket("the-bucket")).await.unwrap();
    soon(client.delete_bucket(&bucket)).await.unwrap();
    let mut files = bucket.files().stream();
    assert!(soon(files.next()).await.unwrap().is_err());
    assert!(soon(files.next()).await.is_none());
    assert!(soon(files.next()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_url_is_refused_and_not_asked() {
    for realm in ["", "127.0.0.1:1", "ftp://127.0.0.1", "http://user@127.0.0.1", "http://"] {
        let credentials = b2::Credentials::new("id", "key");
        let client = Client::builder(credentials).with_realm(realm).build().unwrap();
        let error = soon(client.authorize()).await.unwrap_err();
        assert_eq!(*request(&error), RequestError::Url, "{realm}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_for_blocking_only_says_so_when_it_is_awaited() {
    let site = Site::start().await;
    // With the usual pauses: it must not try again and again before it says so.
    let client = Client::builder(credentials(&site.emulator))
        .with_realm(site.emulator.base_url())
        .build_blocking()
        .unwrap();
    let begun = Instant::now();
    let error = soon(client.authorize()).await.unwrap_err();
    assert_eq!(transport(&error), TransportErrorKind::Other);
    assert!(in_full(&error).contains("no asynchronous transport"), "{}", in_full(&error));
    assert!(soon(client.authorize().start().join()).await.is_err());
    assert!(begun.elapsed() < Duration::from_millis(400), "{:?}", begun.elapsed());
    let blocking = client.authorize();
    aside(move || blocking.run_blocking(&UreqTransport::new()).unwrap()).await;
}
