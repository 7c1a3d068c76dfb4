//! What can be chosen when it starts.

use std::process::Command;

use b2_emulator::{Emulator, Settings, StartError};
use serde_json::{Value, json};

use super::Bench;
use super::wire::{Client, Program};

#[test]
fn a_folder_can_be_loaded_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (files, data) = (folder.path().join("files"), folder.path().join("data"));
    std::fs::create_dir_all(files.join("photo-bucket/2026/trip")).unwrap();
    std::fs::write(files.join("photo-bucket/a b.txt"), "hello").unwrap();
    std::fs::write(files.join("photo-bucket/2026/trip/x.bin"), vec![9; 700_000]).unwrap();
    for _ in 0..2 {
        // The second time the bucket is there and is left as it is.
        let emulator =
            Emulator::builder().data_dir(&data).preload(&files).start_blocking().unwrap();
        let (id, key) = (emulator.application_key_id(), emulator.application_key());
        let mut client = Client::log_in(emulator.base_url(), id, key).unwrap();
        let body = json!({"accountId": client.account});
        let buckets = client.call("b2_list_buckets", &body).unwrap().ok();
        assert_eq!(buckets["buckets"].as_array().unwrap().len(), 1);
        let bucket = &buckets["buckets"][0];
        assert_eq!(bucket["bucketName"], "photo-bucket");
        let body = json!({"bucketId": bucket["bucketId"]});
        let page = client.call("b2_list_file_versions", &body).unwrap().ok();
        let rows = page["files"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["fileName"], "2026/trip/x.bin");
        assert_eq!(rows[1]["contentType"], "text/plain");
        assert!(rows[1]["fileInfo"]["src_last_modified_millis"].is_string());
        let id = rows[1]["fileId"].as_str().unwrap();
        assert_eq!(client.download(id).unwrap().body, b"hello");
    }
    std::fs::create_dir(files.join("no")).unwrap();
    let refused = Emulator::builder().preload(&files).start_blocking().unwrap_err();
    assert!(matches!(&refused, StartError::Preload { path, .. } if path.ends_with("no")));
}

#[test]
fn strict_mode_refuses_what_lenient_mode_lets_pass() {
    for strict in [false, true] {
        let settings = Settings::default().with_strictness(strict);
        let emulator = Emulator::builder().settings(settings).start_blocking().unwrap();
        let (id, key) = (emulator.application_key_id(), emulator.application_key());
        let mut client = Client::log_in(emulator.base_url(), id, key).unwrap();
        let mut call = |agent: Option<&str>, body: Value| {
            let token = client.token.clone();
            let mut headers = vec![("Authorization", token.as_str())];
            headers.extend(agent.map(|agent| ("User-Agent", agent)));
            let target = "/b2api/v4/b2_list_buckets";
            let body = body.to_string();
            client.wire.request("POST", target, &headers, body.as_bytes()).unwrap().status
        };
        let account = emulator.account_id();
        let refused = if strict { 400 } else { 200 };
        assert_eq!(call(Some("test/1"), json!({"accountId": account})), 200);
        assert_eq!(call(Some("test/1"), json!({"accountId": account, "color": "red"})), refused);
        assert_eq!(call(None, json!({"accountId": account})), refused);
        assert_eq!(call(Some(&"x".repeat(129)), json!({"accountId": account})), refused);
    }
}

#[test]
fn flags_reach_the_server() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b2-emulator"));
    command.args(["--account-id", "0123456789ab", "--key-id", "my-id", "--key", "my-key"]);
    command.args(["--unencrypted-buckets", "--no-md5", "--storage-cap", "10"]);
    command.args(["--fault", "b2_hide_file:status=500,code=internal_error"]);
    command.args(["--clock-offset", "-3600"]);
    let program = Program::run(command);
    let mut client = program.client().unwrap();
    assert_eq!(client.account, "0123456789ab");
    let bucket = client.create_bucket("flag-test").unwrap();
    let url = client.upload_url(&bucket).unwrap();
    let file = client.upload(&url, "a", b"0123456789").unwrap().ok();
    assert_eq!(file["contentMd5"], Value::Null);
    assert_eq!(file["serverSideEncryption"]["mode"], Value::Null);
    let behind = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let behind = behind.as_millis() as u64 - file["uploadTimestamp"].as_u64().unwrap();
    assert!((3_600_000..3_700_000).contains(&behind), "{behind}");
    assert_eq!(client.upload(&url, "b", b"0").unwrap().status, 403);
    let hide = json!({"bucketId": bucket, "fileName": "a"});
    assert_eq!(client.call("b2_hide_file", &hide).unwrap().status, 500);
    assert_eq!(client.call("b2_hide_file", &hide).unwrap().status, 200);
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let refuse = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_b2-emulator")).args(words).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refuse(&["--listen", "0.0.0.0"]).contains("has to be allowed"));
    assert!(refuse(&["--fault", "b2_fly:corrupt"]).contains("no operation b2_fly"));
    assert!(refuse(&["--key-id", "x"]).contains("--key"));
}

#[test]
fn a_trickle_is_cut_off_as_silence_is() {
    use std::io::{Read, Write};
    let patience = std::time::Duration::from_secs(1);
    let bench = Bench::with(Emulator::builder().inactivity_limit(patience));
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nX-Bz-File-Name: a\r\n\
         Content-Type: x/y\r\nX-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 1000\r\n\r\n",
        bench.url.target, bench.url.token
    );
    let mut stream = std::net::TcpStream::connect(bench.emulator.address()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    // A byte now and then, far more often than the limit.
    for _ in 0..100 {
        let _ = stream.write_all(b"x");
        if stream.read_exact(&mut answer).is_ok() {
            break;
        }
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
}
