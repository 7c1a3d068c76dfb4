//! What the generator is going to write, before it is text.

use std::collections::BTreeMap;

use super::hint::Type;
use super::meta::{Accepts, Host, TransactionClass};

/// Everything to be written.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// Wire types by API family, in the order of their names.
    pub(crate) modules: BTreeMap<String, BTreeMap<String, Item>>,
    /// Operations of the newest version, by name.
    pub(crate) operations: Vec<Operation>,
    pub(crate) header_tables: Vec<HeaderTable>,
    /// Which type a sample is of, by folder and kind: `v4/b2_hide_file/request`.
    pub(crate) samples: BTreeMap<String, String>,
}

/// A type, or a table beside it.
#[derive(Debug)]
pub(crate) enum Item {
    Struct(Struct),
    Alias(Alias),
    Enum(Enum),
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) docs: Vec<String>,
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) doc: String,
    /// The name on the wire.
    pub(crate) wire: String,
    /// The name in Rust.
    pub(crate) name: String,
    /// Without `Option`.
    pub(crate) kind: Type,
    pub(crate) shape: Shape,
    /// Secrets have no `Serialize` of their own.
    pub(crate) secret: bool,
    pub(crate) accepts: Option<Accepts>,
    pub(crate) aliases: Vec<String>,
}

/// How a member is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Required,
    /// `Option`, left out when none.
    Optional,
    /// `Option`, null when none.
    Nullable,
    /// A collection, empty when missing.
    Empty,
}

/// A second name for a shared structure.
#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) docs: Vec<String>,
    pub(crate) name: String,
    pub(crate) target: String,
}

/// An open enumeration.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) docs: Vec<String>,
    pub(crate) name: String,
    pub(crate) case_insensitive: bool,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) doc: String,
    pub(crate) name: String,
    pub(crate) value: String,
    /// The statuses an error code comes with; empty for all other enumerations.
    pub(crate) statuses: Vec<u16>,
}

/// A row of the table of operations.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) host: Host,
    pub(crate) methods: Vec<String>,
    /// The variant of `Capability`.
    pub(crate) capability: Option<String>,
    pub(crate) transaction_class: TransactionClass,
}

/// A table of headers.
#[derive(Debug)]
pub(crate) struct HeaderTable {
    pub(crate) docs: Vec<String>,
    pub(crate) name: String,
    pub(crate) rows: Vec<HeaderRow>,
}

#[derive(Debug)]
pub(crate) struct HeaderRow {
    pub(crate) note: String,
    /// In lower case; ends in `*` for the family of file-info headers.
    pub(crate) name: String,
    pub(crate) required: bool,
}
