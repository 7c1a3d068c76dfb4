//! What the clients know, and the content that a name stands for.

use std::collections::HashMap;

use super::wire::Dice;

/// What a client knows about a file it tried to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// No answer came: it may be there or not.
    Attempted,
    /// It was acknowledged: it must be there.
    Stored,
    /// A delete was sent and not answered: it may be there or not.
    Doomed,
    /// The delete was acknowledged: it must not be there.
    Deleted,
}

/// Everything all clients know.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) files: HashMap<String, Knowledge>,
    pub(crate) ids: HashMap<String, String>,
    /// What the copies are copies of.
    pub(crate) sources: HashMap<String, String>,
    pub(crate) tally: Tally,
}

/// What was done and found, for the end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) uploads: u64,
    pub(crate) large: u64,
    pub(crate) copies: u64,
    pub(crate) deletes: u64,
    pub(crate) downloads: u64,
    pub(crate) compared: u64,
    pub(crate) compared_bytes: u64,
    pub(crate) unanswered_done: u64,
    pub(crate) unanswered_undone: u64,
}

impl Books {
    pub(crate) fn stored(&self) -> usize {
        self.files.values().filter(|known| **known == Knowledge::Stored).count()
    }

    pub(crate) fn attempt(&mut self, name: &str) {
        self.files.insert(name.to_owned(), Knowledge::Attempted);
    }

    pub(crate) fn keep(&mut self, name: &str, id: &str) {
        self.files.insert(name.to_owned(), Knowledge::Stored);
        self.ids.insert(name.to_owned(), id.to_owned());
    }

    /// One of the stored files, with its id; `None` if there is none.
    pub(crate) fn pick(&self, dice: &mut Dice) -> Option<(String, String)> {
        let stored = self.files.iter().filter(|(_, known)| **known == Knowledge::Stored);
        let mut names: Vec<&String> = stored.map(|(name, _)| name).collect();
        if names.is_empty() {
            return None;
        }
        names.sort_unstable();
        let name = names[dice.roll(names.len() as u64) as usize].clone();
        let id = self.ids[&name].clone();
        Some((name, id))
    }

    /// What a file of this name has in it; nobody has to remember it.
    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        content(self.sources.get(name).map_or(name, String::as_str))
    }

    pub(crate) fn figures(&self) -> String {
        let Tally {
            uploads,
            large,
            copies,
            deletes,
            downloads,
            compared,
            compared_bytes,
            unanswered_done,
            unanswered_undone,
        } = self.tally;
        format!(
            "acknowledged: {uploads} uploads, {large} large files, {copies} copies, {deletes} \
             deletions; {downloads} downloads under way; {} files at the end; {compared} files of \
             {} MiB compared after restarts; of what was not answered {unanswered_done} were done \
             and {unanswered_undone} not; lost 0, damaged 0, back from the dead 0, left over 0",
            self.stored(),
            compared_bytes >> 20
        )
    }
}

/// The content of a name that is no copy.
pub(crate) fn content(name: &str) -> Vec<u8> {
    let mut dice = Dice(
        name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))),
    );
    let len = match dice.roll(16) {
        0 => 0,
        1 => 300_000 + dice.roll(700_000),
        _ => dice.roll(20_000),
    };
    dice.bytes(len as usize)
}
