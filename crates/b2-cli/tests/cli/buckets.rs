//! Making, listing and deleting buckets.

use b2::Capability;
use serde_json::json;

use crate::scene::{Scene, run};

#[test]
fn a_bucket_comes_and_goes() {
    let scene = Scene::new();
    let made = scene.b2(["bucket", "create", "first-bucket", "allPublic"]).ok();
    let id = made.line();
    assert_eq!(made.stderr, "");
    let listed = scene.b2(["bucket", "list"]).ok();
    assert_eq!(listed.text(), format!("{id}  allPublic   first-bucket\n"));
    let row = scene.b2(["bucket", "list", "--json"]).ok().json();
    assert_eq!((&row["bucketId"], &row["bucketName"]), (&json!(id), &json!("first-bucket")));
    assert_eq!(scene.b2(["ls"]).ok().text(), listed.text());

    let deleted = scene.b2(["bucket", "delete", "first-bucket"]).ok();
    assert_eq!(
        (deleted.text().as_str(), &*deleted.stderr),
        ("", "deleted the bucket first-bucket\n")
    );
    assert_eq!(scene.b2(["bucket", "list"]).ok().text(), "");
}

#[test]
fn a_made_bucket_is_told_to_programs() {
    let scene = Scene::new();
    let made = scene.b2(["bucket", "create", "first-bucket", "allPrivate", "--json"]).ok().json();
    let id = scene.b2(["bucket", "list", "--json"]).ok().json()["bucketId"].clone();
    let whole = json!({ "bucketId": id, "bucketName": "first-bucket", "bucketType": "allPrivate" });
    assert_eq!(made, whole);
}

#[test]
fn unknown_names_and_types_are_told_apart() {
    let scene = Scene::new();
    scene.b2(["bucket", "create", "x", "allPrivate"]).exits(2);
    scene.b2(["bucket", "create", "fine-name", "allSecret"]).exits(2);
    let ran = scene.b2(["bucket", "delete", "no-such-bucket"]).exits(3);
    assert_eq!(ran.stderr, "error: no bucket named no-such-bucket\n");
}

#[test]
fn a_name_is_given_once() {
    let scene = Scene::with_bucket("taken-name");
    let ran = scene.b2(["bucket", "create", "taken-name", "allPrivate", "--json"]).exits(1);
    assert_eq!(ran.error()["code"], "duplicate_bucket_name");
}

#[test]
fn a_full_bucket_is_not_deleted() {
    let scene = Scene::with_bucket("full-bucket");
    scene.b2_reading("x", ["file", "upload", "full-bucket", "-", "x"]).ok();
    let ran = scene.b2(["bucket", "delete", "full-bucket", "--json"]).exits(1);
    assert_eq!(ran.error()["code"], "cannot_delete_non_empty_bucket");
}

#[test]
fn a_key_of_one_bucket_lists_that_bucket() {
    let scene = Scene::with_bucket("mine-alone");
    scene.b2(["bucket", "create", "not-mine", "allPrivate"]).ok();
    let key = scene.key_of("mine-alone", &[Capability::ListBuckets]);
    let rows = run(scene.command_with(&key), ["bucket", "list", "--json"]).ok().json_lines();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["bucketName"], "mine-alone");
}
