//! Walking the version index with leaps.

use super::record::File;
use super::tables::{Table, decode};
use crate::store::{RowScan, StoreError, Transaction};

/// Rows stepped over one by one before a leap is made by a new search.
///
/// Most names have one version and most leaps are over nothing, so stepping
/// is cheaper until it is not.
const STEPS_BEFORE_LEAP: usize = 4;

/// Reads versions in index order, passing over what the caller has no use for.
pub(super) struct Walk<'t> {
    tx: &'t Transaction<'t>,
    rows: RowScan<'t>,
    until: Vec<u8>,
    /// Full key, with the table's letter, that the next row must reach.
    wanted: Vec<u8>,
}

impl<'t> Walk<'t> {
    /// Versions with `from <= key < until`.
    pub(super) fn new(
        tx: &'t Transaction<'_>,
        from: Vec<u8>,
        until: Vec<u8>,
    ) -> Result<Self, StoreError> {
        let rows = tx.scan(Table::Version, &from, &until)?;
        Ok(Self { tx, rows, until, wanted: Vec::new() })
    }

    /// Makes the next row the first at or after `key`.
    pub(super) fn skip_to(&mut self, key: Vec<u8>) {
        self.wanted = Table::Version.key(&key);
    }

    pub(super) fn next(&mut self) -> Result<Option<File>, StoreError> {
        for _ in 0..STEPS_BEFORE_LEAP {
            match self.rows.next().transpose()? {
                None => return Ok(None),
                Some((key, value)) if key >= self.wanted => return decode(&value).map(Some),
                Some(_) => {}
            }
        }
        self.rows = self.tx.scan(Table::Version, &self.wanted[1..], &self.until)?;
        self.rows.next().transpose()?.map(|(_, value)| decode(&value)).transpose()
    }
}
