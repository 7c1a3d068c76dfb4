//! Destinations that cannot be written. Whatever happens, what was there
//! stays as it was and nothing half-written is left beside it.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use b2::{Bucket, Error, Side, Source, WaitReason};

use crate::support::content::{Full, pattern};
use crate::support::folder::Folder;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::{in_full, local};
use crate::support::{aside, soon, until};

const SIZE: usize = 1 << 20;

/// A site with the file `x`, and a bucket whose downloads are counted.
async fn site() -> (Site, Bucket, Recorder) {
    let site = Site::start().await;
    site.bucket.upload("x", pattern(SIZE)).await.unwrap();
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    (site, bucket, recorder)
}

async fn fetched_to(bucket: &Bucket, path: &Path) -> Error {
    soon(bucket.download("x").to_file(path)).await.unwrap_err()
}

/// Takes nothing until somebody lets it.
struct Blocked(std::sync::mpsc::Receiver<()>);

impl std::io::Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Whether it is let or left alone, it goes on.
        let _over = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_takes_nothing_stops_nobody_else() {
    let site = Site::start().await;
    site.bucket.upload("x", pattern(4 * SIZE)).await.unwrap();
    // As little as there may be, so that one download could hold it all.
    let client = site.builder().with_memory_budget(0).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let (let_it, blocked) = std::sync::mpsc::channel();
    let stuck = bucket.download("x").to_writer(Blocked(blocked)).start();
    let waits =
        || stuck.waiting_for().filter(|why| matches!(why, WaitReason::Sink | WaitReason::Memory));
    until("a wait for the destination", waits).await;
    let folder = Folder::new();
    std::fs::write(folder.path("source"), pattern(SIZE)).unwrap();
    let source = || Source::file(folder.path("source")).unwrap();
    for name in ["a", "b"] {
        soon(bucket.upload(name, source())).await.unwrap();
        soon(bucket.download(name).to_file(folder.path(name))).await.unwrap();
    }
    assert!(stuck.waiting_for().is_some());
    drop(let_it);
    assert_eq!(soon(stuck.join()).await.unwrap().bytes, 4 * SIZE as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_exists_is_not_touched_and_nothing_is_fetched() {
    let (_site, bucket, recorder) = site().await;
    let folder = Folder::holding("back", b"precious");
    let error = fetched_to(&bucket, &folder.path("back")).await;
    assert_eq!(local(&error), (Side::Sink, ErrorKind::AlreadyExists));
    assert!(in_full(&error).contains("exists and may not be overwritten"), "{}", in_full(&error));
    folder.assert_holds_only("back", b"precious");
    assert_eq!(recorder.sent("b2_download_file_by_name"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_appears_meanwhile_is_not_touched() {
    let (_site, bucket, _) = site().await;
    let folder = Folder::new();
    let download = bucket.download("x").to_file(folder.path("back"));
    std::fs::write(folder.path("back"), "quicker").unwrap();
    let error = soon(download).await.unwrap_err();
    assert_eq!(local(&error), (Side::Sink, ErrorKind::AlreadyExists));
    folder.assert_holds_only("back", b"quicker");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_leads_nowhere_is_not_followed() {
    let (_site, bucket, _) = site().await;
    let folder = Folder::new();
    std::os::unix::fs::symlink("elsewhere", folder.path("back")).unwrap();
    let error = fetched_to(&bucket, &folder.path("back")).await;
    assert_eq!(local(&error), (Side::Sink, ErrorKind::AlreadyExists));
    assert_eq!(folder.names(), ["back"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_missing_is_not_made() {
    let (_site, bucket, recorder) = site().await;
    let folder = Folder::new();
    let error = fetched_to(&bucket, &folder.path("missing/back")).await;
    assert_eq!(local(&error), (Side::Sink, ErrorKind::NotFound));
    folder.assert_empty();
    assert_eq!(recorder.sent("b2_download_file_by_name"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_not_replaced_by_a_file() {
    let (_site, bucket, recorder) = site().await;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("back")).unwrap();
    let error = fetched_to(&bucket, &folder.path("back")).await;
    assert_eq!(local(&error), (Side::Sink, ErrorKind::AlreadyExists));
    let download = bucket.download("x").to_file_replacing(folder.path("back"));
    let error = soon(download).await.unwrap_err();
    assert_eq!(local(&error), (Side::Sink, ErrorKind::IsADirectory));
    assert_eq!(folder.names(), ["back"]);
    assert!(folder.path("back").is_dir());
    assert_eq!(recorder.sent("b2_download_file_by_name"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_beneath_a_file_is_refused() {
    let (_site, bucket, _) = site().await;
    let folder = Folder::holding("file", b"no folder");
    let error = fetched_to(&bucket, &folder.path("file/back")).await;
    assert_eq!(local(&error).0, Side::Sink);
    folder.assert_holds_only("file", b"no folder");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_an_error_of_the_destination() {
    // Not even the superuser makes files here.
    let (_site, bucket, recorder) = site().await;
    let error = fetched_to(&bucket, Path::new("/proc/self/back")).await;
    assert_eq!(local(&error).0, Side::Sink);
    assert_eq!(recorder.sent("b2_download_file_by_name"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_that_fails_leaves_the_old_file() {
    let (site, bucket, _) = site().await;
    let version = site.bucket.head("x").await.unwrap().file_id;
    let folder = Folder::holding("back", b"precious");
    let download = bucket.download("x").to_file_replacing(folder.path("back"));
    site.bucket.delete_version("x", version).await.unwrap();
    assert_eq!(soon(download).await.unwrap_err().api().unwrap().status, 404);
    folder.assert_holds_only("back", b"precious");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_on_the_server_leaves_nothing_behind() {
    let (_site, bucket, _) = site().await;
    let folder = Folder::new();
    let error = soon(bucket.download("y").to_file(folder.path("back"))).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 404);
    folder.assert_empty();
    let download = bucket.download("y").to_file(folder.path("back"));
    let failed = aside(move || download.run_blocking(&UreqTransport::new())).await;
    assert_eq!(failed.unwrap_err().api().unwrap().status, 404);
    folder.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_destination_ends_the_download_at_once() {
    let (_site, bucket, recorder) = site().await;
    for room in [0, 1, SIZE as u64 - 1] {
        let error = soon(bucket.download("x").to_sink(Full(room))).await.unwrap_err();
        assert_eq!(local(&error), (Side::Sink, ErrorKind::StorageFull));
        assert!(!error.retryable());
        let download = bucket.download("x").to_sink(Full(room));
        let failed = aside(move || download.run_blocking(&UreqTransport::new())).await;
        assert_eq!(local(&failed.unwrap_err()), (Side::Sink, ErrorKind::StorageFull));
    }
    assert_eq!(recorder.retries(), 0);
    soon(bucket.download("x").to_sink(Full(SIZE as u64))).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_room_ends_the_download() {
    let (_site, bucket, _) = site().await;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = soon(bucket.download("x").to_writer(full)).await.unwrap_err();
    assert_eq!(local(&error), (Side::Sink, ErrorKind::StorageFull));
}

/// Says to the test below that it is the one that may not write much.
const LIMITED: &str = "B2_TEST_LIMITED_FOLDER";

/// The operating system itself refuses to let the file grow: a real disk that
/// is full, as far as any program can tell. The limit holds for a whole
/// process, so this test starts itself again under it.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_leaves_nothing_behind() {
    let folder = Folder::holding("old", b"precious");
    let this = std::env::current_exe().unwrap();
    // Without the trap the signal would end the process.
    let script =
        r#"trap '' XFSZ; ulimit -f 128; exec "$0" --exact --nocapture --include-ignored "$1""#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(this)
        .arg("destinations::under_a_limit")
        .env(LIMITED, folder.itself())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "{told}");
    folder.assert_holds_only("old", b"precious");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the test above, under a limit"]
async fn under_a_limit() {
    let folder = std::path::PathBuf::from(std::env::var_os(LIMITED).unwrap());
    let (_site, bucket, _) = site().await;
    let error = fetched_to(&bucket, &folder.join("new")).await;
    assert_eq!(local(&error), (Side::Sink, ErrorKind::FileTooLarge));
    let download = bucket.download("x").to_file_replacing(folder.join("old"));
    let error = aside(move || download.run_blocking(&UreqTransport::new())).await.unwrap_err();
    assert_eq!(local(&error), (Side::Sink, ErrorKind::FileTooLarge));
}
