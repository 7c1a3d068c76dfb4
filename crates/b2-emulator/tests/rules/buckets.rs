//! Buckets: names, options, revisions, deletion.

use b2_emulator::Settings;
use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, ok, text};

fn creation(s: &Scenario, name: &str) -> Value {
    json!({"accountId": s.account, "bucketName": name, "bucketType": "allPrivate"})
}

#[test]
fn a_new_bucket_has_the_documented_shape() {
    let mut s = Scenario::new();
    let mut body = creation(&s, "team-photos");
    body["lifecycleRules"] = json!([{"daysFromHidingToDeleting": 5, "fileNamePrefix": "tmp/"}]);
    body["bucketInfo"] = json!({"owner": "me"});
    let bucket = s.get("b2_create_bucket", &body);
    let expected = json!({
        "accountId": s.account, "bucketId": bucket["bucketId"], "bucketInfo": {"owner": "me"},
        "bucketName": "team-photos", "bucketType": "allPrivate", "corsRules": [],
        "defaultServerSideEncryption": {
            "isClientAuthorizedToRead": true,
            "value": {"algorithm": "AES256", "mode": "SSE-B2"},
        },
        "fileLockConfiguration": {
            "isClientAuthorizedToRead": true,
            "value": {
                "defaultRetention": {"mode": null, "period": null}, "isFileLockEnabled": false,
            },
        },
        "lifecycleRules": [{
            "daysFromHidingToDeleting": 5, "daysFromUploadingToHiding": null,
            "daysFromStartingToCancelingUnfinishedLargeFiles": null, "fileNamePrefix": "tmp/",
        }],
        "options": ["s3"],
        "replicationConfiguration": {"isClientAuthorizedToRead": true, "value": null},
        "revision": 2,
    });
    assert_eq!(bucket, expected);
    assert_eq!(text(&bucket["bucketId"]).len(), 24);
}

#[test]
fn names_are_unique_whatever_their_case() {
    let mut s = Scenario::new();
    s.bucket("Photos-2024", &Value::Null);
    let again = creation(&s, "photos-2024");
    assert_refused(&s.call("b2_create_bucket", &again), 400, "duplicate_bucket_name");
    for name in ["short", "b2-photos", "under_score"] {
        let body = creation(&s, name);
        assert_refused(&s.call("b2_create_bucket", &body), 400, "invalid_bucket_name");
    }
}

#[test]
fn an_account_has_room_for_so_many_buckets() {
    let mut s = Scenario::with(Settings::default().with_bucket_limit(2));
    s.bucket("first-one", &Value::Null);
    let second = s.bucket("second-one", &Value::Null);
    let third = creation(&s, "third-one");
    assert_refused(&s.call("b2_create_bucket", &third), 400, "too_many_buckets");
    s.get("b2_delete_bucket", &json!({"accountId": s.account, "bucketId": second}));
    s.get("b2_create_bucket", &third);
}

#[test]
fn buckets_are_listed_by_name_and_filtered() {
    let mut s = Scenario::new();
    let zebra = s.bucket("zebra-1", &Value::Null);
    s.bucket("Apple-1", &json!({"bucketType": "allPublic"}));
    let names = |s: &mut Scenario, more: Value| {
        let mut body = json!({"accountId": s.account});
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        let page = s.get("b2_list_buckets", &body);
        let rows = page["buckets"].as_array().unwrap();
        rows.iter().map(|row| text(&row["bucketName"])).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut s, json!({})), ["Apple-1", "zebra-1"]);
    assert_eq!(names(&mut s, json!({"bucketTypes": ["all"]})), ["Apple-1", "zebra-1"]);
    assert_eq!(names(&mut s, json!({"bucketTypes": ["allPublic"]})), ["Apple-1"]);
    assert_eq!(names(&mut s, json!({"bucketId": zebra})), ["zebra-1"]);
    assert_eq!(names(&mut s, json!({"bucketName": "zebra-1", "bucketId": null})), ["zebra-1"]);
    assert!(names(&mut s, json!({"bucketName": "Apple-1", "bucketId": zebra})).is_empty());
    assert!(names(&mut s, json!({"bucketId": "0123"})).is_empty());
    for kinds in [json!([]), json!(["all", "allPublic"]), json!(["strange"])] {
        let body = json!({"accountId": s.account, "bucketTypes": kinds});
        assert_refused(&s.call("b2_list_buckets", &body), 400, "bad_request");
    }
    let wrong = json!({"accountId": "004b7e0c41f09aa0000000007"});
    assert_refused(&s.call("b2_list_buckets", &wrong), 400, "bad_request");
}

#[test]
fn an_update_replaces_what_it_names_and_counts_revisions() {
    let mut s = Scenario::new();
    let id = s.bucket("photos", &json!({"bucketInfo": {"a": "1"}}));
    let body = json!({
        "accountId": s.account, "bucketId": id, "bucketType": "allPublic", "ifRevisionIs": 2,
        "corsRules": [{
            "corsRuleName": "any-origin", "allowedOrigins": ["*"],
            "allowedOperations": ["b2_download_file_by_name"], "maxAgeSeconds": 60,
        }],
    });
    let updated = s.get("b2_update_bucket", &body);
    assert_eq!((&updated["bucketType"], &updated["revision"]), (&json!("allPublic"), &json!(3)));
    assert_eq!(updated["bucketInfo"], json!({"a": "1"}));
    assert_eq!(updated["corsRules"][0]["exposeHeaders"], Value::Null);
    assert_refused(&s.call("b2_update_bucket", &body), 409, "conflict");
    let clear = json!({"accountId": s.account, "bucketId": id, "corsRules": [], "bucketInfo": {}});
    let cleared = s.get("b2_update_bucket", &clear);
    assert_eq!((&cleared["corsRules"], &cleared["bucketInfo"]), (&json!([]), &json!({})));
    let listed = s.get("b2_list_buckets", &json!({"accountId": s.account}));
    assert_eq!(listed["buckets"][0], cleared);
}

#[test]
fn wrong_options_are_refused() {
    let mut s = Scenario::new();
    let id = s.bucket("photos", &Value::Null);
    let cases = [
        ("bucketType", json!("snapshot"), "bad_request"),
        ("bucketInfo", json!({"a b": "x"}), "bad_request"),
        ("bucketInfo", json!({"a": 7}), "bad_json"),
        ("lifecycleRules", json!([{"fileNamePrefix": ""}]), "bad_request"),
        ("corsRules", json!([{}]), "bad_request"),
        ("defaultServerSideEncryption", json!({"mode": "SSE-X"}), "bad_request"),
        ("defaultRetention", json!({"mode": "governance", "period": null}), "bad_request"),
    ];
    for (field, value, code) in cases {
        let mut body = json!({"accountId": s.account, "bucketId": id});
        body[field] = value;
        assert_refused(&s.call("b2_update_bucket", &body), 400, code);
    }
    let body = json!({"accountId": s.account, "bucketId": id});
    let page = s.get("b2_list_buckets", &body);
    assert_eq!(page["buckets"][0]["revision"], 2, "nothing was changed");
    let unknown = json!({"accountId": s.account, "bucketId": "0123"});
    assert_refused(&s.call("b2_update_bucket", &unknown), 400, "bad_bucket_id");
    let replication = json!({
        "accountId": s.account, "bucketId": id,
        "replicationConfiguration": {"asReplicationSource": {"replicationRules": []}},
    });
    assert_refused(&s.call("b2_update_bucket", &replication), 400, "bad_request");
}

#[test]
fn a_bucket_must_be_empty_to_be_deleted() {
    let mut s = Scenario::new();
    let id = s.bucket("photos", &Value::Null);
    let delete = json!({"accountId": s.account, "bucketId": id});
    let file = s.store(&id, "a", b"x");
    assert_refused(&s.call("b2_delete_bucket", &delete), 400, "cannot_delete_non_empty_bucket");
    let marker = s.hide(&id, "a");
    s.get("b2_delete_file_version", &json!({"fileName": "a", "fileId": file}));
    assert_refused(&s.call("b2_delete_bucket", &delete), 400, "cannot_delete_non_empty_bucket");
    s.get("b2_delete_file_version", &json!({"fileName": "a", "fileId": marker}));
    let start = json!({"bucketId": id, "fileName": "big", "contentType": "b2/x-auto"});
    let large = s.get("b2_start_large_file", &start);
    assert_refused(&s.call("b2_delete_bucket", &delete), 400, "cannot_delete_non_empty_bucket");
    s.get("b2_cancel_large_file", &json!({"fileId": large["fileId"]}));
    let deleted = s.get("b2_delete_bucket", &delete);
    assert_eq!(deleted["revision"], 3);
    assert_refused(&s.call("b2_delete_bucket", &delete), 400, "bad_bucket_id");
    s.bucket("photos", &Value::Null);
}

#[test]
fn encryption_is_the_default_and_cannot_be_switched_off() {
    let mut s = Scenario::new();
    let id = s.bucket("photos", &Value::Null);
    let mode = |bucket: &Value| bucket["defaultServerSideEncryption"]["value"]["mode"].clone();
    for value in
        [json!({"mode": null}), json!({"mode": "none"}), json!({"mode": null, "algorithm": null})]
    {
        let body = json!({
            "accountId": s.account, "bucketId": id, "defaultServerSideEncryption": value,
        });
        assert_eq!(mode(&s.get("b2_update_bucket", &body)), "SSE-B2");
    }

    let mut s = Scenario::with(Settings::default().with_encrypted_buckets(false));
    let id = s.bucket("photos", &Value::Null);
    let info = s.store(&id, "plain", b"x");
    let info = s.get("b2_get_file_info", &json!({"fileId": info}));
    assert_eq!(info["serverSideEncryption"], json!({"algorithm": null, "mode": null}));
    let body = json!({
        "accountId": s.account, "bucketId": id,
        "defaultServerSideEncryption": {"mode": "SSE-B2", "algorithm": "AES256"},
    });
    assert_eq!(mode(&s.get("b2_update_bucket", &body)), "SSE-B2");
    let info = s.store(&id, "encrypted", b"x");
    let info = s.get("b2_get_file_info", &json!({"fileId": info}));
    let expected = json!({"algorithm": "AES256", "mode": "SSE-B2"});
    assert_eq!(info["serverSideEncryption"], expected);
}

#[test]
fn options_need_capabilities_of_their_own_to_be_set_and_seen() {
    let mut s = Scenario::new();
    let key = s.key(&["writeBuckets", "listBuckets"], &Value::Null);
    let token = s.log_in(&key);
    let body = creation(&s, "photos");
    let bucket = ok(&s.call_as(&token, 4, "b2_create_bucket", &body));
    let hidden = json!({"isClientAuthorizedToRead": false, "value": null});
    for field in
        ["defaultServerSideEncryption", "fileLockConfiguration", "replicationConfiguration"]
    {
        assert_eq!(bucket[field], hidden);
    }
    let settings = [
        ("defaultServerSideEncryption", json!({"mode": "SSE-B2", "algorithm": "AES256"})),
        ("fileLockEnabled", json!(true)),
    ];
    for (field, value) in settings {
        let mut body = json!({"accountId": s.account, "bucketId": bucket["bucketId"]});
        body[field] = value;
        let answer = s.call_as(&token, 4, "b2_update_bucket", &body);
        assert_refused(&answer, 401, "unauthorized");
    }
}

#[test]
fn version_1_filters_by_the_restriction_of_the_key() {
    let mut s = Scenario::new();
    let mine = s.bucket("photos", &Value::Null);
    s.bucket("secret", &Value::Null);
    let key = s.key(&["listBuckets"], &json!({"bucketIds": [mine]}));
    let token = s.log_in(&key);
    let body = json!({"accountId": s.account});
    let listed = ok(&s.call_as(&token, 1, "b2_list_buckets", &body));
    assert_eq!(listed["buckets"].as_array().unwrap().len(), 1);
    assert_refused(&s.call_as(&token, 2, "b2_list_buckets", &body), 401, "unauthorized");
}
