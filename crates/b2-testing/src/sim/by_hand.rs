//! A caller who begins, fills and finishes a large file himself, as the
//! facade's `LargeFile` lets him.

use std::collections::VecDeque;

use b2_core::account::Account;
use b2_core::call::Call;
use b2_core::endpoint::CancelLargeFile;
use b2_core::error::Error;
use b2_core::event::Event;
use b2_core::multipart::{FinishUpload, StartUpload, UploadPart};
use b2_core::op::{Operation, Reply, Step, Stop, Ticket, Transmit};
use b2_core::plan::BodyPlan;
use b2_core::time::Instant;
use b2_core::upload::UploadHeaders;
use b2_proto::{
    BucketId, CancelLargeFileRequest, CustomerKey, ErrorCode, FileVersion, LargeFileId, Sha1Digest,
};

/// Bytes of a part: the smallest that the simulated server takes.
pub(super) const PART: u64 = 100;

/// One part after the other, each from its place in the source.
pub(crate) struct ByHand {
    state: State,
    key: Option<CustomerKey>,
    len: u64,
    /// Whether it remembers the digests, or has B2 asked for them.
    remembers: bool,
    digests: Vec<Sha1Digest>,
    events: VecDeque<Event>,
    stopped: bool,
}

enum State {
    Starting(Box<StartUpload>),
    Sending(LargeFileId, Box<UploadPart>),
    Finishing(LargeFileId, Box<FinishUpload>),
    Cancelling(LargeFileId, Box<Call<CancelLargeFile>>, Error),
    Failed(Error),
    Over,
}

impl ByHand {
    pub(crate) fn new(
        bucket: BucketId,
        headers: UploadHeaders,
        (len, remembers): (u64, bool),
    ) -> Self {
        let key = headers.customer_key().cloned();
        let start = StartUpload::new(bucket, headers).expect("good information");
        // He writes down what he is about to do, as a journal does.
        let (at_ms, told) = (None, Sha1Digest::new([0; 20]));
        let begun =
            Event::LargeFileStarting { at_ms, len: Some(len), part_size: PART, digest: None, told };
        Self {
            state: State::Starting(Box::new(start)),
            key,
            len,
            remembers,
            digests: Vec::new(),
            events: VecDeque::from([begun]),
            stopped: false,
        }
    }

    /// Where the next part begins.
    fn offset(&self) -> u64 {
        self.digests.len() as u64 * PART
    }

    /// The next part, or the end.
    fn next(&self, id: LargeFileId) -> State {
        let left = self.len.saturating_sub(self.offset());
        if left == 0 {
            let finish = match self.remembers {
                true => FinishUpload::with_digests(id.clone(), self.digests.clone())
                    .expect("a few parts"),
                false => FinishUpload::new(id.clone()),
            };
            return State::Finishing(id, Box::new(finish));
        }
        let number = u32::try_from(self.digests.len()).expect("few parts") + 1;
        let part = UploadPart::new(id.clone(), number, left.min(PART)).expect("a good part");
        let part = match &self.key {
            Some(key) => part.with_customer_key(key.clone()),
            None => part,
        };
        State::Sending(id, Box::new(part))
    }

    fn give_up(id: LargeFileId, why: Error) -> State {
        let call = Call::new(CancelLargeFileRequest::new(id.clone()));
        State::Cancelling(id, Box::new(call), why)
    }

    /// Each part is sent as if its source were only that part.
    fn placed(&self, mut transmit: Box<Transmit>) -> Box<Transmit> {
        if let BodyPlan::Source { offset, .. } = transmit.request.body_mut() {
            *offset += self.offset();
        }
        transmit
    }

    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn advance(
        &mut self,
        state: &mut State,
        account: &mut Account,
        now: Instant,
    ) -> Result<State, Step<FileVersion>> {
        match state {
            State::Starting(start) => {
                let started = start.poll(account, now).finished()?;
                let started = started.map_err(|error| Step::Done(Err(error)))?;
                let (file_id, parts) = (started.file_id.clone(), None);
                let event = Event::LargeFileStarted { file_id, part_size: PART, parts };
                self.events.push_back(event);
                Ok(match self.stopped {
                    true => Self::give_up(started.file_id, Error::Cancelled),
                    false => self.next(started.file_id),
                })
            }
            State::Sending(id, part) if self.stopped => {
                part.abandon(account);
                Ok(Self::give_up(id.clone(), Error::Cancelled))
            }
            State::Sending(id, part) => match part.poll(account, now).finished() {
                Err(Step::Send(transmit)) => Err(Step::Send(self.placed(transmit))),
                Err(step) => Err(step),
                Ok(Ok(stored)) => {
                    self.digests.push(stored.digest);
                    self.events.push_back(Event::PartStored(stored));
                    Ok(self.next(id.clone()))
                }
                Ok(Err(error)) => Ok(Self::give_up(id.clone(), error)),
            },
            State::Finishing(id, finish) => match finish.poll(account, now).finished()? {
                Err(error) if !matches!(error, Error::Unconfirmed { .. }) => {
                    Ok(Self::give_up(id.clone(), error))
                }
                finished => Err(Step::Done(finished)),
            },
            State::Cancelling(id, call, why) => {
                let cancelled = call.poll(account, now).finished()?;
                let (file_id, last) = (id.clone(), Box::new(why.clone()));
                // B2 says so if an earlier call has cancelled it.
                let is_gone = |error: &Error| error.code() == Some(&ErrorCode::BadRequest);
                Ok(State::Failed(match cancelled {
                    Err(error) if !is_gone(&error) => Error::Orphaned { file_id, last },
                    _ => {
                        self.events.push_back(Event::LargeFileCancelled);
                        why.clone()
                    }
                }))
            }
            State::Failed(error) => Err(Step::Done(Err(error.clone()))),
            State::Over => Err(Step::Done(Err(Error::Cancelled))),
        }
    }
}

impl Operation for ByHand {
    type Output = FileVersion;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<FileVersion> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let mut state = std::mem::replace(&mut self.state, State::Over);
            match self.advance(&mut state, account, now) {
                Ok(next) => self.state = next,
                Err(step) => {
                    self.state = state;
                    return step;
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Starting(start) => start.handle(account, ticket, reply, now),
            State::Sending(_, part) => part.handle(account, ticket, reply, now),
            State::Finishing(_, finish) => finish.handle(account, ticket, reply, now),
            State::Cancelling(_, call, _) => call.handle(account, ticket, reply, now),
            State::Failed(_) | State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Starting(start) => start.abandon(account),
            State::Sending(_, part) => part.abandon(account),
            State::Finishing(_, finish) => finish.abandon(account),
            State::Cancelling(_, call, _) => call.abandon(account),
            State::Failed(_) | State::Over => {}
        }
    }

    fn stop(&mut self, _: Stop) -> bool {
        self.stopped = true;
        true
    }
}
