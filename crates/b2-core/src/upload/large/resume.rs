//! What has to be remembered to go on with a large file.

use std::collections::BTreeMap;

use b2_proto::{BucketId, CustomerKey, FileId, LargeFileId, Sha1Digest};
use serde::{Deserialize, Serialize};

use crate::event::{Event, StoredPart};
use crate::upload::headers::UploadHeaders;
use crate::upload::large::plan::PartPlan;

/// The version of the form that [`Resume`] is written in.
const VERSION: u32 = 1;

/// A large file that was begun and not finished.
///
/// It holds no secret and may be written anywhere; [`Display`](std::fmt::Display)
/// and [`FromStr`](std::str::FromStr) turn it into one line of text and back.
/// Feed it with every [`Event`] of the upload and it stays true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Resume {
    version: u32,
    /// Where the file goes.
    pub bucket_id: BucketId,
    /// Its name.
    pub file_name: String,
    /// Its length in bytes.
    pub len: u64,
    /// When the source was last changed, in ms since 1970, if it can tell.
    pub modified_ms: Option<i64>,
    /// What else tells the source from one that was changed, in words of its
    /// owner, if there is anything: see
    /// [`LargeOptions::with_identity`](crate::upload::LargeOptions::with_identity).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// SHA-1 of all that B2 was told of the file when it was begun, but for
    /// keys: content type, information, encryption, retention, legal hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Sha1Digest>,
    /// Length of every part but the last, in bytes; `None` before the file
    /// was begun.
    pub part_size: Option<u64>,
    /// SHA-1 of the whole file, if it was computed or known.
    pub digest: Option<Sha1Digest>,
    /// B2's clock when it was begun, in ms since 1970, as far as known.
    pub begun_ms: Option<i64>,
    /// The id that B2 gave it; `None` if the answer has not come.
    pub file_id: Option<LargeFileId>,
    /// Base64 of the MD5 of the customer's key that B2 encrypts the file
    /// with, if it is one: enough to tell another key, and no help in finding
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_key_md5: Option<String>,
    /// The version and its byte from which on it is copied, if it is a copy
    /// inside B2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<(FileId, u64)>,
    /// What makes the same ciphertext again, if the file is encrypted on this
    /// side: its header, which has the key wrapped, and the session of its
    /// frames. Nobody can open it without the password or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_encryption: Option<String>,
    /// Digests of the parts that B2 has confirmed, by number.
    pub parts: BTreeMap<u32, Sha1Digest>,
}

/// One change of a [`Resume`]: a line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ResumeEntry {
    /// The file is about to be begun.
    Starting {
        /// B2's clock, in ms since 1970, as far as known.
        at_ms: Option<i64>,
        /// Length of the file in bytes; 0: as the state began with.
        #[serde(default)]
        len: u64,
        /// Length of every part but the last, in bytes.
        part_size: u64,
        /// SHA-1 of the whole file, if it was computed or known.
        digest: Option<Sha1Digest>,
        /// SHA-1 of all that B2 is told of the file, but for keys.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<Sha1Digest>,
    },
    /// B2 gave it this id.
    Started {
        /// The id.
        file_id: LargeFileId,
    },
    /// B2 has confirmed a part.
    Part {
        /// Its number, from 1.
        number: u32,
        /// SHA-1 of its content.
        digest: Sha1Digest,
    },
    /// The file was cancelled.
    Cancelled,
}

/// Why an upload cannot go on where another one stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotResume {
    /// The text is not a [`Resume`].
    #[error("not the state of an unfinished upload")]
    Unreadable,
    /// A newer version of this library wrote it.
    #[error("the state was written by a newer version ({0}) of this library")]
    Version(u32),
    /// It belongs to another bucket.
    #[error("it belongs to another bucket")]
    Bucket,
    /// It belongs to a file of another name.
    #[error("it belongs to the file {0:?}")]
    Name(Box<str>),
    /// It was begun with another customer key, or one of the two has none.
    #[error("it was begun with another customer key")]
    CustomerKey,
    /// It was encrypted on this side with another password, key or choice, or
    /// one of the two is not encrypted.
    #[error("it was encrypted with another password, key or algorithm")]
    ClientEncryption,
    /// It was encrypted on this side, and nobody knows the digest that shows
    /// whether it is encrypted to the same again.
    #[error("the digest of what was sent is not known")]
    NoDigest,
    /// It is a copy of another file, or none.
    #[error("it does not belong to this source")]
    Source,
    /// B2 was told something else about the file when it was begun.
    #[error(
        "it was begun with another content type, file information, encryption, retention or legal hold"
    )]
    Options,
    /// The source is a stream, or was one when the upload was begun, and a
    /// stream cannot be read again from the start.
    #[error("a stream cannot be read again")]
    Stream,
    /// The source has another length now.
    #[error("the source had {then} bytes and has {now} now")]
    Length {
        /// Length when the upload was begun, in bytes.
        then: u64,
        /// Length now, in bytes.
        now: u64,
    },
    /// The source was changed since.
    #[error("the source was changed since the upload was begun")]
    Modified,
    /// The source has another SHA-1 than the upload was begun with.
    #[error("the content of the source is not what the upload was begun with")]
    Content,
    /// The parts do not fit the length.
    #[error("the state contradicts itself")]
    Contradiction,
}

impl Resume {
    /// The state of an upload that is about to begin.
    #[must_use]
    pub fn new(bucket_id: BucketId, file_name: &str, len: u64, modified_ms: Option<i64>) -> Self {
        Self {
            version: VERSION,
            bucket_id,
            file_name: file_name.to_owned(),
            len,
            modified_ms,
            identity: None,
            told: None,
            part_size: None,
            digest: None,
            begun_ms: None,
            file_id: None,
            customer_key_md5: None,
            copied_from: None,
            client_encryption: None,
            parts: BTreeMap::new(),
        }
    }

    /// The file is encrypted by B2 with this key of the customer's own.
    #[must_use]
    pub fn with_customer_key(mut self, key: Option<&CustomerKey>) -> Self {
        self.customer_key_md5 = key.map(CustomerKey::md5_base64);
        self
    }

    /// The file is encrypted on this side, and this makes the same ciphertext
    /// again.
    #[must_use]
    pub fn with_client_encryption(mut self, state: Option<String>) -> Self {
        self.client_encryption = state;
        self
    }

    /// The state of a copy that is about to begin; its length is noted when it
    /// is known.
    #[must_use]
    pub fn of_copy(bucket_id: BucketId, file_name: &str, source: FileId, first: u64) -> Self {
        let copied_from = Some((source, first));
        Self { copied_from, ..Self::new(bucket_id, file_name, 0, None) }
    }

    /// Whether it tells of a copy of this version, from this byte on.
    #[must_use]
    pub fn is_copy_of(&self, source: &FileId, first: u64) -> bool {
        self.copied_from.as_ref().is_some_and(|(of, from)| of == source && *from == first)
    }

    /// Notes what an event of the upload changes. What it gives has to be
    /// kept beside the state that the journal began with; `None`: nothing new.
    pub fn note(&mut self, event: &Event) -> Option<ResumeEntry> {
        let entry = match event {
            Event::LargeFileStarting { at_ms, len, part_size, digest, told } => {
                let (at_ms, part_size, digest) = (*at_ms, *part_size, *digest);
                // Of a stream no more than its beginning is known.
                let (len, told) = (len.unwrap_or(0), Some(*told));
                ResumeEntry::Starting { at_ms, len, part_size, digest, told }
            }
            Event::LargeFileStarted { file_id, .. } if self.file_id.as_ref() != Some(file_id) => {
                ResumeEntry::Started { file_id: file_id.clone() }
            }
            Event::PartStored(StoredPart { number, digest, .. })
                if self.parts.get(number) != Some(digest) && self.plan().is_some() =>
            {
                ResumeEntry::Part { number: *number, digest: *digest }
            }
            Event::LargeFileCancelled if self.begun() => ResumeEntry::Cancelled,
            _ => return None,
        };
        self.apply(entry.clone());
        Some(entry)
    }

    /// Brings the state up to an entry that was kept.
    pub fn apply(&mut self, entry: ResumeEntry) {
        match entry {
            ResumeEntry::Starting { at_ms, len, part_size, digest, told } => {
                self.told = told;
                if len > 0 {
                    self.len = len;
                }
                self.begun_ms = at_ms;
                self.part_size = Some(part_size);
                self.digest = digest;
                self.file_id = None;
                self.parts.clear();
            }
            ResumeEntry::Started { file_id } => self.file_id = Some(file_id),
            ResumeEntry::Part { number, digest } => {
                self.parts.insert(number, digest);
            }
            ResumeEntry::Cancelled => {
                (self.part_size, self.file_id) = (None, None);
                self.parts.clear();
            }
        }
    }

    /// Whether B2 may hold something because of it.
    #[must_use]
    pub fn begun(&self) -> bool {
        self.part_size.is_some()
    }

    /// Bytes that B2 has confirmed.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        let plan = self.plan();
        let slices = self.parts.keys().filter_map(|number| plan?.slice(*number));
        slices.map(|slice| slice.len).sum()
    }

    pub(crate) fn plan(&self) -> Option<PartPlan> {
        PartPlan::known(self.len, self.part_size?)
    }

    /// Whether an upload with these headers and a source of this length may
    /// go on with it.
    ///
    /// # Errors
    ///
    /// [`CannotResume`] with the first difference.
    pub fn check(
        &self,
        bucket: &BucketId,
        headers: &UploadHeaders,
        len: u64,
        modified_ms: Option<i64>,
    ) -> Result<(), CannotResume> {
        self.check_place(bucket, headers)?;
        if self.customer_key_md5 != headers.customer_key().map(CustomerKey::md5_base64) {
            return Err(CannotResume::CustomerKey);
        }
        if self.begun() && self.plan().is_none() && self.len == 0 {
            return Err(CannotResume::Stream);
        }
        if self.begun() && self.len != len {
            return Err(CannotResume::Length { then: self.len, now: len });
        }
        if self.modified_ms != modified_ms {
            return Err(CannotResume::Modified);
        }
        let count = self.plan().map(|plan| plan.count());
        let in_plan = |number: &u32| count.is_some_and(|count| (1..=count).contains(number));
        let sound = self.parts.keys().all(in_plan) && (self.begun() == count.is_some());
        if sound { Ok(()) } else { Err(CannotResume::Contradiction) }
    }
}

impl Resume {
    /// Whether it tells of this file of this bucket.
    pub(crate) fn check_place(
        &self,
        bucket: &BucketId,
        headers: &UploadHeaders,
    ) -> Result<(), CannotResume> {
        if self.version > VERSION {
            return Err(CannotResume::Version(self.version));
        }
        if self.bucket_id != *bucket {
            return Err(CannotResume::Bucket);
        }
        if self.file_name != headers.file_name().as_str() {
            return Err(CannotResume::Name(self.file_name.as_str().into()));
        }
        Ok(())
    }

    /// What else tells the source from one that was changed.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }
}

impl std::fmt::Display for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Strings, numbers and maps with such keys can always be written.
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Resume {
    type Err = CannotResume;

    fn from_str(text: &str) -> Result<Self, CannotResume> {
        /// Read first: whatever else has changed, the version has not.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let unreadable = |_| CannotResume::Unreadable;
        let Versioned { version } = serde_json::from_str(text).map_err(unreadable)?;
        if version > VERSION {
            return Err(CannotResume::Version(version));
        }
        serde_json::from_str(text).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use b2_proto::FileName;

    use super::*;

    fn begun() -> Resume {
        let mut resume = Resume::new(BucketId::from("b"), "big", 25_000_000, Some(7));
        let digest = Some(Sha1Digest::new([1; 20]));
        assert!(!resume.begun());
        resume.note(&Event::LargeFileStarting {
            at_ms: Some(9),
            len: Some(25_000_000),
            part_size: 10_000_000,
            digest,
            told: Sha1Digest::new([2; 20]),
        });
        let file_id = LargeFileId::from("4_f2");
        resume.note(&Event::LargeFileStarted { file_id, part_size: 10_000_000, parts: Some(3) });
        let part = StoredPart {
            number: 3,
            of: Some(3),
            offset: 20_000_000,
            len: 5_000_000,
            digest: Sha1Digest::new([3; 20]),
            kept: false,
        };
        assert!(resume.note(&Event::PartStored(part)).is_some());
        assert_eq!(resume.note(&Event::PartStored(part)), None, "nothing new");
        resume
    }

    fn headers(name: &str) -> UploadHeaders {
        UploadHeaders::new(FileName::new(name).unwrap())
    }

    #[test]
    fn it_survives_as_text() {
        let resume = begun();
        let text = resume.to_string();
        assert!(!text.contains('\n'), "one line");
        assert_eq!(text.parse::<Resume>().unwrap(), resume);
        assert_eq!(resume.confirmed(), 5_000_000);
    }

    #[test]
    fn a_journal_of_entries_leads_to_the_same_state() {
        let resume = begun();
        let mut replayed = Resume::new(BucketId::from("b"), "big", 25_000_000, Some(7));
        for entry in [
            ResumeEntry::Starting {
                at_ms: Some(9),
                len: 0,
                part_size: 10_000_000,
                digest: resume.digest,
                told: resume.told,
            },
            ResumeEntry::Started { file_id: LargeFileId::from("4_f2") },
            ResumeEntry::Part { number: 3, digest: Sha1Digest::new([3; 20]) },
        ] {
            let text = serde_json::to_string(&entry).unwrap();
            replayed.apply(serde_json::from_str(&text).unwrap());
        }
        assert_eq!(replayed, resume);
        assert_eq!(replayed.note(&Event::LargeFileCancelled), Some(ResumeEntry::Cancelled));
        assert!(!replayed.begun());
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "{}", "null", "{\"version\":1}", &begun().to_string()[1..]] {
            assert_eq!(text.parse::<Resume>(), Err(CannotResume::Unreadable), "{text}");
        }
        let newer = begun().to_string().replace("\"version\":1", "\"version\":2");
        assert_eq!(newer.parse::<Resume>(), Err(CannotResume::Version(2)));
    }

    #[test]
    fn each_difference_is_named() {
        let resume = begun();
        let check = |bucket: &str, name: &str, len, modified| {
            resume.check(&BucketId::from(bucket), &headers(name), len, modified)
        };
        assert_eq!(check("b", "big", 25_000_000, Some(7)), Ok(()));
        assert_eq!(check("c", "big", 25_000_000, Some(7)), Err(CannotResume::Bucket));
        assert_eq!(check("b", "other", 25_000_000, Some(7)), Err(CannotResume::Name("big".into())));
        let shorter = CannotResume::Length { then: 25_000_000, now: 24_999_999 };
        assert_eq!(check("b", "big", 24_999_999, Some(7)), Err(shorter));
        assert_eq!(check("b", "big", 25_000_000, Some(8)), Err(CannotResume::Modified));
        let key = CustomerKey::new([1; 32]);
        let under = headers("big").with_encryption(b2_proto::EncryptionRequest::sse_c(key.clone()));
        let bucket = BucketId::from("b");
        let other = resume.check(&bucket, &under, 25_000_000, Some(7));
        assert_eq!(other, Err(CannotResume::CustomerKey));
        let keyed = resume.clone().with_customer_key(Some(&key));
        assert_eq!(keyed.check(&bucket, &under, 25_000_000, Some(7)), Ok(()));
        assert!(!keyed.to_string().contains(&*key.expose_base64()), "the journal holds the key");
        let mut odd = resume.clone();
        odd.parts.insert(4, Sha1Digest::new([0; 20]));
        let odd = odd.check(&BucketId::from("b"), &headers("big"), 25_000_000, Some(7));
        assert_eq!(odd, Err(CannotResume::Contradiction));
    }
}
