//! The least work that the API forces on a transfer, to measure others by.
//!
//! ```text
//! floor upload BASE_URL KEY_ID KEY BUCKET FILE NAME
//! floor download BASE_URL KEY_ID KEY BUCKET NAME FILE
//! ```
//!
//! One thread, blocking calls, plain HTTP, one connection: read, SHA-1, send;
//! or receive, SHA-1, write. No retry, no pool, no check of anything that the
//! transfer does not need. It is a yardstick, not a client.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

const CHUNK: usize = 256 * 1024;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["upload", base, key_id, key, bucket, file, name] => {
            upload(&mut Session::open(base, key_id, key)?, bucket, file, name)
        }
        ["download", base, key_id, key, bucket, name, file] => {
            download(&mut Session::open(base, key_id, key)?, bucket, name, file)
        }
        _ => Err("usage: floor upload|download BASE_URL KEY_ID KEY BUCKET …".into()),
    }
}

struct Session {
    stream: TcpStream,
    host: String,
    token: String,
    account_id: String,
}

impl Session {
    fn open(base: &str, key_id: &str, key: &str) -> Result<Self, Failure> {
        let host = base.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key_id}:{key}"));
        let mut session =
            Self { stream, host, token: format!("Basic {pair}"), account_id: String::new() };
        let answer = session.call("b2_authorize_account", &json!({}))?;
        session.token = text(&answer, "authorizationToken")?;
        session.account_id = text(&answer, "accountId")?;
        Ok(session)
    }

    fn call(&mut self, operation: &str, body: &Value) -> Result<Value, Failure> {
        let body = body.to_string();
        let head = format!(
            "POST /b2api/v4/{operation} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            self.token,
            body.len()
        );
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(body.as_bytes())?;
        self.json()
    }

    fn json(&mut self) -> Result<Value, Failure> {
        let (head, length, mut body) = self.head()?;
        let begun = body.len();
        body.resize(usize::try_from(length)?, 0);
        self.stream.read_exact(&mut body[begun..])?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("{head}{}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }

    /// Head, length of the body, and what of it came with the head.
    fn head(&mut self) -> Result<(String, u64, Vec<u8>), Failure> {
        let mut buffer = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err("the connection was closed".into());
            }
            buffer.extend_from_slice(&chunk[..read]);
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let body = buffer.split_off(end + 4);
                let head = String::from_utf8(buffer)?;
                let length = head
                    .lines()
                    .find_map(|line| {
                        let (name, value) = line.split_once(": ")?;
                        name.eq_ignore_ascii_case("content-length").then(|| value.parse())
                    })
                    .ok_or("no length")??;
                return Ok((head, length, body));
            }
        }
    }
}

fn upload(session: &mut Session, bucket: &str, file: &str, name: &str) -> Result<(), Failure> {
    let buckets = session
        .call("b2_list_buckets", &json!({"accountId": session.account_id, "bucketName": bucket}))?;
    let bucket_id = text(&buckets["buckets"][0], "bucketId")?;
    let target = session.call("b2_get_upload_url", &json!({"bucketId": bucket_id}))?;
    let url = text(&target, "uploadUrl")?;
    let path = url.trim_start_matches("http://").split_once('/').ok_or("no path")?.1;
    let mut source = File::open(file)?;
    let length = source.metadata()?.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nX-Bz-File-Name: {name}\r\n\
         Content-Type: b2/x-auto\r\nX-Bz-Content-Sha1: hex_digits_at_end\r\nContent-Length: {}\r\n\r\n",
        session.host,
        text(&target, "authorizationToken")?,
        length + 40
    );
    session.stream.write_all(head.as_bytes())?;
    let mut hash = Sha1::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        session.stream.write_all(&buffer[..read])?;
    }
    session.stream.write_all(hex(hash).as_bytes())?;
    let stored = session.json()?;
    if stored["contentLength"].as_u64() == Some(length) { Ok(()) } else { Err("cut".into()) }
}

fn download(session: &mut Session, bucket: &str, name: &str, file: &str) -> Result<(), Failure> {
    let head = format!(
        "GET /file/{bucket}/{name} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n",
        session.host, session.token
    );
    session.stream.write_all(head.as_bytes())?;
    let (head, length, begun) = session.head()?;
    let mut hash = Sha1::new();
    let mut sink = File::create(file)?;
    hash.update(&begun);
    sink.write_all(&begun)?;
    let mut left = length - begun.len() as u64;
    let mut buffer = vec![0; CHUNK];
    while left > 0 {
        let room = buffer.len().min(usize::try_from(left)?);
        let read = session.stream.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        hash.update(&buffer[..read]);
        sink.write_all(&buffer[..read])?;
        left -= read as u64;
    }
    sink.sync_all()?;
    let digest = hex(hash);
    if head.to_ascii_lowercase().contains(&digest) { Ok(()) } else { Err("damaged".into()) }
}

fn hex(hash: Sha1) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    Ok(value[name].as_str().ok_or_else(|| format!("no {name} in the answer"))?.to_owned())
}
