//! One user of the account: its errands, and what it expects of them.

use std::collections::VecDeque;

use b2_core::download::{Check, Download, Downloaded, Object, ParallelDownload, ParallelOptions};
use b2_core::endpoint::{
    CreateBucket, DeleteFileVersion, HideFile, ListFileNames, ListFileVersions,
};
use b2_core::error::Error;
use b2_core::op::Wait;
use b2_core::upload::{LargeOptions, LargeUpload, Resume, SmallUpload, UploadHeaders, Uploaded};
use b2_core::{Call, Pager, Reconciled};
use b2_proto::{
    AccountId, Action, Bucket, BucketId, BucketName, BucketType, CreateBucketRequest,
    DeleteFileVersionRequest, FileId, FileName, FileVersion, HideFileRequest, ListFileNamesRequest,
    ListFileNamesResponse, ListFileVersionsRequest, ListFileVersionsResponse,
};
use bytes::Bytes;

use crate::sim::erased::{Erased, erase};
use crate::sim::large::LargeErrand;
use crate::sim::network::{Flight, MemorySink};
use crate::sim::scenario::{Errand, Plan};

/// What an operation gave.
#[derive(Debug)]
pub(crate) enum Outcome {
    Uploaded(Box<Uploaded>),
    Downloaded(Box<Downloaded>),
    Headers(Box<Downloaded>),
    Names(ListFileNamesResponse),
    Versions(ListFileVersionsResponse),
    Hidden(Box<FileVersion>),
    Deleted,
    Bucket(Box<Bucket>),
}

/// A version that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) id: FileId,
    /// `None`: a hide marker.
    pub(crate) content: Option<Bytes>,
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
    /// The newest first.
    pub(crate) versions: VecDeque<Expected>,
    /// Something happened that makes the number of versions unknowable.
    pub(crate) blurred: bool,
    names: Option<Pager<ListFileNames>>,
    version_pages: Option<Pager<ListFileVersions>>,
    seen: Vec<(String, Option<FileId>, Action)>,
    uploads: u64,
    buckets: u64,
    pub(crate) large: LargeErrand,
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
            versions: VecDeque::new(),
            blurred: false,
            names: None,
            version_pages: None,
            seen: Vec::new(),
            uploads: 0,
            buckets: 0,
            large: LargeErrand::default(),
        }
    }

    pub(crate) fn done(&self) -> bool {
        let idle = self.operation.is_none() && !self.large.down;
        self.gone || (idle && self.errands.is_empty())
    }

    /// Begins the next errand, if there is one, which so many faults have
    /// hit before it began.
    pub(crate) fn begin_next(&mut self, hits: u64) {
        if self.large.down {
            return;
        }
        while self.operation.is_none() {
            let Some(errand) = self.errands.pop_front() else {
                return;
            };
            self.hits = hits;
            self.errand = Some(errand);
            self.operation = self.begin(errand);
        }
    }

    fn begin(&mut self, errand: Errand) -> Option<Box<dyn Erased<Outcome>>> {
        Some(match errand {
            Errand::Upload(len) => self.upload(len),
            Errand::UploadLarge { len, crash_after } => self.upload_large(len, crash_after),
            Errand::Download => {
                self.sink = MemorySink::default();
                erase(Download::new(self.object()), |done| Outcome::Downloaded(Box::new(done)))
            }
            Errand::DownloadPieces(size) => {
                self.sink = MemorySink::default();
                let options = ParallelOptions::default().with_piece_size(size.into());
                let download = ParallelDownload::new(self.object(), options.with_concurrency(3));
                erase(download, |done| Outcome::Downloaded(Box::new(done)))
            }
            Errand::Head => erase(Download::headers_only(self.object()), |done| {
                Outcome::Headers(Box::new(done))
            }),
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
        UploadHeaders::new(self.name.clone())
            .with_file_info("upload", &self.uploads.to_string())
            .expect("a valid name")
    }

    fn upload_large(&mut self, len: u32, crash_after: Option<u32>) -> Box<dyn Erased<Outcome>> {
        self.write_source(len);
        // Every other source cannot tell whether it has changed.
        let modified_ms = self.uploads.is_multiple_of(2).then_some(1);
        let journal =
            Resume::new(self.bucket.0.clone(), self.name.as_str(), u64::from(len), modified_ms);
        self.large = LargeErrand::new(journal, crash_after).after(&self.large);
        self.large_upload()
    }

    /// Begins the large upload, or goes on where the journal says.
    fn large_upload(&self) -> Box<dyn Erased<Outcome>> {
        let mut options = LargeOptions::default().with_concurrency(3);
        if let Some(journal) = &self.large.journal {
            options = options
                .with_modified_ms(journal.modified_ms)
                .with_keep_unfinished(self.large.crashes())
                // As it is read back from a disk.
                .with_resume(journal.to_string().parse().expect("it was written"));
        }
        let len = self.source.len() as u64;
        let upload = LargeUpload::new(self.bucket.0.clone(), self.headers(), len, options);
        let upload = upload.expect("the source has not changed");
        erase(upload, |done| Outcome::Uploaded(Box::new(done)))
    }

    /// The process is killed, and another one goes on with its journal.
    pub(crate) fn crash(&mut self) {
        self.large.crashed();
        self.operation = None;
        self.wait = None;
    }

    /// Whether whoever sent this is still there.
    pub(crate) fn hears(&self, flight: &Flight) -> bool {
        !self.gone && flight.life == self.large.life
    }

    /// After a crash.
    pub(crate) fn go_on(&mut self) {
        if self.large.down {
            self.large.down = false;
            self.operation = Some(self.large_upload());
        }
    }

    fn delete(&self) -> Option<Box<dyn Erased<Outcome>>> {
        let newest = self.versions.front()?;
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

    fn bucket_name(&self) -> String {
        let number = self.name.as_str().trim_start_matches("actor ").split('/').next();
        format!("bucket-{}-{}", number.unwrap_or_default(), self.buckets)
    }

    /// The next page of the listing under way; `None` when it is complete.
    fn next_page(&mut self) -> Option<Box<dyn Erased<Outcome>>> {
        if let Some(call) = self.names.as_ref().and_then(Pager::next_call) {
            return Some(erase(call, Outcome::Names));
        }
        let call = self.version_pages.as_ref().and_then(Pager::next_call)?;
        Some(erase(call, Outcome::Versions))
    }

    /// Takes a good outcome; says what is wrong with it.
    pub(crate) fn succeeded(&mut self, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Uploaded(done) => self.uploaded(*done),
            Outcome::Downloaded(done) => {
                let content = std::mem::take(&mut self.sink.content);
                if done.check == Check::None {
                    return Err("a whole file was not checked".to_owned());
                }
                self.is_newest(&done.headers.file_id, Some(&content))
            }
            Outcome::Headers(done) => self.is_newest(&done.headers.file_id, None),
            Outcome::Names(page) => self.names_page(page),
            Outcome::Versions(page) => self.versions_page(page),
            Outcome::Hidden(marker) => self.hidden(*marker),
            Outcome::Deleted => {
                self.versions.pop_front();
                Ok(())
            }
            Outcome::Bucket(made) if made.bucket_name == self.bucket_name() => Ok(()),
            Outcome::Bucket(made) => Err(format!("another bucket: {}", made.bucket_name)),
        }
    }

    fn uploaded(&mut self, done: Uploaded) -> Result<(), String> {
        self.blurred |= done.possible_duplicate;
        self.large.finished();
        let id = done.file.file_id.ok_or("an upload without an id")?;
        if self.versions.iter().any(|version| version.id == id) {
            return Err("the upload is an older version".to_owned());
        }
        self.versions.push_front(Expected { id, content: Some(self.source.clone()) });
        Ok(())
    }

    fn hidden(&mut self, marker: FileVersion) -> Result<(), String> {
        let id = marker.file_id.ok_or("a marker without an id")?;
        if self.versions.front().is_none_or(|newest| newest.id != id) {
            self.versions.push_front(Expected { id, content: None });
        }
        Ok(())
    }

    fn is_newest(&self, id: &FileId, content: Option<&[u8]>) -> Result<(), String> {
        if self.blurred {
            return Ok(());
        }
        match self.versions.front() {
            Some(newest) if newest.id != *id => Err("another version than the newest".to_owned()),
            Some(Expected { content: Some(expected), .. }) => match content {
                Some(content) if content != &expected[..] => Err("other bytes".to_owned()),
                _ => Ok(()),
            },
            _ => Err("a file that should not be there".to_owned()),
        }
    }

    fn names_page(&mut self, page: ListFileNamesResponse) -> Result<(), String> {
        let pager = self.names.as_mut().ok_or("no listing under way")?;
        let rows = pager.accept(page).map_err(|error| error.to_string())?;
        self.page(rows);
        if self.operation.is_some() {
            return Ok(());
        }
        self.names = None;
        self.in_order()?;
        let visible = self.versions.front().filter(|newest| newest.content.is_some());
        let own: Vec<_> = self.own_rows();
        match (visible, own.as_slice()) {
            _ if self.blurred => Ok(()),
            (Some(newest), [id]) if *id == newest.id => Ok(()),
            (None, []) => Ok(()),
            (_, rows) => Err(format!("{} rows of the own file in the names", rows.len())),
        }
    }

    fn versions_page(&mut self, page: ListFileVersionsResponse) -> Result<(), String> {
        let pager = self.version_pages.as_mut().ok_or("no listing under way")?;
        let rows = pager.accept(page).map_err(|error| error.to_string())?;
        self.page(rows);
        if self.operation.is_some() {
            return Ok(());
        }
        self.version_pages = None;
        self.in_order()?;
        let expected: Vec<_> = self.versions.iter().map(|version| version.id.clone()).collect();
        if self.blurred || self.own_rows() == expected {
            Ok(())
        } else {
            Err("other versions of the own file than were made".to_owned())
        }
    }

    fn page(&mut self, rows: Vec<FileVersion>) {
        self.seen.extend(rows.into_iter().map(|row| (row.file_name, row.file_id, row.action)));
        self.operation = self.next_page();
    }

    fn own_rows(&self) -> Vec<FileId> {
        // Large files that are left unfinished are judged apart.
        let own = self
            .seen
            .iter()
            .filter(|(name, _, action)| name == self.name.as_str() && *action != Action::Start);
        own.filter_map(|(_, id, _)| id.clone()).collect()
    }

    /// Names ascend by their bytes; no row comes twice.
    fn in_order(&self) -> Result<(), String> {
        let names = self.seen.iter().map(|(name, ..)| name.as_bytes());
        if !names.is_sorted() {
            return Err("the listing is out of order".to_owned());
        }
        let mut ids: Vec<_> = self.seen.iter().filter_map(|(_, id, _)| id.as_ref()).collect();
        let rows = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < rows { Err("a row came twice".to_owned()) } else { Ok(()) }
    }

    /// Whether an error is what B2's rules demand here, faults or not.
    pub(crate) fn error_is_due(&mut self, error: &Error, may_list: bool) -> bool {
        let errand = self.errand;
        self.names = None;
        self.version_pages = None;
        let code = error.code().map(|code| code.as_str().to_owned());
        let visible = self.versions.front().is_some_and(|newest| newest.content.is_some());
        match (errand, code.as_deref()) {
            (
                Some(Errand::Download | Errand::DownloadPieces(_) | Errand::Head),
                Some("not_found" | "unknown"),
            ) => !visible || self.blurred,
            (Some(Errand::Hide), Some("no_such_file")) => self.versions.is_empty() || self.blurred,
            (Some(Errand::Hide), Some("already_hidden")) if !may_list => {
                self.blurred = true;
                true
            }
            (Some(Errand::List(_) | Errand::Versions(_)), Some("unauthorized")) => !may_list,
            _ => false,
        }
    }

    /// An error that the faults account for leaves it open what took effect.
    pub(crate) fn forgive(&mut self, error: &Error) {
        self.large.failed(error);
        if let Some(
            Errand::Upload(_) | Errand::UploadLarge { .. } | Errand::Hide | Errand::Delete,
        ) = self.errand
        {
            self.blurred = true;
        }
    }
}
