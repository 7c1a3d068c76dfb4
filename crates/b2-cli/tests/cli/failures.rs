//! Exit codes, and what is said with them.

use b2::Capability;
use serde_json::{Value, json};

use crate::scene::{Scene, run, run_reading};
use crate::stub::{Answer, Stub};

#[test]
fn a_missing_file_is_not_a_missing_bucket() {
    let scene = Scene::with_bucket("here-i-am");
    for command in ["cat", "info"] {
        scene.b2(["file", command, "b2://here-i-am/nothing"]).exits(4);
        scene.b2(["file", command, "b2://no-such-bucket/x"]).exits(3);
    }
    scene.b2(["file", "download", "b2://here-i-am/nothing", "x"]).exits(4);
    scene.b2(["file", "download", "b2://no-such-bucket/x", "x"]).exits(3);
    scene.b2(["file", "hide", "b2://here-i-am/nothing"]).exits(4);
    scene.b2(["file", "hide", "b2://no-such-bucket/x"]).exits(3);
    scene.b2_reading("", ["file", "upload", "no-such-bucket", "-", "x"]).exits(3);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn an_error_is_one_object() {
    let scene = Scene::with_bucket("here-i-am");
    let ran = scene.b2(["--json", "file", "cat", "b2://here-i-am/nothing"]).exits(4);
    let request_id = ran.error()["requestId"].clone();
    assert!(request_id.is_string(), "the server names each request");
    let whole = json!({
        "message": "cannot write b2://here-i-am/nothing to standard output",
        "causes": [
            "B2 refused b2_download_file_by_name",
            "not_found (HTTP 404): File with such name does not exist: nothing",
        ],
        "code": "not_found", "status": 404, "requestId": request_id, "retryable": false,
        "advice": "check the file name or id; the file may be hidden or deleted",
        "exitCode": 4,
    });
    assert_eq!(ran.error(), whole);
    assert_eq!(ran.text(), "");
}

#[test]
fn wrong_usage_is_an_object_too() {
    let scene = Scene::new();
    for arguments in [vec!["--json", "ls", "--color"], vec!["ls", "nowhere", "--json"]] {
        let error = scene.b2(arguments).exits(2).error();
        assert_eq!(error["code"], Value::Null);
    }
    scene.b2(["no-such-command"]).exits(2);
    scene.b2([""; 0]).exits(2);
}

#[test]
fn a_lacking_capability_is_named() {
    let scene = Scene::with_bucket("keys-and-doors");
    scene.b2_reading("x", ["file", "upload", "keys-and-doors", "-", "x"]).ok();
    let key = scene.key(&[Capability::ListBuckets, Capability::ReadFiles]);
    let arguments = ["file", "upload", "--json", "keys-and-doors", "-", "y"];
    let error = run_reading(scene.command_with(&key), "y", arguments).exits(7).error();
    assert_eq!(error["advice"], "use an application key with the capability `writeFiles`");
    let key_of_writer = scene.key(&[Capability::ListBuckets, Capability::WriteFiles]);
    let held = ["file", "upload", "--legal-hold", "on", "keys-and-doors", "-", "y"];
    run_reading(scene.command_with(&key_of_writer), "y", held).exits(7);
    let error = run(scene.command_with(&key), ["ls", "--json", "b2://keys-and-doors"]);
    let error = error.exits(7).error();
    assert_eq!(error["advice"], "use an application key with the capability `listFiles`");
    run(scene.command_with(&key), ["rm", "b2://keys-and-doors/x"]).exits(7);
}

#[test]
fn a_key_that_may_only_read_can_read() {
    let scene = Scene::with_bucket("keys-and-doors");
    scene.b2_reading("x", ["file", "upload", "keys-and-doors", "-", "x"]).ok();
    let key = scene.key(&[Capability::ReadFiles]);
    let cat = run(scene.command_with(&key), ["file", "cat", "b2://keys-and-doors/x"]).ok();
    assert_eq!(cat.text(), "x");
    run(scene.command_with(&key), ["file", "info", "b2://keys-and-doors/x"]).ok();
    run(scene.command_with(&key), ["file", "download", "b2://keys-and-doors/x", "x"]).ok();
    // It cannot find out whether it is the bucket that is missing.
    run(scene.command_with(&key), ["file", "cat", "b2://no-such-bucket/x"]).exits(4);
}

#[test]
fn a_key_of_another_bucket_says_so() {
    let scene = Scene::with_bucket("my-bucket-1");
    scene.b2(["bucket", "create", "my-bucket-2", "allPrivate"]).ok();
    let key = scene.key_of("my-bucket-1", &[Capability::ListFiles, Capability::ReadFiles]);
    run(scene.command_with(&key), ["ls", "b2://my-bucket-1"]).ok();
    let ran = run(scene.command_with(&key), ["ls", "b2://my-bucket-2"]).exits(7);
    let told =
        "error: no bucket named my-bucket-2: the key is restricted to the buckets my-bucket-1\n";
    assert_eq!(ran.stderr, told);
}

#[test]
fn a_server_that_is_not_there_is_temporary() {
    let scene = Scene::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = scene.command();
    command.env("B2_ENVIRONMENT", format!("http://127.0.0.1:{port}"));
    let error = run(command, ["bucket", "list", "--json", "--patience", "0"]).exits(5).error();
    assert_eq!(error["retryable"], true);
    assert_eq!(error["code"], Value::Null);
}

#[test]
fn retries_are_told_while_they_happen() {
    let stub = Stub::new(|_, path| {
        path.contains("b2_authorize").then(|| Answer::error(503, "service_unavailable", "busy"))
    });
    let ran = run(stub.command(), ["bucket", "list"]).exits(5);
    assert!(!ran.stderr.contains("attempt"), "{}", ran.stderr);
    let mut command = stub.command();
    command.args(["-v", "bucket", "list"]);
    // The last word on patience counts.
    let ran = run(command, ["--patience", "1"]).exits(5);
    assert!(ran.stderr.contains("; attempt 2 in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("service_unavailable (HTTP 503): busy"), "{}", ran.stderr);
}

#[test]
fn caps_have_a_code_of_their_own() {
    for code in ["storage_cap_exceeded", "download_cap_exceeded", "transaction_cap_exceeded"] {
        let stub = Stub::new(move |_, path| {
            path.contains("/file/").then(|| Answer::error(403, code, "no more"))
        });
        let error = run(stub.command(), ["--json", "file", "cat", "b2://any-bucket/x"]);
        let error = error.exits(8).error();
        assert_eq!(error["code"], code);
        assert_eq!(error["status"], 403);
    }
}

#[test]
fn a_request_id_is_passed_on() {
    let stub = Stub::new(|_, path| {
        let Answer::Full(status, mut headers, body) = Answer::error(400, "bad_request", "no")
        else {
            unreachable!("errors are answered in full")
        };
        headers.push(("X-Bz-Request-Id", "0123456789abcdef".to_owned()));
        path.contains("b2_list_buckets").then_some(Answer::Full(status, headers, body))
    });
    let error = run(stub.command(), ["--json", "bucket", "list"]).exits(1).error();
    assert_eq!(error["requestId"], "0123456789abcdef");
}

/// A download whose digest is that of other bytes.
fn damaged() -> Stub {
    Stub::new(|_, path| {
        let headers = [
            ("X-Bz-File-Id", "4_z1"),
            ("X-Bz-File-Name", "x"),
            ("X-Bz-Content-Sha1", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
            ("X-Bz-Upload-Timestamp", "1763700000000"),
            ("Content-Type", "text/plain"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        path.contains("/file/").then(|| Answer::Full(200, headers, b"jello".to_vec()))
    })
}

#[test]
fn damaged_content_is_noticed_and_not_kept() {
    let stub = damaged();
    let ran = run(stub.command(), ["file", "download", "b2://any-bucket/x", "x"]).exits(9);
    assert!(ran.stderr.contains("because: the content does not match its digest\n"));
    assert_eq!(stub.files(), [""; 0].map(std::path::PathBuf::from));
    // What went through a pipe cannot be taken back, but it is told.
    let ran = run(stub.command(), ["file", "cat", "b2://any-bucket/x"]).exits(9);
    assert_eq!(ran.text(), "jello");
}
