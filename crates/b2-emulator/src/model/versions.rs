//! The ordered index of file versions.
//!
//! A key is the bucket id, the name, a zero byte and the position with all
//! bits turned over. Names hold no zero byte, so names sort by their bytes;
//! within a name the newest comes first.

use super::ids::{FileId, Position};
use super::record::{Action, File};
use super::refusal::{Outcome, bad_request};
use super::tables::{Table, decode};
use crate::store::{StoreError, Transaction};

/// The key of one version, or of the place where it would be.
pub(crate) fn version_key(bucket: &str, name: &str, position: Position) -> Vec<u8> {
    let mut key = name_key(bucket, name);
    key.extend_from_slice(&(!position.at).to_be_bytes());
    key.extend_from_slice(&(!position.sequence).to_be_bytes());
    key
}

/// Where the versions of a name begin.
pub(crate) fn name_key(bucket: &str, name: &str) -> Vec<u8> {
    [bucket.as_bytes(), name.as_bytes(), &[0]].concat()
}

/// Just after the versions of a name.
pub(crate) fn after_name_key(bucket: &str, name: &str) -> Vec<u8> {
    [bucket.as_bytes(), name.as_bytes(), &[1]].concat()
}

/// Just after every name that begins with `prefix`: no UTF-8 byte is 0xFF.
pub(crate) fn after_prefix_key(bucket: &str, prefix: &str) -> Vec<u8> {
    [bucket.as_bytes(), prefix.as_bytes(), &[0xff]].concat()
}

/// Stores a version, new or changed.
pub(crate) fn save(tx: &mut Transaction<'_>, file: &File, position: Position) -> Outcome<()> {
    tx.save(Table::Version, &version_key(&file.bucket, &file.name, position), file)?;
    tx.save(Table::FileName, file.id.as_bytes(), &file.name)?;
    Ok(())
}

/// Removes a version from the index.
pub(crate) fn erase(tx: &mut Transaction<'_>, file: &File) {
    if let Some(id) = FileId::parse(&file.id) {
        tx.erase(Table::Version, &version_key(&file.bucket, &file.name, id.position));
    }
    tx.erase(Table::FileName, file.id.as_bytes());
}

/// The version with this id, with where it stands.
///
/// Text that cannot be an id is refused; an id that is gone gives `None`.
pub(crate) fn find(tx: &Transaction<'_>, id: &str) -> Outcome<Option<(File, Position)>> {
    let parsed = FileId::parse(id).ok_or_else(|| bad_request(format!("Invalid fileId: {id}")))?;
    let Some(name) = tx.load::<String>(Table::FileName, id.as_bytes())? else {
        return Ok(None);
    };
    let key = version_key(&parsed.bucket, &name, parsed.position);
    Ok(tx.load(Table::Version, &key)?.map(|file| (file, parsed.position)))
}

/// The newest version of a name. An unfinished large file does not count.
pub(crate) fn current(
    tx: &Transaction<'_>,
    bucket: &str,
    name: &str,
) -> Result<Option<File>, StoreError> {
    let (from, until) = (name_key(bucket, name), after_name_key(bucket, name));
    for row in tx.scan(Table::Version, &from, &until)? {
        let file: File = decode(&row?.1)?;
        if file.action != Action::Start {
            return Ok(Some(file));
        }
    }
    Ok(None)
}
