//! From a bucket's name to its id, within what the application key allows.

use b2_proto::{AccountId, BucketId, BucketName, ListBucketsRequest, ListBucketsResponse};

use crate::account::{Account, Session};
use crate::call::Call;
use crate::endpoint::{Endpoint, ListBuckets};
use crate::error::{Error, RequestError};
use crate::op::{Operation, Reply, Step, Ticket};
use crate::session::Authorize;
use crate::time::Instant;

/// Finds the id of a bucket by its name.
///
/// A key that is restricted to buckets names them when it is authorized, so
/// no list call is made, which such a key often may not make. Any other key
/// asks for the one bucket by name.
#[derive(Debug)]
pub struct FindBucket {
    name: BucketName,
    state: State,
}

#[derive(Debug)]
enum State {
    Authorizing(Authorize),
    Listing(Box<Call<ListBuckets>>),
}

impl FindBucket {
    /// Looks for the bucket of this name.
    #[must_use]
    pub fn new(name: BucketName) -> Self {
        Self { name, state: State::Authorizing(Authorize::new()) }
    }

    /// The id if the session settles it; `None` if B2 has to be asked.
    fn allowed(&self, session: &Session) -> Option<Result<BucketId, Error>> {
        let buckets = session.buckets.as_ref()?;
        let found =
            buckets.iter().find(|bucket| bucket.name.as_deref() == Some(self.name.as_str()));
        Some(match found {
            Some(bucket) => Ok(bucket.id.clone()),
            None => Err(self.unknown(session.restriction())),
        })
    }

    fn listed(&self, answer: ListBucketsResponse) -> Result<BucketId, Error> {
        let found =
            answer.buckets.into_iter().find(|bucket| bucket.bucket_name == self.name.as_str());
        found.map(|bucket| bucket.bucket_id).ok_or_else(|| self.unknown(None))
    }

    fn unknown(&self, restriction: Option<Box<str>>) -> Error {
        let source = RequestError::NoSuchBucket { name: self.name.to_string().into(), restriction };
        Error::Request { operation: ListBuckets::NAME, source: Box::new(source) }
    }
}

impl Operation for FindBucket {
    type Output = BucketId;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<BucketId> {
        loop {
            match &mut self.state {
                State::Authorizing(authorize) => match authorize.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Err(error)) => return Step::Done(Err(error)),
                    Ok(Ok(session)) => {
                        if let Some(result) = self.allowed(&session) {
                            return Step::Done(result);
                        }
                        let request = ListBucketsRequest::new(AccountId::from(""))
                            .with_bucket_name(self.name.to_string());
                        self.state = State::Listing(Box::new(Call::new(request)));
                    }
                },
                State::Listing(call) => {
                    return match call.poll(account, now).finished() {
                        Err(step) => step,
                        Ok(answer) => Step::Done(answer.and_then(|answer| self.listed(answer))),
                    };
                }
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.handle(account, ticket, reply, now),
            State::Listing(call) => call.handle(account, ticket, reply, now),
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.abandon(account),
            State::Listing(call) => call.abandon(account),
        }
    }
}
