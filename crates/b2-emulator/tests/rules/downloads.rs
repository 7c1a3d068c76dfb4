//! Downloads: ranges, headers, rights.

use serde_json::{Value, json};

use crate::scenario::{HOST, Scenario, assert_refused, header, ok, sha1, text};

fn scenario() -> (Scenario, String, String) {
    let mut s = Scenario::new();
    let bucket = s.bucket("downloads", &Value::Null);
    let answer = s
        .upload(&bucket, "notes/hello%20%E8%87%AA.txt", b"hello world")
        .with("x-bz-info-color", "deep%20r%C3%B6t")
        .with("x-bz-info-b2-cache-control", "public%2C%20max-age=300")
        .with("x-bz-info-b2-content-language", "de")
        .send();
    let id = text(&ok(&answer)["fileId"]);
    (s, bucket, id)
}

const BY_NAME: &str = "/file/downloads/notes/hello%20%E8%87%AA.txt";

#[test]
fn what_the_documentation_leaves_open_is_read_as_the_table_says() {
    let (mut s, bucket, _) = scenario();
    s.store(&bucket, "f", b"0123456789");
    s.store(&bucket, "empty", b"");
    let bearer = s.token.clone();
    let ignored = [
        ("if-none-match", "*"),
        ("if-modified-since", "Thu, 01 Jan 2070 00:00:00 GMT"),
        ("if-match", "\"x\""),
        ("range", "bytes=0-1,3-4"),
        ("range", "bytes=5-2"),
        ("range", "bytes=x-"),
        ("range", "lines=0-1"),
    ];
    for (name, value) in ignored {
        let answer = s.fetch("/file/downloads/f", &[("authorization", &bearer), (name, value)]);
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"0123456789"[..]));
    }
    let last = s.fetch("/file/downloads/f", &[("authorization", &bearer), ("range", "bytes=-3")]);
    assert_eq!((last.status().as_u16(), &last.body()[..]), (206, &b"789"[..]));
    let headers = [("authorization", bearer.as_str()), ("range", "bytes=0-")];
    let answer = s.fetch("/file/downloads/empty", &headers);
    assert_refused(&answer, 416, "range_not_satisfiable");
}

#[test]
fn by_name_and_by_id_give_bytes_and_every_header() {
    let (mut s, _, id) = scenario();
    let token = s.token.clone();
    let by_id = format!("/b2api/v4/b2_download_file_by_id?fileId={id}");
    for path in [BY_NAME, "/file/downloads/notes/hello+%E8%87%AA.txt", &by_id] {
        let answer = s.fetch(path, &[("authorization", &token)]);
        assert_eq!(answer.status(), 200);
        assert_eq!(&answer.body()[..], b"hello world");
        let expected = [
            ("content-length", "11"),
            ("content-type", "text/plain"),
            ("accept-ranges", "bytes"),
            ("x-bz-file-id", id.as_str()),
            ("x-bz-file-name", "notes/hello%20%E8%87%AA.txt"),
            ("x-bz-content-sha1", "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"),
            ("x-bz-info-color", "deep%20r%C3%B6t"),
            ("cache-control", "public, max-age=300"),
            ("content-language", "de"),
            ("x-bz-server-side-encryption", "AES256"),
        ];
        for (name, value) in expected {
            assert_eq!(header(&answer, name), Some(value), "{name}");
        }
        assert!(header(&answer, "x-bz-upload-timestamp").is_some());
        assert!(header(&answer, "x-bz-info-b2-cache-control").is_none());
    }
}

#[test]
fn head_gives_the_same_headers_and_no_body() {
    let (mut s, _, id) = scenario();
    let token = s.token.clone();
    let by_id = format!("/b2api/v4/b2_download_file_by_id?fileId={id}");
    for path in [BY_NAME, &by_id] {
        let head = s.request("HEAD", path, &[("authorization", &token)]);
        let get = s.fetch(path, &[("authorization", &token)]);
        assert!(head.body().is_empty());
        let without_date = |response: &http::Response<bytes::Bytes>| {
            let mut headers = response.headers().clone();
            headers.remove("date");
            headers.remove("x-bz-request-id");
            headers
        };
        assert_eq!(without_date(&head), without_date(&get));
    }
    let missing = s.request("HEAD", "/file/downloads/missing", &[("authorization", &token)]);
    assert_eq!(missing.status(), 404);
    assert_eq!(header(&missing, "content-length"), Some("0"));
    assert!(missing.body().is_empty());
    let expired = s.request("HEAD", BY_NAME, &[("authorization", "nonsense")]);
    assert_eq!((expired.status().as_u16(), expired.body().len()), (401, 0));
}

#[test]
fn a_post_by_id_works_too() {
    let (mut s, _, id) = scenario();
    let answer = s.call("b2_download_file_by_id", &json!({"fileId": id}));
    assert_eq!(&answer.body()[..], b"hello world");
}

#[test]
fn ranges() {
    let (mut s, _, _) = scenario();
    let token = s.token.clone();
    let mut fetch = |range: &str| s.fetch(BY_NAME, &[("authorization", &token), ("range", range)]);
    let part = fetch("bytes=0-4");
    assert_eq!((part.status().as_u16(), &part.body()[..]), (206, &b"hello"[..]));
    assert_eq!(header(&part, "content-range"), Some("bytes 0-4/11"));
    assert_eq!(header(&part, "content-length"), Some("5"));
    assert_eq!(header(&part, "x-bz-content-sha1"), Some(&*sha1(b"hello world")));
    let rest = fetch("bytes=6-");
    assert_eq!(
        (&rest.body()[..], header(&rest, "content-range")),
        (&b"world"[..], Some("bytes 6-10/11"))
    );
    let clamped = fetch("bytes=6-99");
    assert_eq!(&clamped.body()[..], b"world");
    let suffix = fetch("bytes=-5");
    assert_eq!(&suffix.body()[..], b"world");
    assert_refused(&fetch("bytes=11-"), 416, "range_not_satisfiable");
    let ignored = fetch("lines=1-2");
    assert_eq!((ignored.status().as_u16(), ignored.body().len()), (200, 11));
}

#[test]
fn an_empty_file_downloads_and_has_no_ranges() {
    let (mut s, bucket, _) = scenario();
    s.store(&bucket, "empty", b"");
    let token = s.token.clone();
    let whole = s.fetch("/file/downloads/empty", &[("authorization", &token)]);
    assert_eq!((whole.status().as_u16(), header(&whole, "content-length")), (200, Some("0")));
    let range = [("authorization", token.as_str()), ("range", "bytes=0-")];
    let answer = s.fetch("/file/downloads/empty", &range);
    assert_refused(&answer, 416, "range_not_satisfiable");
}

#[test]
fn what_is_not_there_is_not_found() {
    let (mut s, bucket, id) = scenario();
    let token = s.token.clone();
    s.store(&bucket, "hidden", b"x");
    s.hide(&bucket, "hidden");
    let start = json!({"bucketId": bucket, "fileName": "begun", "contentType": "b2/x-auto"});
    s.get("b2_start_large_file", &start);
    for path in [
        "/file/downloads/missing",
        "/file/downloads/hidden",
        "/file/downloads/begun",
        "/file/nowhere/x",
        "/file/downloads",
    ] {
        let answer = s.fetch(path, &[("authorization", &token)]);
        assert_refused(&answer, 404, "not_found");
    }
    let gone = id.replace("_f1", "_f1f");
    let path = format!("/b2api/v4/b2_download_file_by_id?fileId={gone}");
    assert_refused(&s.fetch(&path, &[("authorization", &token)]), 404, "not_found");
    let path = "/b2api/v4/b2_download_file_by_id?fileId=nonsense";
    assert_refused(&s.fetch(path, &[("authorization", &token)]), 400, "bad_request");
}

#[test]
fn an_unfinished_file_does_not_stand_in_front_of_a_finished_one() {
    let (mut s, bucket, _) = scenario();
    s.store(&bucket, "big", b"old");
    let start = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    s.get("b2_start_large_file", &start);
    let token = s.token.clone();
    let answer = s.fetch("/file/downloads/big", &[("authorization", &token)]);
    assert_eq!(&answer.body()[..], b"old");
    s.hide(&bucket, "big");
}

#[test]
fn an_encoded_slash_meets_a_page_that_is_not_json() {
    let (mut s, _, _) = scenario();
    let token = s.token.clone();
    let answer = s.fetch("/file/downloads/notes%2Fhello", &[("authorization", &token)]);
    assert_eq!(answer.status(), 400);
    assert_eq!(header(&answer, "content-type"), Some("text/html;charset=utf-8"));
    assert!(serde_json::from_slice::<Value>(answer.body()).is_err());
}

#[test]
fn private_buckets_need_a_right_and_public_ones_do_not() {
    let (mut s, bucket, id) = scenario();
    let by_id = format!("/b2api/v4/b2_download_file_by_id?fileId={id}");
    for path in [BY_NAME, &by_id] {
        assert_refused(&s.fetch(path, &[]), 401, "unauthorized");
        assert_refused(&s.fetch(path, &[("authorization", "junk")]), 401, "bad_auth_token");
    }
    let key = s.key(&["listFiles"], &Value::Null);
    let blind = s.log_in(&key);
    let other = s.bucket("other-bucket", &Value::Null);
    let key = s.key(&["readFiles"], &json!({"bucketIds": [other]}));
    let elsewhere = s.log_in(&key);
    let key = s.key(&["readFiles"], &json!({"namePrefix": "x/"}));
    let narrow = s.log_in(&key);
    for token in [&blind, &elsewhere, &narrow] {
        for path in [BY_NAME, &by_id] {
            assert_refused(&s.fetch(path, &[("authorization", token)]), 401, "unauthorized");
        }
    }
    let open = json!({"accountId": s.account, "bucketId": bucket, "bucketType": "allPublic"});
    s.get("b2_update_bucket", &open);
    for path in [BY_NAME, &by_id] {
        assert_eq!(s.fetch(path, &[]).status(), 200);
        assert_eq!(s.fetch(path, &[("authorization", &blind)]).status(), 200);
    }
}

#[test]
fn the_bucket_may_set_the_cache_header() {
    let (mut s, bucket, _) = scenario();
    s.store(&bucket, "plain", b"x");
    let token = s.token.clone();
    let before = s.fetch("/file/downloads/plain", &[("authorization", &token)]);
    assert_eq!(header(&before, "cache-control"), Some("max-age=0, no-cache, no-store"));
    let body = json!({
        "accountId": s.account, "bucketId": bucket, "bucketInfo": {"Cache-Control": "max-age=60"},
    });
    s.get("b2_update_bucket", &body);
    let after = s.fetch("/file/downloads/plain", &[("authorization", &token)]);
    assert_eq!(header(&after, "cache-control"), Some("max-age=60"));
    let own = s.fetch(BY_NAME, &[("authorization", &token)]);
    assert_eq!(header(&own, "cache-control"), Some("public, max-age=300"));
}

#[test]
fn overrides_need_a_token_and_a_legal_value() {
    let (mut s, bucket, _) = scenario();
    let token = s.token.clone();
    let query = "b2ContentType=text/x-own&b2ContentDisposition=inline&b2CacheControl=no-store";
    let path = format!("{BY_NAME}?{query}");
    let answer = s.fetch(&path, &[("authorization", &token)]);
    assert_eq!(header(&answer, "content-type"), Some("text/x-own"));
    assert_eq!(header(&answer, "content-disposition"), Some("inline"));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let bad = format!("{BY_NAME}?b2ContentDisposition=a%20b");
    assert_refused(&s.fetch(&bad, &[("authorization", &token)]), 400, "bad_request");
    let open = json!({"accountId": s.account, "bucketId": bucket, "bucketType": "allPublic"});
    s.get("b2_update_bucket", &open);
    assert_refused(&s.fetch(&path, &[]), 401, "unauthorized");
}

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn customer_headers<'k>(key: &'k str, md5: &'k str) -> [(&'static str, &'k str); 3] {
    [
        ("x-bz-server-side-encryption-customer-algorithm", "AES256"),
        ("x-bz-server-side-encryption-customer-key", key),
        ("x-bz-server-side-encryption-customer-key-md5", md5),
    ]
}

/// Base64 of the MD5 of a key in base64.
fn md5_of(key: &str) -> String {
    use base64::Engine as _;
    use md5::Digest as _;
    let engine = base64::engine::general_purpose::STANDARD;
    engine.encode(md5::Md5::digest(engine.decode(key).unwrap()))
}

#[test]
fn a_customer_key_is_needed_for_every_look_at_the_bytes() {
    let (mut s, bucket, _) = scenario();
    let md5 = md5_of(KEY);
    let other = KEY.replace("MDEy", "MTEy");
    let other_md5 = md5_of(&other);
    let mut upload = s.upload(&bucket, "secret", b"x");
    for (name, value) in customer_headers(KEY, &md5) {
        upload = upload.with(name, value);
    }
    let file = ok(&upload.send());
    let expected = json!({"algorithm": "AES256", "customerKeyMd5": md5, "mode": "SSE-C"});
    assert_eq!(file["serverSideEncryption"], expected);
    let token = s.token.clone();
    let mut fetch = |method: &str, key: Option<(&str, &str)>| {
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(key.iter().flat_map(|(key, md5)| customer_headers(key, md5)));
        s.request(method, "/file/downloads/secret", &headers)
    };
    let right = fetch("GET", Some((KEY, &md5)));
    assert_eq!(&right.body()[..], b"x");
    let named = "x-bz-server-side-encryption-customer-key-md5";
    assert_eq!(header(&right, named), Some(&*md5));
    assert!(header(&right, "x-bz-server-side-encryption-customer-key").is_none());
    assert_refused(&fetch("GET", None), 400, "bad_request");
    assert_refused(&fetch("GET", Some((&other, &other_md5))), 403, "access_denied");
    assert_refused(&fetch("GET", Some((KEY, &other_md5))), 400, "bad_request");
    assert_eq!(fetch("HEAD", None).status(), 400);
    assert_eq!(fetch("HEAD", Some((KEY, &md5))).status(), 200);
}

#[test]
fn urls_follow_the_host_the_client_used() {
    let (mut s, _, _) = scenario();
    let basic = s.b2.basic_authorization();
    let answer = s.fetch(
        "/b2api/v4/b2_authorize_account",
        &[("authorization", &basic), ("host", "b2.example:8080")],
    );
    let storage = ok(&answer)["apiInfo"]["storageApi"].clone();
    assert_eq!(storage["apiUrl"], "http://b2.example:8080");
    assert_ne!(storage["apiUrl"], HOST);
}
