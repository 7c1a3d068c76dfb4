//! Ordered rows of bytes, and the two places they can live.
//!
//! The rules see one thing only: a [`Transaction`] over some [`Rows`].
//! What a request changes is collected there and written in one piece, so a
//! refused request leaves nothing behind and an acknowledged one is complete.

#[cfg(feature = "server")]
mod durable;
mod memory;
mod transaction;

#[cfg(feature = "server")]
pub(crate) use durable::DurableRows;
pub(crate) use memory::MemoryRows;
#[cfg(feature = "server")]
pub(crate) use transaction::Changes;
pub(crate) use transaction::Transaction;

/// One key and its value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Rows in ascending key order, or the failure that ended the scan.
pub(crate) type RowScan<'a> = Box<dyn Iterator<Item = Result<Row, StoreError>> + 'a>;

/// A consistent view of ordered rows.
pub(crate) trait Rows {
    /// The value under `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Every row with `from <= key < until`, ascending, read lazily.
    fn range(&self, from: &[u8], until: &[u8]) -> Result<RowScan<'_>, StoreError>;
}

/// The metadata could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database file could not be read, grown or flushed.
    #[error("the metadata file failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row is not what this version writes.
    #[error("a stored row is unreadable")]
    Corrupt(#[source] serde_json::Error),
    /// Another request of the same commit made it fail; nothing was kept.
    #[error("the commit this change was part of failed")]
    GroupFailed,
    /// The store has been closed and takes no more work.
    #[error("the store is closed")]
    Closed,
}

#[cfg(feature = "server")]
impl StoreError {
    pub(crate) fn database(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Database(Box::new(error))
    }
}

/// Where the rows of one emulator live.
#[derive(Debug)]
pub(crate) enum Store {
    /// Gone when the process ends.
    Memory(MemoryRows),
    /// In a file, durable before a request is answered.
    #[cfg(feature = "server")]
    Durable(DurableRows),
}

impl Store {
    /// Runs `job` over a stable view; nothing it does is kept.
    pub(crate) fn read<R>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        match self {
            Self::Memory(rows) => rows.read(job),
            #[cfg(feature = "server")]
            Self::Durable(rows) => rows.read(job),
        }
    }

    /// Puts these rows in the place of all others, in one step.
    #[cfg(feature = "server")]
    pub(crate) fn replace(
        &self,
        rows: &mut dyn Iterator<Item = Result<Row, StoreError>>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.replace(rows),
            Self::Durable(durable) => durable.replace(rows),
        }
    }

    /// Runs `job` and returns once everything it changed is durable.
    ///
    /// An error keeps nothing. Blocks the calling thread.
    pub(crate) fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        match self {
            Self::Memory(rows) => rows.write(job),
            #[cfg(feature = "server")]
            Self::Durable(rows) => rows.write(job),
        }
    }
}
