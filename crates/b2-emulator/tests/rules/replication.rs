//! Replication between two buckets of the account.

use b2_emulator::Settings;
use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, ok, sha1, text};

const DELAY_MS: u64 = 60_000;

/// Two buckets, the second of which is to get what the first has.
fn scenario() -> (Scenario, String, String) {
    let mut s = Scenario::with(
        Settings::default().with_part_sizes(20, 10).with_replication_delay_ms(DELAY_MS),
    );
    let reader = text(&s.key(&["readFiles"], &Value::Null)["applicationKeyId"]);
    let writer = text(&s.key(&["writeFiles"], &Value::Null)["applicationKeyId"]);
    let mut mapping = json!({});
    mapping[&reader] = json!(writer);
    let destination =
        json!({"asReplicationDestination": {"sourceToDestinationKeyMapping": mapping}});
    let to = s.bucket("the-copy", &json!({"replicationConfiguration": destination}));
    let rule = json!({
        "destinationBucketId": to, "fileNamePrefix": "a/", "includeExistingFiles": false,
        "isEnabled": true, "priority": 1, "replicationRuleName": "all",
    });
    let source = json!({"asReplicationSource": {
        "replicationRules": [rule], "sourceApplicationKeyId": reader,
    }});
    let from = s.bucket("the-source", &json!({"replicationConfiguration": source}));
    (s, from, to)
}

fn status(s: &mut Scenario, id: &Value) -> Value {
    s.get("b2_get_file_info", &json!({"fileId": id}))["replicationStatus"].clone()
}

#[test]
fn a_matching_file_is_pending_until_its_replica_is_there() {
    let (mut s, from, to) = scenario();
    let file = ok(&s.upload(&from, "a/x", b"bytes").send());
    let other = ok(&s.upload(&from, "b/x", b"bytes").send());
    assert_eq!(file["replicationStatus"], "PENDING");
    assert_eq!(other["replicationStatus"], Value::Null);
    s.now += DELAY_MS;
    assert_eq!(status(&mut s, &file["fileId"]), "COMPLETED");
    let listed = s.get("b2_list_file_names", &json!({"bucketId": to}));
    let replica = &listed["files"][0];
    assert_eq!(listed["files"].as_array().unwrap().len(), 1);
    assert_eq!(replica["replicationStatus"], "REPLICA");
    assert_eq!(replica["contentSha1"], file["contentSha1"]);
    let objects = s.b2.objects();
    let copied = objects.iter().find(|object| object.bucket_id == to).unwrap();
    assert_eq!(&copied.bytes[..], b"bytes");
}

#[test]
fn without_its_keys_a_replication_fails() {
    let (mut s, from, to) = scenario();
    let off = json!({
        "accountId": s.account, "bucketId": to,
        "replicationConfiguration": {"asReplicationSource": null, "asReplicationDestination": null},
    });
    let shown = s.get("b2_update_bucket", &off)["replicationConfiguration"].clone();
    assert_eq!(shown, json!({"isClientAuthorizedToRead": true, "value": null}));
    let file = ok(&s.upload(&from, "a/x", b"bytes").send());
    s.now += DELAY_MS;
    assert_eq!(status(&mut s, &file["fileId"]), "FAILED");
}

#[test]
fn a_source_of_replication_gets_no_lock_later() {
    let (mut s, from, _) = scenario();
    let lock = json!({"accountId": s.account, "bucketId": from, "fileLockEnabled": true});
    assert_refused(&s.call("b2_update_bucket", &lock), 400, "source_replication_conflict");
}

#[test]
fn a_rule_that_does_not_speak_of_existing_files_leaves_them_out() {
    let (mut s, from, to) = scenario();
    let before = ok(&s.upload(&from, "c/x", b"bytes").send());
    let key = text(&s.key(&["readFiles"], &Value::Null)["applicationKeyId"]);
    let mut rule = json!({
        "destinationBucketId": to, "fileNamePrefix": "c/", "isEnabled": true, "priority": 1,
        "replicationRuleName": "all",
    });
    let mut update = json!({"accountId": s.account, "bucketId": from});
    update["replicationConfiguration"] = json!({"asReplicationSource": {
        "replicationRules": [rule], "sourceApplicationKeyId": key,
    }});
    let shown = s.get("b2_update_bucket", &update)["replicationConfiguration"]["value"].clone();
    let shown = &shown["asReplicationSource"]["replicationRules"][0];
    assert_eq!(shown["includeExistingFiles"], false);
    assert_eq!(status(&mut s, &before["fileId"]), Value::Null);
    let after = ok(&s.upload(&from, "c/y", b"bytes").send());
    assert_eq!(after["replicationStatus"], "PENDING");

    rule["includeExistingFiles"] = json!("no");
    update["replicationConfiguration"]["asReplicationSource"]["replicationRules"][0] = rule;
    assert_refused(&s.call("b2_update_bucket", &update), 400, "bad_request");
}

#[test]
fn files_that_wait_keep_none_that_is_due_waiting() {
    let (mut s, from, _) = scenario();
    // Large files have higher ids than small ones, as later buckets may have.
    let start = json!({"bucketId": from, "fileName": "a/large", "contentType": "b2/x-auto"});
    let early = s.get("b2_start_large_file", &start)["fileId"].clone();
    let url = s.get("b2_get_upload_part_url", &json!({"fileId": early}));
    let parts: [&[u8]; 2] = [b"0123456789", b"end"];
    for (number, part) in parts.iter().enumerate() {
        let request = http::Request::post(text(&url["uploadUrl"]))
            .header("authorization", text(&url["authorizationToken"]))
            .header("x-bz-part-number", number + 1)
            .header("x-bz-content-sha1", sha1(part))
            .body(bytes::Bytes::from_static(part));
        ok(&s.send(request.unwrap()));
    }
    let digests = parts.map(sha1);
    s.get("b2_finish_large_file", &json!({"fileId": early, "partSha1Array": digests}));
    s.now += DELAY_MS / 2;
    for number in 0..600 {
        ok(&s.upload(&from, &format!("a/{number}"), b"bytes").send());
    }
    assert_eq!(status(&mut s, &early), "PENDING");
    s.now += DELAY_MS / 2;
    assert_eq!(status(&mut s, &early), "COMPLETED");
}
