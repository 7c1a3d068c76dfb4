//! `b2 rm`

use b2::Source;
use serde_json::json;

use crate::scene::Scene;

fn bucket_of(names: &[&str]) -> Scene {
    let scene = Scene::with_bucket("to-be-removed");
    for name in names {
        scene.b2_reading(name, ["file", "upload", "-q", "to-be-removed", "-", name]).ok();
    }
    scene
}

fn left(scene: &Scene) -> Vec<String> {
    scene.b2(["ls", "-r", "--versions", "b2://to-be-removed"]).ok().lines()
}

#[test]
fn one_file_loses_its_newest_version() {
    let scene = bucket_of(&["a", "a", "ab"]);
    let ran = scene.b2(["rm", "b2://to-be-removed/a"]).ok();
    assert_eq!((ran.text().as_str(), &*ran.stderr), ("a\n", ""));
    assert_eq!(left(&scene), ["a", "ab"]);
    scene.b2(["rm", "b2://to-be-removed/a"]).ok();
    assert_eq!(left(&scene), ["ab"]);
    let gone = scene.b2(["rm", "b2://to-be-removed/a"]).exits(4);
    assert_eq!(gone.stderr, "error: no file named a in to-be-removed\n");
    scene.b2(["rm", "b2://no-such-bucket/a"]).exits(3);
}

#[test]
fn one_file_loses_all_its_versions() {
    let scene = bucket_of(&["a", "a", "a/b", "ab"]);
    scene.b2(["file", "hide", "-q", "b2://to-be-removed/a"]).ok();
    // What is hidden is not there, unless all versions are meant.
    scene.b2(["rm", "b2://to-be-removed/a"]).exits(4);
    let ran = scene.b2(["rm", "--versions", "b2://to-be-removed/a"]).ok();
    assert_eq!(ran.text(), "a\na\na\n");
    assert_eq!(left(&scene), ["a/b", "ab"]);
}

/// As long as one version is left, it is the newest that others read.
#[test]
fn the_oldest_version_of_a_file_goes_first() {
    let scene = bucket_of(&["a", "a", "a"]);
    let rows = scene.b2(["ls", "--versions", "--json", "b2://to-be-removed"]).ok().json_lines();
    let ran = scene.b2(["rm", "--versions", "--json", "b2://to-be-removed/a"]).ok();
    let gone: Vec<_> = ran.json_lines().iter().map(|row| row["fileId"].clone()).collect();
    let oldest_first: Vec<_> = rows.iter().rev().map(|row| row["fileId"].clone()).collect();
    assert_eq!(gone, oldest_first);
    scene.b2(["rm", "--versions", "b2://to-be-removed/a"]).exits(4);
}

/// Below a folder too. What hides a locked version stays, or the version would
/// be seen again for good.
#[test]
fn what_is_newer_than_a_locked_version_stays() {
    let scene = bucket_of(&["folder/a"]);
    scene.b2(["bucket", "update", "-q", "to-be-removed", "--file-lock-enabled"]).ok();
    scene.b2(["file", "update", "-q", "--legal-hold", "on", "b2://to-be-removed/folder/a"]).ok();
    for name in ["folder/a", "folder/b", "folder/b"] {
        scene.b2_reading("x", ["file", "upload", "-q", "to-be-removed", "-", name]).ok();
    }
    scene.b2(["file", "hide", "-q", "b2://to-be-removed/folder/a"]).ok();
    let remove = ["rm", "--versions", "--yes"];
    let ran = scene.b2(remove.iter().chain(&["-r", "b2://to-be-removed"])).exits(7);
    assert_eq!(ran.lines(), ["folder/b", "folder/b"]);
    let told = "folder/a is locked and was not deleted, nor were 2 newer versions\n\
                error: 3 could not be deleted\n";
    assert_eq!(ran.stderr, told);
    scene.b2(remove.iter().chain(&["b2://to-be-removed/folder/a"])).exits(7);
    assert_eq!(left(&scene), ["folder/a"; 3]);
}

/// As many as are never held at once.
#[test]
fn a_file_of_many_versions_loses_them_all() {
    let scene = bucket_of(&["a/1", "c"]);
    scene.library(|client| async move {
        let bucket = client.bucket("to-be-removed").await.unwrap();
        for number in 0..1_003_u32 {
            let content = Source::bytes(number.to_be_bytes().to_vec());
            bucket.upload("b", content).await.unwrap();
        }
    });
    let newest = scene.b2(["file", "info", "--json", "b2://to-be-removed/b"]).ok().json();
    let ran = scene.b2(["rm", "-r", "--versions", "--yes", "--json", "b2://to-be-removed"]).ok();
    let rows = ran.json_lines();
    assert_eq!(rows.len(), 1_005);
    let of_b: Vec<_> = rows.iter().filter(|row| row["fileName"] == "b").collect();
    assert_eq!(of_b.len(), 1_003);
    assert_eq!(of_b.last().unwrap()["fileId"], newest["fileId"]);
    assert_eq!(left(&scene), [""; 0]);
}

#[test]
fn one_version_is_removed_by_its_id() {
    let scene = bucket_of(&["a", "a"]);
    let rows = scene.b2(["ls", "--versions", "--json", "b2://to-be-removed"]).ok().json_lines();
    let older = format!("b2id://{}", rows[1]["fileId"].as_str().unwrap());
    let row = scene.b2(["rm", "--json", &older]).ok().json();
    let whole = json!({
        "fileName": "a", "fileId": rows[1]["fileId"], "action": "upload", "deleted": true,
    });
    assert_eq!(row, whole);
    let kept = scene.b2(["ls", "--versions", "--json", "b2://to-be-removed"]).ok().json();
    assert_eq!(kept["fileId"], rows[0]["fileId"]);
    scene.b2(["rm", "--versions", &older]).exits(2);
    scene.b2(["rm", "-r", "--yes", &older]).exits(2);
    scene.b2(["rm", &older]).exits(4);
}

#[test]
fn a_folder_needs_to_be_meant() {
    let scene = bucket_of(&["a/1"]);
    scene.b2(["rm", "b2://to-be-removed"]).exits(2);
    scene.b2(["rm", "b2://to-be-removed/a"]).exits(4);
    let ran = scene.b2(["rm", "-r", "b2://to-be-removed/a"]).exits(2);
    let told = "error: there is no terminal to ask at: say --yes to delete a folder\n";
    assert_eq!(ran.stderr, told);
    assert_eq!(left(&scene), ["a/1"]);
}

#[test]
fn a_folder_is_not_all_that_begins_alike() {
    let scene = bucket_of(&["a", "a", "a-b/1", "a/1", "a/b/2", "ab"]);
    let dry = scene.b2(["rm", "-r", "--dry-run", "b2://to-be-removed/a"]).ok();
    assert_eq!((dry.text().as_str(), &*dry.stderr), ("a\na/1\na/b/2\n", "3 would be deleted\n"));
    assert_eq!(left(&scene).len(), 6);
    let ran = scene.b2(["rm", "-r", "--yes", "b2://to-be-removed/a"]).ok();
    let mut gone = ran.lines();
    gone.sort();
    assert_eq!((gone, &*ran.stderr), (dry.lines(), "3 deleted\n"));
    assert_eq!(left(&scene), ["a", "a-b/1", "ab"]);
}

#[test]
fn a_dry_run_tells_programs_the_same() {
    let scene = bucket_of(&["a", "a"]);
    let rows = scene.b2(["rm", "--versions", "--dry-run", "--json", "b2://to-be-removed/a"]);
    let rows = rows.ok().json_lines();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["deleted"] == false && row["fileName"] == "a"));
    assert_eq!(left(&scene), ["a", "a"]);
}

#[test]
fn a_bucket_is_emptied() {
    let names: Vec<String> = (0..60).map(|number| format!("folder/{number}")).collect();
    let scene = bucket_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    scene.b2(["file", "hide", "-q", "b2://to-be-removed/folder/7"]).ok();
    let ran = scene.b2(["rm", "-r", "--versions", "--yes", "b2://to-be-removed"]).ok();
    assert_eq!(ran.stderr, "61 deleted\n");
    assert_eq!(ran.lines().len(), 61);
    scene.b2(["bucket", "delete", "to-be-removed"]).ok();
}
