//! Object lock as far as it is there: stored, shown, and in the way of deletion.

use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, header, ok, text};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn scenario() -> (Scenario, String) {
    let mut s = Scenario::new();
    let bucket = s.bucket("locked", &json!({"fileLockEnabled": true}));
    (s, bucket)
}

fn retained(s: &mut Scenario, bucket: &str, mode: &str) -> Value {
    let until = (s.now + DAY_MS).to_string();
    let upload = s
        .upload(bucket, "a", b"x")
        .with("x-bz-file-retention-mode", mode)
        .with("x-bz-file-retention-retain-until-timestamp", &until);
    ok(&upload.send())
}

#[test]
fn retained_files_are_not_deleted_before_their_time() {
    for mode in ["governance", "compliance"] {
        let (mut s, bucket) = scenario();
        let file = retained(&mut s, &bucket, mode);
        assert_eq!(file["fileRetention"]["value"]["mode"], json!(mode));
        let delete = json!({"fileName": "a", "fileId": file["fileId"]});
        assert_refused(&s.call("b2_delete_file_version", &delete), 401, "access_denied");
        s.hide(&bucket, "a");
        let mut bypass = delete.clone();
        bypass["bypassGovernance"] = json!(true);
        let key = s.key(&["deleteFiles"], &Value::Null);
        let weak = s.log_in(&key);
        let answer = s.call_as(&weak, 4, "b2_delete_file_version", &bypass);
        assert_refused(&answer, 401, "unauthorized");
        let answer = s.call("b2_delete_file_version", &bypass);
        assert_eq!(answer.status() == 200, mode == "governance");
        if mode == "compliance" {
            s.now += DAY_MS - 60_000;
            s.b2.set_token_lifetime_ms(u64::MAX);
            let basic = s.b2.basic_authorization();
            s.token = text(&ok(&s.authorize(4, &basic))["authorizationToken"]);
            assert_refused(&s.call("b2_delete_file_version", &delete), 401, "access_denied");
            s.now += 60_000;
            s.get("b2_delete_file_version", &delete);
        }
    }
}

#[test]
fn a_legal_hold_has_no_bypass() {
    let (mut s, bucket) = scenario();
    let file = ok(&s.upload(&bucket, "a", b"x").with("x-bz-file-legal-hold", "on").send());
    assert_eq!(file["legalHold"], json!({"isClientAuthorizedToRead": true, "value": "on"}));
    let delete = json!({"fileName": "a", "fileId": file["fileId"], "bypassGovernance": true});
    assert_refused(&s.call("b2_delete_file_version", &delete), 401, "access_denied");
    let token = s.token.clone();
    let answer = s.fetch("/file/locked/a", &[("authorization", &token)]);
    assert_eq!(header(&answer, "x-bz-file-legal-hold"), Some("on"));
    let key = s.key(&["readFiles"], &Value::Null);
    let token = s.log_in(&key);
    let answer = s.fetch("/file/locked/a", &[("authorization", &token)]);
    let hidden = "X-Bz-File-Retention-Mode,X-Bz-File-Retention-Retain-Until-Timestamp,\
        X-Bz-File-Legal-Hold";
    assert_eq!(header(&answer, "x-bz-client-unauthorized-to-read"), Some(hidden));
    assert!(header(&answer, "x-bz-file-legal-hold").is_none());
}

#[test]
fn locks_need_a_bucket_with_locks_and_the_right() {
    let mut s = Scenario::new();
    let bucket = s.bucket("plain-1", &Value::Null);
    let held = s.upload(&bucket, "a", b"x").with("x-bz-file-legal-hold", "on").send();
    assert_refused(&held, 400, "bucket_missing_file_lock");
    let (mut s, bucket) = scenario();
    let key = s.key(&["writeFiles"], &Value::Null);
    s.token = s.log_in(&key);
    let held = s.upload(&bucket, "a", b"x").with("x-bz-file-legal-hold", "on").send();
    assert_refused(&held, 401, "unauthorized");
}

#[test]
fn lock_headers_are_checked() {
    let (mut s, bucket) = scenario();
    let cases: [&[(&str, &str)]; 4] = [
        &[("x-bz-file-legal-hold", "maybe")],
        &[("x-bz-file-retention-mode", "governance")],
        &[
            ("x-bz-file-retention-mode", "strict"),
            ("x-bz-file-retention-retain-until-timestamp", "1999999999999"),
        ],
        &[
            ("x-bz-file-retention-mode", "governance"),
            ("x-bz-file-retention-retain-until-timestamp", "later"),
        ],
    ];
    for headers in cases {
        let mut upload = s.upload(&bucket, "a", b"x");
        for (name, value) in headers {
            upload = upload.with(name, value);
        }
        assert_refused(&upload.send(), 400, "bad_request");
    }
    let past = s
        .upload(&bucket, "a", b"x")
        .with("x-bz-file-retention-mode", "governance")
        .with("x-bz-file-retention-retain-until-timestamp", "1000");
    assert_refused(&past.send(), 400, "retain_until_timestamp_must_be_in_future");
}

#[test]
fn a_bucket_default_applies_to_uploads_that_say_nothing() {
    let (mut s, bucket) = scenario();
    let mut body = json!({
        "accountId": s.account, "bucketId": bucket,
        "defaultRetention": {"mode": "governance", "period": {"duration": 7, "unit": "days"}},
    });
    let updated = s.get("b2_update_bucket", &body);
    let shown = &updated["fileLockConfiguration"]["value"];
    assert_eq!(shown["defaultRetention"], body["defaultRetention"]);
    assert_eq!(shown["isFileLockEnabled"], true);
    let file = ok(&s.upload(&bucket, "a", b"x").send());
    let until = s.now + 7 * DAY_MS;
    let expected = json!({"mode": "governance", "retainUntilTimestamp": until});
    assert_eq!(file["fileRetention"]["value"], expected);
    body["defaultRetention"] = json!({"mode": null});
    s.get("b2_update_bucket", &body);
    let file = ok(&s.upload(&bucket, "b", b"x").send());
    assert_eq!(file["fileRetention"]["value"]["mode"], Value::Null);
}

#[test]
fn locking_cannot_be_switched_off() {
    let (mut s, bucket) = scenario();
    let off = json!({"accountId": s.account, "bucketId": bucket, "fileLockEnabled": false});
    assert_refused(&s.call("b2_update_bucket", &off), 400, "file_lock_conflict");
    let plain = s.bucket("plain-1", &Value::Null);
    let default = json!({
        "accountId": s.account, "bucketId": plain,
        "defaultRetention": {"mode": "governance", "period": {"duration": 7, "unit": "days"}},
    });
    assert_refused(&s.call("b2_update_bucket", &default), 400, "bucket_missing_file_lock");
}

#[test]
fn retention_grows_freely_and_shrinks_by_bypass_only() {
    for mode in ["governance", "compliance"] {
        let (mut s, bucket) = scenario();
        let file = retained(&mut s, &bucket, mode);
        let start = s.now;
        let update = |days: u64, bypass: bool| {
            json!({
                "fileName": "a", "fileId": file["fileId"], "bypassGovernance": bypass,
                "fileRetention": {"mode": mode, "retainUntilTimestamp": start + days * DAY_MS},
            })
        };
        let shown = s.get("b2_update_file_retention", &update(5, false));
        assert_eq!(shown["fileRetention"], update(5, false)["fileRetention"]);
        let weaker = s.call("b2_update_file_retention", &update(2, false));
        assert_refused(&weaker, 403, "access_denied");
        let bypassed = s.call("b2_update_file_retention", &update(2, true));
        assert_eq!(bypassed.status() == 200, mode == "governance");
        let mut off = update(2, true);
        off["fileRetention"] = json!({"mode": null, "retainUntilTimestamp": null});
        let removed = s.call("b2_update_file_retention", &off);
        assert_eq!(removed.status() == 200, mode == "governance");
    }
}

#[test]
fn a_legal_hold_is_switched_on_and_off() {
    let (mut s, bucket) = scenario();
    let id = s.store(&bucket, "a", b"x");
    let delete = json!({"fileName": "a", "fileId": id});
    let hold = |word: &str| json!({"fileName": "a", "fileId": id, "legalHold": word});
    assert_eq!(s.get("b2_update_file_legal_hold", &hold("on")), hold("on"));
    assert_refused(&s.call("b2_delete_file_version", &delete), 401, "access_denied");
    assert_refused(&s.call("b2_update_file_legal_hold", &hold("maybe")), 400, "bad_request");
    s.get("b2_update_file_legal_hold", &hold("off"));
    s.get("b2_delete_file_version", &delete);
}

#[test]
fn changing_locks_needs_the_right_first_and_the_bucket_second() {
    let mut s = Scenario::new();
    let bucket = s.bucket("plain-1", &Value::Null);
    let id = s.store(&bucket, "a", b"x");
    let hold = json!({"fileName": "a", "fileId": id, "legalHold": "on"});
    assert_refused(&s.call("b2_update_file_legal_hold", &hold), 400, "bucket_missing_file_lock");
    let key = s.key(&["writeFiles"], &Value::Null);
    let weak = s.log_in(&key);
    assert_refused(&s.call_as(&weak, 4, "b2_update_file_legal_hold", &hold), 403, "access_denied");
}
