//! The least client: one connection, blocking calls, bodies from one buffer.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::failure::Failure;

const CHUNK: usize = 256 * 1024;

/// One connection to a server.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
    host: String,
    pub(super) token: String,
    pub(crate) account: String,
}

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::Wrong(format!("the server cannot be talked to: {error}"))
}

impl Wire {
    pub(super) fn open(host: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(host).map_err(wrong)?;
        stream.set_nodelay(true).map_err(wrong)?;
        let (token, account) = (String::new(), String::new());
        let stream = BufReader::with_capacity(CHUNK, stream);
        Ok(Self { stream, host: host.to_owned(), token, account })
    }

    /// Logs in with the ready line of an emulator.
    pub(crate) fn log_in(ready: &Value) -> Result<Self, Failure> {
        let word = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        let mut wire = Self::open(word("baseUrl").trim_start_matches("http://"))?;
        let pair = format!("{}:{}", word("applicationKeyId"), word("applicationKey"));
        wire.token = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        wire.account = word("accountId");
        let said = wire.call("b2_authorize_account", &json!({}))?;
        wire.token = said["authorizationToken"].as_str().unwrap_or_default().to_owned();
        Ok(wire)
    }

    pub(crate) fn call(&mut self, operation: &str, body: &Value) -> Result<Value, Failure> {
        self.post(&format!("/b2api/v4/{operation}"), body)
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = format!("Authorization: {}\r\n", self.token);
        let answer = self
            .head("POST", target, &headers, body.len() as u64)
            .and_then(|()| self.stream.get_mut().write_all(body.as_bytes()))
            .and_then(|()| self.answer())
            .map_err(wrong)?;
        serde_json::from_slice(&answer)
            .map_err(|source| Failure::Answer { command: target.to_owned(), source })
    }

    /// Sends so many bytes; the server must say 200.
    pub(super) fn send(&mut self, target: &str, headers: &str, len: u64) -> Result<(), Failure> {
        let chunk: Vec<u8> = (0..=255).cycle().take(CHUNK).collect();
        self.head("POST", target, headers, len).map_err(wrong)?;
        let mut left = len;
        while left > 0 {
            let take = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            self.stream.get_mut().write_all(&chunk[..take]).map_err(wrong)?;
            left -= take as u64;
        }
        self.answer().map(drop).map_err(wrong)
    }

    /// Fetches and drops a body; gives its length.
    pub(super) fn fetch(&mut self, target: &str) -> Result<u64, Failure> {
        let headers = format!("Authorization: {}\r\n", self.token);
        self.head("GET", target, &headers, 0).map_err(wrong)?;
        let length = self.status().map_err(wrong)?;
        let mut chunk = vec![0; CHUNK];
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let read = self.stream.read(&mut chunk[..most]).map_err(wrong)?;
            if read == 0 {
                return Err(wrong("the answer is too short"));
            }
            left -= read as u64;
        }
        Ok(length)
    }

    fn head(&mut self, method: &str, target: &str, headers: &str, len: u64) -> io::Result<()> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {len}\r\n\r\n",
            self.host
        );
        self.stream.get_mut().write_all(head.as_bytes())
    }

    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let length = self.status()?;
        let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    /// The length of the body of an answer that must be 200.
    fn status(&mut self) -> io::Result<u64> {
        let (mut first, mut length) = (String::new(), 0);
        self.stream.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().map_err(io::Error::other)?;
                }
                Some(_) => {}
                None => break,
            }
        }
        if first.starts_with("HTTP/1.1 200 ") {
            return Ok(length);
        }
        let mut body = String::new();
        (&mut self.stream).take(length).read_to_string(&mut body)?;
        Err(io::Error::other(format!("{} {body}", first.trim())))
    }
}
