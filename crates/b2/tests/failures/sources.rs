//! Sources that cannot be read to their end. Nothing is stored of them.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use b2::port::ReadAt;
use b2::{Bucket, Error, Side, Source};

use crate::support::content::{Unreadable, pattern};
use crate::support::folder::Folder;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::{in_full, local};
use crate::support::{aside, soon};

const SIZE: usize = 1 << 20;

/// Uploads each source once per transport; none may be stored or sent twice.
async fn refused(source: impl Fn() -> Source, kind: ErrorKind) -> Vec<Error> {
    let site = Site::start().await;
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let errors = vec![
        soon(bucket.upload("x", source())).await.unwrap_err(),
        blocking(&bucket, source()).await,
    ];
    for error in &errors {
        assert_eq!(local(error), (Side::Source, kind), "{error:?}");
        assert!(!error.retryable());
    }
    assert_eq!(recorder.sent("b2_upload_file"), 2);
    assert_eq!(recorder.retries(), 0);
    assert_eq!(site.versions().await, [""; 0]);
    errors
}

async fn blocking(bucket: &Bucket, source: Source) -> Error {
    let upload = bucket.upload("x", source);
    aside(move || upload.run_blocking(&UreqTransport::new())).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_be_read_at_all_stores_nothing() {
    let kind = ErrorKind::PermissionDenied;
    let source = || Source::custom(Unreadable { len: SIZE as u64, from: 0, kind }).unwrap();
    let errors = refused(source, kind).await;
    assert!(in_full(&errors[0]).contains("the disk is broken"), "{}", in_full(&errors[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_in_the_middle_stores_nothing() {
    let kind = ErrorKind::Other;
    let from = SIZE as u64 / 2;
    refused(|| Source::custom(Unreadable { len: SIZE as u64, from, kind }).unwrap(), kind).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_at_its_last_byte_stores_nothing() {
    let (kind, from) = (ErrorKind::Other, SIZE as u64 - 1);
    refused(|| Source::custom(Unreadable { len: SIZE as u64, from, kind }).unwrap(), kind).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_has_shrunk_stores_nothing() {
    let folder = Folder::new();
    let source = || {
        fs::write(folder.path("file"), pattern(SIZE)).unwrap();
        let source = Source::file(folder.path("file")).unwrap();
        fs::write(folder.path("file"), pattern(1000)).unwrap();
        source
    };
    let errors = refused(source, ErrorKind::UnexpectedEof).await;
    assert!(in_full(&errors[0]).contains("became shorter"), "{}", in_full(&errors[0]));
}

/// A file that loses its second half when that is about to be read.
struct Shrinking {
    path: PathBuf,
    shrunk: AtomicBool,
}

impl ReadAt for Shrinking {
    fn len(&self) -> io::Result<u64> {
        Ok(SIZE as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        use io::{Read as _, Seek as _};
        if offset >= SIZE as u64 / 2 && !self.shrunk.swap(true, Ordering::Relaxed) {
            fs::OpenOptions::new().write(true).open(&self.path)?.set_len(SIZE as u64 / 2)?;
        }
        let mut file = fs::File::open(&self.path)?;
        file.seek(io::SeekFrom::Start(offset))?;
        file.read(buffer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_shrinks_while_it_is_sent_stores_nothing() {
    let folder = Folder::new();
    let source = || {
        let path = folder.path("file");
        fs::write(&path, pattern(SIZE)).unwrap();
        Source::custom(Shrinking { path, shrunk: AtomicBool::new(false) }).unwrap()
    };
    refused(source, ErrorKind::UnexpectedEof).await;
}

/// What was read may be a mixture of old and new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_grows_while_it_is_sent_stores_nothing() {
    let folder = Folder::new();
    let source = || {
        fs::write(folder.path("file"), "12345").unwrap();
        let source = Source::file(folder.path("file")).unwrap();
        fs::write(folder.path("file"), "1234567890").unwrap();
        source
    };
    refused(source, ErrorKind::Other).await;
}

#[test]
fn a_folder_is_no_source() {
    let folder = Folder::new();
    assert_eq!(Source::file(folder.itself()).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(Source::file(folder.path("missing")).unwrap_err().kind(), ErrorKind::NotFound);
}

/// Opening a pipe waits for its other end, which may never come.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_is_no_source_and_nobody_waits_for_it() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let opened = aside(move || Source::file(pipe).map(drop)).await;
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_reader_that_fails_is_no_source() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }
    assert_eq!(Source::reader(Broken).unwrap_err().kind(), ErrorKind::BrokenPipe);
}
