//! Classic ciphers, through a temporary file.

use std::fs;
use std::time::Duration;

use b2::crypto::legacy::{Algorithm, Hash, Padding, Profile, Suite};
use b2::encryption::{CLIENT_ENCRYPTION, ClassicCipher, ClientDecryption, ClientEncryption};
use b2::{
    ByteRange, CannotResume, ClientEncryptionErrorKind as Kind, Config, Error, RequestError, Source,
};

use crate::scene::{PART, kind, site};
use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::Pace;
use crate::support::soon;

const CIPHERTEXT_OF_OLD: &str = ".b2-partial-.b2-ciphertext-old";

fn aes(key: u8) -> ClassicCipher {
    ClassicCipher::with_key(Suite::new(Algorithm::Aes), &[key; 32], &[2; 16])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_comes_back() {
    let site = site().await;
    for (size, sealed) in [(0, 16), (1, 16), (16, 32), (PART, PART + 16), (5 * PART, 5 * PART + 16)]
    {
        let content = pattern(size);
        let upload = site.bucket.upload("x", content.clone());
        let upload = upload.with_client_encryption(ClientEncryption::classic(aes(1)));
        let file = soon(upload).await.unwrap().file;
        assert_eq!(file.content_length, sealed as u64);
        assert_eq!(file.file_info[CLIENT_ENCRYPTION], "classic");
        assert_eq!(b2::encryption::plaintext_len(&file.file_info), Some(size as u64));
        let folder = Folder::new();
        let download =
            || site.bucket.download("x").with_client_decryption(ClientDecryption::classic(aes(1)));
        assert_eq!(soon(download().to_file(folder.path("a"))).await.unwrap().bytes, size as u64);
        assert!(fs::read(folder.path("a")).unwrap() == content, "{size} bytes differ");
        assert!(soon(download().to_bytes()).await.unwrap().content == content);
        let journal = site.bucket.download("x").with_journal(folder.path("journal"));
        let journal = journal.with_client_decryption(ClientDecryption::classic(aes(1)));
        soon(journal.to_file(folder.path("b"))).await.unwrap();
        assert!(fs::read(folder.path("b")).unwrap() == content, "{size} bytes differ");
        assert_eq!(folder.names(), ["a", "b"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_and_a_profile_make_a_key() {
    let site = site().await;
    let suite = Suite::new(Algorithm::TripleDes);
    let cipher = |password: &str| {
        let profile = Profile::openssl_pbkdf2(Hash::Sha256, 10);
        ClassicCipher::with_password(suite, password.into(), profile)
    };
    let upload = site.bucket.upload("x", "attack at dawn");
    let with = ClientEncryption::classic(cipher("secret"));
    soon(upload.with_client_encryption(with)).await.unwrap();
    let download = |password| {
        let with = ClientDecryption::classic(cipher(password));
        site.bucket.download("x").with_client_decryption(with)
    };
    assert_eq!(soon(download("secret").to_bytes()).await.unwrap().content, "attack at dawn");
    assert_eq!(kind(soon(download("other").to_bytes()).await), Kind::Undecryptable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_decrypt_leaves_nothing() {
    let site = site().await;
    let upload = site.bucket.upload("x", pattern(1000));
    soon(upload.with_client_encryption(ClientEncryption::classic(aes(1)))).await.unwrap();
    let sealed = soon(site.bucket.download("x").to_bytes()).await.unwrap().content;
    let stored = [sealed.to_vec(), sealed[..999].to_vec(), Vec::new()];
    for (stored, key) in stored.into_iter().zip([3, 1, 1]) {
        soon(site.bucket.upload("x", stored)).await.unwrap();
        let folder = Folder::holding("old", b"old");
        let with = ClientDecryption::classic(aes(key));
        let download = || site.bucket.download("x").with_client_decryption(with.clone());
        assert_eq!(kind(soon(download().to_file(folder.path("new"))).await), Kind::Undecryptable);
        let replacing = download().to_file_replacing(folder.path("old"));
        assert_eq!(kind(soon(replacing).await), Kind::Undecryptable);
        let shelf = Shelf::default();
        assert_eq!(kind(soon(download().to_writer(shelf.clone())).await), Kind::Undecryptable);
        assert!(shelf.content().is_empty());
        folder.assert_holds_only("old", b"old");
    }
}

/// A stream cipher and CTR decrypt whatever is there; only the length tells that some is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_cut_is_told_by_the_length_that_was_said() {
    let site = site().await;
    for (name, key, iv) in [("aes-256-ctr", 32, 16), ("rc4", 16, 0), ("aes-256-cbc", 32, 16)] {
        let suite = Suite::from_name(name).unwrap();
        let cipher = || ClassicCipher::with_key(suite, &[1; 32][..key], &[2; 16][..iv]);
        let upload = site.bucket.upload("x", pattern(1000));
        let file = soon(upload.with_client_encryption(ClientEncryption::classic(cipher())));
        let file = file.await.unwrap().file;
        let range = ByteRange::inclusive(0, 495).unwrap();
        // With all the file information.
        let cut = site.bucket.copy(file.file_id.unwrap(), "cut").with_range(range);
        let cut = soon(cut.run()).await.unwrap().file;
        assert_eq!(b2::encryption::plaintext_len(&cut.file_info), Some(1000));
        let folder = Folder::holding("old", b"old");
        let download = || {
            site.bucket.download("cut").with_client_decryption(ClientDecryption::classic(cipher()))
        };
        let new = soon(download().to_file(folder.path("new"))).await;
        assert_eq!(kind(new), Kind::Undecryptable, "{name}");
        let old = soon(download().to_file_replacing(folder.path("old"))).await;
        assert_eq!(kind(old), Kind::Undecryptable, "{name}");
        let shelf = Shelf::default();
        assert_eq!(kind(soon(download().to_writer(shelf.clone())).await), Kind::Undecryptable);
        assert!(shelf.content().is_empty(), "{name}");
        folder.assert_holds_only("old", b"old");
    }
}

/// Zeros at the end are lost with this padding, and that is no cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_with_zeros_that_are_lost_is_none_of_a_file_that_was_cut() {
    let site = site().await;
    let suite = Suite::new(Algorithm::Aes).with_padding(Padding::Zeros);
    let cipher = || ClassicCipher::with_key(suite, &[1; 32], &[2; 16]);
    let content = [&pattern(100)[..], &[0; 40]].concat();
    let upload = site.bucket.upload("x", content.clone());
    soon(upload.with_client_encryption(ClientEncryption::classic(cipher()))).await.unwrap();
    let download = site.bucket.download("x");
    let download = download.with_client_decryption(ClientDecryption::classic(cipher()));
    // Those of the last block.
    assert!(soon(download.to_bytes()).await.unwrap().content == content[..128]);
}

/// What nobody's encryption makes of 1000 bytes: bytes and keys.
fn trouble(sealed: &[u8], block: usize) -> [(&'static str, Vec<u8>, u8); 6] {
    let mut padding = sealed.to_vec();
    // The last byte of the content becomes a number that no padding has.
    padding[sealed.len() - block - 1] ^= 0x80;
    [
        ("wrong key", sealed.to_vec(), 0x5a),
        ("bad padding", padding, 1),
        ("cut in a block", sealed[..sealed.len() - 1].to_vec(), 1),
        ("cut behind a block", sealed[..sealed.len() - block].to_vec(), 1),
        ("longer", [sealed, b"x"].concat(), 1),
        ("nothing", Vec::new(), 1),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_suite_leaves_anything_of_what_does_not_decrypt() {
    let site = site().await;
    for name in Suite::names().iter().filter(|name| name.ends_with("-cbc")) {
        let suite = Suite::from_name(name).unwrap();
        let cipher = |byte| {
            let (key, iv) = (vec![byte; suite.key_len()], vec![2; suite.iv_len()]);
            ClassicCipher::with_key(suite, &key, &iv)
        };
        let upload = site.bucket.upload("x", pattern(1000));
        soon(upload.with_client_encryption(ClientEncryption::classic(cipher(1)))).await.unwrap();
        let sealed = soon(site.bucket.download("x").to_bytes()).await.unwrap().content;
        for (what, stored, key) in trouble(&sealed, suite.block_len()) {
            let stored_again = stored.clone();
            soon(site.bucket.upload("x", stored)).await.unwrap();
            let folder = Folder::holding("old", b"old");
            let with = ClientDecryption::classic(cipher(key));
            let download = || site.bucket.download("x").with_client_decryption(with.clone());
            let new = download().to_file(folder.path("new"));
            assert_eq!(kind(soon(new).await), Kind::Undecryptable, "{name}: {what}");
            let journal = site.bucket.download("x").with_journal(folder.path("journal"));
            let journal = journal.with_client_decryption(with.clone());
            let replacing = soon(journal.to_file_replacing(folder.path("old"))).await;
            assert_eq!(kind(replacing), Kind::Undecryptable, "{name}: {what}");
            assert_eq!(kind(soon(download().to_bytes()).await), Kind::Undecryptable);
            // Only ciphertext stays, for whoever has another key.
            assert_eq!(fs::read(folder.path("old")).unwrap(), b"old", "{name}: {what}");
            assert_eq!(fs::read(folder.path(CIPHERTEXT_OF_OLD)).unwrap(), stored_again);
            // Of nothing there is nothing to remember.
            let journal = folder.names().contains(&"journal".to_owned());
            assert!(journal || stored_again.is_empty(), "{name}: {what}");
            assert!(folder.names().len() <= 3, "{name}: {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_told_before_anything_moves() {
    let site = site().await;
    let short = ClassicCipher::with_key(Suite::new(Algorithm::Aes), &[1; 31], &[2; 16]);
    let other = ClassicCipher::with_key(Suite::new(Algorithm::Aes), &[1; 32], &[2; 8]);
    for cipher in [short, other] {
        let with = ClientEncryption::classic(cipher.clone());
        let upload = site.bucket.upload("x", "y").with_client_encryption(with);
        assert_eq!(kind(soon(upload).await), Kind::CannotEncrypt);
        let with = ClientDecryption::classic(cipher);
        let download = site.bucket.download("x").with_client_decryption(with);
        assert_eq!(kind(soon(download.to_bytes()).await), Kind::CannotEncrypt);
    }
    let range = site.bucket.download("x").with_range(ByteRange::starting_at(1));
    let range = range.with_client_decryption(ClientDecryption::classic(aes(1)));
    assert!(matches!(soon(range.to_bytes()).await, Err(Error::Request { .. })));
    assert!(site.versions().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_with_the_same_key_only() {
    let site = site().await;
    let folder = Folder::holding("source", &pattern(6 * PART));
    let upload = |key| {
        let source = Source::file(folder.path("source")).unwrap();
        let upload = site.bucket.upload("x", source).with_journal(folder.path("journal"));
        upload.with_client_encryption(ClientEncryption::classic(aes(key)))
    };
    let stopped =
        upload(1).with_concurrency(1).with_part_callback(|_| std::ops::ControlFlow::Break(()));
    assert!(matches!(soon(stopped).await, Err(Error::Cancelled)));
    match soon(upload(2)).await {
        Err(Error::Request { source, .. }) => {
            assert_eq!(*source, RequestError::CannotResume(CannotResume::Content));
        }
        other => panic!("{other:?}"),
    }
    soon(upload(1)).await.unwrap();
    let with = ClientDecryption::classic(aes(1));
    let back = soon(site.bucket.download("x").with_client_decryption(with).to_bytes()).await;
    assert!(back.unwrap().content == pattern(6 * PART));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_download_goes_on_from_its_journal() {
    let site = site().await;
    let content = pattern(6 * PART);
    let upload = site.bucket.upload("x", content.clone());
    soon(upload.with_client_encryption(ClientEncryption::classic(aes(1)))).await.unwrap();
    let folder = Folder::new();
    let download = |bucket: &b2::Bucket| {
        let download = bucket.download("x").with_piece_size(20_000).with_concurrency(1);
        let download = download.with_journal(folder.path("journal"));
        let with = ClientDecryption::classic(aes(1));
        download.with_client_decryption(with).to_file(folder.path("to"))
    };
    // Slow enough to be interrupted in time.
    let proxy = site.proxy();
    let (slow, _) = site.behind(&proxy, Config::default()).await;
    proxy.set_pace(Pace::Trickle(5_000, Duration::from_millis(5)));
    let handle = download(&slow).start();
    while handle.progress().acknowledged_bytes < 200_000 {
        tokio::task::yield_now().await;
    }
    handle.interrupt();
    assert!(matches!(soon(handle.join()).await, Err(Error::Cancelled)));
    assert!(!folder.path("to").exists() && folder.path("journal").exists());

    let before = site.emulator.stats().downloaded_today;
    soon(download(&site.bucket)).await.unwrap();
    let fetched = site.emulator.stats().downloaded_today - before;
    assert!(fetched <= 6 * PART as u64 - 150_000, "{fetched} bytes were fetched again");
    assert!(fs::read(folder.path("to")).unwrap() == content);
    assert_eq!(folder.names(), ["to"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_after_the_wrong_one_fetches_nothing_again() {
    let site = site().await;
    let content = pattern(6 * PART);
    let upload = site.bucket.upload("x", content.clone());
    soon(upload.with_client_encryption(ClientEncryption::classic(aes(1)))).await.unwrap();
    let folder = Folder::new();
    // The second is too long for a name with a prefix.
    for name in ["to".to_owned(), "n".repeat(250)] {
        let download = |key| {
            let download = site.bucket.download("x").with_journal(folder.path("journal"));
            let with = ClientDecryption::classic(aes(key));
            download.with_client_decryption(with).to_file(folder.path(&name))
        };
        let refused = soon(download(2)).await.unwrap_err();
        let said = error_text(&refused);
        assert!(said.contains("b2-ciphertext-") && said.contains("stays in"), "{said}");
        assert_eq!(kind(Err::<(), _>(refused)), Kind::Undecryptable);
        assert!(folder.path("journal").exists() && !folder.path(&name).exists());
        let before = site.emulator.stats().downloaded_today;
        soon(download(1)).await.unwrap();
        let fetched = site.emulator.stats().downloaded_today - before;
        assert!(fetched <= 1, "{fetched} bytes were fetched again");
        assert!(fs::read(folder.path(&name)).unwrap() == content);
        assert_eq!(folder.names(), [name.as_str()]);
        fs::remove_file(folder.path(&name)).unwrap();
    }
}

fn error_text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let texts = causes.map(|cause| format!("; {cause}"));
    [error.to_string()].into_iter().chain(texts).collect()
}
