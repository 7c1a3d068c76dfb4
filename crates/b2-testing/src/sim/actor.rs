//! One user of the account: its errands, and what it expects of them.

use std::collections::VecDeque;

use b2_core::copy::CopyOptions;
use b2_core::download::{
    Download, DownloadAccess, DownloadResume, Downloaded, Object, ParallelDownload, ParallelOptions,
};
use b2_core::endpoint::{
    CreateBucket, DeleteFileVersion, HideFile, ListFileNames, ListFileVersions,
};
use b2_core::event::Event;
use b2_core::op::Wait;
use b2_core::upload::{
    LargeOptions, LargeUpload, Resume, SmallUpload, StoredFile, Upload, UploadHeaders,
    UploadOptions,
};
use b2_core::{Call, DeleteAllVersions, FileCopy, Pager, Reconciled};
use b2_proto::{
    AccountId, Action, ApplicationKeyId, Bucket, BucketId, BucketName, BucketType,
    CreateBucketRequest, CustomerKey, DeleteFileVersionRequest, EncryptionRequest, FileId,
    FileName, FileVersion, HideFileRequest, ListFileNamesRequest, ListFileNamesResponse,
    ListFileVersionsRequest, ListFileVersionsResponse,
};
use bytes::Bytes;

use crate::sim::by_hand::ByHand;
use crate::sim::calls::{self, About};
use crate::sim::disk::State;
use crate::sim::erased::{Erased, erase};
use crate::sim::holdings::{Expected, Holdings};
use crate::sim::network::{Flight, MemorySink};
use crate::sim::resumable::Resumable;
use crate::sim::scenario::{Errand, How, Interruption, Plan};

/// Errands that an actor has begun, and how often it had crashed.
pub(crate) type Life = (u32, u32);

/// Longest copy in bytes that an errand makes in one request: the smallest
/// part of the simulated server.
pub(super) const ONE_REQUEST: usize = 100;

/// What an operation gave.
#[derive(Debug)]
pub(crate) enum Outcome {
    Uploaded(Box<StoredFile>),
    Finished(Box<FileVersion>),
    Downloaded(Box<Downloaded>),
    Headers(Box<Downloaded>),
    Names(ListFileNamesResponse),
    Versions(ListFileVersionsResponse),
    Hidden(Box<FileVersion>),
    Deleted,
    Bucket(Box<Bucket>),
    Copied(Box<StoredFile>),
    DeletedAll,
    Key(ApplicationKeyId),
    KeyDeleted,
    Document(Bytes),
    Asked,
}

pub(crate) struct Actor {
    pub(crate) name: FileName,
    bucket: (BucketId, BucketName),
    errands: VecDeque<Errand>,
    pub(crate) vanishes_after: Option<u32>,
    pub(crate) operation: Option<Box<dyn Erased<Outcome>>>,
    pub(crate) errand: Option<Errand>,
    pub(crate) wait: Option<Wait>,
    pub(crate) source: Bytes,
    pub(crate) sink: MemorySink,
    /// Faults that hit the present errand.
    pub(crate) hits: u64,
    pub(crate) replies: u32,
    pub(crate) gone: bool,
    pub(crate) holds: Holdings,
    /// The version that the present errand says it has made.
    pub(super) made: Option<FileId>,
    /// Duplicates that the present errand has told of.
    pub(super) told: usize,
    /// Copies in one request that the present errand may have made before it
    /// was killed.
    pub(super) lost_copies: usize,
    pub(super) names: Option<Pager<ListFileNames>>,
    pub(super) version_pages: Option<Pager<ListFileVersions>>,
    pub(super) seen: Vec<(String, Option<FileId>, Action)>,
    uploads: u64,
    buckets: u64,
    pub(crate) resumable: Resumable,
    /// The present operation looked whether something had taken effect.
    pub(crate) looked: bool,
    /// The present operation was refused something for good: it winds up, and
    /// heeds no answer to what else it had asked for.
    pub(crate) refused: bool,
    /// The present operation cannot know what became of one of its calls.
    pub(crate) in_doubt: bool,
    /// Errands that it has begun.
    pub(super) begun: u32,
    /// What the user is going to do to it, and steps since the last time.
    pub(super) interruptions: VecDeque<Interruption>,
    pub(super) steps: u32,
    /// How the present operation was told to stop.
    pub(super) stopped: Option<How>,
    /// The source is being read.
    pub(super) reading: bool,
    /// It was read up to here.
    pub(super) read_to: u64,
    /// Requests that it has under way.
    pub(crate) in_air: u32,
    /// It was dropped with the deletion of a version under way, which may be
    /// gone when the next errand wants to delete it.
    pub(super) deletes_late: bool,
    /// Under which B2 encrypts whatever this actor stores.
    key: Option<CustomerKey>,
    pub(super) application_key: Option<ApplicationKeyId>,
    /// What the copy under way is a copy of.
    pub(super) copied: Option<Expected>,
}

impl Actor {
    pub(crate) fn new(index: usize, plan: &Plan, bucket: (BucketId, BucketName)) -> Self {
        let name = format!("actor {index}/file+%#?ζ.txt");
        Self {
            name: FileName::new(&name).expect("a valid name"),
            bucket,
            errands: plan.errands.iter().copied().collect(),
            vanishes_after: plan.vanishes_after,
            operation: None,
            errand: None,
            wait: None,
            source: Bytes::new(),
            sink: MemorySink::default(),
            hits: 0,
            replies: 0,
            gone: false,
            holds: Holdings::default(),
            made: None,
            told: 0,
            lost_copies: 0,
            names: None,
            version_pages: None,
            seen: Vec::new(),
            uploads: 0,
            buckets: 0,
            resumable: Resumable::default(),
            looked: false,
            refused: false,
            in_doubt: false,
            begun: 0,
            interruptions: plan.interruptions.iter().copied().collect(),
            steps: 0,
            stopped: None,
            reading: false,
            read_to: 0,
            in_air: 0,
            deletes_late: false,
            key: (!index.is_multiple_of(2)).then(|| CustomerKey::new([7; 32])),
            application_key: None,
            copied: None,
        }
    }

    pub(crate) fn done(&self) -> bool {
        let idle = self.operation.is_none() && !self.resumable.down;
        self.gone || (idle && self.errands.is_empty())
    }

    /// Begins the next errand, if there is one, which so many faults have
    /// hit before it began.
    pub(crate) fn begin_next(&mut self, hits: u64) {
        if self.resumable.down {
            return;
        }
        while self.operation.is_none() {
            let Some(errand) = self.errands.pop_front() else {
                return;
            };
            self.hits = hits;
            self.in_air = 0;
            (self.looked, self.refused, self.in_doubt) = (false, false, false);
            (self.stopped, self.reading, self.read_to) = (None, false, 0);
            (self.told, self.lost_copies) = (0, 0);
            self.begun += 1;
            self.errand = Some(errand);
            self.holds.begin(match errand {
                Errand::Delete => 1,
                Errand::DeleteAll => usize::MAX,
                _ => 0,
            });
            self.operation = self.begin(errand);
        }
    }

    fn begin(&mut self, errand: Errand) -> Option<Box<dyn Erased<Outcome>>> {
        Some(match errand {
            Errand::Upload(len) => self.upload(len),
            Errand::UploadStream { len, crash_after, .. } => self.upload_stream(len, crash_after),
            Errand::UploadLarge { len, crash_after } => self.upload_large(len, crash_after),
            Errand::ByHand { len, remembers } => self.by_hand(len, remembers),
            Errand::Download => {
                self.sink = MemorySink::default();
                let download = Download::new(self.object()).with_access(self.access());
                erase(download, |done| Outcome::Downloaded(Box::new(done)))
            }
            Errand::DownloadPieces(size) => {
                self.sink = MemorySink::default();
                self.pieces(ParallelOptions::default(), size)
            }
            Errand::DownloadFile { piece, crash_after } => {
                self.sink = MemorySink::default();
                let state = State::Download(DownloadResume::default());
                self.resumable = Resumable::new(state, crash_after).after(&self.resumable);
                self.download_file(piece)
            }
            Errand::Copy => return self.copy(None),
            Errand::CopyLarge { crash_after } => return self.copy_large(crash_after),
            Errand::DeleteAll => {
                let all = DeleteAllVersions::new(self.bucket.0.clone(), self.name.clone());
                erase(all, |_| Outcome::DeletedAll)
            }
            Errand::Ask(kind) => {
                let about = About {
                    bucket: &self.bucket.0,
                    name: self.name.as_str(),
                    newest: self.holds.visible().map(|newest| &newest.id),
                    key: self.application_key.as_ref(),
                };
                return calls::call(kind, &about);
            }
            Errand::Head => {
                let head = Download::headers_only(self.object()).with_access(self.access());
                erase(head, |done| Outcome::Headers(Box::new(done)))
            }
            Errand::List(rows) => {
                let request = ListFileNamesRequest::new(self.bucket.0.clone());
                self.names = Some(Pager::new(request.with_max_file_count(rows)));
                self.seen.clear();
                return self.next_page();
            }
            Errand::Versions(rows) => {
                let request = ListFileVersionsRequest::new(self.bucket.0.clone());
                self.version_pages = Some(Pager::new(request.with_max_file_count(rows)));
                self.seen.clear();
                return self.next_page();
            }
            Errand::Hide => {
                let request = HideFileRequest::new(self.bucket.0.clone(), self.name.to_string());
                erase(Reconciled::<HideFile>::new(request), |marker| {
                    Outcome::Hidden(Box::new(marker))
                })
            }
            Errand::Delete => return self.delete(),
            Errand::CreateBucket => self.create_bucket(),
        })
    }

    fn object(&self) -> Object {
        Object::Name { bucket: self.bucket.1.clone(), file: self.name.clone() }
    }

    fn access(&self) -> DownloadAccess {
        match &self.key {
            Some(key) => DownloadAccess::default().with_customer_key(key.clone()),
            None => DownloadAccess::default(),
        }
    }

    fn pieces(&self, options: ParallelOptions, size: u32) -> Box<dyn Erased<Outcome>> {
        // Nearly always one by one, or always several at a time.
        let enough = if size.is_multiple_of(2) { u64::MAX } else { 1 };
        let options = options.with_piece_size(size.into()).with_concurrency(3).with_enough(enough);
        let download = ParallelDownload::new(self.object(), options).with_access(self.access());
        erase(download, |done| Outcome::Downloaded(Box::new(done)))
    }

    /// Begins the download to a file, or goes on where the journal says.
    pub(super) fn download_file(&self, piece: u32) -> Box<dyn Erased<Outcome>> {
        let mut options = ParallelOptions::default();
        if let Some(State::Download(resume)) = self.state() {
            options = options.with_resume(resume.clone());
        }
        self.pieces(options, piece)
    }

    pub(super) fn state(&self) -> Option<&State> {
        self.resumable.journal.as_ref().map(|journal| &journal.state)
    }

    /// The newest version again; in parts if there are options for them.
    pub(super) fn copy(&mut self, large: Option<LargeOptions>) -> Option<Box<dyn Erased<Outcome>>> {
        if self.copied.is_none() {
            self.copied = Some(self.holds.visible()?.clone());
        }
        let mut options = CopyOptions::default();
        if let Some(large) = large {
            options = options.with_simple_limit(ONE_REQUEST as u64).with_large(large);
        }
        if let Some(key) = &self.key {
            options = options
                .with_encryption(EncryptionRequest::sse_c(key.clone()))
                .with_source_encryption(EncryptionRequest::sse_c(key.clone()));
        }
        let source = self.copied.as_ref()?.id.clone();
        let copy = FileCopy::new(source, self.name.clone(), options).expect("good options");
        Some(erase(copy, |done| Outcome::Copied(Box::new(done))))
    }

    fn copy_large(&mut self, crash_after: Option<u32>) -> Option<Box<dyn Erased<Outcome>>> {
        let source = self.holds.visible()?.id.clone();
        let journal = Resume::of_copy(self.bucket.0.clone(), self.name.as_str(), source, 0)
            .with_customer_key(self.key.as_ref());
        self.resumable = Resumable::new(State::Upload(journal), crash_after).after(&self.resumable);
        self.copy(Some(self.large_options()))
    }

    fn upload(&mut self, len: u32) -> Box<dyn Erased<Outcome>> {
        self.write_source(len);
        let upload = SmallUpload::new(self.bucket.0.clone(), self.headers(), u64::from(len))
            .expect("within the limits");
        erase(upload, |done| Outcome::Uploaded(Box::new(done)))
    }

    fn write_source(&mut self, len: u32) {
        self.uploads += 1;
        // Different each time, so that no version passes for another.
        let text = format!("{} {} ", self.name, self.uploads);
        let len = usize::try_from(len).expect("small");
        self.source = text.bytes().cycle().take(len).collect();
    }

    fn headers(&self) -> UploadHeaders {
        let headers = UploadHeaders::new(self.name.clone())
            .with_file_info("upload", &self.uploads.to_string())
            .expect("a valid name");
        match &self.key {
            Some(key) => headers.with_encryption(EncryptionRequest::sse_c(key.clone())),
            None => headers,
        }
    }

    fn upload_large(&mut self, len: u32, crash_after: Option<u32>) -> Box<dyn Erased<Outcome>> {
        self.write_source(len);
        // Every other source cannot tell whether it has changed.
        let modified_ms = self.uploads.is_multiple_of(2).then_some(1);
        let journal =
            Resume::new(self.bucket.0.clone(), self.name.as_str(), u64::from(len), modified_ms)
                .with_customer_key(self.key.as_ref());
        self.resumable = Resumable::new(State::Upload(journal), crash_after).after(&self.resumable);
        self.large_upload()
    }

    fn by_hand(&mut self, len: u32, remembers: bool) -> Box<dyn Erased<Outcome>> {
        self.write_source(len);
        let record = Resume::new(self.bucket.0.clone(), self.name.as_str(), len.into(), None);
        self.resumable = Resumable::new(State::Upload(record), None).after(&self.resumable);
        let how = (u64::from(len), remembers);
        let upload = ByHand::new(self.bucket.0.clone(), self.headers(), how);
        erase(upload, |file| Outcome::Finished(Box::new(file)))
    }

    fn upload_stream(&mut self, len: u32, crash_after: Option<u32>) -> Box<dyn Erased<Outcome>> {
        self.write_source(len);
        let record = Resume::new(self.bucket.0.clone(), self.name.as_str(), 0, None);
        self.resumable = Resumable::new(State::Upload(record), crash_after).after(&self.resumable);
        self.stream()
    }

    /// Begins the stream, from its first byte; what an earlier process has
    /// left is on record.
    pub(super) fn stream(&self) -> Box<dyn Erased<Outcome>> {
        let mut large = LargeOptions::default().with_concurrency(3).with_part_size(100);
        if let Some(State::Upload(record)) = self.state() {
            large = large.with_resume(record.clone());
        }
        let options = UploadOptions::default().with_large(large);
        let upload = Upload::of_stream(self.bucket.0.clone(), self.headers(), options);
        erase(upload.expect("good options"), |done| Outcome::Uploaded(Box::new(done)))
    }

    /// Begins the large upload, or goes on where the journal says.
    pub(super) fn large_upload(&self) -> Box<dyn Erased<Outcome>> {
        let (len, options) = (self.source.len() as u64, self.large_options());
        let upload = LargeUpload::new(self.bucket.0.clone(), self.headers(), len, options);
        let upload = upload.expect("the source has not changed");
        erase(upload, |done| Outcome::Uploaded(Box::new(done)))
    }

    pub(super) fn large_options(&self) -> LargeOptions {
        let options = LargeOptions::default().with_concurrency(3);
        match self.state() {
            Some(State::Upload(resume)) => options
                .with_modified_ms(resume.modified_ms)
                .with_keep_unfinished(self.resumable.crashes())
                .with_resume(resume.clone()),
            _ => options,
        }
    }

    /// An event is written down before anything follows from it, and bytes
    /// are synced before it is said that they are there. What is fetched anew
    /// is not there any more.
    pub(crate) fn note(&mut self, event: &Event) -> Result<(), String> {
        if matches!(event, Event::PieceStored { .. }) {
            self.sink.sync();
        }
        self.looked |= *event == Event::Reconciling;
        self.told += usize::from(*event == Event::PossibleDuplicate);
        self.resumable.note(event);
        match self.state() {
            Some(State::Download(left))
                if *event == Event::Restarting && !left.pieces.is_empty() =>
            {
                Err("the journal knows pieces of what is fetched anew".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// What tells the requests of one operation from those of another.
    pub(crate) fn life(&self) -> Life {
        (self.begun, self.resumable.life)
    }

    /// Whether this belongs to the errand that it is about.
    pub(crate) fn is_about(&self, (begun, _): Life) -> bool {
        let busy = self.operation.is_some() || self.resumable.down;
        busy && begun == self.begun
    }

    /// Whether whoever sent this is still there.
    pub(crate) fn hears(&self, flight: &Flight) -> bool {
        !self.gone && flight.life == self.life()
    }

    /// Whether it takes to heart what the answer says.
    pub(crate) fn heeds(&self, flight: &Flight) -> bool {
        self.hears(flight) && !self.refused
    }

    fn delete(&self) -> Option<Box<dyn Erased<Outcome>>> {
        let newest = self.holds.versions.front()?;
        let request = DeleteFileVersionRequest::new(newest.id.clone(), self.name.to_string());
        Some(erase(Call::<DeleteFileVersion>::new(request), |_| Outcome::Deleted))
    }

    fn create_bucket(&mut self) -> Box<dyn Erased<Outcome>> {
        self.buckets += 1;
        let name = self.bucket_name();
        let account = AccountId::from("");
        let request = CreateBucketRequest::new(account, name, BucketType::AllPrivate);
        erase(Reconciled::<CreateBucket>::new(request), |made| Outcome::Bucket(Box::new(made)))
    }

    pub(super) fn bucket_name(&self) -> String {
        let number = self.name.as_str().trim_start_matches("actor ").split('/').next();
        format!("bucket-{}-{}", number.unwrap_or_default(), self.buckets)
    }

    /// The next page of the listing under way; `None` when it is complete.
    pub(super) fn next_page(&mut self) -> Option<Box<dyn Erased<Outcome>>> {
        if let Some(call) = self.names.as_ref().and_then(Pager::next_call) {
            return Some(erase(call, Outcome::Names));
        }
        let call = self.version_pages.as_ref().and_then(Pager::next_call)?;
        Some(erase(call, Outcome::Versions))
    }
}
