//! A small account, and what every answer has to keep to.

use b2_emulator::InMemory;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

const NOW: u64 = 1_795_281_312_000;

pub struct Scene {
    b2: InMemory,
    token: String,
    names: Vec<(&'static str, String)>,
}

impl Scene {
    pub fn new() -> Self {
        let mut scene = Self { b2: InMemory::new(7), token: String::new(), names: Vec::new() };
        scene.token = scene.b2.basic_authorization();
        let account = scene.call("b2_authorize_account", &json!({}));
        scene.token = word(&account, "authorizationToken");
        let id = word(&account, "accountId");
        let bucket = scene.call(
            "b2_create_bucket",
            &json!({"accountId": id, "bucketName": "fuzz-bucket", "bucketType": "allPrivate",
                "fileLockEnabled": true}),
        );
        let bucket = word(&bucket, "bucketId");
        let large = scene.call(
            "b2_start_large_file",
            &json!({"bucketId": bucket, "fileName": "large", "contentType": "x/y"}),
        );
        let file = scene.upload(&bucket);
        let url = scene.call("b2_get_upload_url", &json!({ "bucketId": bucket }));
        let large_id = word(&large, "fileId");
        let part_url = scene.call("b2_get_upload_part_url", &json!({ "fileId": large_id }));
        scene.names = vec![
            ("WHOLE_URL", word(&url, "uploadUrl")),
            ("WHOLE_KEY", word(&url, "authorizationToken")),
            ("PART_URL", word(&part_url, "uploadUrl")),
            ("PART_KEY", word(&part_url, "authorizationToken")),
            ("ACCOUNT", id),
            ("BUCKET", bucket),
            ("LARGE", large_id),
            ("FILE", file),
            ("TOKEN", scene.token.clone()),
        ];
        scene
    }

    #[allow(dead_code, reason = "each target uses its own part of this")]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Puts what exists in the place of its stand-ins.
    pub fn fill(&self, text: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(text) else { return text.to_vec() };
        let mut text = text.to_owned();
        for (name, value) in &self.names {
            text = text.replace(name, value);
        }
        text.into_bytes()
    }

    /// Answers, and holds the answer against what all of them promise.
    pub fn play(&mut self, request: Request<Bytes>) {
        let is_head = request.method() == Method::HEAD;
        let response = self.b2.handle(request, NOW);
        let status = response.status().as_u16();
        assert!((200..600).contains(&status), "{status}");
        assert_ne!(status, 500, "{response:?}");
        if status >= 400 && !is_head && is_json(&response) {
            let error: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(error["status"], status);
            assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
        }
        let length = response.headers()["content-length"].to_str().unwrap();
        assert!(is_head || length == response.body().len().to_string());
    }

    #[allow(dead_code, reason = "each target uses its own part of this")]
    pub fn list(&mut self) {
        let bucket = self.names.iter().find(|(name, _)| *name == "BUCKET");
        let bucket = bucket.map(|(_, id)| id.clone());
        self.call("b2_list_file_versions", &json!({ "bucketId": bucket }));
    }

    fn call(&mut self, operation: &str, body: &Value) -> Value {
        let request = Request::post(format!("http://b2.test/b2api/v4/{operation}"))
            .header("authorization", &self.token)
            .body(Bytes::from(body.to_string()))
            .unwrap();
        serde_json::from_slice(self.b2.handle(request, NOW).body()).unwrap()
    }

    fn upload(&mut self, bucket: &str) -> String {
        let url = self.call("b2_get_upload_url", &json!({ "bucketId": bucket }));
        let request = Request::post(word(&url, "uploadUrl"))
            .header("authorization", word(&url, "authorizationToken"))
            .header("x-bz-file-name", "file")
            .header("content-type", "b2/x-auto")
            .header("x-bz-content-sha1", "do_not_verify")
            .body(Bytes::from_static(b"content"))
            .unwrap();
        let file: Value = serde_json::from_slice(self.b2.handle(request, NOW).body()).unwrap();
        word(&file, "fileId")
    }
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn is_json(response: &Response<Bytes>) -> bool {
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}
