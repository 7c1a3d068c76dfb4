//! What a caller tells work that is under way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use b2_core::op::Stop;

/// Wishes of the caller, read by whoever drives the work.
#[derive(Debug, Default)]
pub(crate) struct Control {
    wishes: Mutex<Wishes>,
    /// Notified when the wishes change.
    pub(crate) changed: event_listener::Event,
}

/// What the caller wants at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) stop: Option<Stop>,
    pub(crate) paused: bool,
}

impl Control {
    pub(crate) fn stop(&self, how: Stop) {
        self.change(|wishes| wishes.stop = Some(how));
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.change(|wishes| wishes.paused = paused);
    }

    pub(crate) fn wishes(&self) -> Wishes {
        *self.lock()
    }

    fn change(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.lock());
        self.changed.notify(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
