//! A copy in one request, looked for when its answer is lost.
//!
//! ```text
//! Copying --200--> Done
//!    ^ \--answer lost--> Looking --found--> Done
//!    +---- not found -----+
//! ```

use std::collections::{BTreeMap, VecDeque};

use b2_proto::{
    Action, BucketId, Capability, ContentSha1, CopyFileRequest, FileVersion,
    ListFileVersionsRequest, Sha1Digest,
};

use crate::account::{Account, clock};
use crate::call::Call;
use crate::endpoint::{CopyFile, Endpoint, ListFileVersions};
use crate::error::{Error, ProtocolError, Remedy};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::retry::OnAmbiguous;
use crate::time::Instant;
use crate::upload::StoredFile;

/// Requests whose answer may be lost before the copy gives up.
const COPIES: u32 = 4;

/// Versions of the name to look at, the newest first.
const VERSIONS: u32 = 100;

/// Copies in one request.
#[derive(Debug)]
pub(crate) struct WholeCopy {
    request: CopyFileRequest,
    expected: Expected,
    state: State,
    events: VecDeque<Event>,
    copies: u32,
    possible_duplicate: bool,
}

/// What the copy has to be.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) bucket: BucketId,
    pub(crate) len: u64,
    /// As far as B2 knows it.
    pub(crate) digest: Option<Sha1Digest>,
    pub(crate) file_info: BTreeMap<String, String>,
    /// B2's clock when the first request was made, as far as known.
    pub(crate) begun_ms: Option<i64>,
}

#[derive(Debug)]
enum State {
    Copying(Box<Call<CopyFile>>),
    Looking(Box<Call<ListFileVersions>>, Error),
}

impl Expected {
    fn is(&self, request: &CopyFileRequest, row: &FileVersion) -> bool {
        let digest = match row.content_sha1 {
            Some(ContentSha1::Verified(digest)) => Some(digest),
            _ => None,
        };
        matches!(row.action, Action::Upload | Action::Copy)
            && row.file_name == request.file_name
            && row.content_length == self.len
            && self.digest.is_none_or(|wanted| digest.is_none_or(|stored| stored == wanted))
            && row.file_info == self.file_info
            && clock::since(self.begun_ms, row.upload_timestamp)
    }
}

impl WholeCopy {
    pub(crate) fn new(request: CopyFileRequest, expected: Expected) -> Self {
        let state = State::Copying(Box::new(Call::new(request.clone())));
        let events = VecDeque::new();
        Self { request, expected, state, events, copies: 1, possible_duplicate: false }
    }

    pub(crate) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredFile> {
        if self.expected.begun_ms.is_none() {
            self.expected.begun_ms = account.server_time_ms(now);
        }
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let done = match &mut self.state {
                State::Copying(call) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Ok(file)) => Some(self.verified(file)),
                    Ok(Err(error @ Error::Unconfirmed { .. })) => self.doubt(account, error),
                    Ok(Err(error)) => Some(Err(error)),
                },
                State::Looking(call, doubt) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(rows) => {
                        let doubt = doubt.clone();
                        self.looked(rows.map(|page| page.files), doubt)
                    }
                },
            };
            if let Some(result) = done {
                return Step::Done(result);
            }
        }
    }

    fn verified(&self, file: FileVersion) -> Result<StoredFile, Error> {
        if file.content_length != self.expected.len {
            let source = Box::new(ProtocolError::Contradiction("the stored length is another"));
            return Err(Error::Protocol { operation: CopyFile::NAME, source });
        }
        let possible_duplicate = self.possible_duplicate;
        Ok(StoredFile { file, possible_duplicate, possible_orphan: false })
    }

    /// The answer to a copy was lost. `None`: poll on.
    fn doubt(&mut self, account: &Account, error: Error) -> Option<Result<StoredFile, Error>> {
        let may_list = account.may(&Capability::ListFiles);
        match account.policy().on_ambiguous() {
            OnAmbiguous::Fail => Some(Err(error)),
            OnAmbiguous::Check if may_list => {
                self.events.push_back(Event::Reconciling);
                let name = self.request.file_name.clone();
                let request = ListFileVersionsRequest::new(self.expected.bucket.clone())
                    .with_start_file_name(name.clone())
                    .with_prefix(name)
                    .with_max_file_count(VERSIONS);
                self.state = State::Looking(Box::new(Call::new(request)), error);
                None
            }
            _ => self.repeat_blindly(error),
        }
    }

    fn repeat_blindly(&mut self, doubt: Error) -> Option<Result<StoredFile, Error>> {
        self.possible_duplicate = true;
        self.events.push_back(Event::PossibleDuplicate);
        self.again(doubt)
    }

    fn again(&mut self, doubt: Error) -> Option<Result<StoredFile, Error>> {
        if self.copies == COPIES {
            return Some(Err(doubt));
        }
        self.copies += 1;
        self.state = State::Copying(Box::new(Call::new(self.request.clone())));
        None
    }

    fn looked(
        &mut self,
        rows: Result<Vec<FileVersion>, Error>,
        doubt: Error,
    ) -> Option<Result<StoredFile, Error>> {
        match rows {
            Ok(rows) => match self.found(rows) {
                Some(file) => Some(self.verified(file)),
                // B2 may still be copying.
                None => self.repeat_blindly(doubt),
            },
            // The key may list, but not here.
            Err(Error::Api { source, .. }) if source.remedy == Remedy::Never => {
                self.repeat_blindly(doubt)
            }
            Err(last) => Some(Err(Error::unconfirmed(CopyFile::NAME, last))),
        }
    }

    /// The newest come first, and no copy is older than its source.
    fn found(&self, rows: Vec<FileVersion>) -> Option<FileVersion> {
        let source = &self.request.source_file_id;
        let mut newer = rows.into_iter().take_while(|row| row.file_id.as_ref() != Some(source));
        newer.find(|row| self.expected.is(&self.request, row))
    }

    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) {
        match &mut self.state {
            State::Copying(call) => call.handle(account, ticket, reply, now),
            State::Looking(call, _) => call.handle(account, ticket, reply, now),
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Copying(call) => call.abandon(account),
            State::Looking(call, _) => call.abandon(account),
        }
    }
}
