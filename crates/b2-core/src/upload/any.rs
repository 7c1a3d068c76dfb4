//! A file of any size: in one request or in parts.
//!
//! ```text
//! Choosing --authorized--> Small --> Done
//!                     \--> Large --> Done
//! ```

use b2_proto::BucketId;

use crate::account::{Account, Session};
use crate::error::Error;
use crate::op::{Operation, Reply, Slot, Step, Stop, Ticket};
use crate::session::Authorize;
use crate::time::Instant;
use crate::upload::headers::UploadHeaders;
use crate::upload::large::{LargeOptions, LargeUpload};
use crate::upload::small::{SIMPLE_UPLOAD_LIMIT, SmallUpload, Uploaded};

/// Uploads one file in the way that its length asks for.
#[derive(Debug)]
pub struct Upload {
    state: State,
    paused: bool,
}

/// When a file is cut into parts, and how.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UploadOptions {
    simple_limit: Option<u64>,
    large: LargeOptions,
}

impl UploadOptions {
    /// Longest file in bytes that is sent in one request; default: twice the
    /// part size, or what B2 recommends, 200,000,000. At most
    /// [`SIMPLE_UPLOAD_LIMIT`]; files that are not longer than B2's smallest
    /// part (5,000,000) are always sent in one request.
    #[must_use]
    pub fn with_simple_limit(mut self, bytes: u64) -> Self {
        self.simple_limit = Some(bytes);
        self
    }

    /// How a large file is sent.
    #[must_use]
    pub fn with_large(mut self, options: LargeOptions) -> Self {
        self.large = options;
        self
    }

    /// How a large file is sent.
    #[must_use]
    pub fn large(&self) -> &LargeOptions {
        &self.large
    }

    fn is_large(&self, len: u64, session: &Session) -> bool {
        let part_size = self.large.part_size.unwrap_or(session.recommended_part_size);
        let limit = self.simple_limit.unwrap_or_else(|| part_size.saturating_mul(2));
        let resumed = self.large.resume.as_ref().is_some_and(|resume| resume.begun());
        let divisible = len > session.absolute_minimum_part_size;
        divisible && (resumed || len > limit.min(SIMPLE_UPLOAD_LIMIT))
    }
}

#[derive(Debug)]
enum State {
    Choosing(Box<Choice>),
    Small(Box<SmallUpload>),
    Large(Box<LargeUpload>),
    Over,
}

#[derive(Debug)]
struct Choice {
    authorize: Authorize,
    bucket: BucketId,
    headers: UploadHeaders,
    len: u64,
    options: UploadOptions,
}

impl Upload {
    /// Uploads the first `len` bytes of the source.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if `len` is above ten terabytes, the file
    /// information breaks B2's rules, or `options` resume another upload.
    pub fn new(
        bucket: BucketId,
        headers: UploadHeaders,
        len: u64,
        options: UploadOptions,
    ) -> Result<Self, Error> {
        // Whatever it becomes, what is wrong with it is told before anything
        // is sent.
        LargeUpload::new(bucket.clone(), headers.clone(), len, options.large.clone())?;
        let authorize = Authorize::new();
        let choice = Choice { authorize, bucket, headers, len, options };
        Ok(Self { state: State::Choosing(Box::new(choice)), paused: false })
    }

    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    fn choose(&mut self, account: &mut Account, now: Instant) -> Result<(), Step<Uploaded>> {
        let State::Choosing(choice) = &mut self.state else {
            return Ok(());
        };
        let session = match choice.authorize.poll(account, now).finished()? {
            Ok(session) => session,
            Err(error) => return Err(Step::Done(Err(error))),
        };
        let State::Choosing(choice) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        let Choice { bucket, headers, len, options, .. } = *choice;
        let failed = |error| Step::Done(Err(error));
        self.state = if options.is_large(len, &session) {
            let mut large =
                LargeUpload::new(bucket, headers, len, options.large).map_err(failed)?;
            large.pause(self.paused);
            State::Large(Box::new(large))
        } else {
            State::Small(Box::new(SmallUpload::new(bucket, headers, len).map_err(failed)?))
        };
        Ok(())
    }
}

impl Operation for Upload {
    type Output = Uploaded;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Uploaded> {
        if let Err(step) = self.choose(account, now) {
            return step;
        }
        match &mut self.state {
            State::Small(small) => small.poll(account, now),
            State::Large(large) => large.poll(account, now),
            State::Choosing(_) | State::Over => Step::Done(Err(Error::Cancelled)),
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        match &mut self.state {
            State::Choosing(choice) => choice.authorize.handle(account, ticket, reply, now),
            State::Small(small) => small.handle(account, ticket, reply, now),
            State::Large(large) => large.handle(account, ticket, reply, now),
            State::Over => {}
        }
    }

    fn abandon(&mut self, account: &mut Account) {
        match &mut self.state {
            State::Choosing(choice) => choice.authorize.abandon(account),
            State::Small(small) => small.abandon(account),
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
            State::Choosing(_) => true,
            State::Large(large) => large.pause(paused),
            State::Small(_) | State::Over => false,
        }
    }

    fn slots(&self) -> &[Slot] {
        match &self.state {
            State::Large(large) => large.slots(),
            _ => &[],
        }
    }
}
