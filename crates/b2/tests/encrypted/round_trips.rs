//! Every size, every destination.

use std::fs;

use b2::crypto::{Aead, SealOptions};
use b2::encryption::{
    CLIENT_ENCRYPTION, ClientDecryption, ClientEncryption, PLAINTEXT_LENGTH, plaintext_len,
};
use b2::{Check, Source, WholeDigest};

use crate::scene::{FRAME, HEADER, PART, SEALED, decryption, encryption, frames, password, site};
use crate::support::content::{Shelf, Stutter, pattern};
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

/// To a file in pieces, to a writer, to memory, and without a runtime.
async fn comes_back(site: &Site, content: &[u8], with: ClientDecryption) {
    let folder = Folder::new();
    let download = || {
        let download = site.bucket.download("x").with_piece_size(5 * SEALED as u64 + 1);
        download.with_client_decryption(with.clone())
    };
    let done = soon(download().to_file(folder.path("file"))).await.unwrap();
    assert_eq!((done.bytes, done.check), (content.len() as u64, Check::Authenticated));
    assert!(fs::read(folder.path("file")).unwrap() == content, "{} bytes differ", content.len());

    let shelf = Shelf::default();
    let done = soon(download().to_writer(shelf.clone())).await.unwrap();
    assert_eq!(done.bytes, content.len() as u64);
    assert!(shelf.content() == content, "{} bytes differ", content.len());

    let back = soon(download().to_bytes()).await.unwrap();
    assert!(back.content == content, "{} bytes differ", content.len());

    let (run, path) = (download().to_file(folder.path("blocking")), folder.path("blocking"));
    aside(move || run.run_blocking(&UreqTransport::new()).unwrap()).await;
    assert!(fs::read(path).unwrap() == content, "{} bytes differ", content.len());
    assert_eq!(folder.names(), ["blocking", "file"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_around_the_edges_comes_back() {
    let site = site().await;
    let frames_of_a_part = PART / SEALED;
    for size in [
        0,
        1,
        FRAME - 1,
        FRAME,
        FRAME + 1,
        2 * FRAME,
        PART,
        frames_of_a_part * FRAME,
        // In parts from here on: ciphertext around multiples of a part.
        3 * PART - HEADER - 3 * frames_of_a_part * 32,
        3 * PART,
        7 * PART + 5,
    ] {
        let content = pattern(size);
        let upload = site.bucket.upload("x", content.clone()).with_client_encryption(encryption());
        let uploaded = soon(upload).await.unwrap();
        let sealed = HEADER + size + size.div_ceil(FRAME).max(1) * 32;
        assert_eq!(uploaded.file.content_length, sealed as u64);
        assert_eq!(plaintext_len(&uploaded.file.file_info), Some(size as u64));
        let large = uploaded.file.file_info.contains_key("large_file_sha1");
        assert_eq!(large, sealed > 2 * PART, "{size}");
        // The digest is that of the ciphertext, so anybody can check it.
        let stored = soon(site.bucket.download("x").to_bytes()).await.unwrap();
        assert!(matches!(stored.check, Check::ContentSha1 | Check::LargeFileSha1));
        comes_back(&site, &content, decryption()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_without_a_runtime_comes_back() {
    let site = site().await;
    let content = pattern(3 * PART);
    let upload = site.bucket.upload("x", content.clone()).with_client_encryption(encryption());
    aside(move || upload.run_blocking(&UreqTransport::new()).unwrap()).await;
    comes_back(&site, &content, decryption()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_source_comes_back() {
    let site = site().await;
    let content = pattern(3 * PART + 1);
    let folder = Folder::holding("source", &content);
    let sources = [
        Source::file(folder.path("source")).unwrap(),
        Source::reader(&content[..]).unwrap(),
        Source::reader(&pattern(1 << 21)[..]).unwrap(),
        Source::custom(Stutter::new(content.clone())).unwrap(),
    ];
    for (source, content) in
        sources.into_iter().zip([&content, &content, &pattern(1 << 21), &content])
    {
        let upload = site.bucket.upload("x", source).with_client_encryption(encryption());
        soon(upload).await.unwrap();
        comes_back(&site, content, decryption()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_choice_comes_back() {
    let site = site().await;
    let content = pattern(2 * PART);
    let chacha = frames().with_aead(Aead::XChaCha20Poly1305);
    let hidden = SealOptions::default().with_hidden_length(true).with_frame_size(1024);
    for options in [SealOptions::default(), chacha, hidden] {
        let with = ClientEncryption::recipients(vec![password("one"), password("two")]);
        let upload = site.bucket.upload("x", content.clone());
        let upload = upload.with_client_encryption(with.with_options(options));
        let info = soon(upload).await.unwrap().file.file_info;
        assert_eq!(info[CLIENT_ENCRYPTION], "b2e-1");
        assert_eq!(info.contains_key(PLAINTEXT_LENGTH), !options.hide_length);
        for text in ["one", "two"] {
            comes_back(&site, &content, ClientDecryption::password(text)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_is_longer_than_usual_is_fetched_whole() {
    let site = site().await;
    let many = (0..20).map(|number| password(&format!("{number}"))).collect();
    let with = ClientEncryption::recipients(many).with_options(frames());
    soon(site.bucket.upload("x", pattern(9000)).with_client_encryption(with)).await.unwrap();
    comes_back(&site, &pattern(9000), ClientDecryption::password("19")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_of_the_content_is_not_taken_for_that_of_the_file() {
    let site = site().await;
    let known = WholeDigest::Known("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d".parse().unwrap());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_whole_digest(known);
    soon(upload.with_client_encryption(encryption())).await.unwrap();
    let stored = soon(site.bucket.download("x").to_bytes()).await.unwrap();
    assert_eq!(stored.check, Check::LargeFileSha1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_content_type_tells_nothing_unless_it_is_given() {
    let site = site().await;
    let upload = || site.bucket.upload("cat.jpg", "meow").with_client_encryption(encryption());
    let stored = soon(upload()).await.unwrap().file.content_type;
    assert_eq!(stored.as_deref(), Some("application/octet-stream"));
    let stored = soon(upload().with_content_type("image/x")).await.unwrap().file.content_type;
    assert_eq!(stored.as_deref(), Some("image/x"));
}
