//! What has to be remembered to go on with a download.

use std::collections::BTreeMap;

use b2_proto::{FileId, Sha1Digest};
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// The version of the form that [`DownloadResume`] is written in.
const VERSION: u32 = 1;

/// A download that was begun and not completed.
///
/// It holds no secret. Feed it with every [`Event`] of the download and it
/// stays true, as long as the bytes of a piece are safe before its event is
/// noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DownloadResume {
    version: u32,
    /// The version of the file; `None` before it is known.
    pub file_id: Option<FileId>,
    /// Bytes that are wanted in all.
    pub len: u64,
    /// The byte of the object with which the sink begins.
    #[serde(default)]
    pub first_byte: u64,
    /// What the sink is, for whoever keeps it; another one is begun anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Pieces that are in the sink: first byte and length, none touching the
    /// next.
    pub pieces: BTreeMap<u64, u64>,
    /// What is known of the bytes of pieces: first byte, then length and
    /// digest. Nothing can be said of the rest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<u64, StretchDigest>,
}

/// The digest of a stretch of the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StretchDigest {
    /// Its length in bytes, as the pieces count.
    pub len: u64,
    /// SHA-1 of what the sink has there.
    pub digest: Sha1Digest,
}

/// One change of a [`DownloadResume`]: a line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum DownloadResumeEntry {
    /// The download is known, and nothing of it is in the sink.
    Begun {
        /// The version of the file.
        file_id: FileId,
        /// Bytes that are wanted in all.
        len: u64,
    },
    /// All bytes are fetched again: what is in the sink is worth nothing.
    Restarted,
    /// A piece is in the sink.
    Piece {
        /// Its first byte, counted from the start of the sink.
        offset: u64,
        /// Its length in bytes.
        len: u64,
        /// SHA-1 of what the sink has there; `None` if the whole has a digest
        /// of its own, and of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Sha1Digest>,
    },
}

impl Default for DownloadResume {
    fn default() -> Self {
        Self {
            version: VERSION,
            file_id: None,
            len: 0,
            first_byte: 0,
            destination: None,
            pieces: BTreeMap::new(),
            digests: BTreeMap::new(),
        }
    }
}

impl DownloadResume {
    /// The state of a download that is about to begin.
    #[must_use]
    pub fn new(first_byte: u64, destination: Option<String>) -> Self {
        Self { first_byte, destination, ..Self::default() }
    }

    /// Whether it tells of the same bytes in the same place.
    #[must_use]
    pub fn is_for(&self, other: &Self) -> bool {
        self.first_byte == other.first_byte && self.destination == other.destination
    }

    fn forget(&mut self) {
        (self.file_id, self.len) = (None, 0);
        self.pieces.clear();
        self.digests.clear();
    }

    /// Notes what an event changes. What it gives has to be kept; `None`:
    /// nothing new.
    pub fn note(&mut self, event: &Event) -> Option<DownloadResumeEntry> {
        let entry = match event {
            Event::DownloadBegun { file_id, len } if !self.is_of(file_id, *len) => {
                DownloadResumeEntry::Begun { file_id: file_id.clone(), len: *len }
            }
            Event::PieceStored { offset, len, digest, kept: false } => {
                DownloadResumeEntry::Piece { offset: *offset, len: *len, digest: *digest }
            }
            Event::Restarting if self.file_id.is_some() => DownloadResumeEntry::Restarted,
            _ => return None,
        };
        self.apply(entry.clone());
        Some(entry)
    }

    /// Brings the state up to an entry that was kept.
    pub fn apply(&mut self, entry: DownloadResumeEntry) {
        match entry {
            DownloadResumeEntry::Begun { file_id, len } => {
                self.forget();
                (self.file_id, self.len) = (Some(file_id), len);
            }
            DownloadResumeEntry::Restarted => self.forget(),
            DownloadResumeEntry::Piece { offset, len, digest } => {
                self.insert(offset, len);
                self.forget_digests(offset, offset.saturating_add(len));
                if let Some(digest) = digest {
                    self.digests.insert(offset, StretchDigest { len, digest });
                }
            }
        }
    }

    /// Those of the bytes from `start` to before `end` are not true any more.
    fn forget_digests(&mut self, start: u64, end: u64) {
        self.digests
            .retain(|from, stretch| *from >= end || from.saturating_add(stretch.len) <= start);
    }

    /// The first `len` bytes are to be fetched again.
    pub(crate) fn forget_first(&mut self, len: u64) {
        self.forget_digests(0, len);
        let behind = |(from, held): (u64, u64)| {
            let (start, end) = (from.max(len), from.saturating_add(held));
            (start < end).then(|| (start, end - start))
        };
        self.pieces = std::mem::take(&mut self.pieces).into_iter().filter_map(behind).collect();
    }

    /// All pieces are in doubt: what can be verified of them, to be inserted
    /// again when it was.
    pub(crate) fn doubt(&mut self) -> BTreeMap<u64, StretchDigest> {
        self.pieces.clear();
        let mut digests = std::mem::take(&mut self.digests);
        digests.retain(|from, stretch| from.saturating_add(stretch.len) <= self.len);
        digests
    }

    fn insert(&mut self, offset: u64, len: u64) {
        let (mut start, mut end) = (offset, offset.saturating_add(len));
        let touching = |(from, len): (&u64, &u64)| {
            (from.saturating_add(*len) >= start && *from <= end).then_some((*from, *len))
        };
        let joined: Vec<_> = self.pieces.iter().filter_map(touching).collect();
        for (from, len) in joined {
            self.pieces.remove(&from);
            start = start.min(from);
            end = end.max(from.saturating_add(len));
        }
        self.pieces.insert(start, end - start);
    }

    /// Whether it tells of this version in this length.
    #[must_use]
    pub fn is_of(&self, file_id: &FileId, len: u64) -> bool {
        self.version == VERSION && self.file_id.as_ref() == Some(file_id) && self.len == len
    }

    /// Bytes that are in the sink.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.pieces.values().sum()
    }

    /// The first stretch from `from` on that is missing, at most `most` bytes.
    pub(crate) fn missing(&self, from: u64, most: u64) -> Option<(u64, u64)> {
        let mut start = from;
        if let Some((offset, len)) = self.pieces.range(..=start).next_back() {
            start = start.max(offset + len);
        }
        let end = self.pieces.range(start..).next().map_or(self.len, |(offset, _)| *offset);
        let len = end.min(self.len).saturating_sub(start).min(most);
        (len > 0).then_some((start, len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u64, len: u64, digest: Option<Sha1Digest>) -> DownloadResumeEntry {
        DownloadResumeEntry::Piece { offset, len, digest }
    }

    fn begun(len: u64, pieces: &[(u64, u64)]) -> DownloadResume {
        let mut resume = DownloadResume::default();
        resume.apply(DownloadResumeEntry::Begun { file_id: FileId::from("f"), len });
        for (offset, len) in pieces {
            resume.apply(piece(*offset, *len, None));
        }
        resume
    }

    #[test]
    fn pieces_that_touch_are_one() {
        let resume = begun(100, &[(0, 10), (20, 10), (10, 10), (50, 5), (52, 10)]);
        assert_eq!(resume.pieces, BTreeMap::from([(0, 30), (50, 12)]));
        assert_eq!(resume.stored(), 42);
    }

    #[test]
    fn what_is_missing_lies_between_the_pieces() {
        let resume = begun(100, &[(10, 20), (50, 10)]);
        assert_eq!(resume.missing(0, 100), Some((0, 10)));
        assert_eq!(resume.missing(0, 4), Some((0, 4)));
        assert_eq!(resume.missing(10, 100), Some((30, 20)));
        assert_eq!(resume.missing(55, 100), Some((60, 40)));
        assert_eq!(resume.missing(100, 100), None);
        assert_eq!(begun(10, &[(0, 10)]).missing(0, 100), None);
    }

    #[test]
    fn another_version_begins_anew() {
        let mut resume = begun(100, &[(0, 10)]);
        let same = Event::DownloadBegun { file_id: FileId::from("f"), len: 100 };
        assert_eq!(resume.note(&same), None);
        let other = Event::DownloadBegun { file_id: FileId::from("g"), len: 100 };
        assert!(resume.note(&other).is_some());
        assert_eq!(resume.stored(), 0);
        resume.apply(piece(0, 10, None));
        // Before the sink forgets, the journal does.
        assert!(resume.clone().note(&Event::Restarting).is_some());
        let text = serde_json::to_string(&resume).unwrap();
        assert_eq!(serde_json::from_str::<DownloadResume>(&text).unwrap(), resume);
    }

    #[test]
    fn what_was_fetched_again_has_a_new_digest() {
        let [a, b, c] = [1, 2, 3].map(|byte| Sha1Digest::new([byte; 20]));
        let mut resume = begun(100, &[]);
        for entry in [piece(0, 20, Some(a)), piece(20, 20, Some(b)), piece(30, 5, Some(c))] {
            resume.apply(entry);
        }
        assert_eq!(resume.pieces, BTreeMap::from([(0, 40)]));
        // Of what lies around the third piece nothing is known any more.
        let known =
            [(0, StretchDigest { len: 20, digest: a }), (30, StretchDigest { len: 5, digest: c })];
        assert_eq!(resume.digests, BTreeMap::from(known));
        let text = serde_json::to_string(&resume).unwrap();
        assert_eq!(serde_json::from_str::<DownloadResume>(&text).unwrap(), resume);

        resume.forget_first(1);
        assert_eq!(resume.pieces, BTreeMap::from([(1, 39)]));
        assert_eq!(resume.doubt(), BTreeMap::from([known[1]]));
        assert_eq!(resume.stored(), 0);
    }

    #[test]
    fn lines_without_digests_are_read() {
        let entry: DownloadResumeEntry =
            serde_json::from_str(r#"{"piece":{"offset":3,"len":4}}"#).unwrap();
        assert_eq!(entry, piece(3, 4, None));
        let mut resume = begun(10, &[]);
        resume.apply(entry);
        assert!(resume.doubt().is_empty());
        let state: DownloadResume =
            serde_json::from_str(r#"{"version":1,"fileId":"f","len":9,"pieces":{"0":4}}"#).unwrap();
        assert!(state.digests.is_empty() && state.stored() == 4);
    }
}
