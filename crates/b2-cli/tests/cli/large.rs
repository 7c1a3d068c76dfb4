//! Large files: interrupted and continued.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use rustix::process::Signal;

use crate::scene::Scene;
use crate::signals::send;

const PART: usize = 5_000_000;

/// The arguments of an upload that goes out part by part and tells of it.
const UPLOAD: [&str; 8] =
    ["file", "upload", "-vv", "--threads=1", "--part-size=5000000", "the-bucket", "big", "big"];

/// What is told when a part is sent, and when the answer comes.
const SENT: &str = "b2_upload_part: POST";
const ANSWERED: &str = "b2_upload_part: answered with HTTP status 200";

fn content() -> Vec<u8> {
    (0..12 * PART + 3).map(|i| (i / 7 % 251) as u8).collect()
}

/// Starts an upload and sends it a signal once three parts are stored.
fn interrupted(scene: &Scene, more: &[&str], signal: Signal) -> Child {
    let mut command = scene.command();
    command.args(UPLOAD).args(more);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let stored = told.by_ref().filter(|line| line.contains(ANSWERED)).take(3).count();
    assert_eq!(stored, 3);
    send(&child, signal);
    // Read to the end, or the program could not go on talking.
    let _rest = told.count();
    child
}

fn unfinished(scene: &Scene) -> usize {
    let listed = scene.b2(["ls", "--versions", "--json", "b2://the-bucket"]).ok();
    listed.lines().iter().filter(|line| line.contains("\"start\"")).count()
}

#[test]
fn the_same_command_goes_on_after_a_kill() {
    let scene = Scene::with_bucket("the-bucket");
    scene.write("big", content());
    assert!(!interrupted(&scene, &[], Signal::KILL).wait().unwrap().success());
    assert_eq!(unfinished(&scene), 1);

    let ran = scene.b2(UPLOAD).ok();
    let sent = ran.stderr.lines().filter(|line| line.contains(SENT)).count();
    assert!((1..=10).contains(&sent), "{sent} of 13 parts were sent after three were stored");
    assert_eq!(unfinished(&scene), 0);
    scene.b2(["file", "download", "b2://the-bucket/big", "back"]).ok();
    assert!(scene.read("back") == content(), "other bytes came back");
}

#[test]
fn an_upload_that_is_not_remembered_is_cancelled() {
    let scene = Scene::with_bucket("the-bucket");
    scene.write("big", content());
    let mut child = interrupted(&scene, &["--no-resume"], Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(unfinished(&scene), 0);
}

#[test]
fn a_changed_file_is_not_continued() {
    let scene = Scene::with_bucket("the-bucket");
    scene.write("big", content());
    let mut child = interrupted(&scene, &[], Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    scene.write("big", &content()[1..]);
    let ran = scene.b2(UPLOAD);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("60000003 bytes and has 60000002 now"), "{}", ran.stderr);
    scene.b2(UPLOAD.iter().copied().chain(["--no-resume"])).ok();
    scene.b2(["file", "download", "b2://the-bucket/big", "back"]).ok();
    assert!(scene.read("back") == content()[1..], "other bytes came back");
}
