//! Keys that are wrong, and keys that may not do everything.

use b2::{BucketId, BucketType, Client, Credentials, Error, ErrorCode, RequestError};

use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, file_capabilities, hasty};
use crate::support::soon;
use crate::support::verdict::{api, in_full};

/// Why these credentials are refused, and what that cost.
async fn refusal(site: &Site, key_id: &str, key: &str) -> (Error, Recorder) {
    let recorder = Recorder::default();
    let client = Client::builder(Credentials::new(key_id, key))
        .with_config(hasty(site.emulator.base_url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    (soon(client.authorize()).await.unwrap_err(), recorder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_costs_one_request() {
    let site = Site::start().await;
    let key_id = site.emulator.application_key_id();
    let (error, recorder) = refusal(&site, key_id, "K004wrongwrongwrongwrongwrongwr").await;
    assert_eq!((api(&error).status, error.code()), (401, Some(&ErrorCode::Unauthorized)));
    assert!(error.advice().unwrap().contains("check the application key id"), "{error:?}");
    assert!(!error.retryable());
    assert_eq!(recorder.requests(), ["b2_authorize_account"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_key_ids_are_refused_like_wrong_ones() {
    let site = Site::start().await;
    let key = site.emulator.application_key();
    for key_id in ["", " ", "no such id", "with:colon", "ä\r\nX-Injected: 1", &"9".repeat(3000)] {
        let (error, recorder) = refusal(&site, key_id, key).await;
        assert_eq!(error.code(), Some(&ErrorCode::BadAuthToken), "{key_id:?}");
        assert_eq!(recorder.requests().len(), 1, "{key_id:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_who_waits_for_a_wrong_key_hears_of_it_at_once() {
    let site = Site::start().await;
    let recorder = Recorder::default();
    let client = Client::builder(Credentials::new("0000", "wrong"))
        .with_config(hasty(site.emulator.base_url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    let calls: Vec<_> = (0..10).map(|_| client.bucket(BUCKET).start()).collect();
    for call in calls {
        let error = soon(call.join()).await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::BadAuthToken));
    }
    // Those who came after the refusal ask again; those who waited do not.
    assert!(recorder.requests().len() <= 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_key_is_refused_and_says_so() {
    let site = Site::start().await;
    let credentials = site.key(file_capabilities()).await;
    let client = site.client_with(credentials.clone());
    client.bucket(BUCKET).await.unwrap();
    site.client.delete_key(credentials.key_id().clone()).await.unwrap();
    let error = soon(client.bucket(BUCKET)).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::BadAuthToken));
    assert!(error.advice().unwrap().contains("deleted"), "{:?}", error.advice());
}

/// A site with a second bucket, and a client that may not use all of it.
async fn restricted(
    allowed: impl FnOnce(&[BucketId]) -> Option<Vec<BucketId>>,
    prefix: Option<&str>,
) -> (Site, Client) {
    let site = Site::start().await;
    let mut buckets = vec![site.bucket.id().clone()];
    for name in ["second-bucket", "third-bucket"] {
        let made = site.client.create_bucket(name, BucketType::AllPrivate).await.unwrap();
        buckets.push(made.id().clone());
    }
    let allowed = allowed(&buckets);
    let credentials = site.restricted_key(file_capabilities(), allowed, prefix).await;
    let client = site.client_with(credentials);
    (site, client)
}

#[track_caller]
fn no_such_bucket(error: &Error, restriction: &str) {
    let Error::Request { source, .. } = error else { panic!("{error:?}") };
    assert!(matches!(**source, RequestError::NoSuchBucket { .. }), "{error:?}");
    assert!(in_full(error).contains(restriction), "{}", in_full(error));
}

#[track_caller]
fn refused_for(error: &Error, restriction: &str) {
    assert_eq!(api(error).status, 401, "{error:?}");
    assert!(error.advice().unwrap_or_default().contains(restriction), "{error:?}");
    assert_eq!(api(error).lacking, None, "no capability is lacking");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_one_bucket_sees_no_other() {
    let (site, client) = restricted(|all| Some(vec![all[0].clone()]), None).await;
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    soon(bucket.upload("x", "mine")).await.unwrap();
    assert_eq!(soon(bucket.download("x").to_bytes()).await.unwrap().content, "mine");
    assert_eq!(soon(client.bucket_info(BUCKET)).await.unwrap().bucket_name, BUCKET);

    let error = soon(client.bucket("second-bucket")).await.unwrap_err();
    no_such_bucket(&error, "restricted to the buckets the-bucket");
    let seen = soon(client.buckets()).await.unwrap();
    assert_eq!(seen.iter().map(|bucket| &*bucket.bucket_name).collect::<Vec<_>>(), [BUCKET]);
    let error = soon(client.download("second-bucket", "x").to_bytes()).await.unwrap_err();
    refused_for(&error, "the buckets the-bucket");
    let foreign = site.client.bucket("second-bucket").await.unwrap();
    let request = b2_proto::ListFileNamesRequest::new(foreign.id().clone());
    let error = soon(client.call::<b2::endpoint::ListFileNames>(request)).await.unwrap_err();
    refused_for(&error, "the buckets the-bucket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_two_buckets_sees_both_and_no_third() {
    let (_site, client) = restricted(|all| Some(all[..2].to_vec()), None).await;
    let seen = soon(client.buckets()).await.unwrap();
    let seen: Vec<_> = seen.iter().map(|bucket| &*bucket.bucket_name).collect();
    assert_eq!(seen, ["second-bucket", BUCKET], "both and no third, by name");
    for name in [BUCKET, "second-bucket"] {
        let bucket = soon(client.bucket(name)).await.unwrap();
        soon(bucket.upload("x", "mine")).await.unwrap();
        assert_eq!(soon(bucket.download("x").to_bytes()).await.unwrap().content, "mine");
    }
    let error = soon(client.bucket("third-bucket")).await.unwrap_err();
    no_such_bucket(&error, "the buckets the-bucket, second-bucket");
}

/// What a key for the prefix `in/` may and may not do in its bucket.
async fn keeps_to_its_prefix(site: &Site, client: &Client, restriction: &str) {
    for name in ["in/theirs", "in/x", "out/theirs"] {
        site.bucket.upload(name, name).await.unwrap();
    }
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    soon(bucket.upload("in/mine", "mine")).await.unwrap();
    assert_eq!(soon(bucket.download("in/theirs").to_bytes()).await.unwrap().content, "in/theirs");

    let error = soon(bucket.upload("out/mine", "mine")).await.unwrap_err();
    assert!(in_full(&error).contains("in/"), "{}", in_full(&error));
    let error = soon(bucket.download("out/theirs").to_bytes()).await.unwrap_err();
    refused_for(&error, restriction);
    refused_for(&soon(bucket.hide("out/theirs")).await.unwrap_err(), restriction);
    let foreign = bucket.files().with_prefix("out/").stream().next().await.unwrap();
    refused_for(&foreign.unwrap_err(), restriction);
    assert!(!site.versions().await.contains(&"out/mine".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_a_prefix_keeps_to_it() {
    let (site, client) = restricted(|_| None, Some("in/")).await;
    keeps_to_its_prefix(&site, &client, "names that begin with \"in/\"").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_for_a_bucket_and_a_prefix_keeps_to_both() {
    let (site, client) = restricted(|all| Some(vec![all[0].clone()]), Some("in/")).await;
    let both = "the buckets the-bucket and names that begin with \"in/\"";
    keeps_to_its_prefix(&site, &client, both).await;
    no_such_bucket(&soon(client.bucket("second-bucket")).await.unwrap_err(), both);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_outside_the_prefix_sends_no_body() {
    let (site, _) = restricted(|_| None, None).await;
    let credentials = site.restricted_key(file_capabilities(), None, Some("in/")).await;
    let recorder = Recorder::default();
    let client = Client::builder(credentials)
        .with_config(hasty(site.emulator.base_url()))
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    let error = soon(bucket.upload("out/x", vec![0; 1 << 20])).await.unwrap_err();
    assert!(!error.retryable(), "{error:?}");
    assert_eq!(recorder.sent("b2_upload_file"), 0);
    assert_eq!(recorder.retries(), 0);
}
