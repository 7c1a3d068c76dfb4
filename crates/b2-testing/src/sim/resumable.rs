//! A transfer with a journal on a disk, and crashes.

use std::collections::BTreeSet;

use b2_core::error::Error;
use b2_core::event::Event;
use b2_proto::LargeFileId;

use crate::sim::disk::{Journal, State};

/// Crashes of one errand at most, or it would never end.
const CRASHES: u32 = 3;

/// The present transfer of an actor.
#[derive(Debug, Default)]
pub(crate) struct Resumable {
    /// What is synced to the disk.
    pub(crate) journal: Option<Journal>,
    crash_after: Option<u32>,
    steps: u32,
    crashes_left: u32,
    /// Ends of a process so far: tells apart what was sent before and after.
    pub(crate) life: u32,
    /// Those of this errand.
    deaths: u32,
    /// Between the end of a process and the next start.
    pub(crate) down: bool,
    /// Unfinished files that somebody was told of.
    pub(crate) known: BTreeSet<LargeFileId>,
    /// Unfinished files that there may be, as somebody was told, and nobody
    /// has an id.
    pub(crate) possible: usize,
}

impl Resumable {
    pub(crate) fn new(journal: State, crash_after: Option<u32>) -> Self {
        let crashes_left = if crash_after.is_some() { CRASHES } else { 0 };
        let journal = Some(Journal::new(journal));
        Self { journal, crash_after, crashes_left, ..Self::default() }
    }

    /// The errand that follows another one of the same actor.
    pub(crate) fn after(mut self, previous: &Self) -> Self {
        self.known.clone_from(&previous.known);
        self.possible = previous.possible;
        self.life = previous.life;
        self
    }

    pub(crate) fn crashes(&self) -> bool {
        self.crash_after.is_some()
    }

    pub(crate) fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Counts a step; `true`: this is the one that it does not survive.
    pub(crate) fn dies_now(&mut self) -> bool {
        let Some(after) = self.crash_after.filter(|_| self.crashes_left > 0) else {
            return false;
        };
        self.steps += 1;
        self.steps > after
    }

    pub(crate) fn crashed(&mut self) {
        self.crashes_left -= 1;
        self.put_down();
    }

    /// The process ends, and another one is to go on.
    pub(crate) fn put_down(&mut self) {
        self.steps = 0;
        self.life += 1;
        self.deaths += 1;
        self.down = true;
    }

    /// An event reaches the journal before anything else is done.
    pub(crate) fn note(&mut self, event: &Event) {
        self.possible += usize::from(*event == Event::PossibleOrphan);
        if let Some(journal) = &mut self.journal {
            journal.note(event);
        }
    }

    /// Whether the journal says that B2 has confirmed this part.
    pub(crate) fn has(&self, number: u32) -> bool {
        match self.journal.as_ref().map(|journal| &journal.state) {
            Some(State::Upload(resume)) => resume.parts.contains_key(&number),
            _ => false,
        }
    }

    /// All versions of the name are deleted, and with them what was unfinished.
    /// What may still be begun may come later.
    pub(crate) fn all_deleted(&mut self) {
        self.known.clear();
    }

    pub(crate) fn finished(&mut self) {
        self.journal = None;
        self.crash_after = None;
    }

    /// It gave up. What its journal knows is left, if it was to be kept; and
    /// what it says it could not cancel, or does not know.
    pub(crate) fn failed(&mut self, error: &Error, kept: bool) {
        match error {
            Error::Orphaned { file_id, .. } | Error::Unconfirmed { file_id: Some(file_id), .. } => {
                self.known.insert(file_id.clone());
            }
            Error::Unconfirmed { operation: "b2_start_large_file", .. } => self.possible += 1,
            _ => {}
        }
        let state = self.journal.as_ref().map(|journal| &journal.state);
        let nameless = matches!(state, Some(State::Upload(one)) if one.file_id.is_none());
        // What a process that was killed has asked for may be there.
        if kept || (nameless && self.deaths > 0) {
            self.leave();
        }
        self.finished();
    }

    /// Nobody goes on with it; its journal is there for whoever asks.
    pub(crate) fn leave(&mut self) {
        match self.journal.take().map(|journal| journal.state) {
            Some(State::Upload(resume)) if resume.begun() => match resume.file_id {
                Some(file_id) => drop(self.known.insert(file_id)),
                None => self.possible += 1,
            },
            _ => {}
        }
    }
}
