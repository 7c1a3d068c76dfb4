//! The parts of one large file, several at a time.

use std::collections::{BTreeMap, VecDeque};

use b2_proto::Sha1Digest;

use crate::account::Account;
use crate::event::{Event, StoredPart};
use crate::op::{Reply, Slot, Step, Ticket, Wait, WaitReason};
use crate::time::Instant;
use crate::upload::large::part::{IdleUrls, PartContext};
use crate::upload::large::plan::Slice;
use crate::upload::large::supply::Supply;
use crate::upload::large::work::PartWork;

/// Sends every part that is not stored yet.
#[derive(Debug)]
pub(crate) struct Parts {
    supply: Supply,
    context: PartContext,
    /// Parts under way at a time.
    limit: usize,
    active: Vec<PartWork>,
    /// What each part under way waits for.
    pub(crate) slots: Vec<Slot>,
    urls: IdleUrls,
    stored: BTreeMap<u32, Sha1Digest>,
    /// The next part to look at; all before it are under way or stored.
    next: u32,
    /// Bytes that are stored.
    bytes: u64,
    events: VecDeque<Event>,
    pub(crate) paused: bool,
}

impl Parts {
    pub(crate) fn new(
        supply: Supply,
        context: PartContext,
        limit: usize,
        stored: BTreeMap<u32, Sha1Digest>,
    ) -> Self {
        let mut parts = Self {
            supply,
            context,
            limit: limit.max(1),
            active: Vec::new(),
            slots: Vec::new(),
            urls: IdleUrls::new(),
            stored: BTreeMap::new(),
            next: 1,
            bytes: 0,
            events: VecDeque::new(),
            paused: false,
        };
        for (number, digest) in stored {
            if let Some(slice) = parts.supply.slice(number) {
                parts.store(slice, digest, true);
            }
        }
        parts
    }

    fn store(&mut self, slice: Slice, digest: Sha1Digest, kept: bool) {
        let Slice { number, offset, len } = slice;
        self.stored.insert(number, digest);
        self.bytes += len;
        let of = self.supply.count();
        let part = StoredPart { number, of, offset, len, digest, kept };
        self.events.push_back(Event::PartStored(part));
    }

    /// Gives the digests of all parts in their order.
    pub(crate) fn poll(&mut self, account: &mut Account, now: Instant) -> Step<Vec<Sha1Digest>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            let wait = match self.poll_active(account, now) {
                Polled::Step(step) => return step,
                Polled::Stored => continue,
                Polled::Waits(wait) => wait,
            };
            let wait = match self.begin_next(account) {
                Err(step) => return step,
                Ok(true) => continue,
                Ok(false) => self.supply.wait().into_iter().chain(wait).reduce(Wait::or),
            };
            match wait {
                Some(wait) => return Step::Wait(wait),
                None if self.complete() => {
                    return Step::Done(Ok(self.stored.values().copied().collect()));
                }
                None => return Step::Wait(Wait::paused()),
            }
        }
    }

    fn complete(&self) -> bool {
        let count = self.supply.count().and_then(|count| usize::try_from(count).ok());
        count == Some(self.stored.len())
    }

    /// Length of the file, once all parts are stored.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Polls each part under way, once.
    fn poll_active(&mut self, account: &mut Account, now: Instant) -> Polled {
        let mut wait: Option<Wait> = None;
        self.slots.clear();
        for index in 0..self.active.len() {
            let part = &mut self.active[index];
            match part.poll(&self.context, &mut self.urls, account, now).finished() {
                Err(Step::Wait(other)) => {
                    let Slice { offset, len, .. } = part.slice();
                    self.slots.push(Slot { offset, len, reason: other.reason });
                    wait = Some(wait.map_or(other, |wait| wait.or(other)));
                }
                Err(step) => return Polled::Step(step),
                Ok(Ok(digest)) => {
                    let slice = self.active.swap_remove(index).slice();
                    self.store(slice, digest, false);
                    return Polled::Stored;
                }
                Ok(Err(error)) => {
                    drop(self.active.swap_remove(index));
                    return Polled::Step(Step::Done(Err(error)));
                }
            }
        }
        Polled::Waits(wait)
    }

    /// Puts one more part under way; `false`: there is none, or no room.
    fn begin_next(&mut self, account: &mut Account) -> Result<bool, Step<Vec<Sha1Digest>>> {
        if self.paused || self.active.len() >= self.limit {
            return Ok(false);
        }
        while self.stored.contains_key(&self.next) {
            self.next += 1;
        }
        let Some(slice) = self.supply.slice(self.next) else {
            return self.supply.ask(self.next, account);
        };
        self.next += 1;
        self.active.push(PartWork::new(slice, &self.context));
        Ok(true)
    }

    pub(crate) fn handle(
        &mut self,
        account: &mut Account,
        ticket: Ticket,
        reply: Reply,
        now: Instant,
    ) {
        let Some(mut reply) = self.supply.handle(self.next, ticket, reply) else {
            return;
        };
        for part in &mut self.active {
            match part.handle(&mut self.urls, account, ticket, reply, now) {
                None => return,
                Some(other) => reply = other,
            }
        }
    }

    pub(crate) fn abandon(&mut self, account: &mut Account) {
        for part in &mut self.active {
            part.abandon(account);
        }
    }
}

enum Polled {
    /// Pass this on.
    Step(Step<Vec<Sha1Digest>>),
    /// A part is done; look again.
    Stored,
    /// All wait, if there are any.
    Waits(Option<Wait>),
}

impl Wait {
    fn paused() -> Self {
        Self { until: None, on_account: false, reason: WaitReason::Paused }
    }
}
