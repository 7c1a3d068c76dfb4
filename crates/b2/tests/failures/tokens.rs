//! Tokens that end their life at an inconvenient time. Nobody notices.

use std::time::{Duration, Instant};

use b2::{Bucket, Check, ErrorCode, ProtocolEvent};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::proxy::Trouble;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, hasty};
use crate::support::{soon, until};

const LIFETIME: Duration = Duration::from_millis(1200);

/// A site whose account tokens are short-lived, and a client that has one.
async fn short_lived() -> (Site, Bucket, Recorder, Instant) {
    let lifetime = u64::try_from(LIFETIME.as_millis()).unwrap();
    let site = Site::with_settings(Settings::default().with_token_lifetime_ms(lifetime)).await;
    site.bucket.upload("x", pattern(1 << 20)).await.unwrap();
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    let authorized = Instant::now();
    recorder.clear();
    (site, bucket, recorder, authorized)
}

/// Waits until the token from before `authorized` has ended.
async fn expired(authorized: Instant) {
    until("the end of the token", || (authorized.elapsed() > LIFETIME).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_call_refreshes_an_expired_token() {
    for kind in 0..5 {
        let (_site, bucket, recorder, authorized) = short_lived().await;
        expired(authorized).await;
        match kind {
            0 => drop(soon(bucket.head("x")).await.unwrap()),
            1 => drop(soon(bucket.download("x").to_bytes()).await.unwrap()),
            2 => drop(soon(bucket.upload("y", "content")).await.unwrap()),
            3 => drop(soon(bucket.hide("x")).await.unwrap()),
            _ => drop(soon(bucket.files().stream().next()).await.unwrap().unwrap()),
        }
        assert_eq!(recorder.sent("b2_authorize_account"), 1, "kind {kind}");
        assert!(recorder.saw(&ProtocolEvent::TokenRefreshed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_that_meet_an_expired_token_refresh_it_once() {
    let (_site, bucket, recorder, authorized) = short_lived().await;
    expired(authorized).await;
    let calls: Vec<_> = (0..20).map(|_| bucket.head("x").start()).collect();
    for call in calls {
        soon(call.join()).await.unwrap();
    }
    assert_eq!(recorder.sent("b2_authorize_account"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_in_the_middle_of_a_download_is_refreshed() {
    let (site, ..) = short_lived().await;
    let (proxy, folder) = (site.proxy(), Folder::new());
    let (bucket, recorder) = site.behind(&proxy, hasty("")).await;
    let authorized = Instant::now();
    proxy.expect([Trouble::StallDown(300_000)]);
    let download = bucket.download("x").to_file(folder.path("x")).start();
    let under_way = || (download.progress().position_bytes > 200_000).then_some(());
    until("the middle of the download", under_way).await;
    expired(authorized).await;
    proxy.cut_now();
    assert_eq!(soon(download.join()).await.unwrap().check, Check::ContentSha1);
    folder.assert_holds_only("x", &pattern(1 << 20));
    assert!(recorder.saw(&ProtocolEvent::TokenRefreshed));
    assert_eq!(recorder.resumed().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_in_the_middle_of_a_listing_is_refreshed() {
    let (site, bucket, recorder, authorized) = short_lived().await;
    for name in ["y", "z"] {
        site.bucket.upload(name, "content").await.unwrap();
    }
    let mut files = bucket.files().with_page(1).stream();
    assert_eq!(soon(files.next()).await.unwrap().unwrap().file_name, "x");
    expired(authorized).await;
    assert_eq!(soon(files.next()).await.unwrap().unwrap().file_name, "y");
    assert_eq!(soon(files.next()).await.unwrap().unwrap().file_name, "z");
    assert!(soon(files.next()).await.is_none());
    assert!(recorder.saw(&ProtocolEvent::TokenRefreshed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_url_that_has_expired_is_replaced() {
    let settings = Settings::default().with_upload_token_lifetime_ms(300);
    let site = Site::with_settings(settings).await;
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    soon(bucket.upload("x", "first")).await.unwrap();
    let uploaded = Instant::now();
    let ended = || (uploaded.elapsed() > Duration::from_millis(300)).then_some(());
    until("the end of the URL", ended).await;
    soon(bucket.upload("x", "second")).await.unwrap();
    assert_eq!(site.versions().await, ["x", "x"]);
    assert_eq!(recorder.sent("b2_get_upload_url"), 2);
    assert_eq!(recorder.sent("b2_authorize_account"), 1, "the account's token was good");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_authorization_is_made_again() {
    let site = Site::start().await;
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    soon(bucket.upload("x", "content")).await.unwrap();
    client.forget();
    recorder.clear();
    soon(bucket.upload("x", "content")).await.unwrap();
    let wanted = ["b2_authorize_account", "b2_get_upload_url", "b2_upload_file"];
    assert_eq!(recorder.requests(), wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_expires_says_so_and_does_not_loop() {
    let site = Site::start().await;
    let mut request = b2_proto::CreateKeyRequest::new(
        "".into(),
        crate::support::site::file_capabilities(),
        "short-lived".into(),
    );
    request.valid_duration_in_seconds = Some(1);
    let key = site.client.call::<b2::endpoint::CreateKey>(request).await.unwrap();
    let made = Instant::now();
    let recorder = Recorder::default();
    let credentials = b2::Credentials::new(key.application_key_id, key.application_key);
    let client = b2::Client::builder(credentials)
        .with_config(hasty(site.emulator.base_url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    recorder.clear();
    until("the end of the key", || (made.elapsed() > Duration::from_millis(1100)).then_some(()))
        .await;
    let error = soon(bucket.upload("x", "content")).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::BadAuthToken), "{error:?}");
    assert!(error.advice().unwrap().contains("expired"));
    assert_eq!(recorder.sent("b2_authorize_account"), 1);
}
