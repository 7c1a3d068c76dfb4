//! Rows in an ordered map.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use super::{RowScan, Rows, StoreError, Transaction};

/// Rows that end with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryRows {
    map: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryRows {
    pub(crate) fn read<R>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        // A writer changes the map only after its job has returned, so a
        // panicking job cannot leave half a change behind the poison mark.
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        job(&mut Transaction::new(&*map))
    }

    pub(crate) fn write<R>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = Transaction::new(&*map);
        let result = job(&mut transaction)?;
        for (key, value) in transaction.into_changes() {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(result)
    }

    #[cfg(feature = "server")]
    pub(crate) fn replace(
        &self,
        rows: &mut dyn Iterator<Item = Result<super::Row, StoreError>>,
    ) -> Result<(), StoreError> {
        let rows = rows.collect::<Result<_, _>>()?;
        *self.map.write().unwrap_or_else(PoisonError::into_inner) = rows;
        Ok(())
    }
}

impl Rows for BTreeMap<Vec<u8>, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Self::get(self, key).cloned())
    }

    fn range(&self, from: &[u8], until: &[u8]) -> Result<RowScan<'_>, StoreError> {
        let rows = Self::range::<[u8], _>(self, (Bound::Included(from), Bound::Excluded(until)));
        Ok(Box::new(rows.map(|(key, value)| Ok((key.clone(), value.clone())))))
    }
}
