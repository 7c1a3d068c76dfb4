//! Beginning a large file.

use b2_proto::{BucketId, LargeFileId};

use crate::account::Account;
use crate::error::Error;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::session::Authorize;
use crate::time::Instant;
use crate::upload::UploadHeaders;
use crate::upload::begin::{self, Begin};

const OPERATION: &str = "b2_start_large_file";

/// Begins a large file. If the answer is lost, the file is looked for, so that
/// none is left behind; that needs the capability `listFiles`.
#[derive(Debug)]
pub struct StartUpload {
    bucket: BucketId,
    headers: UploadHeaders,
    state: State,
}

/// What [`StartUpload`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The large file, until it is finished or cancelled.
    pub file_id: LargeFileId,
    /// An answer was lost and its file could not be found: another one without
    /// parts may be left unfinished.
    pub possible_orphan: bool,
}

#[derive(Debug)]
enum State {
    /// Only an authorized account knows what B2's clock says.
    Authorizing(Authorize),
    Beginning(Box<Begin>),
}

impl StartUpload {
    /// Begins a file of this name and information.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the file information breaks B2's rules.
    pub fn new(bucket: BucketId, headers: UploadHeaders) -> Result<Self, Error> {
        headers.check(OPERATION)?;
        Ok(Self { bucket, headers, state: State::Authorizing(Authorize::new()) })
    }
}

impl Operation for StartUpload {
    type Output = Started;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Started> {
        loop {
            match &mut self.state {
                State::Authorizing(authorize) => match authorize.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Err(error)) => return Step::Done(Err(error)),
                    Ok(Ok(session)) => {
                        if let Err(source) = self.headers.allowed(&session, &self.bucket) {
                            let (operation, source) = (OPERATION, Box::new(source));
                            return Step::Done(Err(Error::Request { operation, source }));
                        }
                        let request = begin::start_request(&self.bucket, &self.headers);
                        let begin = Begin::new(request, account.server_time_ms(now));
                        self.state = State::Beginning(Box::new(begin));
                    }
                },
                State::Beginning(begin) => {
                    let done = match begin.poll(account, now).finished() {
                        Err(step) => return step,
                        Ok(done) => done,
                    };
                    let possible_orphan = begin.possible_orphan;
                    return Step::Done(done.map(|file_id| {
                        // Another upload of the same name, which looks for its
                        // own, must not take this one.
                        account.note_begun(&file_id, now);
                        Started { file_id, possible_orphan }
                    }));
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.handle(account, ticket, reply, now),
            State::Beginning(begin) => begin.handle(account, ticket, reply, now),
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.abandon(account),
            State::Beginning(begin) => begin.abandon(account),
        }
    }
}
