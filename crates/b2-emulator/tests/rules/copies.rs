//! Server-side copies.

use b2_emulator::Settings;
use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, ok, sha1, text};

fn scenario() -> (Scenario, String, String) {
    let mut s = Scenario::with(Settings::default().with_part_sizes(20, 4));
    let bucket = s.bucket("copies", &Value::Null);
    let upload = s.upload(&bucket, "a.txt", b"0123456789").with("x-bz-info-color", "red");
    let id = text(&ok(&upload.send())["fileId"]);
    (s, bucket, id)
}

#[test]
fn a_copy_says_copy_once_and_lists_as_upload() {
    let (mut s, bucket, id) = scenario();
    let copy = s.get("b2_copy_file", &json!({"sourceFileId": id, "fileName": "b.txt"}));
    assert_eq!(copy["action"], "copy");
    assert_eq!(copy["contentSha1"], json!(sha1(b"0123456789")));
    assert_eq!(copy["fileInfo"], json!({"color": "red"}));
    assert_eq!(copy["uploadTimestamp"], json!(s.now));
    let names = s.get("b2_list_file_names", &json!({"bucketId": bucket}));
    assert_eq!(names["files"][1]["action"], "upload");
    assert_eq!(names["files"][1]["fileId"], copy["fileId"]);
    s.get("b2_delete_file_version", &json!({"fileName": "a.txt", "fileId": id}));
    let token = s.token.clone();
    let answer = s.fetch("/file/copies/b.txt", &[("authorization", &token)]);
    assert_eq!(&answer.body()[..], b"0123456789", "the copy outlives its source");
}

#[test]
fn ranges_and_other_buckets() {
    let (mut s, _, id) = scenario();
    let other = s.bucket("elsewhere", &Value::Null);
    let body = json!({
        "sourceFileId": id, "fileName": "part", "range": "bytes=2-4",
        "destinationBucketId": other,
    });
    let copy = s.get("b2_copy_file", &body);
    assert_eq!((&copy["contentLength"], &copy["bucketId"]), (&json!(3), &json!(other)));
    assert_eq!(copy["contentSha1"], json!(sha1(b"234")));
    for (range, status, code) in
        [("bytes=10-", 416, "range_not_satisfiable"), ("2-4", 400, "bad_request")]
    {
        let body = json!({"sourceFileId": id, "fileName": "x", "range": range});
        assert_refused(&s.call("b2_copy_file", &body), status, code);
    }
}

#[test]
fn metadata_is_copied_or_replaced_as_a_whole() {
    let (mut s, _, id) = scenario();
    let with = |more: Value| {
        let mut body = json!({"sourceFileId": id, "fileName": "b.jpg"});
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    };
    let replace = with(json!({
        "metadataDirective": "REPLACE", "contentType": "b2/x-auto", "fileInfo": {"Size": "xl"},
    }));
    let copy = s.get("b2_copy_file", &replace);
    assert_eq!(
        (&copy["contentType"], &copy["fileInfo"]),
        (&json!("image/jpeg"), &json!({"size": "xl"}))
    );
    for wrong in [
        json!({"contentType": "text/plain"}),
        json!({"fileInfo": {}}),
        json!({"metadataDirective": "COPY", "contentType": "text/plain"}),
        json!({"metadataDirective": "REPLACE"}),
        json!({"metadataDirective": "MERGE"}),
        json!({"fileName": "/bad"}),
    ] {
        assert_refused(&s.call("b2_copy_file", &with(wrong)), 400, "bad_request");
    }
    let unknown = json!({"sourceFileId": id.replace("_f1", "_f1f"), "fileName": "x"});
    assert_refused(&s.call("b2_copy_file", &unknown), 404, "not_found");
}

#[test]
fn both_ends_need_rights() {
    let (mut s, bucket, id) = scenario();
    let other = s.bucket("elsewhere", &Value::Null);
    let body = json!({"sourceFileId": id, "fileName": "b", "destinationBucketId": other});
    for (capabilities, buckets) in [
        (vec!["writeFiles"], json!(null)),
        (vec!["readFiles"], json!(null)),
        (vec!["readFiles", "writeFiles"], json!([bucket])),
        (vec!["readFiles", "writeFiles"], json!([other])),
    ] {
        let key = s.key(&capabilities, &json!({"bucketIds": buckets}));
        let token = s.log_in(&key);
        let answer = s.call_as(&token, 4, "b2_copy_file", &body);
        assert_refused(&answer, 401, "unauthorized");
    }
    let key = s.key(&["readFiles", "writeFiles"], &json!({"bucketIds": [bucket, other]}));
    let token = s.log_in(&key);
    ok(&s.call_as(&token, 4, "b2_copy_file", &body));
}

#[test]
fn parts_can_be_copied_and_a_large_file_copied_small() {
    let (mut s, bucket, id) = scenario();
    let start = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    let large = text(&s.get("b2_start_large_file", &start)["fileId"]);
    for (number, range) in [(1, "bytes=5-9"), (2, "bytes=0-4")] {
        let body = json!({
            "sourceFileId": id, "largeFileId": large, "partNumber": number, "range": range,
        });
        let part = s.get("b2_copy_part", &body);
        assert_eq!((&part["fileId"], &part["partNumber"]), (&json!(large), &json!(number)));
    }
    let digests = [sha1(b"56789"), sha1(b"01234")];
    let finish = json!({"fileId": large, "partSha1Array": digests});
    s.get("b2_finish_large_file", &finish);
    let copy = s.get("b2_copy_file", &json!({"sourceFileId": large, "fileName": "small"}));
    assert_eq!(copy["contentSha1"], json!(sha1(b"5678901234")));
    let body = json!({"sourceFileId": id, "largeFileId": large, "partNumber": 3});
    assert_refused(&s.call("b2_copy_part", &body), 400, "bad_request");
}
