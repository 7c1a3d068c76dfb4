//! Beginning a large file, so that a lost answer leaves none behind.
//!
//! ```text
//! Starting --200--------------------------> Done(id)
//!   ^   \--answer lost--> Finding --found-> Done(id)
//!   +------ not found -----+
//! ```

use b2_proto::{
    Action, BucketId, Capability, FileVersion, LargeFileId, ListUnfinishedLargeFilesRequest,
    Sha1Digest, StartLargeFileRequest, header,
};

use crate::account::{Account, clock};
use crate::body::BodyVerifier;
use crate::call::Call;
use crate::endpoint::{ListUnfinishedLargeFiles, StartLargeFile};
use crate::error::{Error, ProtocolError, Remedy};
use crate::event::Event;
use crate::list::Pager;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::time::Instant;

/// Starts whose answer may be lost before the upload gives up.
const STARTS: u32 = 4;

/// Rows of a page: as many as B2 gives.
const ROWS: u32 = 100;

/// Starts a large file, or finds the one that a lost answer started.
#[derive(Debug)]
pub(crate) struct Begin {
    request: StartLargeFileRequest,
    begun_ms: Option<i64>,
    state: State,
    starts: u32,
    pub(crate) possible_orphan: bool,
}

#[derive(Debug)]
enum State {
    /// An earlier process may have started it.
    Perhaps,
    Starting(Box<Call<StartLargeFile>>),
    Finding(Box<Finding>),
    Note(Event),
}

#[derive(Debug)]
struct Finding {
    pager: Pager<ListUnfinishedLargeFiles>,
    call: Call<ListUnfinishedLargeFiles>,
    doubt: Option<Error>,
}

impl Begin {
    pub(crate) fn new(request: StartLargeFileRequest, begun_ms: Option<i64>) -> Self {
        let state = State::Starting(Box::new(Call::new(request.clone())));
        Self { request, begun_ms, state, starts: 1, possible_orphan: false }
    }

    /// An earlier process may have started it and stopped before it knew.
    pub(crate) fn perhaps_begun(request: StartLargeFileRequest, begun_ms: Option<i64>) -> Self {
        let mut begin = Self::new(request, begun_ms);
        begin.state = State::Perhaps;
        begin
    }

    fn find(&mut self, doubt: Option<Error>) {
        let request = ListUnfinishedLargeFilesRequest::new(self.request.bucket_id.clone())
            .with_name_prefix(self.request.file_name.clone())
            .with_max_file_count(ROWS);
        let pager = Pager::new(request.clone());
        let call = Call::new(request);
        self.state = State::Finding(Box::new(Finding { pager, call, doubt }));
    }

    pub(crate) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<LargeFileId> {
        loop {
            match &mut self.state {
                State::Perhaps if account.may(&Capability::ListFiles) => self.find(None),
                State::Perhaps => {
                    if let Some(step) = self.begin_another() {
                        return step;
                    }
                }
                State::Starting(call) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Ok(file)) => return Step::Done(id(file)),
                    Ok(Err(error @ Error::Unconfirmed { .. })) => {
                        if let Some(step) = self.doubt(account, error) {
                            return step;
                        }
                    }
                    Ok(Err(error)) => return Step::Done(Err(error)),
                },
                State::Note(event) => {
                    let event = event.clone();
                    self.state = State::Starting(Box::new(Call::new(self.request.clone())));
                    return Step::Event(event);
                }
                State::Finding(finding) => match finding.call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(answer) => {
                        let rows = answer.and_then(|page| finding.pager.accept(page));
                        if let Some(step) = self.looked(account, rows) {
                            return step;
                        }
                    }
                },
            }
        }
    }

    /// Whether nothing was begun by it, as far as can be known.
    pub(crate) fn is_idle(&self) -> bool {
        self.starts == 1 && matches!(&self.state, State::Starting(call) if call.is_idle())
    }

    /// The answer to a start was lost.
    fn doubt(&mut self, account: &Account, error: Error) -> Option<Step<LargeFileId>> {
        if self.starts == STARTS {
            return Some(Step::Done(Err(error)));
        }
        if account.may(&Capability::ListFiles) {
            self.find(Some(error));
            return Some(Step::Event(Event::Reconciling));
        }
        self.begin_another()
    }

    /// The one that may have been begun cannot be found.
    fn begin_another(&mut self) -> Option<Step<LargeFileId>> {
        self.starts += 1;
        self.possible_orphan = true;
        self.state = State::Note(Event::PossibleOrphan);
        None
    }

    fn looked(
        &mut self,
        account: &Account,
        rows: Result<Vec<FileVersion>, Error>,
    ) -> Option<Step<LargeFileId>> {
        let State::Finding(finding) = &mut self.state else { return None };
        let rows = match rows {
            Ok(rows) => rows,
            // The key may not list, at least not here.
            Err(Error::Api { source, .. }) if source.remedy == Remedy::Never => {
                return self.begin_another();
            }
            Err(error) => return Some(Step::Done(Err(finding.doubt.take().unwrap_or(error)))),
        };
        let own = |row: &FileVersion| is_this(&self.request, self.begun_ms, row);
        let mut ids = rows.into_iter().filter(own).filter_map(|row| id(row).ok());
        // One that another upload of this account works on is not ours.
        if let Some(found) = ids.find(|id| !account.works_on(id)) {
            return Some(Step::Done(Ok(found)));
        }
        match finding.pager.next_call() {
            Some(call) => {
                finding.call = call;
                None
            }
            // It may still reach B2, later than the look did.
            None => self.begin_another(),
        }
    }

    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) {
        match &mut self.state {
            State::Starting(call) => call.handle(account, ticket, reply, now),
            State::Finding(finding) => finding.call.handle(account, ticket, reply, now),
            State::Perhaps | State::Note(_) => {}
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Starting(call) => call.abandon(account),
            State::Finding(finding) => finding.call.abandon(account),
            State::Perhaps | State::Note(_) => {}
        }
    }
}

/// Whether an unfinished file is the one that `request` asked for.
fn is_this(request: &StartLargeFileRequest, begun_ms: Option<i64>, row: &FileVersion) -> bool {
    let automatic = request.content_type == header::CONTENT_TYPE_AUTO;
    let info = request.file_info.as_ref();
    row.action == Action::Start
        && row.file_name == request.file_name
        && (automatic || row.content_type.as_ref() == Some(&request.content_type))
        && info.map_or(row.file_info.is_empty(), |info| row.file_info == *info)
        && match (request.custom_upload_timestamp, begun_ms) {
            (Some(custom), _) => row.upload_timestamp == custom,
            (None, begun) => clock::since(begun, row.upload_timestamp),
        }
}

fn id(file: FileVersion) -> Result<LargeFileId, Error> {
    file.file_id.map(LargeFileId::from).ok_or_else(|| Error::Protocol {
        operation: "b2_start_large_file",
        source: Box::new(ProtocolError::Contradiction("a large file without an id")),
    })
}

/// SHA-1 of what B2 is told, but for keys: a journal may hold it.
pub(crate) fn told(request: &StartLargeFileRequest) -> Sha1Digest {
    let mut request = request.clone();
    if let Some(encryption) = &mut request.server_side_encryption {
        encryption.customer_key = None;
    }
    let mut hash = BodyVerifier::default();
    // Strings, numbers and maps with such keys can always be written.
    hash.update(&serde_json::to_vec(&request).unwrap_or_default());
    hash.digest().unwrap_or(Sha1Digest::new([0; 20]))
}

/// The request that begins a file.
pub(crate) fn start_request(
    bucket: &BucketId,
    headers: &crate::upload::UploadHeaders,
) -> StartLargeFileRequest {
    let (name, content_type) = (headers.file_name().to_string(), headers.content_type().to_owned());
    let mut request = StartLargeFileRequest::new(bucket.clone(), content_type, name)
        .with_file_info(headers.file_info().as_map().clone());
    request.custom_upload_timestamp = headers.custom_upload_timestamp();
    request.server_side_encryption = headers.encryption().cloned();
    request.file_retention = headers.retention().cloned();
    request.legal_hold = headers.legal_hold().cloned();
    request
}
