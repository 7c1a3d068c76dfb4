//! A B2 as a value: no sockets, no threads, no clock.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};

use crate::engine::{Begun, Engine, Receiving};
use crate::model::{
    Action, Answer, Caps, Content, File, Grant, Head, Identity, Payload, REQUEST_ID, Rules,
    Settings, Table, Token, decode, shorten,
};
use crate::store::{StoreError, Transaction};

/// A B2 that lives in memory and moves only when it is called.
///
/// Time is an argument, randomness comes from the seed: the same seed and the
/// same calls give the same answers, byte for byte.
///
/// ```
/// use bytes::Bytes;
///
/// let mut b2 = b2_emulator::InMemory::new(7);
/// let basic = b2.basic_authorization();
/// let request = http::Request::get("http://b2.test/b2api/v4/b2_authorize_account")
///     .header("authorization", basic)
///     .body(Bytes::new())
///     .unwrap();
/// let response = b2.handle(request, 1_795_281_312_000);
/// assert_eq!(response.status(), 200);
/// assert_eq!(b2.calls()["b2_authorize_account"], 1);
/// ```
#[derive(Debug)]
pub struct InMemory {
    engine: Engine,
    calls: BTreeMap<String, u64>,
}

/// A file version as [`InMemory::objects`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredObject {
    /// Id of the bucket.
    pub bucket_id: String,
    /// Name of the file.
    pub file_name: String,
    /// Id of the version.
    pub file_id: String,
    /// Whether it is a hide marker, which has no bytes.
    pub is_hidden: bool,
    /// When it was uploaded, milliseconds since 1970.
    pub uploaded_at_ms: u64,
    /// Its content type.
    pub content_type: String,
    /// Its file info, names in lower case.
    pub file_info: BTreeMap<String, String>,
    /// The whole content.
    pub bytes: Bytes,
}

/// An upload URL that can still be used.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadUrl {
    /// Path and query of the URL.
    pub target: String,
    /// The token that belongs to it.
    pub token: String,
    /// The bucket, or for parts the large file, it uploads to.
    pub destination: String,
    /// When it dies by itself, milliseconds since 1970.
    pub expires_at_ms: u64,
    /// Whether an upload is using it right now.
    pub is_busy: bool,
}

impl std::fmt::Debug for UploadUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadUrl")
            .field("target", &self.target)
            .field("is_busy", &self.is_busy)
            .finish_non_exhaustive()
    }
}

/// A large file that is neither finished nor cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedFile {
    /// Id of the bucket.
    pub bucket_id: String,
    /// Name of the file to be.
    pub file_name: String,
    /// Id of the large file.
    pub file_id: String,
    /// Numbers of the parts that have arrived, ascending.
    pub part_numbers: Vec<u32>,
}

/// What [`InMemory::begin`] gives.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a request is either done or under way")]
pub enum Started {
    /// The request is answered.
    Answered(Response<Bytes>),
    /// An upload holds its URL until it is finished or abandoned.
    Uploading(Flight),
}

/// An upload whose headers were accepted and whose body is under way.
#[derive(Debug)]
#[must_use = "an upload holds its URL until it is finished or abandoned"]
pub struct Flight {
    head: Arc<Head>,
    receiving: Box<Receiving>,
    body: Bytes,
}

impl InMemory {
    /// A B2 with the usual limits.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_settings(seed, Settings::default())
    }

    /// A B2 with other limits.
    #[must_use]
    pub fn with_settings(seed: u64, settings: Settings) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        #[expect(clippy::expect_used, reason = "rows in memory fail neither to read nor to write")]
        let engine = Engine::in_memory(settings, &Identity::default(), bytes).expect("in memory");
        Self { engine, calls: BTreeMap::new() }
    }

    /// Id of the account, 12 hex digits.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.engine.credentials().account_id
    }

    /// Id of the master application key.
    #[must_use]
    pub fn application_key_id(&self) -> &str {
        &self.engine.credentials().key_id
    }

    /// The master application key.
    #[must_use]
    pub fn application_key(&self) -> &str {
        self.engine.credentials().key()
    }

    /// The `Authorization` header that logs in with the master key.
    #[must_use]
    pub fn basic_authorization(&self) -> String {
        use base64::Engine as _;
        let pair = format!("{}:{}", self.application_key_id(), self.application_key());
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// Answers a request at a moment, milliseconds since 1970.
    ///
    /// The URLs it hands out begin with the request's own scheme and host.
    /// `Content-Length` is set from the body if the request has none.
    pub fn handle(&mut self, request: Request<Bytes>, now_ms: u64) -> Response<Bytes> {
        match self.begin(request, now_ms) {
            Started::Answered(response) => response,
            Started::Uploading(flight) => self.finish(flight, now_ms),
        }
    }

    /// Begins a request. An upload stays under way, and its URL taken, until
    /// [`InMemory::finish`] or [`InMemory::abandon`].
    pub fn begin(&mut self, request: Request<Bytes>, now_ms: u64) -> Started {
        let (head, body) = split(request);
        let head = Arc::new(head);
        self.engine.tend(now_ms);
        if let Some(operation) = operation(&head) {
            *self.calls.entry(operation.to_owned()).or_default() += 1;
        }
        match self.engine.begin(&head, now_ms) {
            Begun::Refused(answer) => Started::Answered(self.respond(*answer)),
            Begun::Collect { limit } if body.len() as u64 > limit => {
                let message = "the request body is too long";
                let answer = Answer::error(400, "bad_request", message);
                Started::Answered(self.respond(answer.complete(now_ms, false)))
            }
            Begun::Collect { .. } => {
                let answer = self.engine.conclude(&head, body, now_ms);
                Started::Answered(self.respond(answer))
            }
            Begun::Receive(receiving) => Started::Uploading(Flight { head, receiving, body }),
        }
    }

    /// Ends an upload whose body arrived whole.
    pub fn finish(&mut self, flight: Flight, now_ms: u64) -> Response<Bytes> {
        let Flight { head, mut receiving, body } = flight;
        let answer = match receiving.writer.write(&body) {
            Ok(()) => self.engine.receive(&head, *receiving, now_ms),
            Err(error) => self.engine.fail(*receiving, &error, &head, now_ms),
        };
        self.respond(answer)
    }

    /// Ends an upload whose body broke off: nothing is stored, the URL dies.
    pub fn abandon(&mut self, flight: Flight) {
        self.engine.abandon(*flight.receiving);
    }

    /// How often each operation has been called, by its `b2_…` name.
    #[must_use]
    pub const fn calls(&self) -> &BTreeMap<String, u64> {
        &self.calls
    }

    /// Every finished version and hide marker of every bucket, by bucket,
    /// name and newest first, with its bytes.
    #[must_use]
    pub fn objects(&self) -> Vec<StoredObject> {
        let files = self.files(|file| file.action != Action::Start);
        files.into_iter().map(|file| self.object(file)).collect()
    }

    fn object(&self, file: File) -> StoredObject {
        let segments = self.look(|tx| crate::model::stored_segments(tx, &file));
        StoredObject {
            is_hidden: file.content == Content::Nothing,
            bytes: self.engine.bytes(&Payload::Stored(segments)).unwrap_or_default(),
            bucket_id: file.bucket,
            file_name: file.name,
            file_id: file.id,
            uploaded_at_ms: file.uploaded_at,
            content_type: file.content_type,
            file_info: file.info,
        }
    }

    /// Every large file that is neither finished nor cancelled.
    #[must_use]
    pub fn unfinished_files(&self) -> Vec<UnfinishedFile> {
        let files = self.files(|file| file.action == Action::Start);
        let describe = |file: File| UnfinishedFile {
            part_numbers: self.look(|tx| crate::model::part_numbers(tx, &file.id)),
            bucket_id: file.bucket,
            file_name: file.name,
            file_id: file.id,
        };
        files.into_iter().map(describe).collect()
    }

    /// Every upload URL that is neither used up nor expired at that moment.
    #[must_use]
    pub fn upload_urls(&self, now_ms: u64) -> Vec<UploadUrl> {
        let alive = self.tokens().into_iter().filter(|(_, token)| token.expires_at > now_ms);
        alive
            .filter_map(|(text, token)| {
                let (destination, target) = match token.grant {
                    Grant::UploadFile { bucket, target } => (bucket, target),
                    Grant::UploadPart { file, target } => (file, target),
                    Grant::Account | Grant::Download { .. } => return None,
                };
                let is_busy = self.engine.rules.flights.is_busy(&text);
                let expires_at_ms = token.expires_at;
                Some(UploadUrl { target, token: text, destination, expires_at_ms, is_busy })
            })
            .collect()
    }

    /// Lets every account token end now; clients get `expired_auth_token`.
    pub fn expire_account_tokens(&mut self, now_ms: u64) {
        for (text, token) in self.tokens() {
            if token.grant == Grant::Account {
                self.change(move |tx| shorten(tx, &text, now_ms));
            }
        }
    }

    /// Kills the upload URL with this path and query.
    ///
    /// Returns whether there was one.
    pub fn close_upload_url(&mut self, target: &str) -> bool {
        let token = self.upload_token(target);
        token.map(|text| self.engine.revoke(text)).is_some()
    }

    /// Makes the upload URL with this path and query look taken, or free.
    ///
    /// Returns whether there is one.
    pub fn set_upload_url_busy(&mut self, target: &str, busy: bool) -> bool {
        let token = self.upload_token(target);
        token.map(|text| self.engine.rules.flights.set_busy(&text, busy)).is_some()
    }

    /// Carries out what is due at a moment: lifecycle rules and replication.
    ///
    /// It also happens before each request, for lifecycle rules once an hour.
    pub fn tend(&mut self, now_ms: u64) {
        self.engine.hurry();
        self.engine.tend(now_ms);
    }

    /// The events to be posted at that moment, as URL and JSON body. They
    /// count as delivered.
    pub fn take_events(&mut self, now_ms: u64) -> Vec<(String, String)> {
        let due = self.engine.due_deliveries(now_ms, &HashSet::new());
        due.into_iter()
            .map(|delivery| {
                let event = (delivery.url.clone(), delivery.body.clone());
                self.engine.settle_delivery(delivery, Ok(()), now_ms);
                event
            })
            .collect()
    }

    /// Changes how long account tokens live from now on, in milliseconds.
    pub fn set_token_lifetime_ms(&mut self, lifetime_ms: u64) {
        let settings = self.engine.rules.settings.clone().with_token_lifetime_ms(lifetime_ms);
        let (flights, meter) =
            (Arc::clone(&self.engine.rules.flights), Arc::clone(&self.engine.rules.meter));
        self.engine.rules = Arc::new(Rules { settings, flights, meter });
    }

    /// What the account may use from now on.
    pub fn set_caps(&mut self, caps: Caps) {
        self.engine.rules.meter.set_caps(caps);
    }

    fn upload_token(&self, target: &str) -> Option<String> {
        self.upload_urls(0).into_iter().find(|url| url.target == target).map(|url| url.token)
    }

    fn tokens(&self) -> Vec<(String, Token)> {
        self.look(|tx| {
            tx.scan_prefix(Table::Token, b"")?
                .map(|row| {
                    let (key, value) = row?;
                    Ok((String::from_utf8_lossy(&key[1..]).into_owned(), decode(&value)?))
                })
                .collect()
        })
    }

    fn files(&self, is_wanted: impl Fn(&File) -> bool) -> Vec<File> {
        let mut files: Vec<File> = self.look(|tx| {
            let rows = tx.scan_prefix(Table::Version, b"")?;
            rows.map(|row| decode(&row?.1)).collect()
        });
        files.retain(is_wanted);
        files
    }

    /// Reads something that is surely there: rows in memory do not fail.
    fn look<R: Default>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError>,
    ) -> R {
        self.engine.store.read(job).unwrap_or_default()
    }

    fn change(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        // Rows in memory do not fail.
        let _ = self.engine.store.write(job);
    }

    fn respond(&self, answer: Answer) -> Response<Bytes> {
        let body = self.engine.bytes(&answer.body).unwrap_or_default();
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        if let Ok(id) = HeaderValue::try_from(self.engine.next_request_id()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// The operation a request calls, such as `b2_list_buckets`; `None` if it
/// calls none there is.
#[must_use]
pub fn operation_name(uri: &http::Uri) -> Option<&'static str> {
    let head = Head {
        method: http::Method::GET,
        uri: uri.clone(),
        headers: http::HeaderMap::new(),
        base: String::new(),
    };
    operation(&head)
}

fn operation(head: &Head) -> Option<&'static str> {
    head.route().ok().map(|route| route.operation().name())
}

fn split(request: Request<Bytes>) -> (Head, Bytes) {
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    if !headers.contains_key(http::header::CONTENT_LENGTH) {
        headers.insert(http::header::CONTENT_LENGTH, body.len().into());
    }
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let scheme = parts.uri.scheme_str().unwrap_or("http");
    let base = format!("{scheme}://{}", host.unwrap_or("localhost"));
    (Head { method: parts.method, uri: parts.uri, headers, base }, body)
}
