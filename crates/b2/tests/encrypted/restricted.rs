//! Keys that may do little.

use b2::{Capability, DownloadAccess};

use crate::scene::{PART, decryption, encryption, site};
use crate::support::content::pattern;
use crate::support::site::BUCKET;
use crate::support::soon;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_only_write_encrypts_and_whoever_may_only_read_decrypts() {
    let site = site().await;
    let only = async |capability| {
        let bucket = vec![site.bucket.id().clone()];
        let key = site.restricted_key(vec![capability], Some(bucket), Some("in/")).await;
        site.client_with(key)
    };
    let content = pattern(3 * PART);
    let writer = only(Capability::WriteFiles).await;
    let bucket = writer.bucket(BUCKET).await.unwrap();
    let upload = bucket.upload("in/x", content.clone()).with_client_encryption(encryption());
    soon(upload).await.unwrap();

    let reader = only(Capability::ReadFiles).await;
    let download = reader.download(BUCKET, "in/x").with_client_decryption(decryption());
    assert!(soon(download.to_bytes()).await.unwrap().content == content);
    let refused = writer.download(BUCKET, "in/x").with_client_decryption(decryption());
    let error = soon(refused.to_bytes()).await.unwrap_err();
    assert_eq!(error.api().and_then(|api| api.lacking.clone()), Some(Capability::ReadFiles));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_a_share_is_enough() {
    let site = site().await;
    let content = pattern(3 * PART);
    let upload = site.bucket.upload("in/x", content.clone()).with_client_encryption(encryption());
    soon(upload).await.unwrap();
    let token = site.bucket.download_authorization("in/", 60).await.unwrap().authorization_token;
    let access = DownloadAccess::default().with_token(token);
    let download = site.bucket.download("in/x").with_access(access);
    let back = soon(download.with_client_decryption(decryption()).to_bytes()).await.unwrap();
    assert!(back.content == content);
}
