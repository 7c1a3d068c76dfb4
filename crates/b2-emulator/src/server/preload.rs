//! Beginning with the files of a folder.
//!
//! They go the way that every upload goes, so all rules hold for them too.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::StartError;
use crate::control::Control;
use crate::engine::{Begun, CHUNK};
use crate::model::{Answer, Head, percent_encode};

/// Makes a bucket of each folder in `root` and stores the files in it.
pub(super) fn load(control: &Control, root: &Path) -> Result<(), StartError> {
    let mut loader = Loader { control, token: String::new() };
    let blame = |reason: String| StartError::Preload { path: root.to_owned(), reason };
    let account = loader.authorize().map_err(blame)?;
    for folder in entries(root)? {
        let kind = folder.metadata().map_err(|error| fault(&folder, error))?;
        if !kind.is_dir() {
            return Err(fault(&folder, "only folders, which become buckets, can be there"));
        }
        let name = text(&folder, &folder.file_name().map(PathBuf::from).unwrap_or_default())?;
        if let Some(bucket) = loader.create(&account, &name).map_err(|why| fault(&folder, why))? {
            loader.fill(&bucket, &folder, &folder)?;
        }
    }
    Ok(())
}

struct Loader<'c> {
    control: &'c Control,
    token: String,
}

impl Loader<'_> {
    fn authorize(&mut self) -> Result<String, String> {
        let credentials = self.control.engine.credentials();
        let pair = STANDARD.encode(format!("{}:{}", credentials.key_id, credentials.key()));
        self.token = format!("Basic {pair}");
        let said = self.call("b2_authorize_account", &json!({}))?;
        self.token = word(&said, "authorizationToken");
        Ok(word(&said, "accountId"))
    }

    /// The id of the new bucket; `None` if there is one of that name.
    fn create(&self, account: &str, name: &str) -> Result<Option<String>, String> {
        let found =
            self.call("b2_list_buckets", &json!({"accountId": account, "bucketName": name}))?;
        if found["buckets"].as_array().is_some_and(|buckets| !buckets.is_empty()) {
            return Ok(None);
        }
        let wanted = json!({"accountId": account, "bucketName": name, "bucketType": "allPrivate"});
        Ok(Some(word(&self.call("b2_create_bucket", &wanted)?, "bucketId")))
    }

    fn fill(&self, bucket: &str, root: &Path, folder: &Path) -> Result<(), StartError> {
        for path in entries(folder)? {
            let metadata = path.metadata().map_err(|error| fault(&path, error))?;
            if metadata.is_dir() {
                self.fill(bucket, root, &path)?;
            } else {
                let relative = path.strip_prefix(root).unwrap_or(&path);
                let name = text(&path, relative)?;
                let changed = metadata.modified().ok();
                let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
                let changed = changed.map(|since| since.as_millis().to_string());
                self.upload(bucket, &name, &path, metadata.len(), changed)
                    .map_err(|reason| fault(&path, reason))?;
            }
        }
        Ok(())
    }

    fn upload(
        &self,
        bucket: &str,
        name: &str,
        path: &Path,
        len: u64,
        changed: Option<String>,
    ) -> Result<(), String> {
        let url = self.call("b2_get_upload_url", &json!({ "bucketId": bucket }))?;
        let token = word(&url, "authorizationToken");
        let target = word(&url, "uploadUrl");
        let mut headers = vec![
            (HeaderName::from_static("x-bz-file-name"), percent_encode(name)),
            (HeaderName::from_static("x-bz-content-sha1"), "do_not_verify".to_owned()),
            (CONTENT_TYPE, "b2/x-auto".to_owned()),
            (CONTENT_LENGTH, len.to_string()),
        ];
        let info = HeaderName::from_static("x-bz-info-src_last_modified_millis");
        headers.extend(changed.map(|changed| (info, changed)));
        let head = Arc::new(head(&target, &token, headers)?);
        let now = self.control.clock.now();
        let mut receiving = match self.control.engine.begin(&head, now) {
            Begun::Receive(receiving) => receiving,
            Begun::Refused(answer) => return Err(self.read(&answer)?.to_string()),
            Begun::Collect { .. } => return Err("the upload was not taken".to_owned()),
        };
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk).map_err(|error| error.to_string())?;
            if read == 0 {
                break;
            }
            receiving.writer.write(&chunk[..read]).map_err(|error| error.to_string())?;
        }
        let answer = self.control.engine.receive(&head, *receiving, now);
        self.read(&answer).map(drop)
    }

    fn call(&self, operation: &str, body: &Value) -> Result<Value, String> {
        let target = format!("/b2api/v4/{operation}");
        let head = Arc::new(head(&target, &self.token, Vec::new())?);
        let now = self.control.clock.now();
        let answer = match self.control.engine.begin(&head, now) {
            Begun::Collect { .. } => {
                self.control.engine.conclude(&head, Bytes::from(body.to_string()), now)
            }
            Begun::Refused(answer) => *answer,
            Begun::Receive(_) => return Err(format!("{operation} is an upload")),
        };
        self.read(&answer)
    }

    fn read(&self, answer: &Answer) -> Result<Value, String> {
        let bytes = self.control.engine.bytes(&answer.body).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if answer.status.is_success() { Ok(value) } else { Err(word(&value, "message")) }
    }
}

fn head(target: &str, token: &str, more: Vec<(HeaderName, String)>) -> Result<Head, String> {
    let mut headers = HeaderMap::new();
    let agent = concat!("b2-emulator/", env!("CARGO_PKG_VERSION"));
    let own = [(AUTHORIZATION, token.to_owned()), (http::header::USER_AGENT, agent.to_owned())];
    for (name, value) in own.into_iter().chain(more) {
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        headers.insert(name, value);
    }
    let uri = target.parse().map_err(|_| format!("unreadable target {target}"))?;
    Ok(Head { method: Method::POST, uri, headers, base: String::new() })
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StartError> {
    let entries = fs::read_dir(folder).map_err(|error| fault(folder, error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> =
        paths.collect::<io::Result<_>>().map_err(|error| fault(folder, error))?;
    paths.sort();
    Ok(paths)
}

/// A path as B2 names files.
fn text(path: &Path, relative: &Path) -> Result<String, StartError> {
    let parts = relative.iter().map(|part| part.to_str());
    let parts: Option<Vec<&str>> = parts.collect();
    parts.map(|parts| parts.join("/")).ok_or_else(|| fault(path, "the name is not UTF-8"))
}

fn fault(path: &Path, reason: impl ToString) -> StartError {
    StartError::Preload { path: path.to_owned(), reason: reason.to_string() }
}
