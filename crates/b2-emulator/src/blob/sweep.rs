//! What keeps the sweep of old blobs apart from the work on new ones.
//!
//! The sweep looks at every blob there was when the program started, one group
//! (the first two digits of the id) at a time. Blobs made since are none of its
//! business: their rows may not be there yet.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::BlobId;

/// How far the sweep is, and what it must not touch.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Made since the sweep began.
    fresh: HashSet<BlobId>,
    /// The next group; 256 when there is none.
    next: u16,
}

const GROUPS: u16 = 256;

/// Nobody makes or removes blobs while one group is visited.
pub(super) struct Visit<'s> {
    state: MutexGuard<'s, State>,
    group: u8,
}

/// A blob about to be removed.
pub(super) struct Removal<'s> {
    is_counted: bool,
    _state: MutexGuard<'s, State>,
}

impl Sweep {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        *self.state() = State::default();
    }

    pub(super) fn visit(&self, group: u8) -> Visit<'_> {
        Visit { state: self.state(), group }
    }

    /// Notes that a blob is being made.
    pub(super) fn add_fresh(&self, id: BlobId) {
        let mut state = self.state();
        if state.next < GROUPS {
            state.fresh.insert(id);
        }
    }

    /// Whether the bytes of a blob have been counted. The group must not be
    /// visited before the blob is gone, so it stays locked.
    pub(super) fn remove(&self, id: BlobId) -> Removal<'_> {
        let state = self.state();
        let is_counted = state.next > u16::from(id.group()) || state.fresh.contains(&id);
        Removal { is_counted, _state: state }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().next == GROUPS
    }
}

impl Visit<'_> {
    pub(super) fn is_fresh(&self, id: BlobId) -> bool {
        self.state.fresh.contains(&id)
    }

    /// Ends the visit; the last one ends the sweep.
    pub(super) fn done(&mut self) {
        self.state.next = u16::from(self.group) + 1;
        if self.state.next == GROUPS {
            self.state.fresh = HashSet::new();
        }
    }
}

impl Removal<'_> {
    pub(super) const fn is_counted(&self) -> bool {
        self.is_counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_blobs_are_left_alone_and_the_rest_is_counted_once() {
        let sweep = Sweep::default();
        let (first, last) = (BlobId::new(1), BlobId::new(u128::MAX));
        assert!(!sweep.remove(first).is_counted(), "its group was not visited yet");
        sweep.add_fresh(first);
        assert!(sweep.remove(first).is_counted(), "who made it counted it");
        let mut visit = sweep.visit(0);
        assert!(visit.is_fresh(first));
        visit.done();
        drop(visit);
        assert!(sweep.remove(BlobId::new(2)).is_counted());
        assert!(!sweep.remove(last).is_counted());
        sweep.visit(255).done();
        assert!(sweep.is_over() && sweep.remove(last).is_counted());
    }
}
