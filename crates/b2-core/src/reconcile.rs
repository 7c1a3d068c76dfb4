//! Calls whose lost or repeated answer is settled by looking.
//!
//! ```text
//! Calling --answer--> Done
//!    |  ^
//!    |  +-- nothing there: call once more --+
//!    +-- the answer may be lost --> Looking-+--found--> Done
//! ```
//!
//! A key that may not look calls again where that does no harm; what is
//! refused then may have been done by the first call.

use b2_proto::{
    Action, Capability, ErrorCode, FileId, GetFileInfoRequest, ListBucketsRequest,
    ListFileVersionsRequest,
};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{
    CreateBucket, Endpoint, FinishLargeFile, GetFileInfo, HideFile, ListBuckets, ListFileVersions,
};
use crate::error::Error;
use crate::event::Event;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::time::Instant;

/// An endpoint whose effect can be looked up.
///
/// Sealed: the rules belong to B2.
pub trait Reconcile: Endpoint<Request: Clone> + sealed::Sealed {
    /// The call that shows whether the first took effect.
    type Look: Endpoint + std::fmt::Debug;

    /// What the key must be allowed to do for that.
    const LOOK_NEEDS: Capability;

    /// Whether a key that may not look can as well call again: what took
    /// effect is refused the second time and not done twice.
    const CALL_AGAIN: bool = false;

    /// Whether this error leaves it open if the call took effect.
    fn doubtful(error: &Error) -> bool;
    /// What to ask for.
    fn look(request: &Self::Request) -> <Self::Look as Endpoint>::Request;
    /// The answer that the first call should have given.
    fn found(
        request: &Self::Request,
        answer: <Self::Look as Endpoint>::Response,
    ) -> Option<Self::Response>;
}

mod sealed {
    #[expect(unnameable_types, reason = "sealed: nobody else may implement it")]
    pub trait Sealed {}
    impl Sealed for super::CreateBucket {}
    impl Sealed for super::FinishLargeFile {}
    impl Sealed for super::HideFile {}
}

/// Looks that may come back empty before the call fails for good.
const SECOND_CALLS: u32 = 3;

/// A [`Call`] that looks whether it took effect when its answer is lost.
#[derive(Debug)]
pub struct Reconciled<E: Reconcile> {
    request: E::Request,
    state: State<E>,
    second_calls: u32,
    /// Why nobody knows whether an earlier call took effect.
    doubt: Option<Error>,
}

#[derive(Debug)]
enum State<E: Reconcile> {
    Calling(Call<E>),
    Doubting(Error),
    Looking(Call<E::Look>, Error),
}

impl<E: Reconcile> Reconciled<E> {
    /// A call with this request.
    #[must_use]
    pub fn new(request: E::Request) -> Self {
        let state = State::Calling(Call::new(request.clone()));
        Self { request, state, second_calls: 0, doubt: None }
    }

    fn calls_again(&mut self, error: &Error) -> bool {
        let lost = matches!(error, Error::Unconfirmed { .. });
        if !E::CALL_AGAIN || !lost || self.second_calls == SECOND_CALLS {
            return false;
        }
        self.second_calls += 1;
        true
    }

    /// Where what took effect is refused the second time, a lost answer stays
    /// in doubt, whatever comes after it.
    fn remember(&mut self, error: &Error) {
        if E::CALL_AGAIN && self.doubt.is_none() && matches!(error, Error::Unconfirmed { .. }) {
            self.doubt = Some(error.clone());
        }
    }

    /// What to do when the look is over; `None`: poll again.
    fn looked(
        &mut self,
        answer: Result<<E::Look as Endpoint>::Response, Error>,
        doubt: Error,
    ) -> Option<Result<E::Response, Error>> {
        match answer.map(|answer| E::found(&self.request, answer)) {
            Ok(Some(found)) => Some(Ok(found)),
            Ok(None)
                if self.second_calls < SECOND_CALLS
                    && matches!(doubt, Error::Unconfirmed { .. }) =>
            {
                self.second_calls += 1;
                self.state = State::Calling(Call::new(self.request.clone()));
                None
            }
            // What was asked for is what the user has to hear about.
            Ok(None) => Some(Err(doubt)),
            Err(_) => Some(Err(self.doubt.take().unwrap_or(doubt))),
        }
    }
}

/// A look that B2 is sure to refuse is not made.
fn may_look<E: Reconcile>(account: &Account) -> bool {
    account.may(&E::LOOK_NEEDS)
}

impl<E: Reconcile> Operation for Reconciled<E> {
    type Output = E::Response;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<E::Response> {
        loop {
            match &mut self.state {
                State::Calling(call) => match call.poll(account, now).finished() {
                    Ok(Err(error)) if E::doubtful(&error) && may_look::<E>(account) => {
                        self.remember(&error);
                        self.state = State::Doubting(error);
                        return Step::Event(Event::Reconciling);
                    }
                    Ok(Err(error)) if self.calls_again(&error) => {
                        self.remember(&error);
                        self.state = State::Calling(Call::new(self.request.clone()));
                        return Step::Event(Event::Reconciling);
                    }
                    Ok(Err(error)) => {
                        return Step::Done(Err(self.doubt.take().unwrap_or(error)));
                    }
                    Ok(Ok(done)) => return Step::Done(Ok(done)),
                    Err(step) => return step,
                },
                State::Doubting(error) => {
                    let look = Call::new(E::look(&self.request));
                    self.state = State::Looking(look, error.clone());
                }
                State::Looking(look, doubt) => match look.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(answer) => {
                        let doubt = doubt.clone();
                        if let Some(result) = self.looked(answer, doubt) {
                            return Step::Done(result);
                        }
                    }
                },
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Calling(call) => call.handle(account, ticket, reply, now),
            State::Looking(look, _) => look.handle(account, ticket, reply, now),
            State::Doubting(_) => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Calling(call) => call.abandon(account),
            State::Looking(look, _) => look.abandon(account),
            State::Doubting(_) => {}
        }
    }
}

/// Rows to look at: unfinished large files may stand before the newest version.
const ROWS: u32 = 100;

/// Hiding a hidden file is no failure: the marker that is there is the answer.
impl Reconcile for HideFile {
    type Look = ListFileVersions;
    const LOOK_NEEDS: Capability = Capability::ListFiles;

    fn doubtful(error: &Error) -> bool {
        error.code() == Some(&ErrorCode::AlreadyHidden)
    }

    fn look(request: &Self::Request) -> ListFileVersionsRequest {
        let name = request.file_name.clone();
        ListFileVersionsRequest::new(request.bucket_id.clone())
            .with_start_file_name(name.clone())
            .with_prefix(name)
            .with_max_file_count(ROWS)
    }

    fn found(
        request: &Self::Request,
        answer: <ListFileVersions as Endpoint>::Response,
    ) -> Option<Self::Response> {
        answer
            .files
            .into_iter()
            .find(|row| row.action != Action::Start)
            .filter(|row| row.action == Action::Hide && row.file_name == request.file_name)
    }
}

/// The revision that B2 gives a bucket that nobody has changed yet.
const NEW_BUCKET_REVISION: u64 = 2;

/// An unchanged bucket of the wanted name and type is the one that was made.
/// Any other was there before, and the lost answer was B2's refusal, which
/// the second call brings to light.
impl Reconcile for CreateBucket {
    type Look = ListBuckets;
    const LOOK_NEEDS: Capability = Capability::ListBuckets;

    fn doubtful(error: &Error) -> bool {
        matches!(error, Error::Unconfirmed { .. })
    }

    fn look(request: &Self::Request) -> ListBucketsRequest {
        ListBucketsRequest::new(request.account_id.clone())
            .with_bucket_name(request.bucket_name.clone())
    }

    fn found(
        request: &Self::Request,
        answer: <ListBuckets as Endpoint>::Response,
    ) -> Option<Self::Response> {
        answer.buckets.into_iter().find(|bucket| {
            bucket.bucket_name == request.bucket_name
                && bucket.bucket_type == request.bucket_type
                && bucket.revision <= NEW_BUCKET_REVISION
        })
    }
}

/// A large file keeps its id when it is finished, so its id tells. B2 refuses
/// to finish a file twice in the words for any bad request.
impl Reconcile for FinishLargeFile {
    type Look = GetFileInfo;
    const LOOK_NEEDS: Capability = Capability::ReadFiles;
    const CALL_AGAIN: bool = true;

    fn doubtful(error: &Error) -> bool {
        matches!(error, Error::Unconfirmed { .. }) || error.code() == Some(&ErrorCode::BadRequest)
    }

    fn look(request: &Self::Request) -> GetFileInfoRequest {
        GetFileInfoRequest::new(FileId::from(request.file_id.clone()))
    }

    fn found(
        _: &Self::Request,
        answer: <GetFileInfo as Endpoint>::Response,
    ) -> Option<Self::Response> {
        (answer.action == Action::Upload).then_some(answer)
    }
}
