//! What a transfer remembers, in memory and on disk.
//!
//! A journal file is a line of JSON for the state that it began with and one
//! for each change. Every line is on the disk before the transfer goes on, so
//! a process that is killed has written down all that is confirmed. A line
//! that was cut by the end of the process is not counted.

mod file;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use b2_core::download::{DownloadResume, DownloadResumeEntry};
use b2_core::error::{Error, LocalError, RequestError};
use b2_core::event::Event;
use b2_core::upload::{CannotResume, Resume, ResumeEntry};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::folder;
use crate::journal::file::{append, line, private, read};
use crate::locked;

/// The state of a transfer that can go on later.
pub(crate) trait Remembered:
    Clone + std::fmt::Debug + Serialize + DeserializeOwned + Send + 'static
{
    type Entry: Serialize + DeserializeOwned;

    fn note(&mut self, event: &Event) -> Option<Self::Entry>;
    fn apply(&mut self, entry: Self::Entry);
    /// Whether there is anything to go on with.
    fn begun(&self) -> bool;
    fn parse(text: &str) -> Result<Self, CannotResume>;
    /// The state, if it is that of an upload.
    fn upload(self) -> Option<Resume>;
}

impl Remembered for Resume {
    type Entry = ResumeEntry;

    fn note(&mut self, event: &Event) -> Option<ResumeEntry> {
        Self::note(self, event)
    }

    fn apply(&mut self, entry: ResumeEntry) {
        Self::apply(self, entry);
    }

    fn begun(&self) -> bool {
        Self::begun(self)
    }

    fn parse(text: &str) -> Result<Self, CannotResume> {
        text.parse()
    }

    fn upload(self) -> Option<Resume> {
        Some(self)
    }
}

impl Remembered for DownloadResume {
    type Entry = DownloadResumeEntry;

    fn note(&mut self, event: &Event) -> Option<DownloadResumeEntry> {
        Self::note(self, event)
    }

    fn apply(&mut self, entry: DownloadResumeEntry) {
        Self::apply(self, entry);
    }

    fn begun(&self) -> bool {
        self.file_id.is_some()
    }

    fn parse(text: &str) -> Result<Self, CannotResume> {
        serde_json::from_str(text).map_err(|_| CannotResume::Unreadable)
    }

    fn upload(self) -> Option<Resume> {
        None
    }
}

/// A journal of whatever transfer.
pub(crate) trait Recording: std::fmt::Debug + Send + Sync {
    /// Notes an event; when this returns, it is on the disk.
    fn note(&self, event: &Event) -> io::Result<()>;
    fn on_disk(&self) -> bool;
    /// The transfer is over: there is nothing left to go on with.
    fn remove(&self) -> io::Result<()>;
    /// The state of an upload.
    fn resume(&self) -> Option<Resume>;
}

/// Keeps the state of one transfer.
#[derive(Debug)]
pub(crate) struct Journal<R: Remembered> {
    state: Mutex<State<R>>,
}

#[derive(Debug)]
struct State<R: Remembered> {
    resume: R,
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    file: File,
    path: PathBuf,
}

impl Drop for Disk {
    fn drop(&mut self) {
        locked::release(&self.file);
    }
}

/// Why a journal cannot be used.
#[derive(Debug)]
pub(crate) enum JournalError {
    Io(io::Error),
    Resume(CannotResume),
}

impl JournalError {
    /// What the caller of this operation is told.
    pub(crate) fn into_error(self, operation: &'static str) -> Error {
        match self {
            Self::Io(error) => Error::Local(LocalError::sink(error)),
            Self::Resume(why) => {
                let source = Box::new(RequestError::CannotResume(why));
                Error::Request { operation, source }
            }
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<R: Remembered> Journal<R> {
    /// Remembers in memory only.
    pub(crate) fn in_memory(resume: R) -> Self {
        Self { state: Mutex::new(State { resume, disk: None }) }
    }

    /// Remembers in the file at `path` too, which holds what an earlier upload
    /// has left there, if anything; `fresh` begins a new one.
    ///
    /// The file is locked: no two uploads can write one journal.
    pub(crate) fn open(path: &Path, fresh: R) -> Result<Self, JournalError> {
        let made = !path.exists();
        let file = locked::open(path, "in use by another transfer", || {
            private(OpenOptions::new().read(true).write(true).create(true)).open(path)
        })?;
        let mut disk = Disk { file, path: path.to_owned() };
        let (left, end) = read::<R>(&disk.file)?;
        let file = &mut disk.file;
        let resume = match left {
            Some(left) if left.begun() => {
                file.set_len(end)?;
                file.seek(SeekFrom::End(0))?;
                left
            }
            _ => {
                file.set_len(0)?;
                file.rewind()?;
                append(file, &line(&fresh)?)?;
                fresh
            }
        };
        if made {
            folder::sync_around(path)?;
        }
        Ok(Self { state: Mutex::new(State { resume, disk: Some(disk) }) })
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew: what the journal tells of is worth nothing.
    pub(crate) fn renew(&self, fresh: R) -> io::Result<()> {
        let mut state = self.lock();
        if let Some(disk) = &mut state.disk {
            disk.file.set_len(0)?;
            disk.file.rewind()?;
            append(&mut disk.file, &line(&fresh)?)?;
        }
        state.resume = fresh;
        Ok(())
    }

    /// The state as it is now.
    pub(crate) fn state(&self) -> R {
        self.lock().resume.clone()
    }
}

impl<R: Remembered> Recording for Journal<R> {
    fn note(&self, event: &Event) -> io::Result<()> {
        self.lock().note(event)
    }

    fn on_disk(&self) -> bool {
        self.lock().disk.is_some()
    }

    fn remove(&self) -> io::Result<()> {
        self.lock().remove()
    }

    fn resume(&self) -> Option<Resume> {
        self.state().upload()
    }
}

impl<R: Remembered> State<R> {
    fn note(&mut self, event: &Event) -> io::Result<()> {
        let Some(entry) = self.resume.note(event) else {
            return Ok(());
        };
        match &mut self.disk {
            Some(disk) => append(&mut disk.file, &line(&entry)?),
            None => Ok(()),
        }
    }

    fn remove(&mut self) -> io::Result<()> {
        match self.disk.take() {
            Some(disk) => std::fs::remove_file(&disk.path),
            None => Ok(()),
        }
    }
}

/// A journal of nothing is left to nobody.
impl<R: Remembered> Drop for State<R> {
    fn drop(&mut self) {
        if let Some(disk) = self.disk.take_if(|_| !self.resume.begun()) {
            // It only holds what anybody can tell; whoever finds it loses nothing.
            let _left = std::fs::remove_file(&disk.path);
        }
    }
}

/// Whether an event is worth a line.
pub(crate) fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::LargeFileStarting { .. }
            | Event::LargeFileStarted { .. }
            | Event::PartStored(_)
            | Event::LargeFileCancelled
            | Event::DownloadBegun { .. }
            | Event::Restarting
            | Event::PieceStored { kept: false, .. }
    )
}

#[cfg(test)]
mod tests {
    use b2_core::upload::PartPlan;
    use b2_proto::{BucketId, Sha1Digest};

    use super::*;

    fn fresh() -> Resume {
        Resume::new(BucketId::from("b"), "big", 25_000_000, Some(7))
    }

    fn starting() -> Event {
        let digest = Some(Sha1Digest::new([1; 20]));
        Event::LargeFileStarting {
            at_ms: Some(9),
            len: Some(25_000_000),
            part_size: 10_000_000,
            digest,
            told: Sha1Digest::new([2; 20]),
        }
    }

    #[test]
    fn what_was_noted_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, fresh()).unwrap();
        journal.note(&starting()).unwrap();
        let before = journal.state();
        assert!(before.begun() && PartPlan::known(before.len, 10_000_000).is_some());
        drop(journal);
        assert_eq!(Journal::open(&path, fresh()).unwrap().state(), before);
    }

    #[test]
    fn a_line_that_was_cut_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, fresh()).unwrap();
        journal.note(&starting()).unwrap();
        let before = journal.state();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in ["{\"part\":{\"num", "{\"part\":{\"number\":1,\"digest\":\"00\"}}", "\u{fffd}"] {
            std::fs::write(&path, [&whole[..], cut.as_bytes()].concat()).unwrap();
            let journal = Journal::open(&path, fresh()).unwrap();
            assert_eq!(journal.state(), before, "{cut}");
            journal.note(&Event::LargeFileCancelled).unwrap();
            let lines = std::fs::read_to_string(&path).unwrap();
            assert!(lines.ends_with("\"cancelled\"\n") && !lines.contains(cut), "{lines}");
            drop(journal);
            assert!(!path.exists(), "a journal of nothing was left");
            std::fs::write(&path, &whole).unwrap();
        }
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(Journal::open(&path, fresh()).is_ok(), "cut after {cut} bytes");
        }
    }

    /// What the simulated disk of `b2-testing` makes of the same bytes: whole
    /// lines count, the first is the state, each other one a change of it.
    fn replayed<R: Remembered>(bytes: &[u8]) -> Option<R> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut lines = std::str::from_utf8(&bytes[..whole]).unwrap().lines();
        let mut state = R::parse(lines.next()?).unwrap();
        lines.for_each(|line| state.apply(serde_json::from_str(line).unwrap()));
        Some(state)
    }

    /// Notes the events, and has the machine lose what follows any byte.
    fn survives_every_cut<R: Remembered + PartialEq>(fresh: &R, events: &[Event]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut lines = line(fresh).unwrap() + "\n";
        let (journal, mut model) = (Journal::open(&path, fresh.clone()).unwrap(), fresh.clone());
        for event in events {
            journal.note(event).unwrap();
            lines += &model.note(event).map_or_else(String::new, |one| line(&one).unwrap() + "\n");
            let written = std::fs::read_to_string(&path).unwrap();
            assert_eq!(written, lines, "after {event:?}, before anything follows from it");
        }
        assert!(journal.state() == model && model.begun());
        drop(journal);
        for cut in 0..=lines.len() {
            std::fs::write(&path, &lines[..cut]).unwrap();
            let journal = Journal::open(&path, fresh.clone()).unwrap();
            let expected = replayed::<R>(&lines.as_bytes()[..cut]).filter(R::begun);
            let expected = expected.unwrap_or_else(|| fresh.clone());
            assert!(journal.state() == expected, "cut after {cut} bytes: {:?}", journal.state());
        }
    }

    #[test]
    fn a_file_that_is_no_journal_is_not_read_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        // Zeros are text, and no line ends.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let fresh = Resume::new("b".into(), "x", 1, None);
        let error = Journal::open(&path, fresh.clone()).unwrap_err();
        assert!(matches!(error, JournalError::Resume(CannotResume::Unreadable)), "{error:?}");
        assert_eq!(path.metadata().unwrap().len(), 1 << 40, "it is left as it was");
        let again = Journal::open(&path, fresh).unwrap_err();
        assert!(matches!(again, JournalError::Resume(_)), "it is not locked any more: {again:?}");
    }

    #[test]
    fn it_replays_what_the_simulated_disk_replays() {
        let file_id = b2_proto::LargeFileId::from("4_f2");
        let parts = Some(3);
        let started = Event::LargeFileStarted { file_id, part_size: 10_000_000, parts };
        let upload = [starting(), started.clone(), Event::LargeFileCancelled, starting(), started];
        survives_every_cut(&fresh(), &upload);
        let begun = Event::DownloadBegun { file_id: "4_f1".into(), len: 900 };
        let piece = |offset| Event::PieceStored { offset, len: 300, digest: None, kept: false };
        let download =
            [begun.clone(), piece(300), piece(0), Event::Restarting, begun, piece(600), piece(0)];
        survives_every_cut(&DownloadResume::default(), &download);
    }

    #[test]
    fn what_is_no_journal_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for content in [&b"dear diary\n"[..], b"dear diary", &[0xff, 0xfe, b'\n'][..]] {
            std::fs::write(&path, content).unwrap();
            let refused = Journal::open(&path, fresh());
            assert!(matches!(refused, Err(JournalError::Resume(CannotResume::Unreadable))));
            assert_eq!(std::fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn two_uploads_cannot_share_a_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let _first = Journal::open(&path, fresh()).unwrap();
        assert!(matches!(
            Journal::open(&path, fresh()),
            Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock
        ));
    }
}
