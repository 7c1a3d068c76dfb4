//! What one request has changed so far, seen together with what was there.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

use super::{Row, RowScan, Rows, StoreError};

/// Changed keys in order; `None` removes the row.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A view of the rows with this request's own changes laid over it.
///
/// Nothing reaches the rows until the store applies [`Transaction::into_changes`],
/// so giving up needs no undo and several requests can share one commit.
pub(crate) struct Transaction<'a> {
    rows: &'a dyn Rows,
    changes: Changes,
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("changed", &self.changes.len()).finish_non_exhaustive()
    }
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(rows: &'a dyn Rows) -> Self {
        Self { rows, changes: Changes::new() }
    }

    /// The value under `key`, this request's own writes included.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.rows.get(key),
        }
    }

    /// Rows with `from <= key < until`, this request's own writes included.
    pub(crate) fn range(&self, from: &[u8], until: &[u8]) -> Result<RowScan<'_>, StoreError> {
        if from >= until {
            return Ok(Box::new(std::iter::empty()));
        }
        let stored = self.rows.range(from, until)?;
        if self.changes.is_empty() {
            return Ok(stored);
        }
        let changed =
            self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(until)));
        Ok(Box::new(Overlay { stored: stored.peekable(), changed: changed.peekable() }))
    }

    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Whether there is anything to write.
    pub(crate) fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Whether a row is written whose key begins with one of these letters.
    #[cfg(feature = "server")]
    pub(crate) fn writes_any(&self, letters: &[u8]) -> bool {
        letters.iter().any(|letter| {
            let mut rows = self.changes.range(vec![*letter]..vec![letter + 1]);
            rows.any(|(_, value)| value.is_some())
        })
    }

    /// Forgets every change made so far.
    pub(crate) fn roll_back(&mut self) {
        self.changes.clear();
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }
}

/// Merges two ascending sequences; where both have a key, the change wins.
struct Overlay<'a, C: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> {
    stored: Peekable<RowScan<'a>>,
    changed: Peekable<C>,
}

impl<'a, C: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> Iterator for Overlay<'a, C> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let change_first = match (self.stored.peek(), self.changed.peek()) {
                (Some(Ok((stored, _))), Some((changed, _))) => *changed <= stored,
                (None, Some(_)) => true,
                _ => false,
            };
            if !change_first {
                return self.stored.next();
            }
            let (key, value) = self.changed.next()?;
            if matches!(self.stored.peek(), Some(Ok((stored, _))) if stored == key) {
                self.stored.next();
            }
            if let Some(value) = value {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryRows;
    use super::*;

    fn rows(pairs: &[(&str, &str)]) -> MemoryRows {
        let rows = MemoryRows::default();
        let owned: Vec<_> =
            pairs.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
        rows.write(move |tx| {
            owned.into_iter().for_each(|(key, value)| tx.put(key, value));
            Ok(())
        })
        .unwrap();
        rows
    }

    fn keys(tx: &Transaction<'_>, from: &str, until: &str) -> Vec<String> {
        tx.range(from.as_bytes(), until.as_bytes())
            .unwrap()
            .map(|row| String::from_utf8(row.unwrap().0).unwrap())
            .collect()
    }

    #[test]
    fn a_scan_sees_puts_removals_and_replacements_in_order() {
        let rows = rows(&[("a", "1"), ("c", "2"), ("e", "3"), ("g", "4")]);
        rows.read(|tx| {
            tx.put(b"b".to_vec(), b"new".to_vec());
            tx.put(b"c".to_vec(), b"changed".to_vec());
            tx.remove(b"e".to_vec());
            tx.remove(b"absent".to_vec());
            tx.put(b"f".to_vec(), b"new".to_vec());
            assert_eq!(keys(tx, "a", "g"), ["a", "b", "c", "f"]);
            assert_eq!(keys(tx, "b", "z"), ["b", "c", "f", "g"]);
            assert_eq!(tx.get(b"c").unwrap().unwrap(), b"changed");
            assert_eq!(tx.get(b"e").unwrap(), None);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_empty_or_inverted_range_yields_nothing() {
        let rows = rows(&[("a", "1")]);
        rows.read(|tx| {
            assert!(keys(tx, "a", "a").is_empty());
            assert!(keys(tx, "b", "a").is_empty());
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn rolling_back_forgets_everything() {
        let rows = rows(&[("a", "1")]);
        rows.write(|tx| {
            tx.remove(b"a".to_vec());
            tx.put(b"b".to_vec(), Vec::new());
            tx.roll_back();
            Ok(())
        })
        .unwrap();
        rows.read(|tx| {
            assert_eq!(keys(tx, "", "z"), ["a"]);
            Ok(())
        })
        .unwrap();
    }
}
