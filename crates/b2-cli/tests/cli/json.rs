//! What `--json` promises to scripts.

use serde_json::Value;

use crate::scene::Scene;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_command_has_objects_of_a_known_shape() {
    let scene = Scene::new();
    let version = scene.b2(["version", "--json"]).ok().json();
    assert_eq!(version, serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }));
    assert_eq!(scene.b2(["version"]).ok().line(), format!("b2 {}", env!("CARGO_PKG_VERSION")));

    let session = [
        "absoluteMinimumPartSize",
        "accountId",
        "apiUrl",
        "applicationKeyExpirationTimestamp",
        "applicationKeyId",
        "buckets",
        "capabilities",
        "credentials",
        "downloadUrl",
        "namePrefix",
        "realm",
        "recommendedPartSize",
    ];
    assert_eq!(keys(&scene.b2(["account", "get", "--json"]).ok().json()), session);
    assert_eq!(keys(&scene.b2(["account", "authorize", "--json"]).ok().json()), session);

    scene.b2(["bucket", "create", "json-shapes", "allPrivate"]).ok();
    let file = [
        "accountId",
        "action",
        "bucketId",
        "contentLength",
        "contentMd5",
        "contentSha1",
        "contentType",
        "fileId",
        "fileInfo",
        "fileName",
        "fileRetention",
        "legalHold",
        "serverSideEncryption",
        "uploadTimestamp",
    ];
    let made = scene.b2_reading("x", ["file", "upload", "--json", "json-shapes", "-", "x"]).ok();
    let mut uploaded = made.json();
    for doubt in ["possibleDuplicate", "possibleOrphan"] {
        assert_eq!(uploaded.as_object_mut().unwrap().remove(doubt), Some(false.into()));
    }
    // Retention and legal hold are no part of the answer to every upload.
    let known = file.iter().filter(|key| uploaded.get(key).is_some());
    assert_eq!(keys(&uploaded), known.copied().collect::<Vec<_>>());
    assert_eq!(keys(&scene.b2(["ls", "--json", "b2://json-shapes"]).ok().json()), file);
    assert_eq!(keys(&scene.b2(["file", "info", "--json", "b2://json-shapes/x"]).ok().json()), file);

    let marker = scene.b2(["file", "hide", "--json", "b2://json-shapes/x"]).ok().json();
    assert_eq!(marker["action"], "hide");
    scene.b2(["rm", "-r", "--versions", "--yes", "--json", "b2://json-shapes"]).ok();
    let deleted = scene.b2(["bucket", "delete", "--json", "json-shapes"]).ok().json();
    assert_eq!(deleted["bucketName"], "json-shapes");
}

#[test]
fn nothing_but_json_is_said() {
    let scene = Scene::with_bucket("json-shapes");
    for arguments in [
        vec!["--json", "-v", "file", "upload", "json-shapes", "-", "x"],
        vec!["--json", "-vv", "ls", "b2://json-shapes"],
        vec!["--json", "-vv", "file", "cat", "b2://json-shapes/none"],
    ] {
        let ran = scene.b2(arguments);
        for line in ran.lines().iter().map(String::as_str).chain(ran.stderr.lines()) {
            let value: Value = serde_json::from_str(line).unwrap();
            assert!(value.is_object(), "{line}");
        }
        assert!(ran.stderr.contains("{\"event\":"), "{}", ran.stderr);
    }
}
