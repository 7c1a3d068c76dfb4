//! A server that misbehaves in one exact way, where the emulator cannot.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::scene;

/// Planted where secrets are: nothing the program prints may contain them.
pub(crate) const KEY: &str = "K004CanaryOfTheApplicationKey";
pub(crate) const TOKEN: &str = "4_CanaryOfTheAccountToken";
pub(crate) const UPLOAD_TOKEN: &str = "4_CanaryOfTheUploadToken";
pub(crate) const UPLOAD_URL: &str = "CanaryOfTheUploadUrl";

/// What the server does with a request.
pub(crate) enum Answer {
    /// Answers.
    Full(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Promises so many bytes, sends these and then nothing.
    Stalled(u64, Vec<(&'static str, String)>, Vec<u8>),
}

impl Answer {
    pub(crate) fn json(status: u16, value: serde_json::Value) -> Self {
        let kind = ("Content-Type", "application/json".to_owned());
        Self::Full(status, vec![kind], value.to_string().into_bytes())
    }

    /// An error as B2 reports it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(
            status,
            serde_json::json!({ "status": status, "code": code, "message": message }),
        )
    }
}

/// A running server. Its threads end with the test program.
pub(crate) struct Stub {
    url: String,
    folder: tempfile::TempDir,
}

impl Stub {
    /// A server that authorizes everyone, has one bucket of any name, and
    /// answers all else as `answer` says for a method and a path.
    pub(crate) fn new(
        answer: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let (base, answer) = (url.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (base, answer) = (base.clone(), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that hangs up ends the conversation.
                    let _hung_up = converse(&stream, |method, path, body| {
                        answer(method, path).unwrap_or_else(|| usual(&base, path, body))
                    });
                });
            }
        });
        Self { url, folder }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The names of the files where the program runs, hidden ones too.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.work()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// The program with a key for this server, and no patience.
    pub(crate) fn command(&self) -> Command {
        let mut command = scene::bare_command(self.folder.path(), &self.url);
        command
            .env("B2_APPLICATION_KEY_ID", "004canary")
            .env("B2_APPLICATION_KEY", KEY)
            .arg("--patience=0");
        command
    }
}

fn converse(
    stream: &TcpStream,
    answer: impl Fn(&str, &str, &[u8]) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (status, promised, headers, content, stall) = match answer(method, path, &body) {
            Answer::Full(status, headers, content) => {
                (status, content.len() as u64, headers, content, false)
            }
            Answer::Stalled(promised, headers, content) => (200, promised, headers, content, true),
        };
        let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {promised}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        writer.write_all(format!("{head}\r\n").as_bytes())?;
        if method != "HEAD" {
            writer.write_all(&content)?;
        }
        if stall {
            // Until the client hangs up.
            reader.read_line(&mut String::new())?;
        }
    }
}

fn usual(url: &str, path: &str, body: &[u8]) -> Answer {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let call = path.split(['/', '?']).find(|part| part.starts_with("b2_"));
    let bucket = "3e9a71c04d8b52f6a0c5d20e";
    match call.unwrap_or_default() {
        "b2_authorize_account" => Answer::json(
            200,
            serde_json::json!({
                "accountId": "c5d20e7718af",
                "authorizationToken": TOKEN,
                "applicationKeyExpirationTimestamp": null,
                "apiInfo": { "storageApi": {
                    "absoluteMinimumPartSize": 5_000_000, "recommendedPartSize": 100_000_000,
                    "allowed": {
                        "buckets": null, "namePrefix": null,
                        "capabilities": ["listBuckets", "listFiles", "readFiles", "writeFiles"],
                    },
                    "apiUrl": url, "downloadUrl": url, "s3ApiUrl": url,
                } },
            }),
        ),
        "b2_list_buckets" => Answer::json(
            200,
            serde_json::json!({ "buckets": [{
                "accountId": "c5d20e7718af", "bucketId": bucket, "bucketInfo": {},
                "bucketName": body["bucketName"], "bucketType": "allPrivate", "corsRules": [],
                "lifecycleRules": [], "options": [], "revision": 2,
            }] }),
        ),
        "b2_get_upload_url" => Answer::json(
            200,
            serde_json::json!({
                "bucketId": bucket, "authorizationToken": UPLOAD_TOKEN,
                "uploadUrl": format!("{url}/b2api/v4/b2_upload_file/{UPLOAD_URL}"),
            }),
        ),
        _ => Answer::error(404, "not_found", "the stub does not know this"),
    }
}
