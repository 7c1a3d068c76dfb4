//! Sources that are not what they were: no nonce may cover two contents.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use b2::port::ReadAt;
use b2::{Config, Error, Side, Source, WholeDigest};

use crate::scene::{PART, decryption, encryption, site};
use crate::support::content::pattern;
use crate::support::proxy::Trouble;
use crate::support::site::retry;
use crate::support::soon;

/// A source that changes once so many bytes of it were read.
struct Fickle {
    bytes: Vec<u8>,
    read: Arc<AtomicU64>,
    changes_after: u64,
}

impl ReadAt for Fickle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[usize::try_from(offset).unwrap().min(self.bytes.len())..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        if self.read.fetch_add(len as u64, Ordering::Relaxed) >= self.changes_after {
            buffer[..len].iter_mut().for_each(|byte| *byte ^= 1);
        }
        Ok(len)
    }
}

fn fickle(len: usize, changes_after: u64) -> (Source, Arc<AtomicU64>) {
    let read = Arc::default();
    let fickle = Fickle { bytes: pattern(len), read: Arc::clone(&read), changes_after };
    (Source::custom(fickle).unwrap(), read)
}

fn is_refused(error: &Error) {
    match error {
        Error::Local(local) if local.side == Side::Source => {
            assert!(local.source.to_string().contains("changed"), "{local:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_other_content_is_not_sent() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, _) = site.behind(&proxy, Config::default().with_retry(retry())).await;
    // The first attempt is cut when all of it was read.
    let (source, read) = fickle(PART, PART as u64);
    proxy.expect([Trouble::CutUp(PART as u64 - 10)]);
    let upload = bucket.upload("x", source).with_client_encryption(encryption());
    is_refused(&soon(upload).await.unwrap_err());
    assert!(proxy.is_spent() && read.load(Ordering::Relaxed) > PART as u64, "there was no retry");
    assert!(site.versions().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_the_same_content_is_the_same_ciphertext() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, Config::default().with_retry(retry())).await;
    proxy.expect([Trouble::CutUp(PART as u64 / 2), Trouble::CutUp(PART as u64)]);
    let (source, _) = fickle(5 * PART, u64::MAX);
    let upload = bucket.upload("x", source).with_client_encryption(encryption());
    soon(upload.with_whole_digest(WholeDigest::Compute)).await.unwrap();
    assert!(proxy.is_spent() && recorder.retries() > 0);
    let back = site.bucket.download("x").with_client_decryption(decryption());
    assert!(soon(back.to_bytes()).await.unwrap().content == pattern(5 * PART));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_hashed_is_what_is_sent() {
    let site = site().await;
    let len = 5 * PART;
    let (source, _) = fickle(len, len as u64);
    let upload = site.bucket.upload("x", source).with_client_encryption(encryption());
    is_refused(&soon(upload.with_whole_digest(WholeDigest::Compute)).await.unwrap_err());
    assert!(site.versions().await.is_empty(), "an unfinished file was left");
}
