//! A transfer with a journal on a disk, and crashes.

use b2_core::error::Error;
use b2_core::event::Event;

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
    /// Crashes so far: tells apart what was sent before and after one.
    pub(crate) life: u32,
    /// Crashes of this errand.
    deaths: u32,
    /// Between a crash and the next start.
    pub(crate) down: bool,
    /// Unfinished files that somebody knows of or has to expect.
    pub(crate) known_unfinished: usize,
    /// A request to start a file is under way.
    starting: u32,
}

impl Resumable {
    pub(crate) fn new(journal: State, crash_after: Option<u32>) -> Self {
        let crashes_left = if crash_after.is_some() { CRASHES } else { 0 };
        let journal = Some(Journal::new(journal));
        Self { journal, crash_after, crashes_left, ..Self::default() }
    }

    /// The errand that follows another one of the same actor.
    pub(crate) fn after(mut self, previous: &Self) -> Self {
        self.known_unfinished += previous.known_unfinished;
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
        self.steps = 0;
        self.life += 1;
        self.deaths += 1;
        self.down = true;
        // Whatever is in the air may still arrive, and nobody hears of it.
        self.known_unfinished += usize::try_from(self.starting).expect("a few");
        self.starting = 0;
    }

    /// An event reaches the journal before anything else is done.
    pub(crate) fn note(&mut self, event: &Event) {
        self.known_unfinished += usize::from(*event == Event::PossibleOrphan);
        if let Some(journal) = &mut self.journal {
            journal.note(event);
        }
    }

    pub(crate) fn starts(&mut self) {
        self.starting += 1;
    }

    /// The answer to a start came, or its loss was noticed.
    pub(crate) fn started(&mut self) {
        self.starting = self.starting.saturating_sub(1);
    }

    /// Whether the journal says that B2 has confirmed this part.
    pub(crate) fn has(&self, number: u32) -> bool {
        match self.journal.as_ref().map(|journal| &journal.state) {
            Some(State::Upload(resume)) => resume.parts.contains_key(&number),
            _ => false,
        }
    }

    /// All versions of the name are deleted, and with them what was unfinished,
    /// unless a process that was killed has left a request in the air.
    pub(crate) fn all_deleted(&mut self) {
        if self.life == 0 {
            self.known_unfinished = 0;
        }
    }

    pub(crate) fn finished(&mut self) {
        self.journal = None;
        self.crash_after = None;
    }

    /// It gave up. What its journal knows is left, if it was to be kept; and
    /// what it says it could not cancel, or does not know.
    pub(crate) fn failed(&mut self, error: &Error, stream: bool) {
        let left = matches!(error, Error::Orphaned { .. } | Error::Unconfirmed { .. });
        let state = self.journal.as_ref().map(|journal| &journal.state);
        let begun = matches!(state, Some(state @ State::Upload(_)) if state.begun());
        // A stream has no journal; it says what it leaves.
        self.known_unfinished +=
            usize::from((begun && (left || self.crashes())) || (stream && left));
        self.journal = None;
        self.crash_after = None;
    }
}
