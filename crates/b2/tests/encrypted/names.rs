//! Encrypted names.

use b2::ClientEncryptionErrorKind as Kind;
use b2::crypto::RawKey;

use crate::scene::{decryption, encryption, key, kind, site};
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_stay_folders_and_nothing_is_readable() {
    let site = site().await;
    let names = site.bucket.with_encrypted_names(&key());
    for name in ["2026/11/cat.jpg", "2026/11/dog.jpg", "2026/index.html", "top", "höhe/ä"] {
        let upload = names.upload(name, name.as_bytes().to_vec()).unwrap();
        soon(upload.with_client_encryption(encryption())).await.unwrap();
    }
    let stored = site.names().await.join("\n");
    for word in ["2026", "cat", "jpg", "top", "höhe"] {
        assert!(!stored.contains(word), "{stored}");
    }
    assert_eq!(stored.matches('/').count(), 6);

    let listed = async |folder: &str, deep: bool| {
        let rows = if deep { names.list(folder) } else { names.list_folder(folder) };
        let (mut rows, mut found) = (rows.unwrap(), Vec::new());
        while let Some(row) = soon(rows.next()).await {
            found.push(row.unwrap().file_name);
        }
        found.sort();
        found
    };
    assert_eq!(listed("2026/11/", true).await, ["2026/11/cat.jpg", "2026/11/dog.jpg"]);
    assert_eq!(listed("2026/", false).await, ["2026/11/", "2026/index.html"]);
    assert_eq!(listed("", false).await, ["2026/", "höhe/", "top"]);
    assert_eq!(listed("", true).await.len(), 5);

    let download = names.download("2026/11/cat.jpg").unwrap().with_client_decryption(decryption());
    assert_eq!(soon(download.to_bytes()).await.unwrap().content, "2026/11/cat.jpg");
    let others = site.bucket.with_encrypted_names(&RawKey::new([8; 32]));
    assert!(soon(others.download("top").unwrap().to_bytes()).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_others_are_told_and_passed_over() {
    let site = site().await;
    let names = site.bucket.with_encrypted_names(&key());
    soon(names.upload("mine", "x").unwrap()).await.unwrap();
    soon(site.bucket.upload("plain", "x")).await.unwrap();
    let (mut rows, mut mine, mut others) = (names.list("").unwrap(), 0, 0);
    while let Some(row) = soon(rows.next()).await {
        match row {
            Ok(row) => mine += usize::from(row.file_name == "mine"),
            Err(error) => {
                assert_eq!(kind(Err::<(), _>(error)), Kind::Name);
                others += 1;
            }
        }
    }
    assert_eq!((mine, others), (1, 1));
    assert_eq!(kind(names.upload(&"x".repeat(172), "x")), Kind::Name);
}
