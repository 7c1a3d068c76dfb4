//! One connection, and an authorized account.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Bytes read and written at a time.
pub(crate) const CHUNK: usize = 256 * 1024;

pub(crate) struct Session {
    pub(crate) stream: BufReader<TcpStream>,
    pub(crate) host: String,
    pub(crate) token: String,
    account_id: String,
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) length: u64,
    /// `x-bz-content-sha1`.
    pub(crate) digest: Option<String>,
}

impl Session {
    pub(crate) fn open(base: &str, key_id: &str, key: &str) -> Result<Self, Failure> {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key_id}:{key}"));
        let mut session = Self {
            stream: connect(base)?,
            host: base.trim_start_matches("http://").to_owned(),
            token: format!("Basic {pair}"),
            account_id: String::new(),
        };
        let answer = session.call("b2_authorize_account", &json!({}))?;
        session.token = text(&answer, "authorizationToken")?;
        session.account_id = text(&answer, "accountId")?;
        Ok(session)
    }

    pub(crate) fn bucket_id(&mut self, bucket: &str) -> Result<String, Failure> {
        let request = json!({"accountId": self.account_id, "bucketName": bucket});
        text(&self.call("b2_list_buckets", &request)?["buckets"][0], "bucketId")
    }

    pub(crate) fn call(&mut self, operation: &str, body: &Value) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.call_for_bytes(operation, body)?)?)
    }

    pub(crate) fn call_for_bytes(
        &mut self,
        operation: &str,
        body: &Value,
    ) -> Result<Vec<u8>, Failure> {
        let body = body.to_string();
        let request = format!(
            "POST /b2api/v4/{operation} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.body()
    }

    /// The body of an answer that has to be good.
    pub(crate) fn body(&mut self) -> Result<Vec<u8>, Failure> {
        let head = self.head()?;
        let mut body = vec![0; usize::try_from(head.length)?];
        self.stream.read_exact(&mut body)?;
        if head.status != 200 {
            return Err(format!("{}: {}", head.status, String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }

    pub(crate) fn head(&mut self) -> Result<Head, Failure> {
        let mut head = Head { status: 0, length: 0, digest: None };
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let text = line.trim_end();
            if text.is_empty() {
                return Ok(head);
            }
            if head.status == 0 {
                head.status = text.split(' ').nth(1).ok_or("no status")?.parse()?;
            } else if let Some((name, value)) = text.split_once(": ") {
                if name.eq_ignore_ascii_case("content-length") {
                    head.length = value.parse()?;
                } else if name.eq_ignore_ascii_case("x-bz-content-sha1") {
                    head.digest = Some(value.trim_start_matches("unverified:").to_owned());
                }
            }
        }
    }
}

pub(crate) fn connect(base: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(base.trim_start_matches("http://"))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(64 * 1024, stream))
}

pub(crate) fn hex(hash: Sha1) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn text(value: &Value, name: &str) -> Result<String, Failure> {
    Ok(value[name].as_str().ok_or_else(|| format!("no {name} in the answer"))?.to_owned())
}

/// What stands behind the host in an upload URL.
pub(crate) fn path(url: &str) -> Result<&str, Failure> {
    Ok(url.trim_start_matches("http://").split_once('/').ok_or("no path")?.1)
}
