//! Ranges of the content.

use b2::{ByteRange, ClientEncryptionErrorKind as Kind};

use crate::scene::{FRAME, HEADER, PART, SEALED, decryption, encryption, kind, site};
use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_costs_two_frames_and_the_header_at_most() {
    let site = site().await;
    let content = pattern(5 * PART);
    let upload = site.bucket.upload("x", content.clone()).with_client_encryption(encryption());
    soon(upload).await.unwrap();
    let mut state = 1_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) as usize % limit
    };
    let random = (0..200).map(|_| {
        let first = below(content.len());
        (first, first + below((content.len() - first).min(4 * FRAME)))
    });
    let edges = [(0, 0), (FRAME - 1, FRAME), (FRAME, 2 * FRAME - 1), (0, content.len() - 1)];
    for (first, last) in edges.into_iter().chain(random.collect::<Vec<_>>()) {
        let range = ByteRange::inclusive(first as u64, last as u64).unwrap();
        let before = site.emulator.stats().downloaded_today;
        let download = site.bucket.download("x").with_range(range);
        let back = soon(download.with_client_decryption(decryption()).to_bytes()).await.unwrap();
        assert!(back.content == content[first..=last], "{range} differs");
        let fetched = (site.emulator.stats().downloaded_today - before) as usize;
        let (len, whole) = (last - first + 1, last / FRAME - first / FRAME + 1);
        assert!(fetched <= HEADER + whole * SEALED, "{fetched} bytes for {range}");
        assert!(fetched <= HEADER + len + 2 * FRAME + whole * 32, "{fetched} bytes for {range}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_go_to_files_and_past_the_end() {
    let site = site().await;
    let content = pattern(3 * PART);
    let upload = site.bucket.upload("x", content.clone()).with_client_encryption(encryption());
    soon(upload).await.unwrap();
    let folder = Folder::new();
    for (name, range, first) in [
        ("a", ByteRange::starting_at(5000), 5000),
        ("b", ByteRange::inclusive(70_000, u64::MAX / 2).unwrap(), 70_000),
        ("c", ByteRange::starting_at(content.len() as u64 - 1), content.len() - 1),
    ] {
        let download = site.bucket.download("x").with_range(range).with_piece_size(9999);
        let download = download.with_client_decryption(decryption());
        let done = soon(download.to_file(folder.path(name))).await.unwrap();
        assert_eq!(done.bytes as usize, content.len() - first);
        assert!(std::fs::read(folder.path(name)).unwrap() == content[first..], "{range} differs");
    }
    let beyond = site.bucket.download("x").with_range(ByteRange::starting_at(3 * PART as u64));
    let beyond = beyond.with_client_decryption(decryption());
    assert_eq!(kind(soon(beyond.to_file(folder.path("d"))).await), Kind::Range);
    assert_eq!(folder.names(), ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_leaves_content_out() {
    let site = site().await;
    let upload = site.bucket.upload("x", "hello world").with_client_encryption(encryption());
    soon(upload).await.unwrap();
    let rest = site.bucket.download("x").with_start(6).with_client_decryption(decryption());
    assert_eq!(soon(rest.to_bytes()).await.unwrap().content, "world");
}
