//! `b2 bucket get` and `update`.

use serde_json::json;

use crate::scene::{Scene, run};

#[test]
fn every_setting_can_be_changed_and_is_shown() {
    let scene = Scene::with_bucket("the-bucket");
    scene.write(
        "cors.json",
        r#"[{"corsRuleName": "any-origin", "allowedOrigins": ["*"], "maxAgeSeconds": 60,
            "allowedOperations": ["b2_download_file_by_name"]}]"#,
    );
    let arguments = [
        "bucket",
        "update",
        "the-bucket",
        "allPublic",
        "--bucket-info",
        r#"{"purpose": "tests"}"#,
        "--cors-rules",
        "cors.json",
        "--lifecycle-rule",
        r#"{"fileNamePrefix": "tmp/", "daysFromHidingToDeleting": 1}"#,
        "--lifecycle-rule",
        r#"{"fileNamePrefix": "log/", "daysFromUploadingToHiding": 2}"#,
        "--file-lock-enabled",
        "--default-retention-mode",
        "governance",
        "--default-retention-period",
        "30 days",
        "--default-server-side-encryption",
        "SSE-B2",
        "--json",
    ];
    let changed = scene.b2(arguments).ok().json();
    let seen = scene.b2(["bucket", "get", "the-bucket", "--json"]).ok().json();
    assert_eq!(changed, seen);
    assert_eq!(seen["bucketType"], "allPublic");
    assert_eq!(seen["bucketInfo"], json!({ "purpose": "tests" }));
    assert_eq!(seen["corsRules"][0]["corsRuleName"], "any-origin");
    assert_eq!(seen["lifecycleRules"].as_array().unwrap().len(), 2);
    let lock = &seen["fileLockConfiguration"]["value"];
    let retention = json!({"mode": "governance", "period": {"duration": 30, "unit": "days"}});
    assert_eq!((&lock["isFileLockEnabled"], &lock["defaultRetention"]), (&json!(true), &retention));
    assert_eq!(seen["defaultServerSideEncryption"]["value"]["mode"], "SSE-B2");

    let lines = scene.b2(["bucket", "get", "the-bucket"]).ok().lines();
    for expected in ["type                allPublic", "info                purpose=tests"] {
        assert!(lines.iter().any(|line| line == expected), "{lines:?}");
    }

    // What is not named stays.
    let clear = ["bucket", "update", "the-bucket", "--cors-rules", "[]", "--json"];
    let cleared = scene.b2(clear.iter().chain(&["--default-retention-mode", "none"])).ok().json();
    assert_eq!(cleared["corsRules"], json!([]));
    assert_eq!(cleared["bucketInfo"], json!({ "purpose": "tests" }));
    assert_eq!(cleared["fileLockConfiguration"]["value"]["defaultRetention"]["mode"], json!(null));
    assert_eq!(cleared["lifecycleRules"], seen["lifecycleRules"]);
    let clear = ["bucket", "update", "the-bucket", "--lifecycle-rules", "-", "--json"];
    assert_eq!(scene.b2_reading("[]", clear).ok().json()["lifecycleRules"], json!([]));
}

#[test]
fn a_change_can_wait_for_a_revision() {
    let scene = Scene::with_bucket("the-bucket");
    let seen = scene.b2(["bucket", "get", "the-bucket", "--json"]).ok().json();
    let revision = seen["revision"].to_string();
    let update = ["bucket", "update", "--json", "the-bucket", "allPublic", "--if-revision-is"];
    scene.b2(update.iter().copied().chain([revision.as_str()])).ok();
    let refused = scene.b2(update.iter().copied().chain([revision.as_str()])).exits(1);
    assert_eq!(refused.error()["code"], "conflict");
}

#[test]
fn replication_is_an_object() {
    let scene = Scene::with_bucket("the-bucket");
    let copy = scene.b2(["bucket", "create", "the-copy", "allPrivate"]).ok().line();
    let source = scene.master_key().id;
    let object = json!({ "asReplicationSource": {
        "sourceApplicationKeyId": source,
        "replicationRules": [{
            "replicationRuleName": "to-the-copy", "destinationBucketId": copy,
            "fileNamePrefix": "", "includeExistingFiles": false, "isEnabled": true, "priority": 1,
        }],
    }});
    scene.write("replication.json", object.to_string());
    let update = ["bucket", "update", "the-bucket", "--replication", "replication.json", "--json"];
    let changed = scene.b2(update).ok().json();
    let rules = &changed["replicationConfiguration"]["value"]["asReplicationSource"];
    assert_eq!(rules["replicationRules"][0]["replicationRuleName"], "to-the-copy");
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let scene = Scene::with_bucket("the-bucket");
    let before = scene.b2(["bucket", "get", "the-bucket", "--json"]).ok().json();
    for (arguments, code) in [
        (vec![], 2),
        (vec!["--if-revision-is", "1"], 2),
        (vec!["allSecret"], 2),
        (vec!["--cors-rules", "[{}]"], 2),
        (vec!["--cors-rules", "[7"], 2),
        (vec!["--bucket-info", r#"{"a": 7}"#], 2),
        (vec!["--cors-rules", "no-such-file.json"], 10),
        (vec!["--default-retention-mode", "governance"], 2),
        (vec!["--default-retention-period", "3 days"], 2),
        (vec!["--default-retention-mode", "none", "--default-retention-period", "3 days"], 2),
        // Only B2 knows these.
        (vec!["--lifecycle-rule", r#"{"fileNamePrefix": ""}"#], 1),
        (
            vec!["--default-retention-mode", "compliance", "--default-retention-period", "1 years"],
            1,
        ),
    ] {
        scene.b2(["bucket", "update", "the-bucket"].iter().chain(&arguments)).exits(code);
    }
    scene.b2(["bucket", "update", "no-such-bucket", "allPublic"]).exits(3);
    scene.b2(["bucket", "get", "no-such-bucket"]).exits(3);
    assert_eq!(scene.b2(["bucket", "get", "the-bucket", "--json"]).ok().json(), before);
}

#[test]
fn what_a_key_may_not_see_is_said() {
    let scene = Scene::with_bucket("the-bucket");
    let key = scene.key(&[b2::Capability::ListBuckets]);
    let lines = run(scene.command_with(&key), ["bucket", "get", "the-bucket"]).ok().text();
    assert!(lines.contains("file lock           (the key may not see it)\n"), "{lines}");
}
