//! Copying inside B2: no byte passes through this machine.
//!
//! ```text
//! Describing --up to 5 GB--> Whole --> Done
//!          \---- longer ---> Large --> Done
//! ```

mod options;
mod part;
mod whole;

pub use options::CopyOptions;
pub(crate) use part::{CopyOrigin, PartCopy};

use std::collections::BTreeMap;

use b2_proto::{
    ContentSha1, FileId, FileInfo, FileName, FileVersion, GetFileInfoRequest, Sha1Digest, header,
};

use crate::account::Account;
use crate::call::Call;
use crate::copy::whole::{Expected, WholeCopy};
use crate::endpoint::GetFileInfo;
use crate::error::{Error, RequestError};
use crate::op::{Operation, Reply, Slot, Step, Stop, Ticket};
use crate::time::Instant;
use crate::upload::{CannotResume, LargeUpload, StoredFile, UploadHeaders, WholeDigest};

const OPERATION: &str = "b2_copy_file";

/// Longest file in bytes that one request copies: B2's rule.
pub const SIMPLE_COPY_LIMIT: u64 = 5_000_000_000;

/// Copies one version, or a range of it, to a new file.
///
/// The source is described first, which is one transaction of class B; then
/// it is copied in one request, or in parts if it is longer than 5 GB.
#[derive(Debug)]
pub struct FileCopy {
    source: FileId,
    name: FileName,
    options: CopyOptions,
    state: State,
    paused: bool,
}

#[derive(Debug)]
enum State {
    Describing(Box<Call<GetFileInfo>>),
    Whole(Box<WholeCopy>),
    Large(Box<LargeUpload>),
    Over,
}

impl FileCopy {
    /// Copies the version `source` of any bucket of the account to `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the information, the encryption or the retention
    /// of the copy breaks B2's rules.
    pub fn new(source: FileId, name: FileName, options: CopyOptions) -> Result<Self, Error> {
        let mut headers = UploadHeaders::new(name.clone());
        if let Some((content_type, info)) = &options.metadata {
            headers = described(headers, content_type, info)?;
        }
        options.complete(headers).check(OPERATION)?;
        let call = Call::new(GetFileInfoRequest::new(source.clone()));
        Ok(Self { source, name, options, state: State::Describing(Box::new(call)), paused: false })
    }

    /// Chooses how to copy what was described.
    fn choose(&mut self, source: FileVersion, smallest_part: u64) -> Result<State, Error> {
        let total = source.content_length;
        let bytes = match self.options.range {
            None => 0..total,
            Some(range) => range.resolve(total).ok_or_else(|| refuse(RequestError::EmptyRange))?,
        };
        let len = bytes.end - bytes.start;
        self.change_info(&source, len == total)?;
        let limit = self.options.simple_limit.unwrap_or(SIMPLE_COPY_LIMIT).min(SIMPLE_COPY_LIMIT);
        let origin = CopyOrigin {
            source: self.source.clone(),
            first: bytes.start,
            source_encryption: self.options.source_encryption.clone(),
            destination_encryption: self.options.encryption.clone(),
        };
        let resume = self.options.large.resume.as_ref().filter(|resume| resume.begun());
        if resume.is_some_and(|resume| !resume.is_copy_of(&origin.source, origin.first)) {
            return Err(refuse(RequestError::CannotResume(CannotResume::Source)));
        }
        if resume.is_none() && len <= limit.max(smallest_part) {
            return Ok(State::Whole(Box::new(self.whole(&source, len))));
        }
        let bucket = self.options.bucket.clone().unwrap_or_else(|| source.bucket_id.clone());
        let headers = self.headers(&source, len == total)?;
        let options = self.options.large.clone().with_whole_digest(WholeDigest::Omit);
        let mut large = LargeUpload::new(bucket, headers, len, options)?.copying(origin);
        large.pause(self.paused);
        Ok(State::Large(Box::new(large)))
    }

    /// Makes metadata of the copy's own out of those of the source, if
    /// something in them is to change.
    fn change_info(&mut self, source: &FileVersion, all: bool) -> Result<(), Error> {
        if self.options.changed_info.is_empty() {
            return Ok(());
        }
        let (content_type, mut info) = match self.options.metadata.take() {
            Some(own) => own,
            None => {
                let mut info = source.file_info.clone();
                if !all {
                    info.remove(FileInfo::LARGE_FILE_SHA1);
                }
                (content_type(source).into(), info)
            }
        };
        info.append(&mut self.options.changed_info);
        let headers = described(UploadHeaders::new(self.name.clone()), &content_type, &info)?;
        self.options.complete(headers).check(OPERATION)?;
        self.options.metadata = Some((content_type, info));
        Ok(())
    }

    fn whole(&self, source: &FileVersion, len: u64) -> WholeCopy {
        let all = len == source.content_length;
        let digest = verified(source).filter(|_| all);
        let mut metadata = self.options.metadata.clone();
        if metadata.is_none() && !all && source.file_info.contains_key(FileInfo::LARGE_FILE_SHA1) {
            // B2 would keep the digest of other bytes than the copy has.
            let mut info = source.file_info.clone();
            info.remove(FileInfo::LARGE_FILE_SHA1);
            metadata = Some((content_type(source).into(), info));
        }
        let file_info = match &metadata {
            Some((_, info)) => info.clone(),
            None => source.file_info.clone(),
        };
        let request = self.options.request(&self.name, &self.source, metadata);
        let bucket = self.options.bucket.clone().unwrap_or_else(|| source.bucket_id.clone());
        WholeCopy::new(request, Expected { bucket, len, digest, file_info, begun_ms: None })
    }

    /// What the large file is begun with: B2 takes nothing over by itself.
    fn headers(&self, source: &FileVersion, all: bool) -> Result<UploadHeaders, Error> {
        let own = self.options.metadata.as_ref();
        let content_type = own.map_or_else(|| content_type(source), |(own, _)| own);
        let mut info = own.map_or_else(|| source.file_info.clone(), |(_, info)| info.clone());
        let whole = source.file_info.get(FileInfo::LARGE_FILE_SHA1).cloned();
        let whole = whole.or_else(|| verified(source).map(|digest| digest.to_string()));
        match whole.filter(|_| all && info.len() < FileInfo::MAX_ENTRIES) {
            Some(digest) => {
                info.entry(FileInfo::LARGE_FILE_SHA1.to_owned()).or_insert(digest);
            }
            None if own.is_none() && !all => {
                info.remove(FileInfo::LARGE_FILE_SHA1);
            }
            None => {}
        }
        let headers = described(UploadHeaders::new(self.name.clone()), content_type, &info)?;
        Ok(self.options.complete(headers))
    }
}

fn described(
    headers: UploadHeaders,
    content_type: &str,
    info: &BTreeMap<String, String>,
) -> Result<UploadHeaders, Error> {
    let headers = headers.with_content_type(content_type);
    info.iter().try_fold(headers, |headers, (name, value)| {
        headers.with_file_info(name, value).map_err(|rule| refuse(RequestError::FileInfo(rule)))
    })
}

/// A digest of the whole that B2 has checked itself.
fn verified(file: &FileVersion) -> Option<Sha1Digest> {
    match file.content_sha1 {
        Some(ContentSha1::Verified(digest)) => Some(digest),
        _ => None,
    }
}

fn content_type(file: &FileVersion) -> &str {
    file.content_type.as_deref().unwrap_or(header::CONTENT_TYPE_AUTO)
}

fn refuse(why: RequestError) -> Error {
    Error::Request { operation: OPERATION, source: Box::new(why) }
}

impl Operation for FileCopy {
    type Output = StoredFile;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        loop {
            match &mut self.state {
                State::Describing(call) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(source) => match source.and_then(|source| {
                        let session = account.session();
                        let smallest = session.map_or(0, |one| one.absolute_minimum_part_size);
                        self.choose(source, smallest)
                    }) {
                        Ok(next) => self.state = next,
                        Err(error) => {
                            self.state = State::Over;
                            return Step::Done(Err(error));
                        }
                    },
                },
                State::Whole(copy) => return copy.poll(account, now),
                State::Large(large) => {
                    return match large.poll(account, now).finished() {
                        Err(step) => step,
                        Ok(result) => Step::Done(result),
                    };
                }
                State::Over => return Step::Done(Err(Error::Cancelled)),
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Describing(call) => call.handle(account, ticket, reply, now),
            State::Whole(copy) => copy.handle(account, ticket, reply, now),
            State::Large(large) => large.handle(account, ticket, reply, now),
            State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Describing(call) => call.abandon(account),
            State::Whole(copy) => copy.abandon(account),
            State::Large(large) => large.abandon(account),
            State::Over => {}
        }
    }

    fn stop(&mut self, how: Stop) -> bool {
        match &mut self.state {
            State::Large(large) => large.stop(how),
            _ => false,
        }
    }

    fn pause(&mut self, paused: bool) -> bool {
        self.paused = paused;
        match &mut self.state {
            State::Describing(_) => true,
            State::Large(large) => large.pause(paused),
            State::Whole(_) | State::Over => false,
        }
    }

    fn slots(&self) -> &[Slot] {
        match &self.state {
            State::Large(large) => large.slots(),
            _ => &[],
        }
    }
}
