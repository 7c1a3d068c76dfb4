//! A journal that is opened only when something was prepared.

use std::io;
use std::sync::{Arc, OnceLock};

use b2_core::event::Event;
use b2_core::upload::Resume;

use crate::journal::Recording;

/// Stands for a journal from the beginning on, so that whoever holds a handle
/// can ask it as soon as it is there.
#[derive(Debug, Default)]
pub(crate) struct LateJournal(OnceLock<Arc<dyn Recording>>);

impl LateJournal {
    pub(crate) fn set(&self, journal: &Arc<dyn Recording>) {
        // An upload is prepared once.
        let _first = self.0.set(Arc::clone(journal));
    }
}

impl Recording for LateJournal {
    fn note(&self, event: &Event) -> io::Result<()> {
        self.0.get().map_or(Ok(()), |journal| journal.note(event))
    }

    fn on_disk(&self) -> bool {
        self.0.get().is_some_and(|journal| journal.on_disk())
    }

    fn remove(&self) -> io::Result<()> {
        self.0.get().map_or(Ok(()), |journal| journal.remove())
    }

    fn resume(&self) -> Option<Resume> {
        self.0.get().and_then(|journal| journal.resume())
    }
}
