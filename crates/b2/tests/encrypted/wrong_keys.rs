//! A wrong password is told before anything else happens.

use std::error::Error as _;

use b2::crypto::legacy::{Algorithm, Suite};
use b2::crypto::{Limits, RawKey};
use b2::encryption::{ClassicCipher, ClientDecryption, ClientEncryption};
use b2::{ClientEncryptionErrorKind as Kind, Error, Source};

use crate::scene::{HEADER, PART, decryption, encryption, frames, kind, password, site};
use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_header_is_fetched_and_no_destination_touched() {
    let site = site().await;
    let with = ClientEncryption::recipients(vec![password("right")]).with_options(frames());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_client_encryption(with);
    soon(upload).await.unwrap();
    let folder = Folder::holding("old", b"old");
    let others = [
        ClientDecryption::password("wrong"),
        ClientDecryption::password(""),
        ClientDecryption::key(RawKey::new([8; 32])),
    ];
    for other in others {
        let before = site.emulator.stats().downloaded_today;
        let download = || site.bucket.download("x").with_client_decryption(other.clone());
        assert_eq!(kind(soon(download().to_file(folder.path("new"))).await), Kind::WrongKey);
        let replacing = download().to_file_replacing(folder.path("old"));
        assert_eq!(kind(soon(replacing).await), Kind::WrongKey);
        let shelf = Shelf::default();
        assert_eq!(kind(soon(download().to_writer(shelf.clone())).await), Kind::WrongKey);
        assert!(shelf.content().is_empty());
        let fetched = site.emulator.stats().downloaded_today - before;
        assert_eq!(fetched, 3 * HEADER as u64);
    }
    folder.assert_holds_only("old", b"old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_encrypted_is_said_to_be_so() {
    let site = site().await;
    for (name, content) in [("empty", 0), ("short", 5), ("long", PART)] {
        soon(site.bucket.upload(name, pattern(content))).await.unwrap();
        let download = site.bucket.download(name).with_client_decryption(decryption());
        let error = soon(download.to_bytes()).await.unwrap_err();
        assert!(error.advice().is_some() && error.source().is_some(), "{error:?}");
        assert_eq!(kind(Err::<(), _>(error)), Kind::NotEncrypted, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_costs_too_much_is_not_tried() {
    let site = site().await;
    let with = ClientEncryption::recipients(vec![password("p")]);
    soon(site.bucket.upload("x", "y").with_client_encryption(with)).await.unwrap();
    let limits = Limits::default().with_memory_kib(16);
    let with = ClientDecryption::password("p").with_limits(limits);
    let download = site.bucket.download("x").with_client_decryption(with);
    assert_eq!(kind(soon(download.to_bytes()).await), Kind::TooCostly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_if_nobody_could_open_it() {
    let site = site().await;
    let bad = [
        ClientEncryption::recipients(Vec::new()),
        ClientEncryption::recipients(vec![password("")]),
        encryption().with_options(frames().with_frame_size(1000)),
    ];
    for with in bad {
        let upload = site.bucket.upload("x", "y").with_client_encryption(with);
        assert_eq!(kind(soon(upload).await), Kind::CannotEncrypt);
    }
    assert!(site.versions().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_length_is_needed_is_refused_before_it_is_read() {
    let site = site().await;
    let upload = || site.bucket.upload("x", Source::stream(std::io::repeat(7)));
    let hidden = encryption().with_options(frames().with_hidden_length(true));
    let refused = soon(upload().with_client_encryption(hidden)).await;
    assert_eq!(kind(refused), Kind::CannotEncrypt);
    let cipher = ClassicCipher::with_key(Suite::new(Algorithm::Aes), &[1; 32], &[2; 16]);
    let refused = soon(upload().with_client_encryption(ClientEncryption::classic(cipher))).await;
    assert!(matches!(refused, Err(Error::Request { .. })), "{refused:?}");
    assert!(site.versions().await.is_empty());
}

#[test]
fn no_secret_is_printed() {
    let with = ClientEncryption::password("canary");
    let back = ClientDecryption::password("canary");
    let text = format!("{with:?} {back:?} {:?}", encryption());
    assert!(!text.contains("canary") && !text.contains("7, 7"), "{text}");
}
