//! Large files from start to finish.

use b2_emulator::Settings;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::scenario::{HOST, Scenario, assert_refused, header, json_of, ok, sha1, text};

struct Large {
    s: Scenario,
    bucket: String,
    id: String,
}

/// A started large file on a B2 whose parts have at least 10 bytes.
fn started() -> Large {
    let mut s = Scenario::with(Settings::default().with_part_sizes(20, 10));
    let bucket = s.bucket("large-files", &Value::Null);
    let body = json!({
        "bucketId": bucket, "fileName": "big file", "contentType": "video/x-own",
        "fileInfo": {"Src_Last_Modified_Millis": "1"},
    });
    let file = s.get("b2_start_large_file", &body);
    let id = text(&file["fileId"]);
    Large { s, bucket, id }
}

impl Large {
    fn url(&mut self) -> (String, String) {
        let answer = self.s.get("b2_get_upload_part_url", &json!({"fileId": self.id}));
        assert_eq!(answer["fileId"], json!(self.id));
        assert!(answer.get("bucketId").is_none());
        (text(&answer["uploadUrl"]), text(&answer["authorizationToken"]))
    }

    fn part_with(&mut self, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
        let (url, token) = self.url();
        assert!(url.starts_with(&format!("{HOST}/b2api/v4/b2_upload_part/{}", self.id)));
        let mut request = Request::post(url).header("authorization", token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.s.send(request.body(Bytes::copy_from_slice(body)).unwrap())
    }

    fn part(&mut self, number: u32, body: &[u8]) -> Response<Bytes> {
        let (number, digest) = (number.to_string(), sha1(body));
        self.part_with(&[("x-bz-part-number", &number), ("x-bz-content-sha1", &digest)], body)
    }

    fn finish(&mut self, parts: &[&[u8]]) -> Response<Bytes> {
        let digests: Vec<_> = parts.iter().map(|part| sha1(part)).collect();
        let body = json!({"fileId": self.id, "partSha1Array": digests});
        self.s.call("b2_finish_large_file", &body)
    }
}

const FIRST: &[u8] = b"0123456789";
const LAST: &[u8] = b"abc";

#[test]
fn start_parts_and_finish_make_one_file() {
    let mut large = started();
    let started_at = large.s.now;
    let part = ok(&large.part(1, FIRST));
    let expected = json!({
        "contentLength": 10, "contentMd5": "781e5e245d69b566979b86e28d23f2c7",
        "contentSha1": sha1(FIRST), "fileId": large.id, "partNumber": 1,
        "serverSideEncryption": {"algorithm": "AES256", "mode": "SSE-B2"},
        "uploadTimestamp": large.s.now,
    });
    assert_eq!(part, expected);
    ok(&large.part(2, LAST));
    let file = ok(&large.finish(&[FIRST, LAST]));
    let expected = json!({
        "accountId": large.s.account, "action": "upload", "bucketId": large.bucket,
        "contentLength": 13, "contentMd5": null, "contentSha1": "none",
        "contentType": "video/x-own", "fileId": large.id,
        "fileInfo": {"src_last_modified_millis": "1"}, "fileName": "big file",
        "fileRetention": {
            "isClientAuthorizedToRead": true,
            "value": {"mode": null, "retainUntilTimestamp": null},
        },
        "legalHold": {"isClientAuthorizedToRead": true, "value": null},
        "serverSideEncryption": {"algorithm": "AES256", "mode": "SSE-B2"},
        "uploadTimestamp": started_at,
    });
    assert_eq!(file, expected);
    let token = large.s.token.clone();
    let path = "/file/large-files/big%20file";
    let whole = large.s.fetch(path, &[("authorization", &token)]);
    assert_eq!(&whole.body()[..], b"0123456789abc");
    assert_eq!(header(&whole, "x-bz-content-sha1"), Some("none"));
    let across = [("authorization", token.as_str()), ("range", "bytes=8-10")];
    assert_eq!(&large.s.fetch(path, &across).body()[..], b"89a");
}

#[test]
fn a_started_file_shows_as_unfinished_until_it_is_not() {
    let mut large = started();
    let list = json!({"bucketId": large.bucket, "namePrefix": "big"});
    let listed = large.s.get("b2_list_unfinished_large_files", &list);
    let row = &listed["files"][0];
    assert_eq!(
        (&row["action"], &row["contentLength"], &row["contentSha1"], &row["contentMd5"]),
        (&json!("start"), &json!(0), &json!("none"), &Value::Null)
    );
    let other = json!({"bucketId": large.bucket, "namePrefix": "small"});
    assert_eq!(large.s.get("b2_list_unfinished_large_files", &other)["files"], json!([]));
    let info = large.s.get("b2_get_file_info", &json!({"fileId": large.id}));
    assert_eq!(info["action"], "start");
    ok(&large.part(1, FIRST));
    ok(&large.part(2, LAST));
    ok(&large.finish(&[FIRST, LAST]));
    assert_eq!(large.s.get("b2_list_unfinished_large_files", &list)["files"], json!([]));
}

#[test]
fn unfinished_files_are_paged_by_id() {
    let mut large = started();
    let mut ids = vec![large.id.clone()];
    for name in ["z", "a", "m"] {
        let body = json!({"bucketId": large.bucket, "fileName": name, "contentType": "b2/x-auto"});
        ids.push(text(&large.s.get("b2_start_large_file", &body)["fileId"]));
    }
    let mut query = json!({"bucketId": large.bucket, "maxFileCount": 1});
    let mut seen = Vec::new();
    loop {
        let page = large.s.get("b2_list_unfinished_large_files", &query);
        seen.extend(page["files"].as_array().unwrap().iter().map(|row| text(&row["fileId"])));
        if page["nextFileId"].is_null() {
            break;
        }
        query["startFileId"] = page["nextFileId"].clone();
    }
    assert_eq!(seen, ids);
}

#[test]
fn parts_are_listed_in_order_and_replaced_by_number() {
    let mut large = started();
    for (number, body) in [(3, b"three"), (1, b"older"), (2, b"two!!"), (1, b"newer")] {
        ok(&large.part(number, body));
    }
    let mut query = json!({"fileId": large.id, "maxPartCount": 2});
    let page = large.s.get("b2_list_parts", &query);
    let numbers = |page: &Value| {
        let parts = page["parts"].as_array().unwrap();
        parts.iter().map(|part| part["partNumber"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(&page), &page["nextPartNumber"]), (vec![1, 2], &json!(3)));
    assert_eq!(page["parts"][0]["contentSha1"], json!(sha1(b"newer")));
    query["startPartNumber"] = json!(3);
    let page = large.s.get("b2_list_parts", &query);
    assert_eq!((numbers(&page), &page["nextPartNumber"]), (vec![3], &Value::Null));
    query["maxPartCount"] = json!(1001);
    assert_refused(&large.s.call("b2_list_parts", &query), 400, "out_of_range");
}

#[test]
fn finishing_checks_every_part() {
    let mut large = started();
    ok(&large.part(1, FIRST));
    let one = large.finish(&[FIRST]);
    assert_refused(&one, 400, "bad_request");
    let message = text(&json_of(&one)["message"]);
    assert_eq!(message, "large files must have at least 2 parts");
    assert_refused(&large.finish(&[FIRST, LAST]), 400, "missing_part");
    ok(&large.part(3, LAST));
    assert_refused(&large.finish(&[FIRST, LAST, LAST]), 400, "missing_part");
    ok(&large.part(2, b"short"));
    let small = large.finish(&[FIRST, b"short", LAST]);
    assert_refused(&small, 400, "bad_request");
    ok(&large.part(2, FIRST));
    assert_refused(&large.finish(&[FIRST, LAST, LAST]), 400, "part_sha1_mismatch");
    assert_refused(&large.finish(&[FIRST, FIRST]), 400, "bad_request");
    ok(&large.finish(&[FIRST, FIRST, LAST]));
    let again = large.finish(&[FIRST, FIRST, LAST]);
    assert_refused(&again, 400, "bad_request");
    assert_eq!(json_of(&again)["message"], format!("No active upload for: {}", large.id));
}

#[test]
fn unverified_parts_finish_with_the_bare_digest() {
    let mut large = started();
    for (number, body) in [("1", FIRST), ("2", LAST)] {
        let headers = [("x-bz-part-number", number), ("x-bz-content-sha1", "do_not_verify")];
        let part = ok(&large.part_with(&headers, body));
        assert_eq!(part["contentSha1"], json!(format!("unverified:{}", sha1(body))));
    }
    ok(&large.finish(&[FIRST, LAST]));
}

#[test]
fn part_headers_are_checked() {
    let mut large = started();
    let digest = sha1(FIRST);
    for number in ["0", "10001", "-1", "x"] {
        let headers = [("x-bz-part-number", number), ("x-bz-content-sha1", digest.as_str())];
        assert_refused(&large.part_with(&headers, FIRST), 400, "bad_request");
    }
    let none = large.part_with(&[("x-bz-content-sha1", &digest)], FIRST);
    assert_refused(&none, 400, "bad_request");
    let encrypted = [
        ("x-bz-part-number", "1"),
        ("x-bz-content-sha1", digest.as_str()),
        ("x-bz-server-side-encryption", "AES256"),
    ];
    assert_refused(&large.part_with(&encrypted, FIRST), 400, "bad_request");
    let wrong = [("x-bz-part-number", "1"), ("x-bz-content-sha1", &sha1(LAST))];
    assert_refused(&large.part_with(&wrong, FIRST), 400, "bad_request");
    ok(&large.part(10_000, FIRST));
}

#[test]
fn cancelling_and_deleting_end_a_started_file() {
    for operation in ["b2_cancel_large_file", "b2_delete_file_version"] {
        let mut large = started();
        ok(&large.part(1, FIRST));
        let (url, token) = large.url();
        let body = json!({"fileId": large.id, "fileName": "big file"});
        let answer = large.s.get(operation, &body);
        assert_eq!((&answer["fileId"], &answer["fileName"]), (&body["fileId"], &body["fileName"]));
        assert_eq!(large.s.b2.unfinished_files(), []);
        let digest = sha1(LAST);
        let request = Request::post(url)
            .header("authorization", token)
            .header("x-bz-part-number", "2")
            .header("x-bz-content-sha1", digest)
            .body(Bytes::from_static(LAST))
            .unwrap();
        assert_refused(&large.s.send(request), 400, "bad_request");
        assert_refused(&large.s.call("b2_list_parts", &body), 400, "bad_request");
        assert_refused(&large.s.call("b2_get_upload_part_url", &body), 400, "bad_request");
    }
    let mut large = started();
    let bad = large.s.call("b2_cancel_large_file", &json!({"fileId": "bad-id"}));
    assert_refused(&bad, 400, "bad_request");
    assert_eq!(json_of(&bad)["message"], "Invalid fileId: bad-id");
}

#[test]
fn a_file_started_before_a_newer_upload_finishes_behind_it() {
    let mut large = started();
    ok(&large.part(1, FIRST));
    ok(&large.part(2, LAST));
    let bucket = large.bucket.clone();
    let newer = large.s.store(&bucket, "big%20file", b"newer");
    ok(&large.finish(&[FIRST, LAST]));
    let names = large.s.get("b2_list_file_names", &json!({"bucketId": bucket}));
    assert_eq!(names["files"][0]["fileId"], json!(newer));
}

#[test]
fn deleting_a_finished_file_removes_all_its_parts() {
    let mut large = started();
    ok(&large.part(1, FIRST));
    ok(&large.part(2, LAST));
    ok(&large.finish(&[FIRST, LAST]));
    let body = json!({"fileId": large.id, "fileName": "big file"});
    large.s.get("b2_delete_file_version", &body);
    assert_eq!(large.s.b2.objects(), []);
    let bucket = json!({"accountId": large.s.account, "bucketId": large.bucket});
    large.s.get("b2_delete_bucket", &bucket);
}

#[test]
fn custom_times_are_taken_in_every_spelling() {
    let mut s = Scenario::new();
    let bucket = s.bucket("large-files", &Value::Null);
    for (field, value) in [
        ("customUploadTimestamp", json!(1_000_000_000_000_u64)),
        ("customUploadTimestamp", json!("1000000000000")),
        ("custom_upload_timestamp", json!(1_000_000_000_000_u64)),
    ] {
        let mut body = json!({"bucketId": bucket, "fileName": "a", "contentType": "b2/x-auto"});
        body[field] = value;
        let file = s.get("b2_start_large_file", &body);
        assert_eq!(file["uploadTimestamp"], 1_000_000_000_000_u64);
    }
}
