//! Answers that come compressed, as seen from the facade: documents do where
//! that is allowed, and files never do, however they are stored.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use b2::hyper::proxy::{Proxy, ProxyRules};
use b2::hyper::{Decompression, HyperTransport};
use b2::{BucketType, ByteRange, Check, Client, Credentials};
use b2_emulator::Emulator;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// What went through the proxy: the request's first line, what it asked for,
/// and whether the answer was made smaller.
#[derive(Clone, Debug)]
struct Passed {
    line: String,
    accepts: Option<String>,
    compressed: bool,
}

type Seen = Arc<Mutex<Vec<Passed>>>;

/// A message of HTTP whose body has a length.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    fn read(stream: &mut TcpStream, has_body: bool) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut message = Self { head, body: Vec::new() };
        let length = message.header("content-length").map_or(0, |text| text.parse().unwrap());
        message.body.resize(if has_body { length } else { 0 }, 0);
        stream.read_exact(&mut message.body)?;
        Ok(message)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(own, _)| own.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(self.head.as_bytes())?;
        stream.write_all(&self.body)
    }

    /// The same in another form, and without the headers that say the old one.
    fn compress(&mut self, name: &str, body: Vec<u8>) {
        let keep = |line: &&str| !line.to_ascii_lowercase().starts_with("content-length:");
        let lines: Vec<_> =
            self.head.lines().filter(keep).filter(|line| !line.is_empty()).collect();
        let (lines, length) = (lines.join("\r\n"), body.len());
        self.head =
            format!("{lines}\r\nContent-Encoding: {name}\r\nContent-Length: {length}\r\n\r\n");
        self.body = body;
    }
}

/// A proxy that makes small whatever it is asked to, in one form after the
/// other.
fn compressing(seen: Seen) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || while pass(&mut client, &seen).is_ok() {});
        }
    });
    port
}

fn pass(client: &mut TcpStream, seen: &Seen) -> io::Result<()> {
    let request = Message::read(client, true)?;
    let line = request.head.lines().next().unwrap().to_owned();
    let uri = line.split(' ').nth(1).unwrap();
    let authority = uri.trim_start_matches("http://").split('/').next().unwrap();
    let mut server = TcpStream::connect(authority)?;
    request.write(&mut server)?;
    let mut answer = Message::read(&mut server, !line.starts_with("HEAD "))?;
    let accepts = request.header("accept-encoding").map(str::to_owned);
    let mut seen = seen.lock().unwrap();
    if accepts.is_some() && !answer.body.is_empty() {
        let takes_gzip = accepts.as_deref().is_some_and(|forms| forms.contains("gzip"));
        if takes_gzip && seen.len().is_multiple_of(2) {
            let body = gzip(&answer.body);
            answer.compress("gzip", body);
        } else {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&answer.body)?;
            answer.compress("deflate", encoder.finish()?);
        }
    }
    let compressed = answer.header("content-encoding").is_some() && accepts.is_some();
    seen.push(Passed { line, accepts, compressed });
    drop(seen);
    answer.write(client)
}

fn client(emulator: &Emulator, proxy: u16, decompression: Option<Decompression>) -> Client {
    let proxy = ProxyRules::all(Proxy::http("127.0.0.1", proxy));
    let mut connections = HyperTransport::builder().with_proxy(proxy);
    if let Some(decompression) = decompression {
        connections = connections.with_decompression(decompression);
    }
    let keys = Credentials::new(emulator.application_key_id(), emulator.application_key());
    let builder = Client::builder(keys).with_realm(emulator.base_url());
    builder.with_hyper(connections).build().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Everything that a client does with a bucket, and what it finds.
async fn journey(client: &Client, name: &str) {
    let bucket = client.create_bucket(name, BucketType::AllPrivate).await.unwrap();
    // Bytes that would be shorter, and that claim to be: as they are stored
    // they count, compressed once and named so.
    let plain = b"all work and no play makes it a dull file\n".repeat(5_000);
    let stored = gzip(&plain);
    bucket.upload("plain", plain.clone()).await.unwrap();
    let named = bucket.upload("named", stored.clone());
    named.with_file_info("b2-content-encoding", "gzip").await.unwrap();
    for index in 0..30 {
        bucket.upload(&format!("many/{index}"), "x").await.unwrap();
    }
    for (name, content) in [("plain", &plain), ("named", &stored)] {
        let whole = bucket.download(name).to_bytes().await.unwrap();
        assert!(whole.content == *content, "{name} came back differently");
        assert_eq!(whole.check, Check::ContentSha1, "{name}");
        let range = ByteRange::inclusive(100, 300).unwrap();
        let part = bucket.download(name).with_range(range).to_bytes().await.unwrap();
        assert!(part.content == content[100..=300], "{name}: another range");
        let head = bucket.head(name).await.unwrap();
        assert_eq!(head.content_length, content.len() as u64, "{name}");
    }
    let mut rows = bucket.files().with_page(10).stream();
    let mut names = Vec::new();
    while let Some(row) = rows.next().await {
        names.push(row.unwrap().file_name);
    }
    assert_eq!(names.len(), 32);
}

/// Whether a request is about the bytes of a file, rather than a document.
fn is_about_bytes(line: &str) -> bool {
    ["/file/", "b2_upload_file", "b2_download_file_by_id"].iter().any(|part| line.contains(part))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_come_compressed_and_files_as_they_are_stored() {
    let emulator = Emulator::start().await.unwrap();
    let seen = Seen::default();
    let proxy = compressing(Arc::clone(&seen));
    journey(&client(&emulator, proxy, Some(Decompression::new())), "compressed").await;
    let passed = std::mem::take(&mut *seen.lock().unwrap());
    let (bytes, documents): (Vec<_>, Vec<_>) =
        passed.into_iter().partition(|passed| is_about_bytes(&passed.line));
    // Two files, each whole, in part and its head; and what was uploaded.
    assert!(bytes.len() >= 6 + 32, "{bytes:?}");
    for passed in &bytes {
        assert!(passed.accepts.is_none() && !passed.compressed, "{passed:?}");
    }
    // The account, the bucket, URLs to upload to, four pages.
    assert!(documents.len() >= 7, "{documents:?}");
    for passed in &documents {
        assert_eq!(passed.accepts.as_deref(), Some("gzip, deflate"), "{passed:?}");
        assert!(passed.compressed, "{passed:?}");
    }
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_for_unless_told() {
    let emulator = Emulator::start().await.unwrap();
    let seen = Seen::default();
    let proxy = compressing(Arc::clone(&seen));
    journey(&client(&emulator, proxy, None), "uncompressed").await;
    let passed = seen.lock().unwrap();
    assert!(passed.len() >= 45, "{passed:?}");
    for passed in &*passed {
        assert!(passed.accepts.is_none() && !passed.compressed, "{passed:?}");
    }
}

/// By its name in a configuration string, as the facade takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_asks_for_it() {
    let emulator = Emulator::start().await.unwrap();
    let seen = Seen::default();
    let port = compressing(Arc::clone(&seen));
    let keys = Credentials::new(emulator.application_key_id(), emulator.application_key());
    let mut builder = Client::builder(keys).with_realm(emulator.base_url());
    let port = format!("ProxyPort={port}");
    let texts =
        ["ProxyServer=127.0.0.1", &port, "AllowHTTPCompression=True", "AcceptEncoding=deflate"];
    for text in texts {
        builder.config(text).unwrap();
    }
    journey(&builder.build().unwrap(), "by-name").await;
    let passed = seen.lock().unwrap();
    let documents: Vec<_> = passed.iter().filter(|each| !is_about_bytes(&each.line)).collect();
    assert!(documents.len() >= 7, "{documents:?}");
    for document in documents {
        assert_eq!(document.accepts.as_deref(), Some("deflate"), "{document:?}");
    }
}
