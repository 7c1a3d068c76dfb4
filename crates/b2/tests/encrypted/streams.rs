//! Streams, encrypted while they are read.

use std::io::{self, Read};

use b2::encryption::{CLIENT_ENCRYPTION, PLAINTEXT_LENGTH};
use b2::{ByteRange, ClientEncryptionErrorKind as Kind, Error, Source, WholeDigest};

use crate::scene::{FRAME, HEADER, PART, SEALED, decryption, encryption, kind, site};
use crate::support::aside;
use crate::support::content::pattern;
use crate::support::proxy::Trouble;
use crate::support::site::{Site, hasty};
use crate::support::soon;
use crate::support::ureq_transport::UreqTransport;

/// A reader that gives a little at a time.
struct Sips<R>(R);

impl<R: Read> Read for Sips<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(7_001);
        self.0.read(&mut buffer[..most])
    }
}

fn stream(content: Vec<u8>) -> Source {
    Source::stream(Sips(io::Cursor::new(content)))
}

async fn opens(site: &Site, content: &[u8]) {
    let download = site.bucket.download("x").with_client_decryption(decryption());
    let back = soon(download.to_bytes()).await.unwrap();
    assert!(back.content == content, "{} bytes came back differently", content.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_length_comes_back() {
    let site = site().await;
    for size in [0, 1, FRAME - 1, FRAME, FRAME + 1, PART, 2 * PART - HEADER, 5 * PART + 7] {
        let content = pattern(size);
        let upload = site.bucket.upload("x", stream(content.clone()));
        let file = soon(upload.with_client_encryption(encryption())).await.unwrap().file;
        let frames = size.div_ceil(FRAME).max(1);
        assert_eq!(file.content_length as usize, HEADER + size + frames * (SEALED - FRAME));
        assert_eq!(file.file_info[CLIENT_ENCRYPTION], "b2e-1");
        assert!(!file.file_info.contains_key(PLAINTEXT_LENGTH));
        opens(&site, &content).await;
    }
    let range = ByteRange::inclusive(3 * FRAME as u64 - 5, 3 * FRAME as u64 + 4).unwrap();
    let part = site.bucket.download("x").with_range(range).with_client_decryption(decryption());
    let part = soon(part.to_bytes()).await.unwrap().content;
    assert!(part == pattern(5 * PART + 7)[3 * FRAME - 5..3 * FRAME + 5]);
}

/// A server that cuts a stream behind a frame must not be believed that there is no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_behind_a_cut_is_damage_and_behind_the_end_is_none() {
    let site = site().await;
    let upload = site.bucket.upload("x", stream(pattern(5 * FRAME)));
    soon(upload.with_client_encryption(encryption())).await.unwrap();
    let whole = soon(site.bucket.download("x").to_bytes()).await.unwrap().content;
    assert_eq!(whole.len(), HEADER + 5 * SEALED);
    let range = |first: usize| ByteRange::starting_at(first as u64);
    let read = |range| {
        let download = site.bucket.download("x").with_range(range);
        soon(download.with_client_decryption(decryption()).to_bytes())
    };
    assert_eq!(kind(read(range(5 * FRAME)).await), Kind::Range);
    assert_eq!(kind(read(range(9 * FRAME)).await), Kind::Range);
    for frames in 1..5 {
        let cut = whole.slice(..HEADER + frames * SEALED);
        soon(site.bucket.upload("x", cut.to_vec())).await.unwrap();
        assert_eq!(kind(read(range(frames * FRAME)).await), Kind::Damaged, "{frames} frames");
        assert_eq!(kind(read(range(4 * FRAME + 1)).await), Kind::Damaged, "{frames} frames");
        assert_eq!(kind(read(range(0)).await), Kind::Damaged, "{frames} frames");
        // What is there is genuine, wherever the end is.
        let first = ByteRange::inclusive(0, FRAME as u64 / 2).unwrap();
        if frames > 1 {
            assert!(read(first).await.is_ok(), "{frames} frames");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_cut_are_the_same_when_they_are_sent_again() {
    let site = site().await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, hasty("")).await;
    let content = pattern(8 * PART);
    proxy.expect([120_000, 50_000, 230_000].map(Trouble::CutUp));
    let upload = bucket.upload("x", stream(content.clone()));
    soon(upload.with_client_encryption(encryption())).await.unwrap();
    assert!(recorder.sent("b2_upload_part") > 9, "nothing was sent again");
    opens(&site, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_needs_no_runtime() {
    let site = site().await;
    let content = pattern(3 * PART);
    let upload = site.bucket.upload("x", stream(content.clone()));
    let upload = upload.with_client_encryption(encryption());
    aside(move || upload.run_blocking(&UreqTransport::new()).unwrap()).await;
    opens(&site, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_of_the_content_is_not_stored_as_that_of_the_file() {
    let site = site().await;
    let known = WholeDigest::Known("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d".parse().unwrap());
    let upload = site.bucket.upload("x", stream(pattern(3 * PART))).with_whole_digest(known);
    let file = soon(upload.with_client_encryption(encryption())).await.unwrap().file;
    assert!(!file.file_info.contains_key("large_file_sha1"));
    opens(&site, &pattern(3 * PART)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_breaks_leaves_nothing() {
    struct Breaks;
    impl Read for Breaks {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let site = site().await;
    for whole in [0, PART / 2, 3 * PART] {
        let source = Source::stream(io::Cursor::new(pattern(whole)).chain(Breaks));
        let upload = site.bucket.upload("x", source).with_client_encryption(encryption());
        let error = soon(upload).await.unwrap_err();
        let Error::Local(local) = &error else { panic!("{error:?}") };
        assert_eq!(local.source.kind(), io::ErrorKind::BrokenPipe);
    }
    assert!(site.versions().await.is_empty(), "a large file was left unfinished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_sent_only_once() {
    let site = site().await;
    let source = stream(pattern(3 * PART));
    let upload = || {
        let upload = site.bucket.upload("x", source.clone());
        upload.with_client_encryption(encryption())
    };
    soon(upload()).await.unwrap();
    assert!(matches!(soon(upload()).await, Err(Error::Local(_))));
    opens(&site, &pattern(3 * PART)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_file_is_noticed() {
    let site = site().await;
    let upload = site.bucket.upload("x", stream(pattern(3 * FRAME)));
    soon(upload.with_client_encryption(encryption())).await.unwrap();
    let sealed = soon(site.bucket.download("x").to_bytes()).await.unwrap().content;
    // Whole frames are gone, and no length says so.
    for frames in 0..3 {
        let cut = sealed[..HEADER + frames * SEALED].to_vec();
        soon(site.bucket.upload("x", cut)).await.unwrap();
        let download = site.bucket.download("x").with_client_decryption(decryption());
        assert_eq!(kind(soon(download.to_bytes()).await), Kind::Damaged);
    }
}
