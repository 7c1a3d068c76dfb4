//! What testers turn: `/_emulator/`, flags, snapshots, `fsck`.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod caps;
mod faults;
mod fsck;
mod garbage;
mod guard;
mod snapshots;
mod start;
mod webhooks;
#[path = "../wire/mod.rs"]
mod wire;

use b2_emulator::{Builder, Emulator};
use serde_json::{Value, json};
use wire::{Client, UploadUrl, Wire};

/// An emulator, a client that is logged in, a bucket and an upload URL.
struct Bench {
    emulator: Emulator,
    client: Client,
    bucket: String,
    url: UploadUrl,
}

impl Bench {
    fn new() -> Self {
        Self::with(Emulator::builder())
    }

    fn with(builder: Builder) -> Self {
        let emulator = builder.start_blocking().unwrap();
        let (id, key) = (emulator.application_key_id(), emulator.application_key());
        let mut client = Client::log_in(emulator.base_url(), id, key).unwrap();
        let bucket = client.create_bucket("control-test").unwrap();
        let url = client.upload_url(&bucket).unwrap();
        Self { emulator, client, bucket, url }
    }

    fn store(&mut self, name: &str, body: &[u8]) -> String {
        let reply = self.client.upload(&self.url, name, body).unwrap().ok();
        reply["fileId"].as_str().unwrap().to_owned()
    }

    fn admin(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        admin(self.emulator.base_url(), method, path, body)
    }

    /// The names of all files, current ones only.
    fn names(&mut self) -> Vec<String> {
        let body = json!({"bucketId": self.bucket, "maxFileCount": 1000});
        let page = self.client.call("b2_list_file_names", &body).unwrap().ok();
        let rows = page["files"].as_array().unwrap();
        rows.iter().map(|row| row["fileName"].as_str().unwrap().to_owned()).collect()
    }
}

/// One request to `/_emulator/`.
fn admin(base_url: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str())];
    let target = format!("/_emulator/{path}");
    let mut wire = Wire::new(base_url);
    let reply = wire.request(method, &target, &headers, body.as_bytes()).unwrap();
    (reply.status, reply.json())
}
