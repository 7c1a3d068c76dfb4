//! Authorization, tokens and application keys.

use b2_emulator::Settings;
use serde_json::{Value, json};

use crate::scenario::{HOST, Scenario, assert_refused, basic, header, ok, text};

#[test]
fn version_4_answers_in_its_own_shape() {
    let mut s = Scenario::new();
    let basic = s.b2.basic_authorization();
    let body = ok(&s.authorize(4, &basic));
    let storage = &body["apiInfo"]["storageApi"];
    assert_eq!(body["accountId"], json!(s.account));
    assert_eq!(body["applicationKeyExpirationTimestamp"], Value::Null);
    for url in ["apiUrl", "downloadUrl", "s3ApiUrl"] {
        assert_eq!(storage[url], HOST);
    }
    assert_eq!(storage["recommendedPartSize"], 100_000_000);
    assert_eq!(storage["absoluteMinimumPartSize"], 5_000_000);
    assert_eq!(storage["allowed"]["buckets"], Value::Null);
    assert_eq!(storage["allowed"]["namePrefix"], Value::Null);
    assert!(storage["allowed"]["capabilities"].as_array().unwrap().contains(&json!("writeKeys")));
    assert!(storage.get("capabilities").is_none());
}

#[test]
fn versions_1_to_3_answer_in_theirs() {
    let mut s = Scenario::new();
    let basic = s.b2.basic_authorization();
    let v3 = ok(&s.authorize(3, &basic));
    let storage = &v3["apiInfo"]["storageApi"];
    assert_eq!(storage["infoType"], "storageApi");
    assert!(storage["capabilities"].is_array());
    assert!(storage.get("allowed").is_none());
    for version in [1, 2] {
        let body = ok(&s.authorize(version, &basic));
        assert_eq!(body["apiUrl"], HOST);
        assert!(body["allowed"]["capabilities"].is_array());
        assert_eq!(body.get("minimumPartSize").is_some(), version == 1);
        assert!(body.get("apiInfo").is_none());
    }
}

#[test]
fn wrong_credentials_are_refused_without_a_reason() {
    let mut s = Scenario::new();
    let (id, key) = (s.b2.application_key_id().to_owned(), s.b2.application_key().to_owned());
    for (id, key, code) in
        [(id.as_str(), "K004wrong", "unauthorized"), ("004000000000000", &key, "bad_auth_token")]
    {
        let wrong = json!({"applicationKeyId": id, "applicationKey": key});
        let answer = s.authorize(4, &basic(&wrong));
        assert_refused(&answer, 401, code);
    }
    for garbage in ["Basic", "Basic !!!", "Bearer abc", ""] {
        assert_refused(&s.authorize(4, garbage), 401, "bad_auth_token");
    }
}

#[test]
fn tokens_work_raw_on_every_version_until_they_expire() {
    let mut s = Scenario::with(Settings::default().with_token_lifetime_ms(60_000));
    let body = json!({"accountId": s.account});
    let token = s.token.clone();
    for version in 1..=4 {
        ok(&s.call_as(&token, version, "b2_list_buckets", &body));
    }
    assert_refused(&s.call_as("nonsense", 4, "b2_list_buckets", &body), 401, "bad_auth_token");
    let bearer = format!("Bearer {token}");
    assert_refused(&s.call_as(&bearer, 4, "b2_list_buckets", &body), 401, "bad_auth_token");
    s.now += 60_000;
    assert_refused(&s.call("b2_list_buckets", &body), 401, "expired_auth_token");
}

#[test]
fn tokens_can_be_expired_and_their_lifetime_changed() {
    let mut s = Scenario::new();
    let body = json!({"accountId": s.account});
    s.b2.expire_account_tokens(s.now);
    assert_refused(&s.call("b2_list_buckets", &body), 401, "expired_auth_token");
    s.b2.set_token_lifetime_ms(10);
    let basic = s.b2.basic_authorization();
    s.token = text(&ok(&s.authorize(4, &basic))["authorizationToken"]);
    s.get("b2_list_buckets", &body);
    s.now += 10;
    assert_refused(&s.call("b2_list_buckets", &body), 401, "expired_auth_token");
}

#[test]
fn every_answer_carries_a_date_and_is_not_cached() {
    let mut s = Scenario::new();
    let answer = s.fetch("/nowhere", &[]);
    assert_refused(&answer, 404, "not_found");
    assert_eq!(header(&answer, "date"), Some("Sat, 21 Nov 2026 17:15:12 GMT"));
    let body = json!({"accountId": s.account});
    let answer = s.call("b2_list_buckets", &body);
    assert!(header(&answer, "date").is_some());
    assert_eq!(header(&answer, "content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(header(&answer, "cache-control"), Some("max-age=0, no-cache, no-store"));
}

#[test]
fn unknown_operations_and_methods_say_so() {
    let mut s = Scenario::new();
    assert_refused(&s.call("b2_fly", &json!({})), 400, "bad_request");
    let put = s.request("PUT", "/b2api/v4/b2_list_buckets", &[]);
    assert_refused(&put, 405, "method_not_allowed");
    let none = s.fetch("/b2api/v4/b2_list_buckets", &[]);
    assert_refused(&none, 401, "missing_auth_token");
}

#[test]
fn a_key_shows_its_secret_once_and_lists_without_it() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let more = json!({"bucketIds": [bucket], "namePrefix": "a/", "validDurationInSeconds": 60});
    let key = s.key(&["readFiles", "listFiles", "readFiles"], &more);
    assert_eq!(key["capabilities"], json!(["listFiles", "readFiles"]));
    assert_eq!(text(&key["applicationKeyId"]).len(), 25);
    assert_eq!(text(&key["applicationKey"]).len(), 31);
    assert_eq!(key["expirationTimestamp"], json!(s.now + 60_000));
    let body = json!({"accountId": s.account});
    let listed = s.get("b2_list_keys", &body);
    let mut expected = key.clone();
    expected.as_object_mut().unwrap().remove("applicationKey");
    assert_eq!(listed, json!({"keys": [expected], "nextApplicationKeyId": null}));
    s.now += 60_000;
    assert_eq!(s.get("b2_list_keys", &body)["keys"], json!([]));
    assert_refused(&s.authorize(4, &basic(&key)), 401, "bad_auth_token");
}

#[test]
fn keys_are_checked_when_they_are_made() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let good = json!({"accountId": s.account, "capabilities": ["listFiles"], "keyName": "k"});
    let cases = [
        ("capabilities", json!([]), "bad_request"),
        ("capabilities", json!(["fly"]), "bad_request"),
        ("keyName", json!(""), "bad_request"),
        ("keyName", json!("under_score"), "bad_request"),
        ("keyName", json!("x".repeat(101)), "bad_request"),
        ("validDurationInSeconds", json!(0), "bad_request"),
        ("validDurationInSeconds", json!(86_400_001), "bad_request"),
        ("bucketIds", json!(["0123"]), "bad_bucket_id"),
        ("bucketIds", json!([]), "bad_request"),
        ("accountId", json!("004wrong"), "bad_request"),
    ];
    for (field, value, code) in cases {
        let mut body = good.clone();
        body[field] = value;
        assert_refused(&s.call("b2_create_key", &body), 400, code);
    }
    for capability in ["listKeys", "writeKeys", "deleteKeys", "writeBuckets", "deleteBuckets"] {
        let mut body = good.clone();
        body["capabilities"] = json!([capability]);
        body["bucketIds"] = json!([bucket]);
        assert_refused(&s.call("b2_create_key", &body), 400, "bad_request");
    }
}

#[test]
fn a_restricted_key_made_by_version_4_needs_version_4() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let key = s.key(&["listFiles"], &json!({"bucketIds": [bucket]}));
    let v4 = ok(&s.authorize(4, &basic(&key)));
    let allowed = json!([{"id": bucket, "name": "photos"}]);
    assert_eq!(v4["apiInfo"]["storageApi"]["allowed"]["buckets"], allowed);
    for version in 1..=3 {
        assert_refused(&s.authorize(version, &basic(&key)), 401, "unsupported");
    }
    let body = json!({"accountId": s.account});
    let token = s.token.clone();
    let seen_by_v3 = ok(&s.call_as(&token, 3, "b2_list_keys", &body));
    assert_eq!(seen_by_v3["keys"], json!([]));
    let delete = json!({"applicationKeyId": key["applicationKeyId"]});
    let refused = s.call_as(&token, 3, "b2_delete_key", &delete);
    assert_refused(&refused, 400, "bad_request");
    s.get("b2_delete_key", &delete);
    assert_refused(&s.call("b2_delete_key", &delete), 400, "bad_request");
}

#[test]
fn a_key_made_by_version_3_works_everywhere() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let body = json!({
        "accountId": s.account, "capabilities": ["listFiles"], "keyName": "k", "bucketId": bucket,
    });
    let token = s.token.clone();
    let key = ok(&s.call_as(&token, 3, "b2_create_key", &body));
    assert_eq!(key["bucketId"], json!(bucket));
    assert!(key.get("bucketIds").is_none());
    for version in 1..=4 {
        ok(&s.authorize(version, &basic(&key)));
    }
    let v2 = ok(&s.authorize(2, &basic(&key)));
    assert_eq!(v2["allowed"]["bucketName"], "photos");
}

#[test]
fn a_bucket_that_is_gone_has_no_name_in_allowed() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let key = s.key(&["listFiles"], &json!({"bucketIds": [bucket]}));
    s.get("b2_delete_bucket", &json!({"accountId": s.account, "bucketId": bucket}));
    let v4 = ok(&s.authorize(4, &basic(&key)));
    let allowed = json!([{"id": bucket, "name": null}]);
    assert_eq!(v4["apiInfo"]["storageApi"]["allowed"]["buckets"], allowed);
}

#[test]
fn the_tokens_of_a_dead_key_are_dead() {
    let mut s = Scenario::new();
    let body = json!({"accountId": s.account});
    let doomed = s.key(&["listBuckets"], &Value::Null);
    let token = s.log_in(&doomed);
    ok(&s.call_as(&token, 4, "b2_list_buckets", &body));
    s.get("b2_delete_key", &json!({"applicationKeyId": doomed["applicationKeyId"]}));
    let answer = s.call_as(&token, 4, "b2_list_buckets", &body);
    assert_refused(&answer, 401, "bad_auth_token");

    let brief = s.key(&["listBuckets"], &json!({"validDurationInSeconds": 1}));
    let token = s.log_in(&brief);
    s.now += 1000;
    let answer = s.call_as(&token, 4, "b2_list_buckets", &body);
    assert_refused(&answer, 401, "expired_auth_token");
}

#[test]
fn keys_are_paged_by_id() {
    let mut s = Scenario::new();
    let ids: Vec<_> =
        (0..5).map(|_| s.key(&["listFiles"], &Value::Null)["applicationKeyId"].clone()).collect();
    let mut body = json!({"accountId": s.account, "maxKeyCount": 2});
    let mut seen = Vec::new();
    loop {
        let page = s.get("b2_list_keys", &body);
        let keys = page["keys"].as_array().unwrap();
        assert!(keys.len() <= 2);
        seen.extend(keys.iter().map(|key| key["applicationKeyId"].clone()));
        if page["nextApplicationKeyId"].is_null() {
            break;
        }
        body["startApplicationKeyId"] = page["nextApplicationKeyId"].clone();
    }
    assert_eq!(seen, ids);
    let body = json!({"accountId": s.account, "maxKeyCount": 10_001});
    assert_refused(&s.call("b2_list_keys", &body), 400, "out_of_range");
}

#[test]
fn each_call_needs_its_capability() {
    let mut s = Scenario::new();
    let bucket = s.bucket("photos", &Value::Null);
    let id = s.store(&bucket, "a", b"x");
    let account = s.account.clone();
    let calls = [
        ("listBuckets", "b2_list_buckets", json!({"accountId": account})),
        ("listKeys", "b2_list_keys", json!({"accountId": account})),
        ("listFiles", "b2_list_file_names", json!({"bucketId": bucket})),
        ("listFiles", "b2_list_file_versions", json!({"bucketId": bucket})),
        ("listFiles", "b2_list_unfinished_large_files", json!({"bucketId": bucket})),
        ("readFiles", "b2_get_file_info", json!({"fileId": id})),
        ("writeFiles", "b2_get_upload_url", json!({"bucketId": bucket})),
        ("writeFiles", "b2_hide_file", json!({"bucketId": bucket, "fileName": "a"})),
        ("deleteFiles", "b2_delete_file_version", json!({"fileName": "a", "fileId": id})),
        (
            "writeBuckets",
            "b2_create_bucket",
            json!({"accountId": account, "bucketName": "other-1", "bucketType": "allPrivate"}),
        ),
        ("deleteBuckets", "b2_delete_bucket", json!({"accountId": account, "bucketId": bucket})),
    ];
    for (capability, operation, body) in calls {
        let others: Vec<_> = [
            "listBuckets",
            "listKeys",
            "listFiles",
            "readFiles",
            "writeFiles",
            "deleteFiles",
            "writeBuckets",
            "deleteBuckets",
        ]
        .into_iter()
        .filter(|other| *other != capability)
        .collect();
        let token = {
            let key = s.key(&others, &Value::Null);
            s.log_in(&key)
        };
        assert_refused(&s.call_as(&token, 4, operation, &body), 401, "unauthorized");
        let key = s.key(&[capability], &Value::Null);
        let token = s.log_in(&key);
        let answer = s.call_as(&token, 4, operation, &body);
        let body = crate::scenario::json_of(&answer);
        assert_ne!(body["code"], "unauthorized", "{operation}: {body}");
    }
}

#[test]
fn restrictions_are_enforced_by_what_a_request_names() {
    let mut s = Scenario::new();
    let (mine, other) = (s.bucket("photos", &Value::Null), s.bucket("secret", &Value::Null));
    s.store(&mine, "a/1", b"x");
    let all = ["listBuckets", "listFiles", "readFiles", "writeFiles", "deleteFiles"];
    let key = s.key(&all, &json!({"bucketIds": [mine], "namePrefix": "a/"}));
    let token = s.log_in(&key);
    let account = s.account.clone();
    let allowed = [
        ("b2_list_buckets", json!({"accountId": account, "bucketId": mine})),
        ("b2_list_buckets", json!({"accountId": account, "bucketName": "photos"})),
        ("b2_list_file_names", json!({"bucketId": mine, "prefix": "a/"})),
        ("b2_list_file_names", json!({"bucketId": mine, "prefix": "a/deeper"})),
        ("b2_list_unfinished_large_files", json!({"bucketId": mine, "namePrefix": "a/"})),
        ("b2_hide_file", json!({"bucketId": mine, "fileName": "a/1"})),
    ];
    for (operation, body) in allowed {
        ok(&s.call_as(&token, 4, operation, &body));
    }
    let denied = [
        ("b2_list_buckets", json!({"accountId": account})),
        ("b2_list_buckets", json!({"accountId": account, "bucketId": other})),
        ("b2_list_buckets", json!({"accountId": account, "bucketName": "secret"})),
        ("b2_list_buckets", json!({"accountId": account, "bucketName": "nowhere"})),
        ("b2_list_file_names", json!({"bucketId": mine})),
        ("b2_list_file_versions", json!({"bucketId": mine, "prefix": "a"})),
        ("b2_list_unfinished_large_files", json!({"bucketId": mine})),
        ("b2_list_file_names", json!({"bucketId": other, "prefix": "a/"})),
        ("b2_get_upload_url", json!({"bucketId": other})),
        ("b2_hide_file", json!({"bucketId": mine, "fileName": "b"})),
        ("b2_hide_file", json!({"bucketId": other, "fileName": "a/1"})),
    ];
    for (operation, body) in denied {
        let answer = s.call_as(&token, 4, operation, &body);
        assert_refused(&answer, 401, "unauthorized");
        assert_eq!(crate::scenario::json_of(&answer)["message"], "");
    }
}

#[test]
fn test_mode_lets_every_second_token_expire_early() {
    let mut s = Scenario::new();
    let basic = s.b2.basic_authorization();
    let mut ages = Vec::new();
    for _ in 0..4 {
        let answer = s.fetch(
            "/b2api/v4/b2_authorize_account",
            &[
                ("authorization", &basic),
                ("x-bz-test-mode", "expire_some_account_authorization_tokens"),
            ],
        );
        s.token = text(&ok(&answer)["authorizationToken"]);
        s.now += 10_000;
        let body = json!({"accountId": s.account});
        ages.push(s.call("b2_list_buckets", &body).status().as_u16());
    }
    assert_eq!(ages, [401, 200, 401, 200]);
}
