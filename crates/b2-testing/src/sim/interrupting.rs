//! A user who changes his mind, and a source that takes its time.

use std::io;

use b2_core::error::LocalError;
use b2_core::op::{Prefetch, Reply, Stop, Ticket};
use b2_core::time::Duration;

use crate::sim::actor::{Actor, Life};
use crate::sim::books::Violation;
use crate::sim::scenario::{Errand, How};
use crate::sim::settling::End;
use crate::sim::world::{Happening, World};

impl Actor {
    /// Counts a step; gives what the user does before it.
    pub(super) fn interruption(&mut self) -> Option<How> {
        let next = self.interruptions.front().filter(|_| self.operation.is_some())?;
        self.steps += 1;
        if self.steps <= next.after {
            return None;
        }
        self.steps = 0;
        self.interruptions.pop_front().map(|interruption| interruption.how)
    }

    /// Whether it was stopped so that another process can go on.
    pub(super) fn is_kept(&self) -> bool {
        let journal =
            matches!(self.errand, Some(Errand::UploadLarge { .. } | Errand::CopyLarge { .. }));
        journal && self.stopped == Some(How::Keep)
    }

    /// Whether the source of the present errand has a byte that cannot be read.
    pub(super) fn unreadable(&self) -> bool {
        self.breaks_before(self.source.len() as u64)
    }

    fn breaks_before(&self, end: u64) -> bool {
        let Some(Errand::UploadStream { len, fails_at: Some(at), .. }) = self.errand else {
            return false;
        };
        at < len && u64::from(at) < end
    }
}

impl World {
    pub(super) fn interrupt(&mut self, index: usize, how: How) {
        self.tell(|| format!("actor {index}: is told: {how:?}"));
        let actor = &mut self.actors[index];
        let Some(operation) = &mut actor.operation else { return };
        let stop = match how {
            How::Pause(seconds) => {
                if operation.pause(true) {
                    let pause = Duration::from_secs(seconds.into());
                    self.schedule(pause, Happening::Resumes(index));
                }
                return;
            }
            How::Cancel => Stop::Cancel,
            How::Keep => Stop::Keep,
        };
        self.stops += 1;
        if operation.stop(stop) {
            // What it has under way it need not heed any more.
            (actor.stopped, actor.refused) = (Some(how), true);
        } else {
            self.let_fall(index);
        }
    }

    /// There is nothing to tidy up: the operation is dropped where it stands.
    fn let_fall(&mut self, index: usize) {
        self.dropped += 1;
        let epoch = self.account.epoch();
        let actor = &mut self.actors[index];
        if let Some(mut operation) = actor.operation.take() {
            operation.abandon(&mut self.account);
        }
        let deletes = matches!(actor.errand, Some(Errand::Delete | Errand::DeleteAll));
        actor.deletes_late |= deletes && actor.in_air > 0;
        actor.forget();
        actor.resumable.leave();
        actor.resumable.finished();
        (actor.names, actor.version_pages, actor.application_key) = (None, None, None);
        self.settle(index, End::InDoubt);
        // Nobody hears what is still under way.
        self.actors[index].begun += 1;
        self.wake_others(epoch);
    }

    /// It was stopped in good order, and another process goes on.
    pub(super) fn put_down(&mut self, index: usize) {
        let actor = &mut self.actors[index];
        actor.resumable.put_down();
        actor.forget();
        self.schedule(Duration::from_secs(3), Happening::Restarts(index));
    }

    /// The pause is over.
    pub(super) fn go_on(&mut self, index: usize) {
        if let Some(operation) = &mut self.actors[index].operation {
            operation.pause(false);
        }
        self.advance(index);
    }

    /// The source is read; sometimes it has the bytes at hand, sometimes it
    /// takes seconds, and at times it fails.
    pub(super) fn prefetch(&mut self, index: usize, request: &Prefetch) {
        let actor = &mut self.actors[index];
        let (offset, expected) = (request.offset, actor.read_to);
        if actor.reading || (offset != expected && offset != 0) {
            self.books.blame(Violation::ReadAhead { offset, expected });
        }
        let left = (actor.source.len() as u64).saturating_sub(request.offset);
        let reply = if actor.breaks_before(request.offset + request.len) {
            Reply::Local(LocalError::source(io::Error::other("a bad sector")))
        } else {
            actor.read_to = offset + left.min(request.len);
            Reply::Prefetched { len: left.min(request.len) }
        };
        let (life, ticket) = (actor.life(), request.ticket);
        actor.reading = true;
        match self.draw() % 3 {
            0 => self.hand_over(index, ticket, reply),
            factor => {
                let delay = self.latency() * u32::try_from(factor * 8).unwrap_or(8);
                self.schedule(delay, Happening::Read(index, life, ticket, reply));
            }
        }
    }

    fn hand_over(&mut self, index: usize, ticket: Ticket, reply: Reply) {
        let actor = &mut self.actors[index];
        actor.reading = false;
        // What it has under way it need not heed any more.
        let failed = matches!(reply, Reply::Local(_));
        actor.refused |= failed;
        self.stops += u64::from(failed);
        if let Some(operation) = &mut actor.operation {
            operation.handle(&mut self.account, ticket, reply, self.now);
        }
    }

    pub(super) fn read(&mut self, index: usize, life: Life, ticket: Ticket, reply: Reply) {
        if !self.actors[index].gone && self.actors[index].life() == life {
            self.tell(|| format!("actor {index}: has read: {reply:?}"));
            self.hand_over(index, ticket, reply);
            self.advance(index);
        }
    }
}
