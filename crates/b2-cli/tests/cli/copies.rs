//! `b2 file copy`

use serde_json::json;

use crate::scene::{Scene, run};

/// 32 bytes, in base64.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn scene() -> (Scene, String) {
    let scene = Scene::with_bucket("the-bucket");
    scene.b2(["bucket", "create", "the-other", "allPrivate"]).ok();
    let upload = ["file", "upload", "-q", "the-bucket", "-", "a", "--content-type", "text/plain"];
    let id = scene.b2_reading("hello world", upload.iter().chain(&["--info", "k=v"])).ok().line();
    (scene, id)
}

#[test]
fn a_copy_has_the_bytes_and_the_information_of_its_source() {
    let (scene, id) = scene();
    let copied = scene.b2(["file", "copy", "b2://the-bucket/a", "b2://the-other/b"]).ok();
    assert_eq!(copied.stderr, "copied 11 bytes to b2://the-other/b\n");
    let info = scene.b2(["file", "info", "--json", "b2://the-other/b"]).ok().json();
    assert_eq!(info["fileId"], json!(copied.line()));
    assert_eq!((&info["contentType"], &info["fileInfo"]["k"]), (&json!("text/plain"), &json!("v")));

    let by_id = format!("b2id://{id}");
    scene.b2(["file", "copy", "-q", "--range", "6-10", &by_id, "b2://the-other/c"]).ok();
    assert_eq!(scene.b2(["file", "cat", "b2://the-other/c"]).ok().text(), "world");
}

#[test]
fn a_copy_can_have_information_of_its_own() {
    let (scene, _) = scene();
    let copy = ["file", "copy", "--json", "b2://the-bucket/a", "b2://the-bucket/b"];
    let own = scene.b2(copy.iter().chain(&["--info", "x=y"])).ok().json();
    assert_eq!((&own["contentType"], &own["fileInfo"]), (&json!("text/plain"), &json!({"x": "y"})));
    let typed = scene.b2(copy.iter().chain(&["--content-type", "text/html"])).ok().json();
    assert_eq!((&typed["contentType"], &typed["fileInfo"]), (&json!("text/html"), &json!({})));
}

#[test]
fn a_copy_can_be_encrypted_and_copied_back() {
    let (scene, _) = scene();
    let mut command = scene.command();
    command.env("B2_DESTINATION_SSE_C_KEY_B64", KEY);
    let copy = ["file", "copy", "--destination-server-side-encryption", "SSE-C"];
    let secret = run(command, copy.iter().chain(&["b2://the-bucket/a", "b2://the-bucket/b"])).ok();
    scene.b2(["file", "cat", "b2://the-bucket/b"]).exits(1);

    let by_id = format!("b2id://{}", secret.line());
    let back = ["file", "copy", "-q", "--source-server-side-encryption", "SSE-C", &by_id];
    let back = || back.iter().copied().chain(["b2://the-bucket/c"]);
    let mut command = scene.command();
    command.env("B2_SOURCE_SSE_C_KEY_B64", KEY);
    run(command, back()).ok();
    assert_eq!(scene.b2(["file", "cat", "b2://the-bucket/c"]).ok().text(), "hello world");

    let missing = scene.b2(back()).exits(2);
    assert!(missing.stderr.contains("B2_SOURCE_SSE_C_KEY_B64"), "{}", missing.stderr);
    let mut command = scene.command();
    command.env("B2_SOURCE_SSE_C_KEY_B64", "CanaryOfTheKey");
    let bad = run(command, back()).exits(2);
    assert!(!bad.stderr.contains("Canary"), "{}", bad.stderr);
}

#[test]
fn what_cannot_be_copied_is_refused() {
    let (scene, _) = scene();
    for (arguments, code) in [
        (vec!["b2://the-bucket/nothing", "b2://the-bucket/b"], 4),
        (vec!["b2://no-such-bucket/a", "b2://the-bucket/b"], 3),
        (vec!["b2://the-bucket/a", "b2://no-such-bucket/b"], 3),
        (vec!["b2://the-bucket/a", "b2://the-bucket"], 2),
        (vec!["b2://the-bucket/a", "b2id://4_z"], 2),
        (vec!["--range", "9-1", "b2://the-bucket/a", "b2://the-bucket/b"], 2),
        (vec!["--info", "x", "b2://the-bucket/a", "b2://the-bucket/b"], 2),
        (vec!["b2://the-bucket/a", "b2://the-bucket/\u{1}"], 2),
        (vec!["--range", "50-60", "b2://the-bucket/a", "b2://the-bucket/b"], 2),
    ] {
        scene.b2(["file", "copy"].iter().chain(&arguments)).exits(code);
    }
    assert_eq!(scene.b2(["ls", "-r", "b2://the-bucket"]).ok().text(), "a\n");
}
