//! What is stored about accounts, keys, buckets, files and tokens.
//!
//! These are the emulator's own shapes. They are read back by later versions,
//! so a new field needs a default and a changed one a new format number.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::secret::Secret;
use crate::blob::BlobId;

/// The account everything belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// 12 hex digits.
    pub(crate) id: String,
    /// Three digits that begin ids and keys.
    pub(crate) cluster: String,
    /// The key that may do everything.
    pub(crate) master_key_id: String,
}

/// An application key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) name: String,
    pub(crate) capabilities: Vec<String>,
    /// `None` means all buckets.
    pub(crate) buckets: Option<Vec<String>>,
    pub(crate) name_prefix: Option<String>,
    pub(crate) expires_at: Option<u64>,
    /// Made through v4 with a bucket restriction: older versions refuse it.
    pub(crate) needs_v4: bool,
    pub(crate) is_master: bool,
}

/// A bucket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) info: BTreeMap<String, String>,
    pub(crate) cors_rules: Vec<Value>,
    pub(crate) lifecycle_rules: Vec<Value>,
    pub(crate) revision: u64,
    /// Whether new files are encrypted with SSE-B2 unless they say otherwise.
    pub(crate) encrypts: bool,
    pub(crate) file_lock: bool,
    pub(crate) default_retention: Option<DefaultRetention>,
    #[serde(default)]
    pub(crate) notification_rules: Vec<Value>,
    /// Both halves of the configuration, as they are shown.
    #[serde(default)]
    pub(crate) replication: Option<Value>,
}

impl Bucket {
    pub(crate) fn is_public(&self) -> bool {
        self.kind == "allPublic"
    }
}

/// The retention new files of a bucket get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DefaultRetention {
    pub(crate) mode: LockMode,
    pub(crate) duration: u64,
    pub(crate) unit: PeriodUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PeriodUnit {
    Days,
    Years,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LockMode {
    Governance,
    Compliance,
}

/// Until when a file version may not be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) mode: LockMode,
    /// Milliseconds since 1970.
    pub(crate) until: u64,
}

/// What a row of the versions table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Upload,
    Start,
    Hide,
}

impl Action {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Start => "start",
            Self::Hide => "hide",
        }
    }
}

/// How a file is said to be encrypted. The emulator keeps the bytes plain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Encryption {
    None,
    SseB2,
    /// The MD5 of the customer's key in base64; the key itself is not kept.
    SseC(String),
}

/// Where the bytes of a version are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    /// A hide marker or an unfinished file.
    Nothing,
    Whole(BlobId),
    /// In the parts table, in order of number.
    Parts,
}

/// One version of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) len: u64,
    /// As B2 shows it: hex digits, `none`, or `unverified:` and hex digits.
    pub(crate) sha1: Option<String>,
    pub(crate) md5: Option<String>,
    pub(crate) content_type: String,
    pub(crate) info: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    pub(crate) uploaded_at: u64,
    pub(crate) encryption: Encryption,
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: Option<bool>,
    pub(crate) content: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replication: Option<ReplicationStatus>,
}

/// How far the replication of a file version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ReplicationStatus {
    Pending,
    Completed,
    Failed,
    Replica,
}

impl ReplicationStatus {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Replica => "REPLICA",
        }
    }
}

/// One part of a large file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) len: u64,
    /// Hex digits, perhaps after `unverified:`.
    pub(crate) sha1: String,
    pub(crate) md5: Option<String>,
    pub(crate) uploaded_at: u64,
    pub(crate) blob: BlobId,
}

/// What a token is good for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) key_id: String,
    /// Milliseconds since 1970.
    pub(crate) expires_at: u64,
    pub(crate) grant: Grant,
}

/// The power of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Grant {
    /// Everything its key may do.
    Account,
    /// Uploading files to a bucket, at one URL (path and query) only.
    UploadFile { bucket: String, target: String },
    /// Uploading parts of a large file, at one URL only.
    UploadPart { file: String, target: String },
    /// Reading files of a bucket by name.
    Download { bucket: String, prefix: String, overrides: BTreeMap<String, String> },
}
