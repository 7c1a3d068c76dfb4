//! What the server may hold under a name, by the books of its actor.
//!
//! Whatever an errand leaves open is settled at its end: the server is looked
//! at, and each version that came or went has to be explained by what the
//! errand was about and what it told. From then on all of it is known again,
//! until a request that was given up long ago takes effect after all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use b2_proto::FileId;
use bytes::Bytes;

/// A version that should exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) id: FileId,
    /// `None`: a hide marker.
    pub(crate) content: Option<Bytes>,
}

/// What an errand may have changed.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// What a version that it made holds; `None`: it makes none.
    pub(crate) content: Option<Option<Bytes>>,
    /// So many of them at most.
    pub(crate) made: usize,
    /// Those that it made bear no digest of the whole.
    pub(crate) bare: bool,
    /// It deletes, and has done all of it: `Some(true)`.
    pub(crate) deletes: Option<bool>,
}

/// A version that may come, and whether it bears no digest of the whole.
type Owed = (Option<Bytes>, bool);

#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// The newest first.
    pub(crate) versions: VecDeque<Expected>,
    /// Every version that there ever was.
    made: BTreeMap<FileId, Option<Bytes>>,
    /// What requests that were given up may still store.
    owed: Vec<Owed>,
    /// Versions that bear no digest of the whole.
    undigested: BTreeSet<FileId>,
    /// What the present errand is to delete, the newest first.
    aims: Vec<FileId>,
    /// A request of an earlier errand took effect during this one.
    pub(crate) moved: bool,
}

impl Holdings {
    /// An errand begins that deletes so many of the newest versions.
    pub(crate) fn begin(&mut self, deletes: usize) {
        self.moved = false;
        self.aims = self.versions.iter().take(deletes).map(|one| one.id.clone()).collect();
    }

    /// The newest version, if it is no hide marker.
    pub(crate) fn visible(&self) -> Option<&Expected> {
        self.versions.front().filter(|newest| newest.content.is_some())
    }

    pub(crate) fn knows(&self, id: &FileId) -> bool {
        self.versions.iter().any(|version| version.id == *id)
    }

    /// What a version holds or held.
    pub(crate) fn content(&self, id: &FileId) -> Option<&Bytes> {
        self.made.get(id)?.as_ref()
    }

    pub(crate) fn is_bare(&self, id: &FileId) -> bool {
        self.undigested.contains(id)
    }

    /// Whether this can be the newest version, with this content.
    pub(crate) fn is_newest(&self, id: &FileId, content: Option<&[u8]>) -> Result<(), String> {
        let newest = self.versions.front().is_some_and(|newest| newest.id == *id);
        let late = self.moved && self.made.contains_key(id);
        if !(newest || late) {
            return Err("another version than the newest".to_owned());
        }
        match (self.content(id), content) {
            (None, _) => Err("a file that should not be there".to_owned()),
            (Some(made), Some(content)) if content != &made[..] => Err("other bytes".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether these can be all versions, the newest first.
    pub(crate) fn are_all(&self, ids: &[FileId]) -> bool {
        let known = ids.iter().all(|id| self.made.contains_key(id));
        self.versions.iter().map(|one| &one.id).eq(ids) || (self.moved && known)
    }

    /// An errand has ended, and this is what the server holds.
    pub(crate) fn settle(&mut self, stored: Vec<Expected>, may: &Allowed) -> Result<(), String> {
        let new = stored.iter().filter(|version| !self.knows(&version.id));
        let new: Vec<_> = new.cloned().collect();
        let explained = self.explain(&stored, &new, may);
        for version in new {
            self.add(version, may.bare);
        }
        self.versions = stored.into();
        explained
    }

    /// Whether an errand may have made these and deleted what is gone.
    fn explain(
        &mut self,
        stored: &[Expected],
        new: &[Expected],
        may: &Allowed,
    ) -> Result<(), String> {
        self.check_gone(stored, may.deletes)?;
        if let Some(odd) = new.iter().find(|one| may.content.as_ref() != Some(&one.content)) {
            return Err(format!("a version of other bytes than were sent: {}", odd.id));
        }
        let Some(unspent) = may.made.checked_sub(new.len()) else {
            return Err(format!("{} new versions, {} were told of", new.len(), may.made));
        };
        let kept = stored.iter().filter(|version| self.knows(&version.id));
        let before = self.versions.iter().filter(|version| stored.contains(version));
        if !self.moved && (!kept.eq(before) || !stored.starts_with(new)) {
            return Err("the versions are out of order, or hold other bytes".to_owned());
        }
        let owed = may.content.iter().map(|content| (content.clone(), may.bare));
        self.owed.extend(owed.cycle().take(unspent));
        Ok(())
    }

    /// What is gone was to be deleted, the oldest first.
    fn check_gone(&self, stored: &[Expected], deletes: Option<bool>) -> Result<(), String> {
        let there = |id: &FileId| stored.iter().any(|version| version.id == *id);
        let mut gone = self.versions.iter().map(|one| &one.id).filter(|id| !there(id));
        if deletes.is_none() || !self.moved {
            let stray = gone.find(|id| deletes.is_none() || !self.aims.contains(id));
            if let Some(id) = stray {
                return Err(format!("a version is gone: {id}"));
            }
        }
        let left = self.aims.iter().filter(|id| there(id)).count();
        if deletes == Some(true) && left > 0 {
            return Err(format!("{left} versions are left that were said to be deleted"));
        }
        if deletes.is_some() && !self.aims.iter().take(left).all(there) {
            return Err("a newer version was deleted before an older one".to_owned());
        }
        Ok(())
    }

    fn add(&mut self, version: Expected, bare: bool) {
        if bare {
            self.undigested.insert(version.id.clone());
        }
        self.made.insert(version.id.clone(), version.content);
    }

    /// A request of an earlier errand took effect after all. What it stores
    /// has to have been told of; to hide or delete again does no harm by
    /// itself, and comes as late.
    pub(crate) fn changed_late(
        &mut self,
        before: &[Expected],
        after: &[Expected],
    ) -> Result<(), String> {
        self.moved = true;
        for version in before.iter().filter(|version| !after.contains(version)) {
            self.versions.retain(|one| one.id != version.id);
        }
        for version in after.iter().filter(|version| !before.contains(version)) {
            let bare = match self.owed.iter().position(|(owed, _)| *owed == version.content) {
                Some(at) => self.owed.swap_remove(at).1,
                None if version.content.is_none() => false,
                None => return Err(format!("a version that nobody was told of: {}", version.id)),
            };
            self.add(version.clone(), bare);
            self.versions.push_front(version.clone());
        }
        Ok(())
    }

    /// The end of an actor that vanished in the middle of an errand: nobody
    /// was left to be told, but for what it was about.
    pub(crate) fn left_behind(
        &mut self,
        stored: Vec<Expected>,
        mut may: Allowed,
    ) -> Result<(), String> {
        self.moved = true;
        may.deletes = Some(false);
        let hidden = stored.iter().filter(|one| one.content.is_none() && !self.knows(&one.id));
        let hidden: Vec<_> = hidden.cloned().collect();
        self.versions.extend(hidden);
        for (owed, _) in std::mem::take(&mut self.owed) {
            let late = |one: &&Expected| !self.knows(&one.id) && one.content == owed;
            if may.content.as_ref() == Some(&owed) {
                may.made += 1;
            } else if let Some(version) = stored.iter().find(late) {
                self.versions.push_front(version.clone());
            }
        }
        self.settle(stored, &may)
    }
}
