//! What only B2 can know to be wrong: one request, a typed answer, and
//! everything as it was.

use std::collections::BTreeMap;
use std::future::IntoFuture;

use b2::{
    BucketType, ByteRange, Capability, CustomerKey, DefaultRetention, DownloadAccess,
    EncryptionRequest, Error, ErrorCode, FileRetention, LegalHold, LifecycleRule, NotificationRule,
    RequestError, RetentionMode, RetentionPeriod, RetentionUnit,
};
use serde_json::json;

use crate::scene::{Scene, content};
use crate::support::soon;
use crate::support::verdict::api;

/// In 2099.
const LATE: i64 = 4_070_908_800_000;

/// Awaits what B2 has to refuse, and gives its code.
async fn code<T>(work: impl IntoFuture<Output = Result<T, Error>>) -> ErrorCode {
    let error = soon(work).await.map(drop).unwrap_err();
    assert!(!error.retryable(), "{error:?}");
    api(&error).code.clone()
}

macro_rules! refused {
    ($scene:ident: $($code:ident, $operation:literal: $work:expr;)+) => {{
        let before = $scene.everything().await;
        $(
            $scene.recorder.clear();
            let refusal = code($work).await;
            assert_eq!(refusal, ErrorCode::$code, "{}", stringify!($work));
            assert_eq!($scene.recorder.sent($operation), 1, "{}", stringify!($work));
            assert_eq!($scene.recorder.retries(), 0, "{}", stringify!($work));
            assert!($scene.everything().await == before, "{} left traces", stringify!($work));
        )+
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets() {
    let s = Scene::set().await;
    let rules = |count: usize| {
        let rule = |number| {
            LifecycleRule::new(format!("{number:04}/")).with_days_from_hiding_to_deleting(1)
        };
        (0..count).map(rule).collect::<Vec<_>>()
    };
    let idle = vec![LifecycleRule::new(String::new())];
    let info: BTreeMap<_, _> = (0..11).map(|n| (format!("n{n}"), "v".to_owned())).collect();
    let period = RetentionPeriod::new(1, RetentionUnit::Days);
    let retention =
        DefaultRetention::new().with_mode(RetentionMode::Governance).with_period(period);
    let own = EncryptionRequest::sse_c(CustomerKey::new([7; 32]));
    refused!(s:
        DuplicateBucketName, "b2_create_bucket":
            s.client.create_bucket("the-bucket", BucketType::AllPrivate);
        CannotDeleteNonEmptyBucket, "b2_delete_bucket": s.client.delete_bucket(&s.bucket);
        BadRequest, "b2_update_bucket": s.bucket.update().with_type(BucketType::Snapshot).run();
        BadRequest, "b2_update_bucket": s.bucket.update().with_type("none".into()).run();
        BadRequest, "b2_update_bucket": s.bucket.update().with_info(info).run();
        BadRequest, "b2_update_bucket": s.bucket.update().with_lifecycle_rules(rules(101)).run();
        BadRequest, "b2_update_bucket": s.bucket.update().with_lifecycle_rules(idle).run();
        BadRequest, "b2_update_bucket": s.bucket.update().with_default_encryption(own).run();
        BucketMissingFileLock, "b2_update_bucket":
            s.bucket.update().with_default_retention(retention).run();
        Conflict, "b2_update_bucket":
            s.bucket.update().with_type(BucketType::AllPublic).with_if_revision_is(999).run();
        BadBucketId, "b2_update_bucket": {
            let gone = s.site.client.create_bucket("gone-bucket", BucketType::AllPrivate).await;
            let gone = gone.unwrap();
            let seen = s.client.bucket("gone-bucket").await.unwrap();
            s.site.client.delete_bucket(&gone).await.unwrap();
            seen.update().with_type(BucketType::AllPublic).run()
        };
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notification_rules() {
    let s = Scene::set().await;
    let rule = |change: &dyn Fn(&mut serde_json::Value)| -> NotificationRule {
        let mut rule = json!({
            "name": "the-rule", "isEnabled": true, "objectNamePrefix": "",
            "eventTypes": ["b2:ObjectCreated:*"],
            "targetConfiguration": { "targetType": "webhook", "url": "https://127.0.0.1/x" },
        });
        change(&mut rule);
        serde_json::from_value(rule).unwrap()
    };
    let many = vec![rule(&|_| {}); 26];
    let unnamed = vec![rule(&|rule| rule["name"] = json!(""))];
    let idle = vec![rule(&|rule| rule["eventTypes"] = json!([]))];
    let nowhere = vec![rule(&|rule| rule["targetConfiguration"]["url"] = json!("nowhere"))];
    let twins = vec![rule(&|_| {}), rule(&|_| {})];
    const SET: &str = "b2_set_bucket_notification_rules";
    for rules in [many, unnamed, idle, nowhere, twins] {
        let before = s.everything().await;
        s.recorder.clear();
        let error = soon(s.bucket.set_notification_rules(rules)).await.unwrap_err();
        assert_eq!(api(&error).status, 400, "{error:?}");
        assert_eq!((s.recorder.sent(SET), s.recorder.retries()), (1, 0));
        assert!(s.everything().await == before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys() {
    let s = Scene::set().await;
    let may = || vec![Capability::ListFiles];
    let here = || vec![s.bucket.id().clone()];
    let for_all = || vec![Capability::WriteKeys];
    refused!(s:
        BadRequest, "b2_create_key": s.client.create_key("", may());
        BadRequest, "b2_create_key": s.client.create_key("no name", may());
        BadRequest, "b2_create_key": s.client.create_key(&"x".repeat(101), may());
        BadRequest, "b2_create_key": s.client.create_key("name", vec![]);
        BadRequest, "b2_create_key": s.client.create_key("name", vec!["flyAway".into()]);
        BadRequest, "b2_create_key": s.client.new_key("name", may()).with_buckets(vec![]).run();
        BadBucketId, "b2_create_key":
            s.client.new_key("name", may()).with_buckets(vec!["none".into()]).run();
        BadRequest, "b2_create_key":
            s.client.new_key("name", for_all()).with_buckets(here()).run();
        BadRequest, "b2_delete_key": s.client.delete_key("no-such-key".into());
        BadRequest, "b2_delete_key": s.client.delete_key("".into());
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files() {
    let s = Scene::set().await;
    let file = || s.file.clone();
    let beyond = ByteRange::starting_at(7);
    let own = || EncryptionRequest::sse_c(CustomerKey::new([7; 32]));
    refused!(s:
        NotFound, "b2_download_file_by_name": s.bucket.download("nothing").to_bytes();
        NotFound, "b2_download_file_by_name": s.bucket.download("hidden").to_bytes();
        RangeNotSatisfiable, "b2_download_file_by_name":
            s.bucket.download("file").with_range(beyond).to_bytes();
        BadRequest, "b2_get_file_info": s.bucket.file_info("4_z".into());
        BadRequest, "b2_download_file_by_id": s.client.download_version("4_z".into()).to_bytes();
        NoSuchFile, "b2_hide_file": s.bucket.hide("nothing");
        FileNotPresent, "b2_delete_file_version": s.client.delete_version("other", file());
        BadRequest, "b2_delete_file_version": s.client.delete_version("file", "4_z".into());
        BadRequest, "b2_get_file_info": s.bucket.copy("4_z".into(), "copy").run();
        BadRequest, "b2_copy_file":
            s.bucket.copy(file(), "copy").with_source_encryption(own()).run();
        BadRequest, "b2_upload_file": s.bucket.upload("/leading", content());
        BadRequest, "b2_upload_file": s.bucket.upload("double//slash", content());
        BadRequest, "b2_list_parts": async { s.client.parts("4_z".into()).next().await.unwrap() };
        BadRequest, "b2_cancel_large_file": s.client.cancel_unfinished("4_z".into());
        BadRequest, "b2_cancel_large_file": s.client.cancel_unfinished(file().into());
    );
}

/// The source is described first, so B2 is not asked for what it has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_of_copies() {
    let s = Scene::set().await;
    let before = s.everything().await;
    for first in [7, 8, u64::MAX] {
        let copy = s.bucket.copy(s.file.clone(), "copy").with_range(ByteRange::starting_at(first));
        let error = soon(copy.run()).await.unwrap_err();
        let Error::Request { source, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(**source, RequestError::EmptyRange), "{error:?}");
    }
    assert_eq!(s.recorder.sent("b2_copy_file"), 0);
    assert!(s.everything().await == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn download_tokens() {
    let s = Scene::set().await;
    let denied = DownloadAccess::default().with_token("no-such-token".into());
    let error = soon(s.bucket.download("file").with_access(denied).to_bytes()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::BadAuthToken));
    // Nothing that the client could fetch anew would help.
    assert!(!error.retryable(), "{error:?}");
    assert_eq!(s.recorder.requests(), ["b2_download_file_by_name"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks() {
    let s = Scene::set().await;
    let file = || s.file.clone();
    let until = |ms| {
        FileRetention::new().with_mode(RetentionMode::Governance).with_retain_until_timestamp(ms)
    };
    refused!(s:
        BucketMissingFileLock, "b2_update_file_retention":
            s.client.set_retention("file", file(), until(LATE), false);
        BucketMissingFileLock, "b2_update_file_legal_hold":
            s.client.set_legal_hold("file", file(), LegalHold::On);
    );
    s.site.bucket.update().with_file_lock(true).run().await.unwrap();
    let endless = FileRetention::new().with_mode(RetentionMode::Governance);
    refused!(s:
        RetainUntilTimestampMustBeInFuture, "b2_update_file_retention":
            s.client.set_retention("file", file(), until(1000), false);
        BadRequest, "b2_update_file_retention":
            s.client.set_retention("file", file(), endless, false);
        FileNotPresent, "b2_update_file_retention":
            s.client.set_retention("other", file(), until(LATE), false);
        FileNotPresent, "b2_update_file_legal_hold":
            s.client.set_legal_hold("other", file(), LegalHold::On);
        BadRequest, "b2_update_file_legal_hold":
            s.client.set_legal_hold("file", file(), "maybe".into());
    );
    s.site.client.set_retention("file", file(), until(LATE), false).await.unwrap();
    refused!(s:
        AccessDenied, "b2_delete_file_version": s.client.delete_version("file", file());
        AccessDenied, "b2_update_file_retention":
            s.client.set_retention("file", file(), until(LATE - 1), false);
    );
}

/// A source under SSE-C without its key, with another key, and with its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customer_keys() {
    let s = Scene::set().await;
    let key = |byte| EncryptionRequest::sse_c(CustomerKey::new([byte; 32]));
    let secret = s.site.bucket.copy(s.file.clone(), "secret").with_encryption(key(1)).run();
    let secret = secret.await.unwrap().file.file_id.unwrap();
    let copy = || s.bucket.copy(secret.clone(), "copy");
    refused!(s:
        BadRequest, "b2_copy_file": copy().run();
        AccessDenied, "b2_copy_file": copy().with_source_encryption(key(2)).run();
        BadRequest, "b2_download_file_by_name": s.bucket.download("secret").to_bytes();
    );
    soon(copy().with_source_encryption(key(1)).run()).await.unwrap();
}
