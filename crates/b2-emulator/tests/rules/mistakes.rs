//! Requests that say something else than they mean.

use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, ok};

#[test]
fn a_query_that_cannot_be_decoded_is_refused() {
    let mut s = Scenario::new();
    let bucket = s.bucket("mistakes", &Value::Null);
    let target = format!("/b2api/v4/b2_list_file_names?bucketId={bucket}&prefix=a%zz");
    let request = http::Request::get(format!("http://b2.test{target}"))
        .header("authorization", s.token.clone())
        .body(bytes::Bytes::new());
    assert_refused(&s.send(request.unwrap()), 400, "bad_request");
}

#[test]
fn the_restriction_of_another_version_makes_no_key_without_one() {
    let mut s = Scenario::new();
    let bucket = s.bucket("mistakes", &Value::Null);
    for (version, field, value) in [
        (4, "bucketId", json!(bucket)),
        (3, "bucketIds", json!([bucket])),
        (2, "bucketIds", json!([])),
    ] {
        let mut body = json!({
            "accountId": s.account, "capabilities": ["readFiles"], "keyName": "restricted",
        });
        body[field] = value;
        let token = s.token.clone();
        let answer = s.call_as(&token, version, "b2_create_key", &body);
        assert_refused(&answer, 400, "bad_request");
    }
}

#[test]
fn a_mode_of_the_wrong_type_is_no_mode_at_all() {
    let mut s = Scenario::new();
    let bucket = s.bucket("mistakes", &json!({"fileLockEnabled": true}));
    let file = ok(&s.upload(&bucket, "a", b"x").send());
    for retention in [json!({"mode": 5}), json!({"mode": true}), json!({"Mode": null})] {
        let body = json!({"fileName": "a", "fileId": file["fileId"], "fileRetention": retention});
        assert_eq!(s.call("b2_update_file_retention", &body).status(), 400, "{retention}");
    }
    for encryption in [json!({"mode": 7}), json!({"Mode": "SSE-C"})] {
        let body = json!({
            "bucketId": bucket, "fileName": "b", "contentType": "b2/x-auto",
            "serverSideEncryption": encryption,
        });
        assert_eq!(s.call("b2_start_large_file", &body).status(), 400, "{encryption}");
    }
}

#[test]
fn content_types_fit_into_a_header() {
    let mut s = Scenario::new();
    let bucket = s.bucket("mistakes", &Value::Null);
    for wrong in ["", "a\r\nX: b", "text/plä", &"x".repeat(257)] {
        let body = json!({"bucketId": bucket, "fileName": "a", "contentType": wrong});
        assert_refused(&s.call("b2_start_large_file", &body), 400, "bad_request");
    }
    let long = "x".repeat(257);
    let answer = s.upload(&bucket, "a", b"x").with("content-type", &long).send();
    assert_refused(&answer, 400, "bad_request");
}

#[test]
fn file_info_is_short_where_files_can_be_locked() {
    let mut s = Scenario::new();
    let long = "i".repeat(3000);
    for (has_lock, status) in [(false, 200), (true, 400)] {
        let name = format!("info-{has_lock}");
        let bucket = s.bucket(&name, &json!({"fileLockEnabled": has_lock}));
        let answer = s.upload(&bucket, "a", b"x").with("x-bz-info-long", &long).send();
        assert_eq!(answer.status(), status);
        let start = json!({
            "bucketId": bucket, "fileName": "b", "contentType": "b2/x-auto",
            "fileInfo": {"long": long},
        });
        let id = s.call("b2_start_large_file", &start);
        assert_eq!(id.status(), status, "a large file");
    }
}
