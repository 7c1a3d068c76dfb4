//! A B2 with a clock, and short words for the calls tests make.

use b2_emulator::{InMemory, Settings};
use base64::Engine as _;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

pub(crate) const HOST: &str = "http://b2.test";
pub(crate) const START_MS: u64 = 1_795_281_312_000;

pub(crate) struct Scenario {
    pub(crate) b2: InMemory,
    pub(crate) now: u64,
    pub(crate) token: String,
    pub(crate) account: String,
}

/// An upload that has not been sent.
pub(crate) struct Upload<'s> {
    scenario: &'s mut Scenario,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Scenario {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let b2 = InMemory::with_settings(1, settings);
        let account = b2.account_id().to_owned();
        let basic = b2.basic_authorization();
        let mut scenario = Self { b2, now: START_MS, token: String::new(), account };
        let answer = scenario.authorize(4, &basic);
        assert_eq!(answer.status(), 200);
        scenario.token = json_of(&answer)["authorizationToken"].as_str().unwrap().to_owned();
        scenario
    }

    pub(crate) fn authorize(&mut self, version: u8, basic: &str) -> Response<Bytes> {
        let request = Request::get(format!("{HOST}/b2api/v{version}/b2_authorize_account"))
            .header("authorization", basic)
            .body(Bytes::new())
            .unwrap();
        self.send(request)
    }

    /// Logs in with a key made by `create_key` and returns its token.
    pub(crate) fn log_in(&mut self, key: &Value) -> String {
        let answer = self.authorize(4, &basic(key));
        ok(&answer)["authorizationToken"].as_str().unwrap().to_owned()
    }

    /// Every request takes a millisecond.
    pub(crate) fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        self.now += 1;
        self.b2.handle(request, self.now)
    }

    pub(crate) fn call_as(
        &mut self,
        token: &str,
        version: u8,
        operation: &str,
        body: &Value,
    ) -> Response<Bytes> {
        let request = Request::post(format!("{HOST}/b2api/v{version}/{operation}"))
            .header("authorization", token)
            .body(Bytes::from(body.to_string()))
            .unwrap();
        self.send(request)
    }

    pub(crate) fn call(&mut self, operation: &str, body: &Value) -> Response<Bytes> {
        let token = self.token.clone();
        self.call_as(&token, 4, operation, body)
    }

    /// A call that must succeed.
    pub(crate) fn get(&mut self, operation: &str, body: &Value) -> Value {
        ok(&self.call(operation, body))
    }

    pub(crate) fn bucket(&mut self, name: &str, more: &Value) -> String {
        let mut body = json!({
            "accountId": self.account, "bucketName": name, "bucketType": "allPrivate",
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        text(&self.get("b2_create_bucket", &body)["bucketId"])
    }

    pub(crate) fn key(&mut self, capabilities: &[&str], more: &Value) -> Value {
        let mut body = json!({
            "accountId": self.account, "capabilities": capabilities, "keyName": "test",
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.get("b2_create_key", &body)
    }

    /// A fresh upload URL and its token.
    pub(crate) fn upload_url(&mut self, bucket: &str) -> (String, String) {
        let answer = self.get("b2_get_upload_url", &json!({"bucketId": bucket}));
        (text(&answer["uploadUrl"]), text(&answer["authorizationToken"]))
    }

    /// An upload with every required header, at a fresh URL.
    pub(crate) fn upload(&mut self, bucket: &str, name: &str, body: &[u8]) -> Upload<'_> {
        let (url, token) = self.upload_url(bucket);
        self.upload_to(&url, &token, name, body)
    }

    pub(crate) fn upload_to(
        &mut self,
        url: &str,
        token: &str,
        name: &str,
        body: &[u8],
    ) -> Upload<'_> {
        let headers = [
            ("authorization", token),
            ("x-bz-file-name", name),
            ("content-type", "b2/x-auto"),
            ("x-bz-content-sha1", &sha1(body)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Upload { scenario: self, url: url.to_owned(), headers, body: body.to_vec() }
    }

    /// Uploads and gives the file id.
    pub(crate) fn store(&mut self, bucket: &str, name: &str, body: &[u8]) -> String {
        text(&ok(&self.upload(bucket, name, body).send())["fileId"])
    }

    pub(crate) fn hide(&mut self, bucket: &str, name: &str) -> String {
        let body = json!({"bucketId": bucket, "fileName": name});
        text(&self.get("b2_hide_file", &body)["fileId"])
    }

    pub(crate) fn fetch(&mut self, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
        self.request("GET", path, headers)
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("{HOST}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Bytes::new()).unwrap())
    }
}

impl Upload<'_> {
    /// Adds a header, or replaces one.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn request(self) -> (Request<Bytes>, u64) {
        let mut request = Request::post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.scenario.now += 1;
        (request.body(Bytes::from(self.body)).unwrap(), self.scenario.now)
    }

    pub(crate) fn send(self) -> Response<Bytes> {
        let mut request = Request::post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.scenario.send(request.body(Bytes::from(self.body)).unwrap())
    }
}

pub(crate) fn basic(key: &Value) -> String {
    let pair = format!("{}:{}", text(&key["applicationKeyId"]), text(&key["applicationKey"]));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

pub(crate) fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// The JSON of an answer that must be a success.
pub(crate) fn ok(response: &Response<Bytes>) -> Value {
    assert_eq!(response.status(), 200, "{:?}", response.body());
    json_of(response)
}

/// Checks status and code of an error answer.
#[track_caller]
pub(crate) fn assert_refused(response: &Response<Bytes>, status: u16, code: &str) {
    let body = json_of(response);
    assert_eq!((response.status().as_u16(), body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body["status"], json!(status));
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn header<'r>(response: &'r Response<Bytes>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

pub(crate) fn sha1(bytes: &[u8]) -> String {
    use sha1::Digest as _;
    sha1::Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
