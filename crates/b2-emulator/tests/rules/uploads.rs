//! Uploads: URLs, headers, checksums, single flight.

use b2_emulator::{Settings, Started};
use serde_json::{Value, json};

use crate::scenario::{HOST, Scenario, assert_refused, ok, sha1, text};

fn scenario() -> (Scenario, String) {
    let mut s = Scenario::new();
    let bucket = s.bucket("uploads", &Value::Null);
    (s, bucket)
}

#[test]
fn an_upload_answers_with_the_whole_file_object() {
    let (mut s, bucket) = scenario();
    let answer = s
        .upload(&bucket, "notes/hello%20there%2B.txt", b"hello world")
        .with("x-bz-info-src_last_modified_millis", "1763700000000")
        .with("x-bz-info-Color", "deep%20red")
        .send();
    let file = ok(&answer);
    let expected = json!({
        "accountId": s.account, "action": "upload", "bucketId": bucket, "contentLength": 11,
        "contentMd5": "5eb63bbbe01eeed093cb22bb8f5acdc3",
        "contentSha1": "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed", "contentType": "text/plain",
        "fileId": file["fileId"],
        "fileInfo": {"color": "deep red", "src_last_modified_millis": "1763700000000"},
        "fileName": "notes/hello there+.txt",
        "fileRetention": {
            "isClientAuthorizedToRead": true,
            "value": {"mode": null, "retainUntilTimestamp": null},
        },
        "legalHold": {"isClientAuthorizedToRead": true, "value": null},
        "serverSideEncryption": {"algorithm": "AES256", "mode": "SSE-B2"},
        "uploadTimestamp": s.now,
    });
    assert_eq!(file, expected);
    let info = s.get("b2_get_file_info", &json!({"fileId": file["fileId"]}));
    assert_eq!(info, expected);
}

#[test]
fn upload_urls_carry_the_version_of_their_call_and_a_query() {
    let (mut s, bucket) = scenario();
    let token = s.token.clone();
    let body = json!({"bucketId": bucket});
    for version in 1..=4 {
        let answer = ok(&s.call_as(&token, version, "b2_get_upload_url", &body));
        let url = text(&answer["uploadUrl"]);
        let start = format!("{HOST}/b2api/v{version}/b2_upload_file?cvt=c004_");
        assert!(url.starts_with(&start), "{url}");
        assert_eq!(answer["bucketId"], json!(bucket));
    }
    let unknown = json!({"bucketId": "0123"});
    assert_refused(&s.call("b2_get_upload_url", &unknown), 400, "bad_bucket_id");
}

#[test]
fn every_way_to_give_the_checksum() {
    let (mut s, bucket) = scenario();
    let (body, digest) = (b"some bytes", sha1(b"some bytes"));
    let upper = s.upload(&bucket, "a", body).with("x-bz-content-sha1", &digest.to_uppercase());
    assert_eq!(ok(&upper.send())["contentSha1"], json!(digest));
    let at_end = [&body[..], digest.as_bytes()].concat();
    let answer =
        s.upload(&bucket, "a", &at_end).with("x-bz-content-sha1", "hex_digits_at_end").send();
    let file = ok(&answer);
    assert_eq!((&file["contentSha1"], &file["contentLength"]), (&json!(digest), &json!(10)));
    let answer = s.upload(&bucket, "a", body).with("x-bz-content-sha1", "do_not_verify").send();
    assert_eq!(ok(&answer)["contentSha1"], json!(format!("unverified:{digest}")));
}

#[test]
fn wrong_checksums_are_refused_and_nothing_is_stored() {
    let (mut s, bucket) = scenario();
    let other = sha1(b"other");
    let message =
        |answer: &http::Response<bytes::Bytes>| text(&crate::scenario::json_of(answer)["message"]);
    let answer = s.upload(&bucket, "a", b"x").with("x-bz-content-sha1", &other).send();
    assert_refused(&answer, 400, "bad_request");
    assert_eq!(message(&answer), "Sha1 did not match data received");
    let body = [b"x", other.as_bytes()].concat();
    let answer =
        s.upload(&bucket, "a", &body).with("x-bz-content-sha1", "hex_digits_at_end").send();
    assert_refused(&answer, 400, "bad_request");
    let short =
        s.upload(&bucket, "a", b"tiny").with("x-bz-content-sha1", "hex_digits_at_end").send();
    assert_refused(&short, 400, "bad_request");
    let answer = s.upload(&bucket, "a", b"x").with("x-bz-content-sha1", "abc").send();
    assert_refused(&answer, 400, "bad_request");
    assert_eq!(message(&answer), "sha1 is wrong length");
    assert!(s.b2.objects().is_empty());
}

#[test]
fn required_headers_are_required_and_forbidden_ones_forbidden() {
    let (mut s, bucket) = scenario();
    for name in ["x-bz-file-name", "content-type", "x-bz-content-sha1"] {
        let answer = s.upload(&bucket, "a", b"x").without(name).send();
        assert_refused(&answer, 400, "bad_request");
    }
    let forbidden = [
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "expires",
    ];
    for name in forbidden {
        let answer = s.upload(&bucket, "a", b"x").with(name, "x").send();
        assert_refused(&answer, 400, "bad_request");
    }
    let chunked = s.upload(&bucket, "a", b"x").with("transfer-encoding", "chunked").send();
    assert_refused(&chunked, 400, "bad_request");
    let huge = s.upload(&bucket, "a", b"x").with("content-length", "5368709121").send();
    assert_refused(&huge, 400, "bad_request");
    let message = text(&crate::scenario::json_of(&huge)["message"]);
    assert!(message.contains("larger than 5368709120"), "{message}");
    let none = s.upload(&bucket, "a", b"x").without("authorization").send();
    assert_refused(&none, 401, "missing_auth_token");
    let (url, token) = s.upload_url(&bucket);
    let path = url.strip_prefix(HOST).unwrap().to_owned();
    let got = s.fetch(&path, &[("authorization", &token)]);
    assert_refused(&got, 405, "method_not_allowed");
}

#[test]
fn names_and_infos_are_decoded_and_checked() {
    let (mut s, bucket) = scenario();
    for name in ["", "a//b", "/a", "a/", "100%", "bad name", "%FF", "a%1F"] {
        let answer = s.upload(&bucket, name, b"").send();
        assert_refused(&answer, 400, "bad_request");
    }
    let spaced = s.upload(&bucket, "a b", b"").send();
    let message = text(&crate::scenario::json_of(&spaced)["message"]);
    assert_eq!(message, "Bad character in percent-encoded string: 32");
    let both = s.upload(&bucket, "dir%2Ffile+name", b"").send();
    assert_eq!(ok(&both)["fileName"], "dir/file name");

    let mut eleven = s.upload(&bucket, "a", b"");
    for n in 0..11 {
        eleven = eleven.with(&format!("x-bz-info-n{n}"), "x");
    }
    assert_refused(&eleven.send(), 400, "bad_request");
    let disposition = ("x-bz-info-b2-content-disposition", "attachment%3B%20filename=a(1)");
    let answer = s.upload(&bucket, "a", b"").with(disposition.0, disposition.1).send();
    assert_refused(&answer, 400, "bad_request");
    let large = "x".repeat(2048);
    let answer = s.upload(&bucket, "a", b"").with("x-bz-info-n", &large).send();
    ok(&answer);
    let answer = s
        .upload(&bucket, "a", b"")
        .with("x-bz-info-n", &large)
        .with("x-bz-server-side-encryption", "AES256")
        .send();
    assert_refused(&answer, 400, "bad_request");
}

#[test]
fn a_custom_timestamp_decides_the_order_and_lies_in_the_past() {
    let (mut s, bucket) = scenario();
    s.store(&bucket, "a", b"now");
    let header = "x-bz-custom-upload-timestamp";
    let answer = s.upload(&bucket, "a", b"then").with(header, "1000000000000").send();
    assert_eq!(ok(&answer)["uploadTimestamp"], 1_000_000_000_000_u64);
    let current = s.get("b2_list_file_names", &json!({"bucketId": bucket}));
    assert_eq!(current["files"][0]["contentSha1"], json!(sha1(b"now")));
    let future = (s.now + 60_000).to_string();
    for value in [future.as_str(), "soon"] {
        let answer = s.upload(&bucket, "a", b"x").with(header, value).send();
        assert_refused(&answer, 400, "bad_request");
    }
}

#[test]
fn of_two_uploads_in_the_same_millisecond_the_later_is_current() {
    let (mut s, bucket) = scenario();
    for body in [b"1", b"2", b"3"] {
        let (request, _) = s.upload(&bucket, "a", body).request();
        assert_eq!(s.b2.handle(request, crate::scenario::START_MS + 500).status(), 200);
    }
    let versions = s.get("b2_list_file_versions", &json!({"bucketId": bucket}));
    let digests: Vec<_> =
        versions["files"].as_array().unwrap().iter().map(|f| text(&f["contentSha1"])).collect();
    assert_eq!(digests, [sha1(b"3"), sha1(b"2"), sha1(b"1")]);
}

#[test]
fn a_url_serves_many_uploads_until_it_refuses_one() {
    let (mut s, bucket) = scenario();
    let (url, token) = s.upload_url(&bucket);
    for n in 0..3 {
        ok(&s.upload_to(&url, &token, &format!("f{n}"), b"x").send());
    }
    let wrong = s.upload_to(&url, &token, "f", b"x").with("x-bz-content-sha1", &sha1(b"y"));
    assert_refused(&wrong.send(), 400, "bad_request");
    assert_refused(&s.upload_to(&url, &token, "f", b"x").send(), 401, "bad_auth_token");
    let (url, token) = s.upload_url(&bucket);
    let early = s.upload_to(&url, &token, "f", b"x").without("content-type");
    assert_refused(&early.send(), 400, "bad_request");
    assert_refused(&s.upload_to(&url, &token, "f", b"x").send(), 401, "bad_auth_token");
}

#[test]
fn tokens_and_urls_belong_together() {
    let (mut s, bucket) = scenario();
    let (first_url, first_token) = s.upload_url(&bucket);
    let (second_url, _) = s.upload_url(&bucket);
    assert_ne!(first_url, second_url);
    let crossed = s.upload_to(&second_url, &first_token, "f", b"x").send();
    assert_refused(&crossed, 401, "bad_auth_token");
    let account_token = s.token.clone();
    let answer = s.upload_to(&first_url, &account_token, "f", b"x").send();
    assert_refused(&answer, 401, "bad_auth_token");
    let longer = format!("{first_url}&x=1");
    let answer = s.upload_to(&longer, &first_token, "f", b"x").send();
    assert_refused(&answer, 401, "bad_auth_token");
    ok(&s.upload_to(&first_url, &first_token, "f", b"x").send());
}

#[test]
fn upload_tokens_expire() {
    let mut s = Scenario::with(Settings::default().with_upload_token_lifetime_ms(1000));
    let bucket = s.bucket("uploads", &Value::Null);
    let (url, token) = s.upload_url(&bucket);
    ok(&s.upload_to(&url, &token, "f", b"x").send());
    s.now += 1000;
    let late = s.upload_to(&url, &token, "f", b"x").send();
    assert_refused(&late, 401, "expired_auth_token");
}

#[test]
fn one_upload_per_url_at_a_time() {
    let (mut s, bucket) = scenario();
    let (url, token) = s.upload_url(&bucket);
    let (request, now) = s.upload_to(&url, &token, "slow", b"x").request();
    let Started::Uploading(flight) = s.b2.begin(request, now) else { panic!("not admitted") };
    let second = s.upload_to(&url, &token, "fast", b"y").send();
    assert_refused(&second, 400, "auth_token_limit");
    let message = text(&crate::scenario::json_of(&second)["message"]);
    assert_eq!(message, format!("more than one upload using auth token {token}"));
    assert_eq!(s.b2.finish(flight, now + 5).status(), 200);
    ok(&s.upload_to(&url, &token, "fast", b"y").send());
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_and_costs_the_url() {
    let (mut s, bucket) = scenario();
    let (url, token) = s.upload_url(&bucket);
    let (request, now) = s.upload_to(&url, &token, "half", b"x").request();
    let Started::Uploading(flight) = s.b2.begin(request, now) else { panic!("not admitted") };
    s.b2.abandon(flight);
    assert_refused(&s.upload_to(&url, &token, "f", b"x").send(), 401, "bad_auth_token");
    assert!(s.b2.objects().is_empty());
}

#[test]
fn a_body_of_another_length_is_refused() {
    let (mut s, bucket) = scenario();
    for len in ["2", "4"] {
        let answer = s.upload(&bucket, "a", b"abc").with("content-length", len).send();
        assert_refused(&answer, 400, "bad_request");
    }
    assert!(s.b2.objects().is_empty());
}

#[test]
fn a_bucket_deleted_during_the_upload_is_noticed() {
    let (mut s, bucket) = scenario();
    let (request, now) = s.upload(&bucket, "late", b"x").request();
    let Started::Uploading(flight) = s.b2.begin(request, now) else { panic!("not admitted") };
    s.get("b2_delete_bucket", &json!({"accountId": s.account, "bucketId": bucket}));
    assert_refused(&s.b2.finish(flight, now + 9), 400, "bad_bucket_id");
}

#[test]
fn a_restricted_key_uploads_within_its_prefix_only() {
    let (mut s, bucket) = scenario();
    let key = s.key(&["writeFiles"], &json!({"bucketIds": [bucket], "namePrefix": "mine/"}));
    s.token = s.log_in(&key);
    let file = ok(&s.upload(&bucket, "mine/a", b"x").send());
    let hidden = json!({"isClientAuthorizedToRead": false, "value": null});
    assert_eq!((&file["fileRetention"], &file["legalHold"]), (&hidden, &hidden));
    assert_refused(&s.upload(&bucket, "other", b"x").send(), 401, "unauthorized");
}

#[test]
fn test_modes_fail_as_asked() {
    let (mut s, bucket) = scenario();
    let mut seen = Vec::new();
    for _ in 0..6 {
        let upload = s.upload(&bucket, "a", b"x").with("x-bz-test-mode", "fail_some_uploads");
        seen.push(upload.send().status().as_u16());
    }
    assert_eq!(seen, [200, 200, 503, 200, 200, 503]);
    let upload = s.upload(&bucket, "a", b"x").with("x-bz-test-mode", "force_cap_exceeded");
    assert_refused(&upload.send(), 403, "cap_exceeded");
    let token = s.token.clone();
    let path = format!("/b2api/v4/b2_get_upload_url?bucketId={bucket}");
    let headers = [("authorization", token.as_str()), ("x-bz-test-mode", "force_cap_exceeded")];
    assert_refused(&s.fetch(&path, &headers), 403, "cap_exceeded");
}
