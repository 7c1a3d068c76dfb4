//! The meta file of a fixture folder: what samples cannot say.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The meta file of a folder; which one is told by its name.
#[derive(Clone, Debug)]
pub(crate) enum Meta {
    Operation(OperationMeta),
    Structure(StructureMeta),
    Enum(EnumMeta),
    Headers(HeadersMeta),
}

/// `operation.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OperationMeta {
    pub(crate) operation: String,
    pub(crate) family: String,
    pub(crate) summary: String,
    pub(crate) provenance: Provenance,
    pub(crate) host: Host,
    pub(crate) methods: Vec<String>,
    pub(crate) capability: Option<String>,
    pub(crate) transaction_class: TransactionClass,
    pub(crate) request: Option<Body>,
    pub(crate) response: Option<Body>,
}

/// `structure.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StructureMeta {
    pub(crate) structure: String,
    pub(crate) family: String,
    pub(crate) summary: String,
    pub(crate) provenance: Provenance,
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, FieldMeta>,
    /// The type is written by hand; the folder only holds samples to test it with.
    #[serde(default)]
    pub(crate) hand_written: bool,
}

/// `enum.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnumMeta {
    #[serde(rename = "enum")]
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) summary: String,
    pub(crate) provenance: Provenance,
    #[serde(default)]
    pub(crate) case_insensitive: bool,
    /// Left out of the variants' names.
    #[serde(default)]
    pub(crate) strip_prefix: String,
    pub(crate) values: Vec<ValueMeta>,
}

/// One value of an enumeration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ValueMeta {
    pub(crate) value: String,
    /// The variant's name where the value does not give a good one.
    pub(crate) variant: Option<String>,
    pub(crate) note: String,
    /// For error codes: the statuses they come with.
    #[serde(default)]
    pub(crate) statuses: Vec<u16>,
}

/// `headers.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HeadersMeta {
    pub(crate) headers: String,
    pub(crate) summary: String,
    pub(crate) provenance: Provenance,
    pub(crate) fields: BTreeMap<String, FieldMeta>,
}

/// Where the shape comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Provenance {
    pub(crate) sources: Vec<Source>,
    /// What no source settles, a sentence each.
    #[serde(default)]
    pub(crate) unconfirmed: Vec<String>,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Source {
    #[serde(rename = "Backblaze API documentation")]
    Documentation,
    #[serde(rename = "recorded traffic")]
    Traffic,
    #[serde(rename = "official SDK")]
    Sdk,
}

/// A body: the name of a shared structure, or fields of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Body {
    Shared(String),
    Fields(BTreeMap<String, FieldMeta>),
}

/// What the notes say about a field.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FieldMeta {
    /// The Rust type where JSON cannot tell, without `Option`.
    #[serde(rename = "type")]
    pub(crate) hint: Option<String>,
    pub(crate) note: String,
    /// The member is always on the wire, and null means none.
    #[serde(default)]
    pub(crate) nullable: bool,
    /// A missing member means an empty collection.
    pub(crate) absent: Option<Absent>,
    /// A number that others write as a string.
    pub(crate) accepts: Option<Accepts>,
    /// Other names that are read.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
}

/// What a missing member means, other than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Absent {
    Empty,
}

/// A second JSON form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Accepts {
    #[serde(rename = "decimal string")]
    DecimalString,
}

/// The kind of address an operation is called at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Host {
    Realm,
    Api,
    Upload,
    Download,
}

/// The price class of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum TransactionClass {
    A,
    B,
    C,
}

impl Meta {
    /// Where the shape comes from.
    pub(crate) fn provenance(&self) -> &Provenance {
        match self {
            Self::Operation(meta) => &meta.provenance,
            Self::Structure(meta) => &meta.provenance,
            Self::Enum(meta) => &meta.provenance,
            Self::Headers(meta) => &meta.provenance,
        }
    }
}
