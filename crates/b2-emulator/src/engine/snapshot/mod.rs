//! Everything at once: forgetting it, keeping a copy of it, going back to one.
//!
//! A snapshot of a data folder is a folder too:
//!
//! ```text
//! snapshots/<name>/rows        every row, see `rows`
//! snapshots/<name>/blobs/<id>  further names of the blobs they refer to
//! ```
//!
//! Blobs never change, so a second name is as good as a copy. A snapshot is
//! made under a name that begins with a dot and renamed when it is complete,
//! see `place`.

mod place;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Engine, blob_row};
use crate::blob::{BlobId, Blobs, FolderBlobs, flush_folder};
use crate::model::{Grant, Key, Table, Token, decode};
use crate::store::{Row, StoreError, Transaction};

pub(super) use place::{leftovers, recover};

/// Why everything could not be changed at once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SnapshotError {
    #[error("a snapshot's name is 1 to 64 letters, digits, '-', '_' or '.', no '.' first")]
    BadName,
    #[error("there is no snapshot {0}")]
    NotFound(String),
    #[error("the snapshot {0} is damaged")]
    Damaged(String),
    #[error("a file of the snapshot cannot be used")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Snapshots that end with the process.
#[derive(Debug, Default)]
pub(super) struct MemorySnapshots(Mutex<BTreeMap<String, MemorySnapshot>>);

#[derive(Debug)]
struct MemorySnapshot {
    rows: Vec<Row>,
    blobs: Vec<(BlobId, Bytes)>,
}

impl MemorySnapshots {
    fn map(&self) -> MutexGuard<'_, BTreeMap<String, MemorySnapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Removes what no row refers to and counts what is left; to be called
    /// once after opening. Requests may be answered meanwhile.
    pub(crate) fn sweep_at_start(&self) -> Result<(), StoreError> {
        // Nothing may be put in place of everything meanwhile.
        let _pass = self.pass();
        if let Some(folder) = self.snapshot_folder() {
            // What stays takes room and harms nobody.
            let _ = place::sweep(&folder);
        }
        self.sweep_blobs()
    }

    fn sweep_blobs(&self) -> Result<(), StoreError> {
        let Blobs::Folder(blobs) = &self.blobs else { return Ok(()) };
        // An unreadable row ends the sweep; nothing is removed on doubt.
        blobs
            .sweep(|blob| match self.store.read(|tx| tx.get(&blob_row(blob))) {
                Ok(row) => Ok(row.is_some()),
                Err(error) => Err(io::Error::other(error)),
            })
            .map_err(StoreError::database)
    }

    /// Whether the bytes stored are known and nothing superfluous is left.
    pub(crate) fn is_swept(&self) -> bool {
        match &self.blobs {
            Blobs::Memory(_) => true,
            Blobs::Folder(blobs) => blobs.is_swept(),
        }
    }

    /// Forgets buckets, files and keys. The account, its master key and the
    /// tokens of that key stay.
    pub(crate) fn reset(&self) -> Result<(), SnapshotError> {
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.eras.fetch_add(1, Ordering::Relaxed);
        let kept = self.store.read(keep)?;
        let blobs = self.referred()?;
        self.store.replace(&mut kept.into_iter().map(Ok))?;
        for blob in blobs {
            // What stays is swept at the next start.
            let _ = self.blobs.remove(blob);
        }
        Ok(())
    }

    /// The names of all snapshots, in order.
    pub(crate) fn snapshots(&self) -> Result<Vec<String>, SnapshotError> {
        let Some(folder) = self.snapshot_folder() else {
            return Ok(self.snapshots.map().keys().cloned().collect());
        };
        let mut names = Vec::new();
        match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
            Ok(entries) => {
                for entry in entries {
                    names.extend(entry?.file_name().into_string().ok());
                }
            }
        }
        names.retain(|name| check_name(name).is_ok());
        names.sort();
        Ok(names)
    }

    /// Keeps a copy of everything under a name; an earlier one of that name goes.
    pub(crate) fn save_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        check_name(name)?;
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        match (self.snapshot_folder(), &self.blobs) {
            (Some(folder), Blobs::Folder(blobs)) => self.save_to(&folder, name, blobs),
            _ => self.save_in_memory(name),
        }
    }

    /// Makes everything as it was when the snapshot was made, but for the
    /// master key and its tokens.
    pub(crate) fn restore_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        check_name(name)?;
        let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.eras.fetch_add(1, Ordering::Relaxed);
        match (self.snapshot_folder(), &self.blobs) {
            (Some(folder), Blobs::Folder(blobs)) => self.restore_from(&folder, name, blobs),
            _ => self.restore_from_memory(name),
        }
    }

    /// Forgets a snapshot.
    pub(crate) fn delete_snapshot(&self, name: &str) -> Result<(), SnapshotError> {
        check_name(name)?;
        let gone = match self.snapshot_folder() {
            None => self.snapshots.map().remove(name).is_some(),
            Some(folder) => place::remove(&folder, name)?,
        };
        if gone { Ok(()) } else { Err(SnapshotError::NotFound(name.to_owned())) }
    }

    fn snapshot_folder(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().join("snapshots"))
    }

    /// Every blob that a row refers to.
    fn referred(&self) -> Result<Vec<BlobId>, StoreError> {
        self.store.read(|tx| {
            let rows = tx.scan_prefix(Table::Blob, b"")?;
            rows.filter_map(|row| row.map(|(key, _)| blob_of(&key)).transpose()).collect()
        })
    }

    fn save_to(&self, folder: &Path, name: &str, blobs: &FolderBlobs) -> Result<(), SnapshotError> {
        let new = place::begin(folder, name)?;
        let links = new.join("blobs");
        fs::create_dir_all(&links)?;
        self.store.read(|tx| {
            rows::write(&new.join("rows"), tx.range(&[], &[0xff])?)
                .map_err(StoreError::database)?;
            for row in tx.scan_prefix(Table::Blob, b"")? {
                if let Some(blob) = blob_of(&row?.0) {
                    blobs.link_into(blob, &links).map_err(StoreError::database)?;
                }
            }
            Ok(())
        })?;
        flush_folder(&links)?;
        flush_folder(&new)?;
        Ok(place::finish(folder, name)?)
    }

    fn restore_from(
        &self,
        folder: &Path,
        name: &str,
        blobs: &FolderBlobs,
    ) -> Result<(), SnapshotError> {
        let folder = folder.join(name);
        if !folder.is_dir() {
            return Err(SnapshotError::NotFound(name.to_owned()));
        }
        let (path, links) = (folder.join("rows"), folder.join("blobs"));
        let damaged = |_| SnapshotError::Damaged(name.to_owned());
        // Once to see that it is whole and to fetch its blobs, once for the rows.
        for row in rows::read(&path)? {
            if let Some(blob) = blob_of(&row.map_err(damaged)?.0) {
                blobs.link_from(blob, &links).map_err(damaged)?;
            }
        }
        blobs.flush()?;
        let kept = self.store.read(keep)?;
        let old = rows::read(&path)?
            .map(|row| row.map_err(StoreError::database))
            .filter(|row| !row.as_ref().is_ok_and(is_own));
        self.store.replace(&mut old.chain(kept.into_iter().map(Ok)))?;
        blobs.begin_sweep();
        Ok(self.sweep_blobs()?)
    }

    fn save_in_memory(&self, name: &str) -> Result<(), SnapshotError> {
        let rows = self.store.read(|tx| tx.range(&[], &[0xff])?.collect())?;
        let mut blobs = Vec::new();
        for blob in self.referred()? {
            let stored = self.blobs.open(blob)?;
            if let crate::blob::BlobReader::Memory(bytes) = stored {
                blobs.push((blob, bytes));
            }
        }
        self.snapshots.map().insert(name.to_owned(), MemorySnapshot { rows, blobs });
        Ok(())
    }

    fn restore_from_memory(&self, name: &str) -> Result<(), SnapshotError> {
        let snapshots = self.snapshots.map();
        let snapshot =
            snapshots.get(name).ok_or_else(|| SnapshotError::NotFound(name.to_owned()))?;
        for blob in self.referred()? {
            self.blobs.remove(blob)?;
        }
        if let Blobs::Memory(blobs) = &self.blobs {
            for (id, bytes) in &snapshot.blobs {
                blobs.insert(*id, bytes.clone());
            }
        }
        let kept = self.store.read(keep)?;
        let old = snapshot.rows.iter().filter(|row| !is_own(row)).cloned();
        Ok(self.store.replace(&mut old.chain(kept).map(Ok))?)
    }
}

fn check_name(name: &str) -> Result<(), SnapshotError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = (1..=64).contains(&name.len()) && !name.starts_with('.');
    if fits && name.bytes().all(is_plain) { Ok(()) } else { Err(SnapshotError::BadName) }
}

/// The blob that a row of the table of blobs is about.
fn blob_of(key: &[u8]) -> Option<BlobId> {
    let id = key.strip_prefix(&[Table::Blob as u8])?;
    BlobId::parse(std::str::from_utf8(id).ok()?)
}

/// Rows of the running emulator that no snapshot replaces.
fn is_own((key, value): &Row) -> bool {
    key.first() == Some(&(Table::Account as u8))
        || key.first() == Some(&(Table::Key as u8))
            && decode::<Key>(value).is_ok_and(|key| key.is_master)
}

/// The account, its master key and the tokens of that key.
fn keep(tx: &mut Transaction<'_>) -> Result<Vec<Row>, StoreError> {
    let mut kept = Vec::new();
    for table in [Table::Account, Table::Key] {
        for row in tx.scan_prefix(table, b"")? {
            let row = row?;
            if is_own(&row) {
                kept.push(row);
            }
        }
    }
    let masters: Vec<Vec<u8>> = kept.iter().map(|(key, _)| key[1..].to_vec()).collect();
    for row in tx.scan_prefix(Table::Token, b"")? {
        let (key, value) = row?;
        let token: Token = decode(&value)?;
        if token.grant == Grant::Account && masters.contains(&token.key_id.into_bytes()) {
            let expiry = [&token.expires_at.to_be_bytes(), &key[1..]].concat();
            kept.push((Table::TokenExpiry.key(&expiry), b"null".to_vec()));
            kept.push((key, value));
        }
    }
    Ok(kept)
}
