//! A journal as a disk keeps it: what was synced, and of the rest whatever
//! the machine had got to when it went down.
//!
//! The journal of the crate `b2` works on files, so this is a model of it. It
//! writes the same lines in the same order and syncs when that one does: when
//! it is made, and after each line, before anything follows from it.

use b2_core::download::DownloadResume;
use b2_core::event::Event;
use b2_core::upload::Resume;
use serde_json::to_string;

/// The journal of a transfer: what its process believes, and its file.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pub(crate) state: State,
    file: Vec<u8>,
    /// So many bytes of it are on the disk for certain.
    synced: usize,
}

/// What a journal tells of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Upload(Resume),
    Download(DownloadResume),
}

impl State {
    fn first_line(&self) -> String {
        match self {
            Self::Upload(resume) => resume.to_string(),
            Self::Download(resume) => to_string(resume).expect("plain data"),
        }
    }

    /// Notes an event; gives the line to keep, if it is worth one.
    fn note(&mut self, event: &Event) -> Option<String> {
        match self {
            Self::Upload(resume) => resume.note(event).map(|entry| to_string(&entry)),
            Self::Download(resume) => resume.note(event).map(|entry| to_string(&entry)),
        }
        .map(|line| line.expect("plain data"))
    }

    /// Brings a state up to a line that was read back.
    fn apply(&mut self, line: &str) {
        match self {
            Self::Upload(resume) => resume.apply(serde_json::from_str(line).expect("an entry")),
            Self::Download(resume) => resume.apply(serde_json::from_str(line).expect("an entry")),
        }
    }

    fn parse(&self, line: &str) -> Self {
        match self {
            Self::Upload(_) => Self::Upload(line.parse().expect("a state")),
            Self::Download(_) => Self::Download(serde_json::from_str(line).expect("a state")),
        }
    }
}

impl Journal {
    pub(crate) fn new(state: State) -> Self {
        let mut journal = Self { file: Vec::new(), synced: 0, state };
        journal.append(&journal.state.first_line());
        journal.sync();
        journal
    }

    fn append(&mut self, line: &str) {
        self.file.extend_from_slice(line.as_bytes());
        self.file.push(b'\n');
    }

    fn sync(&mut self) {
        self.synced = self.file.len();
    }

    /// Notes an event; it is synced when this returns.
    pub(crate) fn note(&mut self, event: &Event) {
        if let Some(line) = self.state.note(event) {
            self.append(&line);
            self.sync();
        }
    }

    /// The process is killed while an event is being noted: so much of its
    /// line was written, and nothing of it synced.
    pub(crate) fn torn(&mut self, event: &Event, draw: u64) {
        if let Some(line) = self.state.clone().note(event) {
            self.file.extend_from_slice(&line.as_bytes()[..part(draw, line.len())]);
        }
    }

    /// The machine goes down: of what was not synced any part is on the disk.
    pub(crate) fn loses_power(&mut self, draw: u64) {
        let left = part(draw, self.file.len() - self.synced);
        self.file.truncate(self.synced + left);
    }

    /// What another process reads from the disk. It has to be what the first
    /// believed, as every line was synced before anything followed from it.
    pub(crate) fn read_back(&mut self) -> Result<(), String> {
        let whole = self.file.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.file.truncate(whole);
        self.sync();
        let text = std::str::from_utf8(&self.file).map_err(|error| error.to_string())?;
        let mut lines = text.lines();
        let mut state = self.state.parse(lines.next().ok_or("the journal is empty")?);
        lines.for_each(|line| state.apply(line));
        if state == self.state {
            Ok(())
        } else {
            Err(format!("the journal tells of {state:?}, the process knew {:?}", self.state))
        }
    }
}

/// Any number up to `most`.
fn part(draw: u64, most: usize) -> usize {
    let most = u64::try_from(most).expect("a line");
    usize::try_from(draw % (most + 1)).expect("at most the line")
}

#[cfg(test)]
mod tests {
    use b2_core::download::DownloadResume;

    use super::*;

    #[test]
    fn what_was_not_synced_is_missed() {
        let event = Event::DownloadBegun { file_id: "f".into(), len: 9 };
        let mut journal = Journal::new(State::Download(DownloadResume::default()));
        journal.note(&event);
        journal.loses_power(0);
        assert_eq!(journal.read_back(), Ok(()));
        let line = journal.state.note(&Event::Restarting).expect("worth a line");
        journal.append(&line);
        journal.loses_power(1);
        assert!(journal.read_back().is_err(), "the line was written and not synced");
    }
}
