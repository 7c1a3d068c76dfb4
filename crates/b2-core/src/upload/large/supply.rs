//! Where the next part begins and ends.

use crate::account::Account;
use crate::error::{Error, LocalError, RequestError};
use crate::op::{Prefetch, Reply, Step, Ticket, Wait, WaitReason};
use crate::upload::large::plan::{MAX_FILE_SIZE, MAX_PART_SIZE, PartPlan, Slice};

/// The parts of a file.
#[derive(Debug)]
pub(crate) enum Supply {
    /// The length is known, and so are all parts.
    Plan(PartPlan),
    /// They are found one after the other, until the source ends.
    Stream(Growth),
}

/// Parts of a source whose length is unknown: each five hundred are twice as
/// long as those before, so that the ten thousand that B2 takes suffice for
/// the ten terabytes that it stores, whatever the length of the first.
#[derive(Debug)]
pub(crate) struct Growth {
    first: u64,
    /// Bytes of all parts that were found.
    end: u64,
    /// Parts that were found.
    found: u32,
    /// The one that is to be begun.
    next: Option<Slice>,
    reading: Option<Ticket>,
    ended: bool,
    failed: Option<Error>,
}

/// Parts of one length.
const STEP: u32 = 500;

impl Growth {
    pub(crate) fn new(first: u64) -> Self {
        let first = first.clamp(1, MAX_PART_SIZE);
        Self { first, end: 0, found: 0, next: None, reading: None, ended: false, failed: None }
    }

    /// Length of the part of this number, unless the source ends in it.
    fn wanted(&self, number: u32) -> u64 {
        let doublings = number.saturating_sub(1) / STEP;
        let len = 1_u64.checked_shl(doublings).and_then(|factor| self.first.checked_mul(factor));
        len.unwrap_or(MAX_PART_SIZE).min(MAX_PART_SIZE)
    }

    fn came(&mut self, number: u32, reply: Reply) {
        let wanted = self.wanted(number);
        match reply {
            Reply::Prefetched { len } => {
                let len = len.min(wanted);
                self.ended = len < wanted;
                let end = self.end.saturating_add(len);
                if end > MAX_FILE_SIZE {
                    let why = RequestError::TooLarge { len: end, limit: MAX_FILE_SIZE };
                    self.fail(Error::Request { operation: OPERATION, source: Box::new(why) });
                } else if len > 0 {
                    self.next = Some(Slice { number, offset: self.end, len });
                    self.found = number;
                    self.end = end;
                }
            }
            Reply::Local(error) => self.fail(Error::Local(error)),
            _ => {
                let error = std::io::Error::other("the driver did not read ahead");
                self.fail(Error::Local(LocalError::source(error)));
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.failed = Some(error);
    }
}

const OPERATION: &str = "b2_upload_part";

impl Supply {
    /// The part of this number, if it is known.
    pub(crate) fn slice(&self, number: u32) -> Option<Slice> {
        match self {
            Self::Plan(plan) => plan.slice(number),
            Self::Stream(growth) => growth.next.filter(|slice| slice.number == number),
        }
    }

    /// How many parts there are, as far as known.
    pub(crate) fn count(&self) -> Option<u32> {
        match self {
            Self::Plan(plan) => Some(plan.count()),
            Self::Stream(growth) => {
                (growth.ended && growth.failed.is_none()).then_some(growth.found)
            }
        }
    }

    /// Asks for the bytes of a part that is not known yet; `false`: there is
    /// none, or they are on their way.
    pub(crate) fn ask<T>(&mut self, number: u32, account: &mut Account) -> Result<bool, Step<T>> {
        let Self::Stream(growth) = self else { return Ok(false) };
        if let Some(error) = growth.failed.take() {
            return Err(Step::Done(Err(error)));
        }
        if growth.ended || growth.reading.is_some() {
            return Ok(false);
        }
        let ticket = account.next_ticket();
        growth.reading = Some(ticket);
        let (offset, len) = (growth.end, growth.wanted(number));
        Err(Step::Prefetch(Prefetch { ticket, offset, len }))
    }

    /// Takes a reply for the part of this number, or gives it back.
    pub(crate) fn handle(&mut self, number: u32, ticket: Ticket, reply: Reply) -> Option<Reply> {
        match self {
            Self::Stream(growth) if growth.reading == Some(ticket) => {
                growth.reading = None;
                growth.came(number, reply);
                None
            }
            _ => Some(reply),
        }
    }

    /// The wait for the source, if it is one.
    pub(crate) fn wait(&self) -> Option<Wait> {
        match self {
            Self::Stream(growth) if growth.reading.is_some() => Some(Wait::for_source()),
            _ => None,
        }
    }
}

impl Wait {
    pub(crate) fn for_source() -> Self {
        Self { until: None, on_account: false, reason: WaitReason::Source }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::upload::large::plan::MAX_PARTS;

    proptest! {
        #[test]
        fn ten_thousand_parts_hold_ten_terabytes(first in 5_000_000..=MAX_PART_SIZE) {
            let growth = Growth::new(first);
            let mut sum = 0_u64;
            for number in 1..=MAX_PARTS {
                let len = growth.wanted(number);
                prop_assert!((first..=MAX_PART_SIZE).contains(&len));
                sum += len;
            }
            prop_assert!(sum >= MAX_FILE_SIZE);
        }
    }
}
