//! A process that is killed, and the next one.

use b2_core::event::Event;

use crate::sim::actor::{Actor, ONE_REQUEST};
use crate::sim::disk::{Journal, State};
use crate::sim::scenario::Errand;

impl Actor {
    /// The process is killed while it notes an event.
    pub(crate) fn torn(&mut self, event: &Event, draw: u64) {
        if let Some(journal) = &mut self.resumable.journal {
            journal.torn(event, draw);
        }
    }

    /// The process is killed, and another one goes on with its journal. Every
    /// other time the machine goes down with it.
    pub(crate) fn crash(&mut self, draw: u64) {
        self.resumable.crashed();
        // A copy in one request has no journal, so it is made once more.
        let copied = self.copied.as_ref().and_then(|source| source.content.as_ref());
        self.lost_copies += usize::from(copied.is_some_and(|content| content.len() <= ONE_REQUEST));
        let powerless = draw.is_multiple_of(2);
        self.sink.survive(powerless);
        if let Some(journal) = self.resumable.journal.as_mut().filter(|_| powerless) {
            journal.loses_power(draw >> 8);
        }
        self.forget();
    }

    /// What the process was about is over.
    pub(super) fn forget(&mut self) {
        self.operation = None;
        self.wait = None;
        self.in_air = 0;
        self.reading = false;
    }

    /// After a crash: goes on with what is on the disk.
    pub(crate) fn go_on(&mut self, damaged: bool) -> Result<(), String> {
        if !self.resumable.down {
            return Ok(());
        }
        self.resumable.down = false;
        (self.refused, self.stopped) = (false, None);
        let read = self.resumable.journal.as_mut().map_or(Ok(()), Journal::read_back);
        let there = if damaged { Ok(()) } else { self.pieces_are_there() };
        self.operation = match self.errand {
            Some(Errand::DownloadFile { piece, .. }) => Some(self.download_file(piece)),
            Some(Errand::CopyLarge { .. }) => self.copy(Some(self.large_options())),
            Some(Errand::UploadStream { .. }) => Some(self.stream()),
            _ => Some(self.large_upload()),
        };
        read.and(there)
    }

    /// What a journal says of pieces has to be on the disk.
    fn pieces_are_there(&self) -> Result<(), String> {
        let Some(State::Download(resume)) = self.state() else { return Ok(()) };
        let content = resume.file_id.as_ref().and_then(|id| self.holds.content(id));
        let Some(content) = content else {
            return Ok(());
        };
        for (offset, len) in &resume.pieces {
            let start = usize::try_from(*offset).expect("simulated files are small");
            let end = start + usize::try_from(*len).expect("simulated files are small");
            if self.sink.content.get(start..end) != content.get(start..end) {
                return Err("a piece that the journal knows is not on the disk".to_owned());
            }
        }
        Ok(())
    }
}
