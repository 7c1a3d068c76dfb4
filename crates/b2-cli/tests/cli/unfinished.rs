//! `b2 file large`

use std::ops::ControlFlow;

use b2::Source;
use serde_json::json;

use crate::scene::Scene;

const PART: usize = 5_000_000;

/// Begins a large file, uploads one part, and leaves it. Gives its id.
fn begun(scene: &Scene, name: &str) -> String {
    scene.library(|client| async move {
        let bucket = client.bucket("the-bucket").await.unwrap();
        let content = Source::bytes(vec![7; 3 * PART]);
        let upload = bucket.upload(name, content).with_simple_limit(1).with_part_size(PART as u64);
        let upload = upload.with_keep_unfinished(true).with_concurrency(1);
        upload.with_part_callback(|_| ControlFlow::Break(())).await.unwrap_err();
        let mut files = bucket.unfinished_under(name);
        files.next().await.unwrap().unwrap().file_id.unwrap().to_string()
    })
}

fn listed(scene: &Scene, uri: &str) -> Vec<String> {
    let rows = scene.b2(["file", "large", "unfinished", "list", "--json", uri]).ok().json_lines();
    rows.iter().map(|row| row["fileName"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_unfinished_is_listed_with_its_parts_and_cancelled() {
    let scene = Scene::with_bucket("the-bucket");
    let id = begun(&scene, "in/disk.img");
    let line = scene.b2(["file", "large", "unfinished", "list", "b2://the-bucket"]).ok().line();
    assert!(line.starts_with(&id) && line.ends_with("  in/disk.img"), "{line}");

    let uri = format!("b2id://{id}");
    let part = scene.b2(["file", "large", "parts", &uri, "--json"]).ok().json();
    assert_eq!((&part["partNumber"], &part["contentLength"]), (&json!(1), &json!(PART)));
    let line = scene.b2(["file", "large", "parts", &uri]).ok().line();
    assert!(line.starts_with("    1     5000000  "), "{line}");

    let cancel = ["file", "large", "unfinished", "cancel", "--json", &uri];
    let gone = scene.b2(cancel).ok().json();
    assert_eq!(gone, json!({ "fileId": id, "fileName": "in/disk.img", "cancelled": true }));
    assert_eq!(listed(&scene, "b2://the-bucket"), [""; 0]);
    scene.b2(cancel).exits(1);
    scene.b2(["file", "large", "parts", &uri]).exits(1);
}

#[test]
fn all_below_a_prefix_are_cancelled_if_that_is_wanted() {
    let scene = Scene::with_bucket("the-bucket");
    for name in ["in/a", "in/b", "out/c"] {
        begun(&scene, name);
    }
    assert_eq!(listed(&scene, "b2://the-bucket/in/").len(), 2);
    let cancel = ["file", "large", "unfinished", "cancel"];
    // Nobody is there to be asked.
    scene.b2(cancel.iter().chain(&["b2://the-bucket/in/"])).exits(2);
    let pretended = scene.b2(cancel.iter().chain(&["--dry-run", "b2://the-bucket/in/"])).ok();
    assert_eq!((pretended.lines().len(), &*pretended.stderr), (2, "2 would be cancelled\n"));
    assert_eq!(listed(&scene, "b2://the-bucket").len(), 3);
    let done = scene.b2(cancel.iter().chain(&["--yes", "b2://the-bucket/in/"])).ok();
    assert_eq!((done.lines().len(), &*done.stderr), (2, "2 cancelled\n"));
    assert_eq!(listed(&scene, "b2://the-bucket"), ["out/c"]);
}

#[test]
fn addresses_that_make_no_sense_are_refused() {
    let scene = Scene::with_bucket("the-bucket");
    scene.b2(["file", "large", "parts", "b2://the-bucket/x"]).exits(2);
    scene.b2(["file", "large", "parts", "b2id://"]).exits(2);
    scene.b2(["file", "large", "unfinished", "list", "b2id://4_z"]).exits(2);
    scene.b2(["file", "large", "unfinished", "list", "b2://no-such-bucket"]).exits(3);
    scene.b2(["file", "large", "unfinished", "cancel", "--dry-run", "b2id://4_z"]).exits(2);
    scene.b2(["file", "large", "unfinished", "cancel", "x"]).exits(2);
}
