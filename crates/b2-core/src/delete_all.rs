//! Deleting every version of a name, the oldest first.
//!
//! ```text
//! Authorizing --> Listing --page after page, to the last of this name--+
//!                   ^                                                  v
//!                   +-- the page before, if there is one --- Deleting, from its end
//!                                                                      |
//!                                     no page before: Done <-----------+
//! ```
//!
//! A page that is listed again may end sooner than before, or begin with newer
//! versions; then there is a page behind it again, which comes first.
//!
//! Versions are listed from the newest to the oldest. Deleting begins at the
//! other end, so that whoever reads the name meanwhile sees the newest version
//! until the last moment, and an end in between leaves what is newest.

use std::collections::VecDeque;

use b2_proto::{
    Action, BucketId, CancelLargeFileRequest, Capability, DeleteFileVersionRequest, ErrorCode,
    FileId, FileName, FileVersion, LargeFileId, ListFileVersionsRequest,
};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{CancelLargeFile, DeleteFileVersion, Endpoint, ListFileVersions};
use crate::error::{Error, ProtocolError, RequestError};
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket, Wait};
use crate::session::Authorize;
use crate::time::Instant;

/// Rows of a page; B2 bills a listing by started thousands.
const ROWS: u32 = 1_000;

/// Pages without a row, or with another behind them again, while nothing is
/// deleted: somebody else may delete or upload at the same time. A server that
/// does it for ever is mad.
const FRUITLESS: u32 = 16;

/// Deletes all versions of one name: uploads, hide markers, and large files
/// that nobody finished.
///
/// Memory: one page and one id for each thousand versions. Each page is one
/// transaction of class C, listed twice if there is more than one; deleting
/// is free.
#[derive(Debug)]
pub struct DeleteAllVersions {
    bucket: BucketId,
    name: FileName,
    bypass_governance: bool,
    state: State,
    /// Where the pages begin that are still to be deleted; the first is the
    /// start of the name.
    pages: Vec<Option<FileId>>,
    /// Whether the page that is listed was listed before.
    again: bool,
    /// Pages that led nowhere since a version was deleted.
    fruitless: u32,
    events: VecDeque<Event>,
    deleted: Deleted,
}

/// What [`DeleteAllVersions`] gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted {
    /// Versions that were deleted, hide markers among them.
    pub versions: u64,
    /// Unfinished large files that were cancelled.
    pub unfinished: u64,
}

#[derive(Debug)]
enum State {
    Authorizing(Authorize),
    Listing(Box<Call<ListFileVersions>>),
    /// The rows of a page that are left, newest first.
    Deleting(Vec<Row>),
    Deletion(Vec<Row>, Row, Box<Call<DeleteFileVersion>>),
    Cancelling(Vec<Row>, Row, Box<Call<CancelLargeFile>>),
    Over,
}

#[derive(Clone, Debug)]
struct Row {
    id: FileId,
    action: Action,
}

impl DeleteAllVersions {
    /// Deletes all versions of `name` in the bucket. If there is none, that is
    /// no error.
    #[must_use]
    pub fn new(bucket: BucketId, name: FileName) -> Self {
        Self {
            bucket,
            name,
            bypass_governance: false,
            state: State::Authorizing(Authorize::new()),
            pages: vec![None],
            again: false,
            fruitless: 0,
            events: VecDeque::new(),
            deleted: Deleted::default(),
        }
    }

    /// Deletes versions under governance too; the capability is
    /// `bypassGovernance`. Those under compliance or a legal hold cannot be
    /// deleted by anybody.
    #[must_use]
    pub fn with_bypass_governance(mut self, bypass: bool) -> Self {
        self.bypass_governance = bypass;
        self
    }

    /// What was deleted so far: also true after a failure.
    #[must_use]
    pub fn deleted(&self) -> Deleted {
        self.deleted
    }

    /// Whether the key may see the name at all: B2 would show an empty list.
    fn authorized(&self, account: &Account) -> Result<(), Error> {
        let Some(session) = account.session().filter(|session| !session.covers(self.name.as_str()))
        else {
            return Ok(());
        };
        let source = RequestError::OutsideRestriction {
            name: self.name.as_str().into(),
            restriction: session.restriction().unwrap_or_default(),
        };
        Err(Error::Request { operation: ListFileVersions::NAME, source: Box::new(source) })
    }

    /// The call for the page that is the last known.
    fn list(&self) -> State {
        let name = self.name.to_string();
        let mut request = ListFileVersionsRequest::new(self.bucket.clone())
            .with_start_file_name(name.clone())
            .with_prefix(name)
            .with_max_file_count(ROWS);
        request.start_file_id = self.pages.last().cloned().flatten();
        State::Listing(Box::new(Call::new(request)))
    }

    fn listed(&mut self, page: <ListFileVersions as Endpoint>::Response) -> Result<State, Error> {
        let more = page.next_file_name.as_deref() == Some(self.name.as_str());
        let rows: Vec<_> = page.files.into_iter().filter_map(|row| self.own(row)).collect();
        if !more {
            return Ok(State::Deleting(rows));
        }
        let next = page.next_file_id.map(Some).ok_or_else(|| mad("a page without its end"))?;
        self.fruitless += u32::from(self.again || rows.is_empty());
        if self.pages.contains(&next) || self.fruitless > FRUITLESS {
            return Err(mad("the list of versions goes round in a circle"));
        }
        self.pages.push(next);
        self.again = false;
        Ok(self.list())
    }

    fn own(&self, row: FileVersion) -> Option<Row> {
        let id = row.file_id.filter(|_| row.file_name == self.name.as_str())?;
        Some(Row { id, action: row.action })
    }

    /// Deletes the oldest row, or goes to the page before.
    fn next(&mut self, account: &Account, mut rows: Vec<Row>) -> Result<State, Deleted> {
        let Some(row) = rows.pop() else {
            self.pages.pop();
            self.again = true;
            return if self.pages.is_empty() { Err(self.deleted) } else { Ok(self.list()) };
        };
        // Deleting cancels too, and needs no other capability.
        let may_write = account.may(&Capability::WriteFiles);
        Ok(match row.action {
            Action::Start if may_write => {
                let id = LargeFileId::from(row.id.clone());
                let call = Call::new(CancelLargeFileRequest::new(id));
                State::Cancelling(rows, row, Box::new(call))
            }
            _ => self.delete(rows, row),
        })
    }

    fn delete(&self, rows: Vec<Row>, row: Row) -> State {
        let mut request = DeleteFileVersionRequest::new(row.id.clone(), self.name.to_string());
        if self.bypass_governance {
            request = request.with_bypass_governance(true);
        }
        State::Deletion(rows, row, Box::new(Call::new(request)))
    }

    fn gone(&mut self, row: Row) {
        self.fruitless = 0;
        match row.action {
            Action::Start => self.deleted.unfinished += 1,
            _ => self.deleted.versions += 1,
        }
        self.events.push_back(Event::VersionDeleted { file_id: row.id, action: row.action });
    }

    fn advance(
        &mut self,
        state: &mut State,
        account: &mut Account,
        now: Instant,
    ) -> Result<State, Step<Deleted>> {
        let failed = |error| Step::Done(Err(error));
        match state {
            State::Authorizing(authorize) => {
                authorize.poll(account, now).finished()?.map_err(failed)?;
                self.authorized(account).map_err(failed)?;
                Ok(self.list())
            }
            State::Listing(call) => {
                let page = call.poll(account, now).finished()?.map_err(failed)?;
                self.listed(page).map_err(failed)
            }
            State::Deleting(rows) => {
                self.next(account, std::mem::take(rows)).map_err(|deleted| Step::Done(Ok(deleted)))
            }
            State::Deletion(rows, row, call) => {
                match call.poll(account, now).finished()? {
                    Ok(_) => self.gone(row.clone()),
                    // Somebody else deleted it: that it is gone is what counts.
                    Err(error) if is_gone(&error) => {}
                    Err(error) => return Err(failed(error)),
                }
                Ok(State::Deleting(std::mem::take(rows)))
            }
            State::Cancelling(rows, row, call) => match call.poll(account, now).finished()? {
                Ok(_) => {
                    self.gone(row.clone());
                    Ok(State::Deleting(std::mem::take(rows)))
                }
                // It was finished or cancelled meanwhile: deleting it as a
                // version tells which.
                Err(error) if error.code() == Some(&ErrorCode::BadRequest) => {
                    let row = Row { action: Action::Upload, ..row.clone() };
                    Ok(self.delete(std::mem::take(rows), row))
                }
                Err(error) if is_gone(&error) => Ok(State::Deleting(std::mem::take(rows))),
                Err(error) => Err(failed(error)),
            },
            State::Over => Err(Step::Wait(Wait::for_reply(DeleteFileVersion::NAME))),
        }
    }
}

fn mad(what: &'static str) -> Error {
    let source = Box::new(ProtocolError::Contradiction(what));
    Error::Protocol { operation: ListFileVersions::NAME, source }
}

fn is_gone(error: &Error) -> bool {
    matches!(error.code(), Some(ErrorCode::FileNotPresent | ErrorCode::NoSuchFile))
}

impl Operation for DeleteAllVersions {
    type Output = Deleted;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Deleted> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let mut state = std::mem::replace(&mut self.state, State::Over);
            match self.advance(&mut state, account, now) {
                Ok(next) => self.state = next,
                Err(step) => {
                    self.state = if matches!(step, Step::Done(_)) { State::Over } else { state };
                    return step;
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.handle(account, ticket, reply, now),
            State::Listing(call) => call.handle(account, ticket, reply, now),
            State::Deletion(_, _, call) => call.handle(account, ticket, reply, now),
            State::Cancelling(_, _, call) => call.handle(account, ticket, reply, now),
            State::Deleting(_) | State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.abandon(account),
            State::Listing(call) => call.abandon(account),
            State::Deletion(_, _, call) => call.abandon(account),
            State::Cancelling(_, _, call) => call.abandon(account),
            State::Deleting(_) | State::Over => {}
        }
    }
}
