//! Stored files that others can open now.

use b2::crypto::{RawKey, Recipient, Unlock};
use b2::encryption::{CLIENT_KEYRING, ClientDecryption, ClientEncryption, plaintext_len};
use b2::{ClientEncryptionErrorKind as Kind, CustomerKey, EncryptionRequest, Error};

use crate::scene::{PART, decryption, frames, key, kind, password, site};
use crate::support::content::pattern;
use crate::support::site::Site;
use crate::support::soon;

async fn opens(site: &Site, with: ClientDecryption) -> Result<(), Kind> {
    let download = site.bucket.download("x").with_client_decryption(with);
    match soon(download.to_bytes()).await {
        Ok(back) => {
            assert!(back.content == pattern(3 * PART), "other bytes came back");
            Ok(())
        }
        failed => Err(kind(failed)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_come_and_go_and_no_content_moves() {
    let site = site().await;
    let me = Recipient::raw_key(key()).with_label("me");
    let with = ClientEncryption::recipients(vec![me]).with_options(frames());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_content_type("text/x-diary");
    // One that no header of a download repeats, and one that none can hold.
    let upload = upload.with_file_info("b2-cache-control", "max-age=60");
    let upload = upload.with_file_info("note", "grüße");
    soon(upload.with_client_encryption(with)).await.unwrap();
    let received = site.emulator.stats().bytes_received;
    let downloaded = site.emulator.stats().downloaded_today;

    let change = |unlock| site.bucket.change_recipients("x", unlock);
    let added = change(Unlock::RawKey(key())).with_added(password("hers").with_label("her"));
    let copied = soon(added.run()).await.unwrap().file;
    assert!(copied.file_info.contains_key(CLIENT_KEYRING));
    assert!(copied.file_info.contains_key("large_file_sha1"));
    assert_eq!(plaintext_len(&copied.file_info), Some(3 * PART as u64));
    assert_eq!(copied.content_type.as_deref(), Some("text/x-diary"));
    for (name, value) in [("b2-cache-control", "max-age=60"), ("note", "grüße")] {
        assert_eq!(copied.file_info.get(name).map(String::as_str), Some(value), "{name}");
    }
    let moved = site.emulator.stats().bytes_received - received;
    assert!(moved < 10_000, "{moved} bytes were sent");
    assert_eq!(site.emulator.stats().downloaded_today - downloaded, 1024);
    assert_eq!(opens(&site, decryption()).await, Ok(()));
    assert_eq!(opens(&site, ClientDecryption::password("hers")).await, Ok(()));

    // She throws me out.
    soon(change(Unlock::Password("hers".into())).without("me").run()).await.unwrap();
    assert_eq!(opens(&site, decryption()).await, Err(Kind::WrongKey));
    assert_eq!(opens(&site, ClientDecryption::password("hers")).await, Ok(()));

    let next = RawKey::new([9; 32]);
    let rotated = change(Unlock::Password("hers".into())).without_others();
    soon(rotated.with_added(Recipient::raw_key(next.clone())).run()).await.unwrap();
    assert_eq!(opens(&site, ClientDecryption::password("hers")).await, Err(Kind::WrongKey));
    assert_eq!(opens(&site, ClientDecryption::key(next)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_made_again_adds_nobody_twice() {
    let site = site().await;
    let with = ClientEncryption::key(key()).with_options(frames());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_client_encryption(with);
    soon(upload).await.unwrap();
    let add = async |recipient| {
        let change = site.bucket.change_recipients("x", Unlock::RawKey(key()));
        let copied = soon(change.with_added(recipient).run()).await.unwrap().file;
        copied.file_info[CLIENT_KEYRING].len()
    };
    let hers = || password("hers").with_label("her");
    let two = add(hers()).await;
    assert_eq!(add(hers()).await, two, "she is there twice");
    // The same password under another name, and another one under the same, are others.
    let three = add(password("hers").with_label("him")).await;
    let four = add(password("his").with_label("her")).await;
    assert!(two < three && three < four);
    assert_eq!(add(hers()).await, four, "she is there twice");
    assert_eq!(opens(&site, ClientDecryption::password("hers")).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_cannot_be_leaves_the_file() {
    let site = site().await;
    let with = ClientEncryption::key(key()).with_options(frames());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_client_encryption(with);
    soon(upload).await.unwrap();
    let wrong = site.bucket.change_recipients("x", Unlock::RawKey(RawKey::new([8; 32])));
    assert_eq!(kind(soon(wrong.with_added(password("p")).run()).await), Kind::WrongKey);
    let nobody = site.bucket.change_recipients("x", Unlock::RawKey(key())).without_others();
    assert_eq!(kind(soon(nobody.run()).await), Kind::CannotEncrypt);
    let empty = site.bucket.change_recipients("x", Unlock::RawKey(key()));
    assert_eq!(kind(soon(empty.with_added(password("")).run()).await), Kind::CannotEncrypt);
    let unknown = site.bucket.change_recipients("x", Unlock::RawKey(key())).without("nobody");
    assert!(matches!(soon(unknown.run()).await, Err(Error::Request { .. })));
    assert_eq!(site.versions().await, ["x"]);
    assert_eq!(opens(&site, decryption()).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyring_that_somebody_else_made_is_not_believed() {
    let site = site().await;
    for name in ["x", "y"] {
        let with = ClientEncryption::key(key()).with_options(frames());
        let upload = site.bucket.upload(name, pattern(3 * PART)).with_client_encryption(with);
        soon(upload).await.unwrap();
    }
    let change = site.bucket.change_recipients("y", Unlock::RawKey(key()));
    let other = soon(change.with_added(password("p")).run()).await.unwrap().file;
    for (value, expected) in [
        (other.file_info[CLIENT_KEYRING].clone(), Kind::WrongKey),
        ("not base64!".to_owned(), Kind::Damaged),
    ] {
        let head = soon(site.bucket.head("x")).await.unwrap();
        let mut info = head.file_info.into_map();
        info.insert(CLIENT_KEYRING.to_owned(), value);
        let copy = site.bucket.copy(head.file_id, "x");
        soon(copy.with_metadata("text/plain", info).run()).await.unwrap();
        assert_eq!(opens(&site, decryption()).await, Err(expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_under_the_customers_key_stays_under_it() {
    let site = site().await;
    let customer = |byte| CustomerKey::new([byte; 32]);
    let under = |byte| EncryptionRequest::sse_c(customer(byte));
    let with = ClientEncryption::key(key()).with_options(frames());
    let upload = site.bucket.upload("x", pattern(3 * PART)).with_client_encryption(with);
    soon(upload.with_encryption(under(1))).await.unwrap();
    let change = || {
        let change = site.bucket.change_recipients("x", Unlock::RawKey(key()));
        change.with_added(password("hers").with_label("her"))
    };
    for wrong in [change(), change().with_customer_key(customer(9))] {
        match soon(wrong.run()).await {
            Err(Error::Api { source, .. }) => assert!((400..404).contains(&source.status)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(site.versions().await, ["x"]);

    let opens = async |byte| {
        let with = ClientDecryption::password("hers");
        let download = site.bucket.download("x").with_customer_key(customer(byte));
        let back = soon(download.with_client_decryption(with).to_bytes()).await.unwrap();
        assert!(back.content == pattern(3 * PART), "other bytes came back");
    };
    let copied = soon(change().with_customer_key(customer(1)).run()).await.unwrap().file;
    assert!(copied.server_side_encryption.unwrap().is_sse_c());
    opens(1).await;

    // And under another one, or none, if that is asked for.
    let other = change().with_customer_key(customer(1)).with_encryption(under(2));
    soon(other.run()).await.unwrap();
    opens(2).await;
    let sse_b2 = change().with_customer_key(customer(2));
    soon(sse_b2.with_encryption(EncryptionRequest::sse_b2()).run()).await.unwrap();
    assert_eq!(self::opens(&site, ClientDecryption::password("hers")).await, Ok(()));
}
