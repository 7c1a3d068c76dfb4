//! `b2 file large`

use std::ops::ControlFlow;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use b2::Source;
use serde_json::json;

use crate::scene::{Scene, run};
use crate::stub::{Answer, Stub};

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

/// Files that are finished or cancelled by somebody else meanwhile do not end
/// the command; anything else does, as it would meet the next file too.
#[test]
fn what_is_gone_meanwhile_does_not_stop_the_others_from_being_cancelled() {
    let row = |name: &str| {
        json!({
            "accountId": "c5d20e7718af", "action": "start", "bucketId": "3e9a71c04d8b52f6a0c5d20e",
            "contentLength": 0, "contentSha1": null, "contentType": "text/plain", "fileInfo": {},
            "fileId": format!("4_z{name}"), "fileName": name, "uploadTimestamp": 1,
        })
    };
    let server = |refusal: (u16, &'static str)| {
        let asked = AtomicUsize::new(0);
        Stub::new(move |_, path| {
            if path.contains("b2_list_unfinished_large_files") {
                let files = [row("a"), row("b"), row("c")];
                return Some(Answer::json(200, json!({ "files": files, "nextFileId": null })));
            }
            path.contains("b2_cancel_large_file").then(|| match asked.fetch_add(1, Relaxed) {
                1 => Answer::error(refusal.0, refusal.1, "no active upload"),
                _ => Answer::json(
                    200,
                    json!({
                        "accountId": "c5d20e7718af", "bucketId": "3e9a71c04d8b52f6a0c5d20e",
                        "fileId": "4_z", "fileName": "x",
                    }),
                ),
            })
        })
    };
    let cancel = ["file", "large", "unfinished", "cancel", "--yes", "b2://any-bucket"];
    let ran = run(server((400, "bad_request")).command(), cancel).ok();
    assert_eq!(ran.lines(), ["4_za  a", "4_zc  c"]);
    assert_eq!(ran.stderr, "b: it is not unfinished any more\n2 cancelled\n");
    let ran = run(server((401, "unauthorized")).command(), cancel).exits(7);
    assert_eq!(ran.lines(), ["4_za  a"]);
    assert!(ran.stderr.contains("cannot cancel b"), "{}", ran.stderr);
}
