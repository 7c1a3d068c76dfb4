//! What breaks a rule that the client knows: no request is made.

use std::collections::BTreeMap;
use std::future::IntoFuture;

use b2::endpoint::{CopyPart, ListKeys, ListParts, ListUnfinishedLargeFiles};
use b2::{
    BucketType, ByteRange, Capability, CustomRequest, CustomerKey, EncryptionMode,
    EncryptionRequest, Error, FileRetention, RequestError, RetentionMode, Source,
};
use b2_proto::{
    CopyPartRequest, ListKeysRequest, ListPartsRequest, ListUnfinishedLargeFilesRequest,
};

use crate::scene::{Scene, content};
use crate::support::soon;

const BUCKET_NAMES: [&str; 7] =
    ["", "short", "under_score", "sp ace-bucket", "ümlaut-bucket", "line\nbreak", "slash/bucket"];

fn file_names() -> Vec<String> {
    let mut names: Vec<_> = ["", "a\nb", "a\0b", "tab\t", "del\u{7f}"].map(str::to_owned).into();
    names.extend(["x".repeat(1025), "ä".repeat(513)]);
    names
}

/// Awaits what has to be refused before anything is sent.
async fn refusal<T>(work: impl IntoFuture<Output = Result<T, Error>>) -> RequestError {
    match soon(work).await.map(drop).unwrap_err() {
        Error::Request { source, .. } => *source,
        other => panic!("no refused request: {other:?}"),
    }
}

macro_rules! refused {
    ($scene:ident, $context:expr, $pattern:pat => $($work:expr),+ $(,)?) => {
        $(
            let why = refusal($work).await;
            assert!(
                matches!(why, $pattern),
                "{} with {:?}: {why:?}", stringify!($work), $context
            );
            assert_eq!(
                $scene.recorder.requests(), [""; 0],
                "{} with {:?} was sent", stringify!($work), $context
            );
        )+
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_buckets() {
    let s = Scene::set().await;
    let long = "x".repeat(64);
    for name in BUCKET_NAMES.into_iter().chain([long.as_str()]) {
        refused!(s, name, RequestError::BucketName(_) =>
            s.client.bucket(name),
            s.client.bucket_info(name),
            s.client.create_bucket(name, BucketType::AllPrivate),
            s.client.head(name, "file"),
            s.client.download(name, "file").to_bytes(),
            s.client.file_url(name, "file"),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_files() {
    let s = Scene::set().await;
    for name in &file_names() {
        refused!(s, name, RequestError::FileName(_) =>
            s.bucket.upload(name, content()),
            s.bucket.hide(name),
            s.bucket.head(name),
            s.bucket.download(name).to_bytes(),
            s.bucket.copy(s.file.clone(), name).run(),
            s.bucket.share(name).run(),
            s.client.head("the-bucket", name),
            s.client.download("the-bucket", name).to_bytes(),
            s.client.file_url("the-bucket", name),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_outside_their_range() {
    let s = Scene::set().await;
    let key = |seconds| {
        let key = s.client.new_key("name", vec![Capability::ListFiles]);
        key.with_duration_seconds(seconds).run()
    };
    for seconds in [0, 86_400_001, u32::MAX] {
        refused!(s, seconds, RequestError::OutOfRange { .. } => key(seconds));
    }
    for seconds in [0, 604_801, u32::MAX] {
        refused!(s, seconds, RequestError::OutOfRange { .. } =>
            s.bucket.download_authorization("", seconds),
            s.bucket.share("file").with_duration_seconds(seconds).run(),
        );
    }
    for part in [0, 10_001, u32::MAX] {
        let request = CopyPartRequest::new("4_z".into(), part, s.file.clone());
        refused!(s, part, RequestError::OutOfRange { name: "partNumber", .. } =>
            s.client.call::<CopyPart>(request.clone()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_of_pages() {
    let s = Scene::set().await;
    for rows in [0, 10_001, u32::MAX] {
        let keys = ListKeysRequest::new("".into()).with_max_key_count(rows);
        refused!(s, rows, RequestError::OutOfRange { .. } =>
            async { s.bucket.files().with_page(rows).stream().next().await.unwrap() },
            async { s.bucket.versions().with_page(rows).stream().next().await.unwrap() },
            s.client.call::<ListKeys>(keys.clone()),
        );
    }
    for rows in [0, 1001] {
        let parts = ListPartsRequest::new("4_z".into()).with_max_part_count(rows);
        refused!(s, rows, RequestError::OutOfRange { .. } =>
            s.client.call::<ListParts>(parts.clone()));
    }
    for rows in [0, 101] {
        let files = ListUnfinishedLargeFilesRequest::new(s.bucket.id().clone());
        let files = files.with_max_file_count(rows);
        refused!(s, rows, RequestError::OutOfRange { .. } =>
            s.client.call::<ListUnfinishedLargeFiles>(files.clone()));
    }
    // The error ends the listing; it is told once.
    let mut files = s.bucket.files().with_page(0).stream();
    assert!(soon(files.next()).await.unwrap().is_err());
    assert!(soon(files.next()).await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_information() {
    let s = Scene::set().await;
    let eleven: BTreeMap<_, _> =
        (0..11).map(|number| (format!("name{number}"), "value".to_owned())).collect();
    let long = BTreeMap::from([("name".to_owned(), "ä".repeat(2000))]);
    let odd = BTreeMap::from([("no name".to_owned(), "value".to_owned())]);
    for info in [eleven, long, odd] {
        let upload =
            info.iter().fold(s.bucket.upload("new", content()), |upload, (name, value)| {
                upload.with_file_info(name, value)
            });
        refused!(s, info, RequestError::FileInfo(_) => upload);
        let copy = s.bucket.copy(s.file.clone(), "new").with_metadata("text/plain", info.clone());
        refused!(s, info, RequestError::FileInfo(_) => copy.run());
    }
    let typed = s.bucket.upload("new", content()).with_content_type("text/plain\r\nX-Other: 1");
    let why = refusal(typed).await;
    assert!(matches!(why, RequestError::Header { .. }), "{why:?}");
    assert_eq!(s.recorder.sent("b2_upload_file"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_that_no_file_has() {
    let s = Scene::set().await;
    // They cannot even be made.
    assert!(ByteRange::inclusive(5, 4).is_err());
    assert!(ByteRange::of_len(0, 0).is_err());
    assert!("bytes=5-4".parse::<ByteRange>().is_err());
    let last = ByteRange::suffix(3);
    refused!(s, last, RequestError::RangeWithoutStart =>
        s.bucket.download("file").with_range(last).to_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_of_names_that_no_file_has() {
    let s = Scene::set().await;
    for name in file_names() {
        refused!(s, name, RequestError::FileName(_) =>
            s.bucket.delete_all_versions(&name),
            s.bucket.delete_all_versions_bypassing_governance(&name),
            s.bucket.copy(s.file.clone(), &name).run(),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encryption_and_retention_by_halves() {
    let s = Scene::set().await;
    let keyless = EncryptionRequest::new().with_mode(EncryptionMode::SseC);
    let modeless = EncryptionRequest::new().with_customer_key(CustomerKey::new([1; 32]));
    for encryption in [keyless, modeless] {
        refused!(s, encryption, RequestError::Contradiction(_) =>
            s.bucket.upload("new", content()).with_encryption(encryption.clone()),
            s.bucket.copy(s.file.clone(), "new").with_encryption(encryption.clone()).run(),
        );
    }
    let endless = FileRetention::new().with_mode(RetentionMode::Compliance);
    let aimless = FileRetention::new().with_retain_until_timestamp(4_000_000_000_000);
    for retention in [endless, aimless] {
        refused!(s, retention, RequestError::Contradiction(_) =>
            s.bucket.upload("new", content()).with_retention(retention.clone()),
            s.bucket.copy(s.file.clone(), "new").with_retention(retention.clone()).run(),
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_none() {
    let s = Scene::set().await;
    for operation in ["", "/", "//elsewhere.test", "b2_list_buckets?x=1", "two words"] {
        refused!(s, operation, RequestError::Contradiction(_) =>
            s.client.custom(CustomRequest::get(operation)));
    }
    for header in ["Host", "content-length", "Transfer-Encoding"] {
        let request = CustomRequest::get("b2_list_buckets").with_header(header, "1");
        refused!(s, header, RequestError::Header { .. } => s.client.custom(request));
    }
    let folder = tempfile::tempdir().unwrap();
    let nothing = s.bucket.download("file").with_range(ByteRange::inclusive(2, 4).unwrap());
    let nothing = nothing.with_start(3).append_to_file(folder.path().join("file"));
    refused!(s, "a range that is used up", RequestError::EmptyRange => nothing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_make_no_sense() {
    let s = Scene::set().await;
    let upload = || s.bucket.upload("new", content());
    let stream = || s.bucket.upload("new", Source::stream(std::io::empty()));
    for bytes in [5_000_000_001, u64::MAX] {
        refused!(s, bytes, RequestError::OutOfRange { .. } =>
            upload().with_part_size(bytes),
            upload().with_simple_limit(bytes),
            stream().with_part_size(bytes),
            stream().with_simple_limit(bytes),
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let download = || s.bucket.download("file");
    refused!(s, 0, RequestError::OutOfRange { .. } =>
        upload().with_part_size(0),
        stream().with_part_size(0),
        upload().with_concurrency(0),
        upload().with_concurrency(10_001),
        stream().with_concurrency(0),
        download().with_concurrency(0).to_file(&path),
        download().with_piece_size(0).to_file(&path),
    );
    assert!(!path.exists());
}
