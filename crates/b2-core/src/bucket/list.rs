//! The buckets that the application key may see.

use std::vec::IntoIter;

use b2_proto::{AccountId, Bucket, BucketId, ListBucketsRequest};

use crate::account::Account;
use crate::call::Call;
use crate::endpoint::{Endpoint, ListBuckets};
use crate::op::{Operation, Reply, Step, Ticket, Wait};
use crate::session::Authorize;
use crate::time::Instant;

/// Lists the buckets that the key may see, sorted by name.
///
/// A key without restriction asks once. One that is restricted to buckets may
/// only ask for one of them at a time, so it takes a call for each; a bucket
/// that was deleted since the key was made is left out.
#[derive(Debug)]
pub struct ListAllowedBuckets {
    state: State,
    found: Vec<Bucket>,
    /// Buckets that are still to be asked for.
    left: IntoIter<BucketId>,
}

#[derive(Debug)]
enum State {
    Authorizing(Authorize),
    Listing(Box<Call<ListBuckets>>),
    Over,
}

impl Default for ListAllowedBuckets {
    fn default() -> Self {
        Self::new()
    }
}

impl ListAllowedBuckets {
    /// A new listing.
    #[must_use]
    pub fn new() -> Self {
        let state = State::Authorizing(Authorize::new());
        Self { state, found: Vec::new(), left: Vec::new().into_iter() }
    }

    /// The call for the next bucket that the key names; none are left: the end.
    fn next(&mut self) -> Option<State> {
        let request =
            ListBucketsRequest::new(AccountId::from("")).with_bucket_id(self.left.next()?);
        Some(State::Listing(Box::new(Call::new(request))))
    }

    fn end(&mut self) -> Step<Vec<Bucket>> {
        self.state = State::Over;
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|a, b| a.bucket_name.cmp(&b.bucket_name));
        Step::Done(Ok(found))
    }
}

impl Operation for ListAllowedBuckets {
    type Output = Vec<Bucket>;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Vec<Bucket>> {
        loop {
            let next = match &mut self.state {
                State::Authorizing(authorize) => match authorize.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Err(error)) => return Step::Done(Err(error)),
                    Ok(Ok(session)) => match &session.buckets {
                        Some(allowed) => {
                            // Without a name it was deleted.
                            let left = allowed.iter().filter(|bucket| bucket.name.is_some());
                            let ids: Vec<_> = left.map(|bucket| bucket.id.clone()).collect();
                            self.left = ids.into_iter();
                            self.next()
                        }
                        None => {
                            let request = ListBucketsRequest::new(AccountId::from(""));
                            Some(State::Listing(Box::new(Call::new(request))))
                        }
                    },
                },
                State::Listing(call) => match call.poll(account, now).finished() {
                    Err(step) => return step,
                    Ok(Err(error)) => return Step::Done(Err(error)),
                    Ok(Ok(answer)) => {
                        self.found.extend(answer.buckets);
                        self.next()
                    }
                },
                State::Over => return Step::Wait(Wait::for_reply(ListBuckets::NAME)),
            };
            match next {
                Some(next) => self.state = next,
                None => return self.end(),
            }
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.handle(account, ticket, reply, now),
            State::Listing(call) => call.handle(account, ticket, reply, now),
            State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Authorizing(authorize) => authorize.abandon(account),
            State::Listing(call) => call.abandon(account),
            State::Over => {}
        }
    }
}
