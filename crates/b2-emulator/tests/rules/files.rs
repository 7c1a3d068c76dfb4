//! Versions: looking at them, hiding, deleting.

use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, json_of, text};

fn scenario() -> (Scenario, String) {
    let mut s = Scenario::new();
    let bucket = s.bucket("versions", &Value::Null);
    (s, bucket)
}

#[test]
fn a_hide_marker_has_the_observed_shape() {
    let (mut s, bucket) = scenario();
    s.store(&bucket, "a", b"x");
    let marker = s.get("b2_hide_file", &json!({"bucketId": bucket, "fileName": "a"}));
    let expected = json!({
        "accountId": s.account, "action": "hide", "bucketId": bucket, "contentLength": 0,
        "contentMd5": "d41d8cd98f00b204e9800998ecf8427e",
        "contentSha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "contentType": "application/x-bz-hide-marker", "fileId": marker["fileId"],
        "fileInfo": {}, "fileName": "a", "uploadTimestamp": s.now,
    });
    assert_eq!(marker, expected);
    let info = s.get("b2_get_file_info", &json!({"fileId": marker["fileId"]}));
    assert_eq!(info, expected);
}

#[test]
fn hiding_needs_something_to_hide() {
    let (mut s, bucket) = scenario();
    let hide = json!({"bucketId": bucket, "fileName": "a"});
    assert_refused(&s.call("b2_hide_file", &hide), 400, "no_such_file");
    s.store(&bucket, "a", b"x");
    let marker = s.hide(&bucket, "a");
    assert_refused(&s.call("b2_hide_file", &hide), 400, "already_hidden");
    s.get("b2_delete_file_version", &json!({"fileName": "a", "fileId": marker}));
    s.get("b2_hide_file", &hide);
    s.store(&bucket, "a", b"again");
    s.get("b2_hide_file", &hide);
}

#[test]
fn deleting_the_newest_version_brings_the_older_one_back() {
    let (mut s, bucket) = scenario();
    let old = s.store(&bucket, "a", b"old");
    let new = s.store(&bucket, "a", b"new");
    let names = json!({"bucketId": bucket});
    let current = |s: &mut Scenario| s.get("b2_list_file_names", &names)["files"].clone();
    assert_eq!(current(&mut s)[0]["fileId"], json!(new));
    let delete = |id: &str| json!({"fileName": "a", "fileId": id});
    let answer = s.get("b2_delete_file_version", &delete(&new));
    assert_eq!(answer, delete(&new));
    assert_eq!(current(&mut s)[0]["fileId"], json!(old));
    s.get("b2_delete_file_version", &delete(&old));
    assert_eq!(current(&mut s), json!([]));
    assert_eq!(s.b2.objects(), []);
}

#[test]
fn a_delete_must_name_the_right_pair() {
    let (mut s, bucket) = scenario();
    let id = s.store(&bucket, "a%20b", b"x");
    for (name, id) in [("a%20b", id.as_str()), ("b", &id)] {
        let body = json!({"fileName": name, "fileId": id});
        let answer = s.call("b2_delete_file_version", &body);
        assert_refused(&answer, 400, "file_not_present");
        let message = text(&json_of(&answer)["message"]);
        assert_eq!(message, format!("File not present: {name} {id}"));
    }
    let malformed = json!({"fileName": "a b", "fileId": "nonsense"});
    assert_refused(&s.call("b2_delete_file_version", &malformed), 400, "bad_request");
    let good = json!({"fileName": "a b", "fileId": id});
    s.get("b2_delete_file_version", &good);
    assert_refused(&s.call("b2_delete_file_version", &good), 400, "file_not_present");
}

#[test]
fn file_info_tells_malformed_from_unknown_ids() {
    let (mut s, bucket) = scenario();
    let id = s.store(&bucket, "a", b"x");
    let bad = s.call("b2_get_file_info", &json!({"fileId": "bad-id"}));
    assert_refused(&bad, 400, "bad_request");
    assert_eq!(json_of(&bad)["message"], "Invalid fileId: bad-id");
    s.get("b2_delete_file_version", &json!({"fileName": "a", "fileId": id}));
    assert_refused(&s.call("b2_get_file_info", &json!({"fileId": id})), 404, "not_found");
    assert_refused(&s.call("b2_get_file_info", &json!({})), 400, "bad_request");
}

#[test]
fn file_ids_have_the_documented_form() {
    let (mut s, bucket) = scenario();
    let id = s.store(&bucket, "a", b"x");
    let start = format!("4_z{bucket}_f1");
    assert!(id.starts_with(&start), "{id}");
    assert!(id.contains("_d20261121_m1715") && id.contains("_c004_v") && id.len() <= 200, "{id}");
    let body = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    let large = text(&s.get("b2_start_large_file", &body)["fileId"]);
    assert!(large.starts_with(&format!("4_z{bucket}_f2")), "{large}");
}
