//! A tiny HTTP client on plain sockets, so that no client's cleverness can
//! hide what the server does, and the emulator as a child process.

// Each test binary uses its own part of this.
#![allow(dead_code, reason = "shared between test binaries")]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use sha1::Digest as _;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

/// One connection at a time, opened anew when the last one is gone.
#[derive(Debug)]
pub(crate) struct Wire {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Wire {
    pub(crate) fn new(base_url: &str) -> Self {
        let address = base_url.trim_start_matches("http://").to_owned();
        Self { address, stream: None }
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method == "POST" && !head.to_ascii_lowercase().contains("\r\ncontent-length:") {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.raw(&[head.as_bytes(), body].concat(), method == "HEAD")
    }

    /// Sends bytes as they are and reads one answer.
    pub(crate) fn raw(&mut self, bytes: &[u8], is_head: bool) -> io::Result<Reply> {
        let reply = self.stream().and_then(|stream| {
            stream.get_mut().write_all(bytes)?;
            read_reply(stream, is_head)
        });
        let closes = |reply: &Reply| reply.header("connection") == Some("close");
        if reply.as_ref().map_or(true, closes) {
            self.stream = None;
        }
        reply
    }

    /// The open connection.
    pub(crate) fn stream(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        Ok(self.stream.as_mut().unwrap())
    }
}

/// Reads a status line, headers and a body of the announced length.
pub(crate) fn read_reply(stream: &mut BufReader<TcpStream>, is_head: bool) -> io::Result<Reply> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no status line: {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut reply = Reply { status, headers, body: Vec::new() };
    let len = reply.header("content-length").map_or(0, |len| len.parse().unwrap());
    if !is_head && status != 100 {
        reply.body = vec![0; len];
        stream.read_exact(&mut reply.body)?;
    }
    Ok(reply)
}

/// A client that has logged in.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) wire: Wire,
    pub(crate) token: String,
    pub(crate) account: String,
}

impl Client {
    pub(crate) fn log_in(base_url: &str, key_id: &str, key: &str) -> io::Result<Self> {
        let mut wire = Wire::new(base_url);
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{key_id}:{key}"));
        let basic = format!("Basic {basic}");
        let headers = [("Authorization", basic.as_str()), ("User-Agent", "wire-test/1")];
        let body = wire.request("GET", "/b2api/v4/b2_authorize_account", &headers, b"")?.ok();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Ok(Self { token: text("authorizationToken"), account: text("accountId"), wire })
    }

    pub(crate) fn call(&mut self, operation: &str, body: &Value) -> io::Result<Reply> {
        let token = self.token.clone();
        let target = format!("/b2api/v4/{operation}");
        let headers = [("Authorization", &*token)];
        self.wire.request("POST", &target, &headers, body.to_string().as_bytes())
    }

    pub(crate) fn create_bucket(&mut self, name: &str) -> io::Result<String> {
        let body = json!({
            "accountId": self.account, "bucketName": name, "bucketType": "allPrivate",
        });
        let bucket = self.call("b2_create_bucket", &body)?.ok();
        Ok(bucket["bucketId"].as_str().unwrap().to_owned())
    }

    pub(crate) fn upload_url(&mut self, bucket: &str) -> io::Result<UploadUrl> {
        let answer = self.call("b2_get_upload_url", &json!({"bucketId": bucket}))?;
        Ok(UploadUrl::new(&answer.ok()))
    }

    /// Uploads with every required header.
    pub(crate) fn upload(&mut self, url: &UploadUrl, name: &str, body: &[u8]) -> io::Result<Reply> {
        let sha1 = sha1(body);
        let headers = [
            ("Authorization", url.token.as_str()),
            ("X-Bz-File-Name", name),
            ("Content-Type", "b2/x-auto"),
            ("X-Bz-Content-Sha1", &sha1),
        ];
        self.wire.request("POST", &url.target, &headers, body)
    }

    pub(crate) fn download(&mut self, file_id: &str) -> io::Result<Reply> {
        let token = self.token.clone();
        let target = format!("/b2api/v4/b2_download_file_by_id?fileId={file_id}");
        self.wire.request("GET", &target, &[("Authorization", &token)], b"")
    }
}

/// An upload URL, without its host, and its token.
#[derive(Clone, Debug)]
pub(crate) struct UploadUrl {
    pub(crate) target: String,
    pub(crate) token: String,
}

impl UploadUrl {
    pub(crate) fn new(answer: &Value) -> Self {
        let url = answer["uploadUrl"].as_str().unwrap();
        let target = &url[url.find("/b2api").unwrap()..];
        let token = answer["authorizationToken"].as_str().unwrap().to_owned();
        Self { target: target.to_owned(), token }
    }
}

/// The real program on a data folder. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) base_url: String,
    key_id: String,
    key: String,
}

impl Program {
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_b2-emulator"));
        command.arg("--data").arg(data);
        Self::run(command)
    }

    /// Starts it so that no file can grow past `blocks` of 512 bytes.
    pub(crate) fn start_with_file_limit(data: &Path, blocks: u32) -> Self {
        let mut command = Command::new("sh");
        // The limit's signal would end the process; ignored, writes just fail.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --data \"$1\"");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_b2-emulator")).arg(data);
        Self::run(command)
    }

    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        assert_eq!(ready["pid"], json!(child.id()));
        Self {
            base_url: text("baseUrl"),
            key_id: text("applicationKeyId"),
            key: text("applicationKey"),
            child,
        }
    }

    pub(crate) fn client(&self) -> io::Result<Client> {
        Client::log_in(&self.base_url, &self.key_id, &self.key)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and gives its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").arg(pid).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn sha1(bytes: &[u8]) -> String {
    sha1::Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Small, fast and repeatable randomness.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.roll(u64::MAX).to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}
