//! `b2 key`

use serde_json::json;

use crate::scene::{Key, Scene, run, run_reading};

/// Makes a key with the program and gives it.
fn made(scene: &Scene, arguments: &[&str]) -> Key {
    let ran = scene.b2(["key", "create"].iter().chain(arguments)).ok();
    assert!(ran.stderr.contains("shown this once"), "{}", ran.stderr);
    let line = ran.line();
    let (id, key) = line.split_once("  ").unwrap();
    Key { id: id.to_owned(), key: key.to_owned() }
}

#[test]
fn a_key_comes_works_and_goes() {
    let scene = Scene::with_bucket("first-bucket");
    let key = made(&scene, &["guest", "listBuckets,listFiles"]);
    run(scene.command_with(&key), ["ls", "b2://first-bucket"]).ok();
    let refused = run(scene.command_with(&key), ["bucket", "delete", "first-bucket"]).exits(7);
    assert!(refused.stderr.contains("`deleteBuckets`"), "{}", refused.stderr);

    assert_eq!(scene.b2(["key", "list"]).ok().line(), format!("{}  guest", key.id));
    let long = scene.b2(["key", "list", "--long"]).ok().line();
    assert_eq!(long, format!("{}  guest  -  -  -  listBuckets,listFiles", key.id));
    let row = scene.b2(["key", "list", "--json"]).ok().json();
    assert_eq!(row["applicationKeyId"], json!(key.id));
    assert!(row.get("applicationKey").is_none(), "{row}");

    let deleted = scene.b2(["key", "delete", &key.id]).ok();
    assert_eq!(deleted.stderr, format!("deleted the key {} (guest)\n", key.id));
    assert_eq!(scene.b2(["key", "list"]).ok().text(), "");
    run(scene.command_with(&key), ["ls", "b2://first-bucket"]).exits(6);
    assert_eq!(scene.b2(["key", "delete", &key.id, "--json"]).exits(1).error()["status"], 400);
}

#[test]
fn a_key_is_told_to_programs_with_its_restrictions() {
    let scene = Scene::with_bucket("first-bucket");
    let second = scene.b2(["bucket", "create", "second-bucket", "allPrivate"]).ok().line();
    let arguments = [
        "key",
        "create",
        "--json",
        "guest",
        "readFiles,listFiles",
        "--bucket",
        "first-bucket",
        "--bucket",
        "second-bucket",
        "--name-prefix",
        "2026/",
        "--duration",
        "3600",
    ];
    let made = scene.b2(arguments).ok().json();
    assert_eq!(made["namePrefix"], "2026/");
    assert_eq!(made["capabilities"], json!(["listFiles", "readFiles"]));
    assert_eq!(made["bucketIds"].as_array().unwrap().len(), 2);
    assert_eq!(made["bucketIds"][1], json!(second));
    assert!(made["expirationTimestamp"].is_i64(), "{made}");
    assert!(made["applicationKey"].is_string(), "{made}");
    let long = scene.b2(["key", "list", "-l"]).ok().line();
    assert!(long.contains(&format!(",{second}  2026/  listFiles,readFiles")), "{long}");
}

#[test]
fn all_capabilities_are_all_that_fit_the_buckets() {
    let scene = Scene::with_bucket("first-bucket");
    let key = made(&scene, &["spare", "--all-capabilities"]);
    run(scene.command_with(&key), ["bucket", "create", "second-bucket", "allPrivate"]).ok();
    let key = made(&scene, &["spare-one", "--all-capabilities", "--bucket", "first-bucket"]);
    let upload = ["file", "upload", "-q", "first-bucket", "-", "x"];
    run_reading(scene.command_with(&key), "x", upload).ok();
    run(scene.command_with(&key), ["key", "list"]).exits(7);
}

#[test]
fn what_no_key_can_be_is_refused() {
    let scene = Scene::with_bucket("first-bucket");
    for (arguments, code) in [
        (vec!["guest"], 2),
        (vec!["guest", "listFiles", "--all-capabilities"], 2),
        (vec!["guest", "listFiles", "--duration", "0"], 2),
        (vec!["guest", "listFiles", "--duration", "86400001"], 2),
        (vec!["guest", "listFiles", "--bucket", "no-such-bucket"], 3),
        (vec!["guest", "listFiles", "--bucket", "x"], 2),
        (vec!["guest", "flyAway"], 1),
        (vec!["no name", "listFiles"], 1),
        (vec!["guest", "writeKeys", "--bucket", "first-bucket"], 1),
    ] {
        scene.b2(["key", "create"].iter().chain(&arguments)).exits(code);
    }
    assert_eq!(scene.b2(["key", "list"]).ok().text(), "");
}
