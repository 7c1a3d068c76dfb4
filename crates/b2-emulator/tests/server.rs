//! The server on a real socket.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod wire;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use b2_emulator::{Emulator, OpenError, StartError, Tls};
use serde_json::json;
use wire::{Client, Dice, Program, UploadUrl, Wire, read_reply, sha1};

fn client(emulator: &Emulator) -> Client {
    let (id, key) = (emulator.application_key_id(), emulator.application_key());
    Client::log_in(emulator.base_url(), id, key).unwrap()
}

/// An emulator in memory, a client and a bucket with an upload URL.
fn ready() -> (Emulator, Client, String, UploadUrl) {
    let emulator = Emulator::start_blocking().unwrap();
    let mut client = client(&emulator);
    let bucket = client.create_bucket("server-test").unwrap();
    let url = client.upload_url(&bucket).unwrap();
    (emulator, client, bucket, url)
}

fn file_id(reply: wire::Reply) -> String {
    reply.ok()["fileId"].as_str().unwrap().to_owned()
}

#[test]
fn a_large_body_goes_up_and_comes_down_on_one_connection() {
    let (_emulator, mut client, _, url) = ready();
    let body = Dice(1).bytes(3_000_001);
    let id = file_id(client.upload(&url, "big", &body).unwrap());
    let whole = client.download(&id).unwrap();
    assert!(whole.body == body);
    let token = client.token.clone();
    for (range, from, to) in [("bytes=262143-262144", 262_143, 262_145), ("bytes=1-", 1, 3_000_001)]
    {
        let headers = [("Authorization", token.as_str()), ("Range", range)];
        let part = client.wire.request("GET", "/file/server-test/big", &headers, b"").unwrap();
        assert_eq!(part.status, 206);
        assert!(part.body == body[from..to]);
    }
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let (_emulator, mut client, _, url) = ready();
    client.upload(&url, "a", b"hello").unwrap();
    let token = client.token.clone();
    let headers = [("Authorization", token.as_str())];
    let head = client.wire.request("HEAD", "/file/server-test/a", &headers, b"").unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
    // Had a body followed, it would be taken for this answer's status line.
    let missing = client.wire.request("HEAD", "/file/server-test/b", &headers, b"").unwrap();
    assert_eq!((missing.status, missing.header("content-length")), (404, Some("0")));
    assert_eq!(
        client.wire.request("GET", "/file/server-test/a", &headers, b"").unwrap().status,
        200
    );
}

#[test]
fn the_raw_target_is_not_normalised() {
    let (_emulator, mut client, _, _) = ready();
    let token = client.token.clone();
    let headers = [("Authorization", token.as_str())];
    for target in ["/file/server-test/../b2api", "/file/server-test/a//b", "/file/server-test/./x"]
    {
        let reply = client.wire.request("GET", target, &headers, b"").unwrap();
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        let name = target.strip_prefix("/file/server-test/").unwrap();
        assert_eq!(message, format!("File with such name does not exist: {name}"));
    }
}

#[test]
fn expect_100_continue_is_honoured_and_a_refusal_spares_the_body() {
    let (emulator, mut client, _, url) = ready();
    let head = |token: &str, len: usize| {
        format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nX-Bz-File-Name: a\r\n\
             Content-Type: b2/x-auto\r\nX-Bz-Content-Sha1: {}\r\nContent-Length: {len}\r\n\
             Expect: 100-continue\r\n\r\n",
            url.target,
            sha1(b"hello")
        )
    };
    let stream = client.wire.stream().unwrap();
    stream.get_mut().write_all(head(&url.token, 5).as_bytes()).unwrap();
    assert_eq!(read_reply(stream, false).unwrap().status, 100);
    stream.get_mut().write_all(b"hello").unwrap();
    assert_eq!(read_reply(stream, false).unwrap().status, 200);

    let mut other = Wire::new(emulator.base_url());
    let refused = other.raw(head("nonsense", 5_000_000_000).as_bytes(), false).unwrap();
    assert_eq!((refused.status, refused.header("connection")), (401, Some("close")));
}

#[test]
fn an_early_refusal_reaches_a_client_that_goes_on_sending() {
    let (_emulator, mut client, _, mut url) = ready();
    url.token = "nonsense".to_owned();
    // More than any socket buffers: the client is still writing when refused.
    let body = vec![7; 20_000_000];
    for _ in 0..3 {
        let refused = client.upload(&url, "a", &body).unwrap();
        assert_eq!((refused.status, refused.header("connection")), (401, Some("close")));
        assert_eq!(refused.json()["code"], "bad_auth_token");
    }
}

#[test]
fn chunked_uploads_are_refused_and_chunked_calls_are_not() {
    let (_emulator, mut client, _, url) = ready();
    let chunked = |target: &str, token: &str, body: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nX-Bz-File-Name: a\r\n\
             Content-Type: b2/x-auto\r\nX-Bz-Content-Sha1: do_not_verify\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        )
    };
    let request = chunked(&url.target, &url.token, "hello");
    let reply = client.wire.raw(request.as_bytes(), false).unwrap();
    assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("bad_request")));
    let body = json!({"accountId": client.account}).to_string();
    let request = chunked("/b2api/v4/b2_list_buckets", &client.token, &body);
    client.wire.raw(request.as_bytes(), false).unwrap().ok();
}

#[test]
fn oversized_heads_and_calls_are_refused() {
    let (emulator, mut client, _, _) = ready();
    let long = "x".repeat(1_000_000);
    let reply = client.wire.request("GET", "/", &[("X-Long", &long)], b"").unwrap();
    assert_eq!(reply.status, 431);
    let mut client = self::client(&emulator);
    let body = vec![b' '; 3_000_000];
    let token = client.token.clone();
    let headers = [("Authorization", token.as_str())];
    let reply = client.wire.request("POST", "/b2api/v4/b2_list_keys", &headers, &body).unwrap();
    assert_eq!(reply.status, 400);
}

#[test]
fn an_upload_cut_short_leaves_nothing_and_frees_nothing_for_reuse() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
    let mut client = client(&emulator);
    let bucket = client.create_bucket("cut-short").unwrap();
    let url = client.upload_url(&bucket).unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nX-Bz-File-Name: a\r\nContent-Type: x/y\r\n\
         X-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 2000000\r\n\r\n",
        url.target, url.token
    );
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![1; 1_000_000]).unwrap();
    until(|| count(&folder.path().join("tmp")) == 1);
    drop(stream);
    until(|| count(&folder.path().join("tmp")) == 0);
    until(|| client.upload(&url, "a", b"x").unwrap().status == 401);
    assert_eq!(count(&folder.path().join("blobs")), 0);
}

/// Waits for something another thread will do.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to pass");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

#[test]
fn two_uploads_at_once_on_one_url_are_one_too_many() {
    let (emulator, mut client, _, url) = ready();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nX-Bz-File-Name: slow\r\n\
         Content-Type: x/y\r\nX-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\n\r\n",
        url.target, url.token
    );
    let mut slow = Wire::new(emulator.base_url());
    let stream = slow.stream().unwrap();
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    // It is under way once the server wants its body.
    assert_eq!(read_reply(stream, false).unwrap().status, 100);
    let second = client.upload(&url, "fast", b"x").unwrap();
    assert_eq!((second.status, &second.json()["code"]), (400, &json!("auth_token_limit")));
    stream.get_mut().write_all(b"ok").unwrap();
    assert_eq!(read_reply(stream, false).unwrap().status, 200);
}

#[test]
fn deleted_files_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
    let mut client = client(&emulator);
    let bucket = client.create_bucket("deletions").unwrap();
    let url = client.upload_url(&bucket).unwrap();
    let id = file_id(client.upload(&url, "a", b"x").unwrap());
    let copy = json!({"sourceFileId": id, "fileName": "b"});
    let copy = file_id(client.call("b2_copy_file", &copy).unwrap());
    let blobs = folder.path().join("blobs");
    assert_eq!(count(&blobs), 2);
    for (name, id, left) in [("a", &id, 1), ("b", &copy, 0)] {
        let body = json!({"fileName": name, "fileId": id});
        client.call("b2_delete_file_version", &body).unwrap().ok();
        assert_eq!(count(&blobs), left);
    }
    let mut wrong = Vec::from(b"x");
    wrong.extend_from_slice(sha1(b"y").as_bytes());
    let headers = [
        ("Authorization", url.token.as_str()),
        ("X-Bz-File-Name", "c"),
        ("Content-Type", "x/y"),
        ("X-Bz-Content-Sha1", "hex_digits_at_end"),
    ];
    let refused = client.wire.request("POST", &url.target, &headers, &wrong).unwrap();
    assert_eq!((refused.status, count(&blobs)), (400, 0));
}

#[test]
fn replaced_and_cancelled_parts_leave_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
    let mut client = client(&emulator);
    let bucket = client.create_bucket("part-disk").unwrap();
    let start = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    let id = file_id(client.call("b2_start_large_file", &start).unwrap());
    let id = json!({"fileId": id});
    let url = UploadUrl::new(&client.call("b2_get_upload_part_url", &id).unwrap().ok());
    let blobs = folder.path().join("blobs");
    for (number, left) in [("1", 1), ("1", 1), ("2", 2), ("1", 2)] {
        let headers = [
            ("Authorization", url.token.as_str()),
            ("X-Bz-Part-Number", number),
            ("X-Bz-Content-Sha1", "do_not_verify"),
        ];
        client.wire.request("POST", &url.target, &headers, b"part").unwrap().ok();
        assert_eq!(count(&blobs), left);
    }
    client.call("b2_cancel_large_file", &id).unwrap().ok();
    assert_eq!(count(&blobs), 0);
}

#[test]
fn many_clients_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
    let bucket = client(&emulator).create_bucket("many-clients").unwrap();
    std::thread::scope(|scope| {
        for n in 0..16 {
            let (emulator, bucket) = (&emulator, &bucket);
            scope.spawn(move || {
                let mut client = client(emulator);
                let url = client.upload_url(bucket).unwrap();
                for m in 0..10 {
                    let name = format!("{n}/{m}");
                    let id = file_id(client.upload(&url, &name, name.as_bytes()).unwrap());
                    assert_eq!(client.download(&id).unwrap().body, name.as_bytes());
                }
            });
        }
    });
    let body = json!({"bucketId": bucket, "maxFileCount": 1000});
    let listed = client(&emulator).call("b2_list_file_names", &body).unwrap().ok();
    assert_eq!(listed["files"].as_array().unwrap().len(), 160);
}

#[test]
fn silent_and_unwilling_peers_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Emulator::builder().data_dir(folder.path());
    // Filled without haste: a busy machine may let this client wait, too.
    let (id, url, token) = {
        let emulator = builder().start_blocking().unwrap();
        let mut client = client(&emulator);
        let bucket = client.create_bucket("slow-peers").unwrap();
        let url = client.upload_url(&bucket).unwrap();
        let id = file_id(client.upload(&url, "big", &vec![1; 50_000_000]).unwrap());
        (id, client.upload_url(&bucket).unwrap(), client.token)
    };
    let patience = Duration::from_secs(1);
    let emulator = builder().inactivity_limit(patience).start_blocking().unwrap();

    let mut silent = TcpStream::connect(emulator.address()).unwrap();
    silent.write_all(b"GET / HT").unwrap();
    assert_closed(&mut silent);

    let half = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nX-Bz-File-Name: a\r\nContent-Type: x/y\r\n\
         X-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 10\r\n\r\nhalf",
        url.target, url.token
    );
    let reply = Wire::new(emulator.base_url()).raw(half.as_bytes(), false).unwrap();
    assert_eq!((reply.status, &reply.json()["code"]), (408, &json!("request_timeout")));

    let mut unwilling = TcpStream::connect(emulator.address()).unwrap();
    let request = format!(
        "GET /b2api/v4/b2_download_file_by_id?fileId={id} HTTP/1.1\r\nHost: x\r\n\
         Authorization: {token}\r\n\r\n"
    );
    until(|| emulator.stats().open_connections == 1);
    unwilling.write_all(request.as_bytes()).unwrap();
    until(|| emulator.stats().open_connections == 0);
    let mut received = Vec::new();
    let _ = unwilling.read_to_end(&mut received);
    assert!(received.len() < 50_000_000, "the answer was cut");
}

#[track_caller]
fn assert_closed(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = Vec::new();
    // A reset is an end too.
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_data_folder_keeps_account_key_files_and_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let builder = Emulator::builder().data_dir(folder.path());
        builder.tls(Tls::SelfSigned).start_blocking().unwrap()
    };
    let (first, second);
    {
        let emulator = start();
        first = (
            emulator.account_id().to_owned(),
            emulator.application_key().to_owned(),
            emulator.certificate_pem().map(str::to_owned),
        );
        emulator.shutdown_blocking();
    }
    {
        let emulator = start();
        second = (
            emulator.account_id().to_owned(),
            emulator.application_key().to_owned(),
            emulator.certificate_pem().map(str::to_owned),
        );
    }
    assert_eq!(first, second);
    assert!(first.2.is_some());
}

#[test]
fn ids_can_be_fixed() {
    let emulator = Emulator::builder()
        .account_id("0123456789ab")
        .application_key("my-key-id", "my-key")
        .start_blocking()
        .unwrap();
    assert_eq!(emulator.application_key_id(), "my-key-id");
    assert_eq!(client(&emulator).account, "0123456789ab");
    let wrong = Emulator::builder().account_id("me").start_blocking();
    assert!(matches!(wrong, Err(StartError::BadAccountId)));
}

#[test]
fn what_cannot_be_started_says_why() {
    let outside = Emulator::builder().host([0, 0, 0, 0].into()).start_blocking();
    assert!(matches!(outside, Err(StartError::NotLoopback(_))));
    let folder = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
    let second = Emulator::builder().data_dir(folder.path()).start_blocking();
    assert!(matches!(second, Err(StartError::Open(OpenError::InUse(_)))));
    let taken = Emulator::builder().port(emulator.address().port()).start_blocking();
    assert!(matches!(taken, Err(StartError::Listen { .. })));
    drop(emulator);
    Emulator::builder().data_dir(folder.path()).start_blocking().unwrap();
}

#[test]
fn dropping_stops_the_server() {
    let emulator = Emulator::start_blocking().unwrap();
    let address = emulator.address();
    let _open = TcpStream::connect(address).unwrap();
    drop(emulator);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_graceful_stop_answers_what_is_under_way() {
    let (emulator, mut client, _, url) = ready();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nX-Bz-File-Name: last\r\n\
         Content-Type: x/y\r\nX-Bz-Content-Sha1: do_not_verify\r\nContent-Length: 2\r\n\
         Expect: 100-continue\r\n\r\n",
        url.target, url.token
    );
    let stream = client.wire.stream().unwrap();
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    assert_eq!(read_reply(stream, false).unwrap().status, 100);
    let address = emulator.address();
    let stopping = std::thread::spawn(move || emulator.shutdown_blocking());
    until(|| TcpStream::connect(address).is_err());
    stream.get_mut().write_all(b"ok").unwrap();
    assert_eq!(read_reply(stream, false).unwrap().status, 200);
    stopping.join().unwrap();
}

#[test]
fn it_starts_and_stops_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let emulator = Emulator::start().await.unwrap();
        let (url, id) = (emulator.base_url().to_owned(), emulator.application_key_id().to_owned());
        // This blocks the only thread of the runtime; the server has its own.
        Client::log_in(&url, &id, emulator.application_key()).unwrap();
        emulator.shutdown().await;
        let dropped = Emulator::start().await.unwrap();
        drop(dropped);
    });
}

#[test]
fn https_serves_those_who_trust_the_certificate() {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let emulator = Emulator::builder().tls(Tls::SelfSigned).start_blocking().unwrap();
    assert!(emulator.base_url().starts_with("https://127.0.0.1:"));
    let connect = |trusting: bool| {
        let mut roots = rustls::RootCertStore::empty();
        if trusting {
            let pem = emulator.certificate_pem().unwrap().as_bytes();
            roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
        }
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "127.0.0.1".try_into().unwrap();
        let session = rustls::ClientConnection::new(config.into(), name).unwrap();
        let socket = TcpStream::connect(emulator.address()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, socket);
        let request = format!(
            "GET /b2api/v4/b2_authorize_account HTTP/1.1\r\nHost: localhost:1\r\n\
             Authorization: Basic {}\r\nConnection: close\r\n\r\n",
            basic(emulator.application_key_id(), emulator.application_key())
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    assert!(connect(false).is_err());
    let answer = connect(true).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"apiUrl\":\"https://localhost:1\""), "{answer}");
}

fn basic(id: &str, key: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{id}:{key}"))
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_small_whatever_the_size_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = program.client().unwrap();
    let bucket = client.create_bucket("big-files").unwrap();
    let url = client.upload_url(&bucket).unwrap();
    let body = vec![42; 200_000_000];
    let id = file_id(client.upload(&url, "big", &body).unwrap());
    assert!(client.download(&id).unwrap().body == body);
    let copy = json!({"sourceFileId": id, "fileName": "copy"});
    client.call("b2_copy_file", &copy).unwrap().ok();
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 64 * 1024, "{peak_kib} KiB at its peak");
}
