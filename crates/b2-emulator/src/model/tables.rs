//! Which rows exist and how they are typed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{RowScan, StoreError, Transaction};

/// A kind of row; its letter begins every key of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    /// The one account, under an empty key.
    Account = b'a',
    /// Buckets by id.
    Bucket = b'b',
    /// Numbers that only grow, by name.
    Counter = b'c',
    /// Events to deliver, in the order they happened.
    Event = b'e',
    /// File ids to file names.
    FileName = b'f',
    /// Application keys by id.
    Key = b'k',
    /// Bucket names in lower case to bucket ids.
    BucketName = b'n',
    /// Blobs that are referred to, to the file id that does.
    Blob = b'o',
    /// Parts of large files by file id and number.
    Part = b'p',
    /// Files by id that wait for their replica.
    Replica = b'r',
    /// Tokens by their text.
    Token = b't',
    /// Unfinished large files by bucket and file id, to nothing.
    Unfinished = b'u',
    /// File versions by bucket, name, newest first.
    Version = b'v',
    /// Tokens by the time they expire, to nothing.
    TokenExpiry = b'x',
}

impl Table {
    pub(crate) fn key(self, key: &[u8]) -> Vec<u8> {
        let mut full = Vec::with_capacity(1 + key.len());
        full.push(self as u8);
        full.extend_from_slice(key);
        full
    }
}

impl Transaction<'_> {
    /// Reads a typed row.
    pub(crate) fn load<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        self.get(&table.key(key))?.map(|value| decode(&value)).transpose()
    }

    /// Writes a typed row.
    pub(crate) fn save<T: Serialize>(
        &mut self,
        table: Table,
        key: &[u8],
        value: &T,
    ) -> Result<(), StoreError> {
        let value = serde_json::to_vec(value).map_err(StoreError::Corrupt)?;
        self.put(table.key(key), value);
        Ok(())
    }

    pub(crate) fn erase(&mut self, table: Table, key: &[u8]) {
        self.remove(table.key(key));
    }

    /// Rows of a table from a key on, up to but without another.
    pub(crate) fn scan(
        &self,
        table: Table,
        from: &[u8],
        until: &[u8],
    ) -> Result<RowScan<'_>, StoreError> {
        self.range(&table.key(from), &table.key(until))
    }

    /// Rows of a table whose keys begin with `prefix`.
    ///
    /// No key holds the byte 0xFF right after such a prefix: what follows is
    /// UTF-8 or the end.
    pub(crate) fn scan_prefix(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> Result<RowScan<'_>, StoreError> {
        let mut until = prefix.to_vec();
        until.push(0xff);
        self.scan(table, prefix, &until)
    }
}

/// The typed value of a row.
pub(crate) fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(StoreError::Corrupt)
}
