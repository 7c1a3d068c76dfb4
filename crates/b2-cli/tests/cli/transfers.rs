//! Content there and back.

use serde_json::json;

use crate::scene::{Scene, run, run_reading};

/// Bytes that no compression or offset error leaves alike.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn files_go_there_and_back() {
    let scene = Scene::with_bucket("there-and-back");
    for len in [0, 1, 1_048_577, 100_000_000] {
        let content = noise(len);
        scene.write("source", &content);
        let name = format!("{len} bytes");
        let up = scene.b2(["file", "upload", "there-and-back", "source", &name]).ok();
        assert_eq!(up.stderr, format!("uploaded {len} bytes as b2://there-and-back/{name}\n"));
        let uri = format!("b2://there-and-back/{name}");
        let down = scene.b2(["file", "download", &uri, "by-name"]).ok();
        let told = format!("downloaded {len} bytes to by-name, checked against its SHA-1\n");
        assert_eq!((down.text().as_str(), down.stderr), ("", told));
        assert!(scene.read("by-name") == content, "{len} bytes came back differently");
        // What an upload prints is the address of what it made.
        let by_id = format!("b2id://{}", up.line());
        scene.b2(["file", "download", &by_id, "by-id"]).ok();
        assert!(scene.read("by-id") == content, "{len} bytes came back differently by id");
        for name in ["by-name", "by-id"] {
            std::fs::remove_file(scene.work().join(name)).unwrap();
        }
    }
    assert_eq!(scene.files(), ["source"]);
}

#[test]
fn pipes_carry_content_both_ways() {
    let scene = Scene::with_bucket("through-pipes");
    for len in [0, 1, 3_000_000] {
        let content = noise(len);
        scene.b2_reading(&content, ["file", "upload", "through-pipes", "-", "piped"]).ok();
        for arguments in [
            vec!["file", "cat", "b2://through-pipes/piped"],
            vec!["file", "download", "b2://through-pipes/piped", "-"],
        ] {
            let back = scene.b2(arguments).ok();
            assert!(back.stdout == content, "{len} bytes came back differently");
            assert_eq!(back.stderr, "");
        }
    }
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_long_pipe_goes_out_in_parts() {
    let scene = Scene::with_bucket("through-pipes");
    let content = noise(12_000_001);
    let upload = ["file", "upload", "--json", "--part-size", "5000000", "through-pipes", "-", "x"];
    let row = scene.b2_reading(&content, upload).ok().json();
    assert_eq!(row["contentLength"], 12_000_001);
    assert_eq!(row["contentSha1"], "none", "it is a large file");
    let back = scene.b2(["file", "cat", "b2://through-pipes/x"]).ok();
    assert!(back.stdout == content, "other bytes came back");
}

#[test]
fn what_is_said_about_a_file_is_kept() {
    let scene = Scene::with_bucket("file-details");
    scene.write("page", "<html>");
    let arguments = [
        "file",
        "upload",
        "file-details",
        "page",
        "page.txt",
        "--json",
        "--content-type",
        "text/html",
        "--info",
        "Color=blue=green",
        "--info",
        "note=ein Märchen, 100%",
    ];
    let made = scene.b2(arguments).ok().json();
    assert_eq!(made["contentType"], "text/html");
    assert_eq!(made["possibleDuplicate"], false);
    let info = scene.b2(["file", "info", "--json", "b2://file-details/page.txt"]).ok().json();
    assert_eq!(info["fileId"], made["fileId"]);
    assert_eq!(info["fileInfo"]["color"], "blue=green");
    assert_eq!(info["fileInfo"]["note"], "ein Märchen, 100%");
    let changed = std::fs::metadata(scene.work().join("page")).unwrap().modified().unwrap();
    let changed = changed.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(info["fileInfo"]["src_last_modified_millis"], changed.to_string());
}

#[test]
fn a_file_is_described_in_words() {
    let scene = Scene::with_bucket("file-details");
    let arguments = ["file", "upload", "--quiet", "file-details", "-", "a.txt", "--info", "k=v"];
    let id = scene.b2_reading("hello", arguments).ok().line();
    let json = scene.b2(["file", "info", "--json", &format!("b2id://{id}")]).ok().json();
    let uploaded = json["uploadTimestamp"].as_i64().unwrap();
    let uploaded = jiff::Timestamp::from_millisecond(uploaded).unwrap();
    let told = format!(
        "name          a.txt
id            {id}
action        upload
bucket id     {}
bytes         5
content type  text/plain
SHA-1         aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d
MD5           5d41402abc4b2a76b9719d911017c592
uploaded      {uploaded}
info          k=v
",
        json["bucketId"].as_str().unwrap(),
    );
    assert_eq!(scene.b2(["file", "info", "b2://file-details/a.txt"]).ok().text(), told);
}

#[test]
fn a_download_is_described_to_programs() {
    let scene = Scene::with_bucket("file-details");
    let arguments = ["file", "upload", "--json", "file-details", "-", "a.txt", "--info", "k=v"];
    let made = scene.b2_reading("hello", arguments).ok().json();
    let whole = |path: &str| {
        json!({
            "fileId": made["fileId"], "fileName": "a.txt", "contentLength": 5,
            "contentSha1": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
            "contentType": "text/plain", "uploadTimestamp": made["uploadTimestamp"],
            "fileInfo": { "k": "v" }, "bytes": 5, "check": "contentSha1", "path": path,
        })
    };
    let down = scene.b2(["file", "download", "--json", "b2://file-details/a.txt", "a"]).ok();
    assert_eq!((down.json(), &*down.stderr), (whole("a"), ""));
    // Standard output is taken by the content.
    let cat = scene.b2(["file", "cat", "--json", "b2://file-details/a.txt"]).ok();
    assert_eq!(cat.text(), "hello");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&cat.stderr).unwrap(), whole("-"));
}

#[test]
fn nobody_has_to_wait_for_the_disk() {
    let scene = Scene::with_bucket("keep-mine");
    scene.b2_reading("theirs", ["file", "upload", "keep-mine", "-", "x"]).ok();
    let download = ["file", "download", "--no-sync", "b2://keep-mine/x", "x"];
    scene.b2(download).ok();
    assert_eq!(scene.read("x"), b"theirs");
    scene.write("x", "mine");
    scene.b2(download).exits(10);
    scene.b2(download.iter().chain(&["--overwrite"])).ok();
    assert_eq!((scene.read("x"), scene.files()), (b"theirs".to_vec(), vec!["x".to_owned()]));
}

#[test]
fn an_existing_file_is_replaced_only_when_told() {
    let scene = Scene::with_bucket("keep-mine");
    scene.b2_reading("theirs", ["file", "upload", "keep-mine", "-", "x"]).ok();
    scene.write("x", "mine");
    let ran = scene.b2(["file", "download", "b2://keep-mine/x", "x"]).exits(10);
    let told = "error: cannot download b2://keep-mine/x to x
  because: the destination could not be written
  because: x exists and may not be overwritten
  advice: choose another name, or say --overwrite
";
    assert_eq!(ran.stderr, told);
    assert_eq!(scene.read("x"), b"mine");
    scene.b2(["file", "download", "--overwrite", "b2://keep-mine/x", "x"]).ok();
    assert_eq!(scene.read("x"), b"theirs");
    // A failure keeps what is there, too.
    scene.b2(["file", "download", "--overwrite", "b2://keep-mine/y", "x"]).exits(4);
    assert_eq!(scene.read("x"), b"theirs");
    assert_eq!(scene.files(), ["x"]);
}

#[test]
fn a_hidden_file_is_not_there_until_the_marker_is_deleted() {
    let scene = Scene::with_bucket("now-you-see");
    scene.b2_reading("me", ["file", "upload", "now-you-see", "-", "x"]).ok();
    let hidden = scene.b2(["file", "hide", "b2://now-you-see/x"]).ok();
    assert_eq!(hidden.stderr, "hid b2://now-you-see/x\n");
    let marker = format!("b2id://{}", hidden.line());
    scene.b2(["file", "cat", "b2://now-you-see/x"]).exits(4);
    let info = scene.b2(["file", "info", "--json", &marker]).ok().json();
    assert_eq!(info["action"], "hide");
    scene.b2(["rm", &marker]).ok();
    assert_eq!(scene.b2(["file", "cat", "b2://now-you-see/x"]).ok().text(), "me");
}

#[test]
fn a_file_under_a_key_of_ones_own_comes_back_with_it_only() {
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let scene = Scene::with_bucket("the-bucket");
    let mut command = scene.command();
    command.env("B2_DESTINATION_SSE_C_KEY_B64", KEY);
    let upload = ["file", "upload", "-q", "--destination-server-side-encryption", "SSE-C"];
    run_reading(command, "hush", upload.iter().chain(&["the-bucket", "-", "x"])).ok();
    scene.b2(["file", "cat", "b2://the-bucket/x"]).exits(1);

    let mut command = scene.command();
    command.env("B2_SOURCE_SSE_C_KEY_B64", KEY);
    let cat = ["file", "cat", "--source-server-side-encryption", "SSE-C", "b2://the-bucket/x"];
    assert_eq!(run(command, cat).ok().text(), "hush");
    let missing = scene.b2(cat).exits(2);
    assert!(missing.stderr.contains("B2_SOURCE_SSE_C_KEY_B64"), "{}", missing.stderr);
}

#[test]
fn a_file_can_be_held_from_its_upload_on() {
    let scene = Scene::with_bucket("the-bucket");
    scene.b2(["bucket", "update", "-q", "--file-lock-enabled", "the-bucket"]).ok();
    let upload = ["file", "upload", "-q", "--legal-hold", "on", "the-bucket", "-", "x"];
    scene.b2_reading("kept", upload).ok();
    let info = scene.b2(["file", "info", "--json", "b2://the-bucket/x"]).ok().json();
    assert_eq!(info["legalHold"]["value"], "on");
}
