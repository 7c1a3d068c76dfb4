//! Download authorization tokens.

use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, header, text};

fn scenario() -> (Scenario, String, Value) {
    let mut s = Scenario::new();
    let bucket = s.bucket("shared-1", &Value::Null);
    s.store(&bucket, "pets/cat", b"meow");
    s.store(&bucket, "cars/fast", b"vroom");
    let body = json!({
        "bucketId": bucket, "fileNamePrefix": "pets/", "validDurationInSeconds": 60,
    });
    (s, bucket, body)
}

/// As it stands in a query.
fn encoded(token: &str) -> String {
    token.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_token_opens_the_names_under_its_prefix() {
    let (mut s, bucket, body) = scenario();
    let answer = s.get("b2_get_download_authorization", &body);
    assert_eq!((&answer["bucketId"], &answer["fileNamePrefix"]), (&json!(bucket), &json!("pets/")));
    let mut token = text(&answer["authorizationToken"]);
    // A plus sign is what goes wrong on the way through a query.
    while !token.contains('+') {
        token = text(&s.get("b2_get_download_authorization", &body)["authorizationToken"]);
    }
    for method in ["GET", "HEAD"] {
        let query = format!("/file/shared-1/pets/cat?Authorization={}", encoded(&token));
        assert_eq!(s.request(method, &query, &[]).status(), 200);
        // As some clients paste it.
        let pasted = format!("/file/shared-1/pets/cat?Authorization={token}");
        assert_eq!(s.request(method, &pasted, &[]).status(), 200);
        let headers = [("authorization", token.as_str())];
        assert_eq!(s.request(method, "/file/shared-1/pets/cat", &headers).status(), 200);
    }
    let outside = s.fetch("/file/shared-1/cars/fast", &[("authorization", &token)]);
    assert_refused(&outside, 401, "unauthorized");
    let elsewhere = s.bucket("other-bucket", &Value::Null);
    s.store(&elsewhere, "pets/cat", b"x");
    let outside = s.fetch("/file/other-bucket/pets/cat", &[("authorization", &token)]);
    assert_refused(&outside, 401, "unauthorized");
}

#[test]
fn a_token_is_good_for_nothing_else_and_expires() {
    let (mut s, bucket, body) = scenario();
    let token = text(&s.get("b2_get_download_authorization", &body)["authorizationToken"]);
    let id = s.store(&bucket, "pets/dog", b"wuff");
    let by_id = format!("/b2api/v4/b2_download_file_by_id?fileId={id}");
    let answer = s.fetch(&by_id, &[("authorization", &token)]);
    assert_refused(&answer, 401, "bad_auth_token");
    let listing = s.call_as(&token, 4, "b2_list_file_names", &json!({"bucketId": bucket}));
    assert_refused(&listing, 401, "bad_auth_token");
    s.now += 60_000;
    let late = s.fetch("/file/shared-1/pets/cat", &[("authorization", &token)]);
    assert_refused(&late, 401, "expired_auth_token");
}

#[test]
fn fixed_overrides_must_be_repeated() {
    let (mut s, _, mut body) = scenario();
    body["b2ContentDisposition"] = json!("attachment; filename=cat");
    let token = text(&s.get("b2_get_download_authorization", &body)["authorizationToken"]);
    let path = "/file/shared-1/pets/cat";
    let headers = [("authorization", token.as_str())];
    assert_refused(&s.fetch(path, &headers), 401, "unauthorized");
    let wrong = format!("{path}?b2ContentDisposition=inline");
    assert_refused(&s.fetch(&wrong, &headers), 401, "unauthorized");
    let right = format!("{path}?b2ContentDisposition=attachment%3B%20filename=cat");
    let answer = s.fetch(&right, &headers);
    assert_eq!(header(&answer, "content-disposition"), Some("attachment; filename=cat"));
    let more = format!("{right}&b2ContentType=text/x-cat");
    assert_eq!(header(&s.fetch(&more, &headers), "content-type"), Some("text/x-cat"));
}

#[test]
fn durations_and_rights_are_checked() {
    let (mut s, bucket, mut body) = scenario();
    for seconds in [0, 604_801] {
        body["validDurationInSeconds"] = json!(seconds);
        assert_refused(&s.call("b2_get_download_authorization", &body), 400, "bad_request");
    }
    body["validDurationInSeconds"] = json!(604_800);
    body["b2Expires"] = json!("tomorrow");
    assert_refused(&s.call("b2_get_download_authorization", &body), 400, "bad_request");
    body["b2Expires"] = Value::Null;
    s.get("b2_get_download_authorization", &body);
    let key = s.key(&["shareFiles"], &json!({"bucketIds": [bucket], "namePrefix": "cars/"}));
    s.token = s.log_in(&key);
    assert_refused(&s.call("b2_get_download_authorization", &body), 401, "unauthorized");
}
