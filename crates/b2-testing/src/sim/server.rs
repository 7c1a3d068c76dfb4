//! The other side: the emulator's rules, in memory, on virtual time.

use b2_core::account::Credentials;
use b2_core::time::Duration;
use b2_emulator::{InMemory, Settings};
use b2_proto::{BucketId, BucketName, FileId, LargeFileId};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::sim::holdings::Expected;

/// When virtual time begins, in ms since 1970.
const EPOCH_MS: u64 = 1_795_281_312_000;

/// What the key of a simulation may do; the last one is left out at times.
const CAPABILITIES: [&str; 15] = [
    "listBuckets",
    "writeBuckets",
    "readFiles",
    "writeFiles",
    "deleteFiles",
    "shareFiles",
    "listKeys",
    "writeKeys",
    "deleteKeys",
    "readBucketNotifications",
    "writeBucketNotifications",
    "readFileLegalHolds",
    "writeFileLegalHolds",
    "readBuckets",
    "listFiles",
];

pub(crate) struct Server {
    emulator: InMemory,
    key: (String, String),
    bucket: (BucketId, BucketName),
    now_ms: u64,
}

impl Server {
    pub(crate) const REALM: &str = "http://b2.test";

    /// A server with one bucket and one application key, which may list files
    /// or not.
    pub(crate) fn new(seed: u64, may_list: bool) -> Self {
        // Small parts, so that a large file has few bytes.
        let settings = Settings::default().with_part_sizes(500, 100);
        let mut emulator = InMemory::with_settings(seed, settings);
        let admin = Admin::log_in(&mut emulator);
        let name = "simulated-bucket";
        let bucket = admin.call(
            &mut emulator,
            "b2_create_bucket",
            json!({"accountId": admin.account_id, "bucketName": name, "bucketType": "allPrivate", "fileLockEnabled": true}),
        );
        let capabilities = &CAPABILITIES[..if may_list { 15 } else { 14 }];
        let key = admin.call(
            &mut emulator,
            "b2_create_key",
            json!({"accountId": admin.account_id, "capabilities": capabilities, "keyName": "simulation"}),
        );
        let bucket_id = BucketId::from(text(&bucket, "bucketId"));
        let bucket_name = BucketName::new(name).expect("a valid name");
        Self {
            emulator,
            key: (
                text(&key, "applicationKeyId").to_owned(),
                text(&key, "applicationKey").to_owned(),
            ),
            bucket: (bucket_id, bucket_name),
            now_ms: EPOCH_MS,
        }
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(self.key.0.as_str(), self.key.1.as_str())
    }

    pub(crate) fn bucket(&self) -> (BucketId, BucketName) {
        self.bucket.clone()
    }

    /// Acts on a request, `elapsed` after virtual time began.
    pub(crate) fn handle(
        &mut self,
        request: &Request<Bytes>,
        elapsed: Duration,
    ) -> Response<Bytes> {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).expect("a run is short");
        self.now_ms = EPOCH_MS + elapsed_ms;
        self.emulator.handle(request.clone(), self.now_ms)
    }

    pub(crate) fn expire_tokens(&mut self) {
        self.emulator.expire_account_tokens(self.now_ms);
    }

    pub(crate) fn close_upload_url(&mut self, url: &str) {
        let uri = url.parse::<http::Uri>().ok();
        if let Some(target) = uri.as_ref().and_then(http::Uri::path_and_query) {
            self.emulator.close_upload_url(target.as_str());
        }
    }

    /// All versions of a name, the newest first.
    pub(crate) fn stored(&self, name: &str) -> Vec<Expected> {
        let objects = self.emulator.objects().into_iter();
        let own = objects.filter(|object| object.file_name == name);
        own.map(|object| Expected {
            id: FileId::from(object.file_id.as_str()),
            content: (!object.is_hidden).then_some(object.bytes),
        })
        .collect()
    }

    /// Large files of a name that are neither finished nor cancelled.
    pub(crate) fn unfinished(&self, name: &str) -> Vec<LargeFileId> {
        let unfinished = self.emulator.unfinished_files().into_iter();
        let own = unfinished.filter(|file| file.file_name == name);
        own.map(|file| LargeFileId::from(file.file_id.as_str())).collect()
    }

    /// Versions of all names.
    pub(crate) fn versions(&self) -> usize {
        self.emulator.objects().len()
    }
}

/// The owner of the account, who sets the stage.
struct Admin {
    account_id: String,
    token: String,
}

impl Admin {
    fn log_in(emulator: &mut InMemory) -> Self {
        let request = Request::get(format!("{}/b2api/v4/b2_authorize_account", Server::REALM))
            .header("authorization", emulator.basic_authorization())
            .body(Bytes::new())
            .expect("a valid request");
        let answer = emulator.handle(request, EPOCH_MS);
        let answer: Value = serde_json::from_slice(answer.body()).expect("JSON");
        Self {
            account_id: text(&answer, "accountId").to_owned(),
            token: text(&answer, "authorizationToken").to_owned(),
        }
    }

    fn call(&self, emulator: &mut InMemory, operation: &str, body: Value) -> Value {
        let request = Request::post(format!("{}/b2api/v4/{operation}", Server::REALM))
            .header("authorization", &self.token)
            .body(Bytes::from(body.to_string()))
            .expect("a valid request");
        let answer = emulator.handle(request, EPOCH_MS);
        assert!(answer.status().is_success(), "{operation}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).expect("JSON")
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a field of the answer")
}
