//! Lifecycle rules as time goes by.

use serde_json::{Value, json};

use crate::scenario::{Scenario, text};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn scenario(field: &str) -> (Scenario, String) {
    let mut s = Scenario::new();
    let mut rule = json!({"fileNamePrefix": "tmp/"});
    rule[field] = json!(2);
    let bucket = s.bucket("cleaned", &json!({"lifecycleRules": [rule], "fileLockEnabled": true}));
    (s, bucket)
}

fn names(s: &Scenario) -> Vec<(String, bool)> {
    s.b2.objects().into_iter().map(|object| (object.file_name, object.is_hidden)).collect()
}

#[test]
fn files_are_hidden_when_their_days_are_over() {
    let (mut s, bucket) = scenario("daysFromUploadingToHiding");
    s.store(&bucket, "kept/a", b"x");
    s.store(&bucket, "tmp/a", b"x");
    let uploaded = s.now;
    s.b2.tend(uploaded + 2 * DAY_MS - 1);
    assert_eq!(names(&s), [("kept/a".to_owned(), false), ("tmp/a".to_owned(), false)]);
    s.b2.tend(uploaded + 2 * DAY_MS);
    let hidden = ("tmp/a".to_owned(), true);
    assert_eq!(names(&s), [("kept/a".to_owned(), false), hidden, ("tmp/a".to_owned(), false)]);
}

#[test]
fn hidden_versions_and_then_their_marker_are_deleted() {
    let (mut s, bucket) = scenario("daysFromHidingToDeleting");
    s.store(&bucket, "tmp/a", b"old");
    s.store(&bucket, "tmp/a", b"new");
    let superseded = s.now;
    s.now += DAY_MS / 2;
    s.hide(&bucket, "tmp/a");
    let hidden = s.now;
    s.b2.tend(superseded + 2 * DAY_MS);
    assert_eq!(names(&s).len(), 2);
    s.b2.tend(hidden + 2 * DAY_MS - 1);
    assert_eq!(names(&s).len(), 2);
    s.b2.tend(hidden + 2 * DAY_MS);
    assert!(names(&s).is_empty());
}

#[test]
fn locked_versions_outlive_their_days() {
    let (mut s, bucket) = scenario("daysFromHidingToDeleting");
    s.upload(&bucket, "tmp/a", b"x").with("x-bz-file-legal-hold", "on").send();
    s.hide(&bucket, "tmp/a");
    s.b2.tend(s.now + 9 * DAY_MS);
    assert_eq!(names(&s).len(), 2);
}

#[test]
fn forgotten_large_files_are_cancelled() {
    let (mut s, bucket) = scenario("daysFromStartingToCancelingUnfinishedLargeFiles");
    let start = json!({"bucketId": bucket, "fileName": "tmp/big", "contentType": "b2/x-auto"});
    let id = text(&s.get("b2_start_large_file", &start)["fileId"]);
    s.b2.tend(s.now + DAY_MS);
    assert_eq!(s.b2.unfinished_files()[0].file_id, id);
    s.b2.tend(s.now + 2 * DAY_MS);
    assert!(s.b2.unfinished_files().is_empty());
}

#[test]
fn rules_are_carried_out_without_being_asked() {
    let (mut s, bucket) = scenario("daysFromUploadingToHiding");
    s.store(&bucket, "tmp/a", b"x");
    s.now += 3 * DAY_MS;
    let _ = s.call("b2_list_buckets", &Value::Null);
    assert_eq!(names(&s).len(), 2);
}

#[test]
fn a_name_of_very_many_versions_is_cleaned_to_its_end() {
    let mut s = Scenario::new();
    let rule = json!({"fileNamePrefix": "", "daysFromHidingToDeleting": 1});
    let bucket = s.bucket("cleaned", &json!({"lifecycleRules": [rule], "fileLockEnabled": true}));
    s.store(&bucket, "before", b"x");
    for _ in 0..1300 {
        s.store(&bucket, "same", b"x");
    }
    s.upload(&bucket, "same", b"held").with("x-bz-file-legal-hold", "on").send();
    for _ in 0..700 {
        s.store(&bucket, "same", b"x");
    }
    s.hide(&bucket, "same");
    s.store(&bucket, "same-but-other", b"x");
    s.b2.tend(s.now + DAY_MS);
    let left = [("before", false), ("same", true), ("same", false), ("same-but-other", false)];
    assert_eq!(names(&s), left.map(|(name, is_hidden)| (name.to_owned(), is_hidden)));
    let held = s.b2.objects().into_iter().find(|object| object.bytes == b"held"[..]).unwrap();
    let off = json!({"fileName": "same", "fileId": held.file_id, "legalHold": "off"});
    s.get("b2_update_file_legal_hold", &off);
    s.b2.tend(s.now + DAY_MS);
    assert_eq!(names(&s).len(), 2, "the marker goes with the last version beneath it");
}
