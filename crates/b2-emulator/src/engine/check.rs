//! Looking whether a data folder is sound.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use sha1::{Digest, Sha1};

use super::CHUNK;
use super::folder::{DataFolder, OpenError};
use crate::blob::BlobId;
use crate::model::{Audit, Audited, Table, audit};
use crate::store::{DurableRows, StoreError};

/// What was looked at, and how much of it is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checked {
    pub(crate) audited: Audited,
    pub(crate) blobs: u64,
    pub(crate) bytes: u64,
    /// Blobs and temporary files that the next start removes: a crash leaves
    /// them, and they harm nobody.
    pub(crate) leftovers: u64,
    pub(crate) faults: u64,
}

/// Checks a folder that no emulator uses. Faults are told one by one.
pub(crate) fn check(
    path: &Path,
    with_content: bool,
    tell: &mut dyn FnMut(&str),
) -> Result<Checked, OpenError> {
    let folder = DataFolder::open_existing(path)?;
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let mut checked = Checked::default();
    let metadata = path.join("metadata.redb");
    if !DurableRows::is_sound(&metadata)? {
        checked.faults += 1;
        tell("the pages of metadata.redb did not agree, and were repaired");
    }
    let rows = DurableRows::open(&metadata)?;
    let (mut faults, mut blobs, mut bytes) = (0, 0, 0);
    let compare = &mut |blob: BlobId, len: u64, digest: &str| {
        blobs += 1;
        bytes += len;
        compare(&folder.blob(blob), len, digest, with_content)
    };
    checked.audited = rows.read(|tx| {
        let tell = &mut |fault: String| {
            faults += 1;
            tell(&fault);
        };
        audit(tx, &mut Audit { tell, compare })
    })?;
    checked.faults += faults;
    (checked.blobs, checked.bytes) = (blobs, bytes);
    checked.leftovers = leftovers(path, &rows).map_err(io)?;
    Ok(checked)
}

/// Blobs without a row, and what uploads and snapshots left unfinished.
fn leftovers(path: &Path, rows: &DurableRows) -> io::Result<u64> {
    let mut count = super::snapshot::leftovers(&path.join("snapshots"))?;
    let mut groups = vec![path.join("tmp")];
    for group in fs::read_dir(path.join("blobs"))? {
        groups.push(group?.path());
    }
    for group in groups {
        for file in fs::read_dir(group)? {
            let name = file?.file_name();
            let is_known = rows.read(|tx| -> Result<_, StoreError> {
                Ok(tx.get(&Table::Blob.key(name.as_encoded_bytes()))?.is_some())
            });
            count += u64::from(!is_known.map_err(io::Error::other)?);
        }
    }
    Ok(count)
}

/// Compares a blob with what its row says.
fn compare(path: &Path, len: u64, digest: &str, with_content: bool) -> Result<(), String> {
    let mut file = fs::File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let found = file.metadata().map_err(|error| error.to_string())?.len();
    if found != len {
        return Err(format!("it has {found} bytes instead of {len}"));
    }
    if !with_content || digest.len() != 40 {
        return Ok(());
    }
    let (mut sha1, mut chunk) = (Sha1::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk).map_err(|error| format!("reading it: {error}"))?;
        if read == 0 {
            break;
        }
        sha1.update(&chunk[..read]);
    }
    let found: String = sha1.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found.eq_ignore_ascii_case(digest) {
        Ok(())
    } else {
        Err(format!("its SHA-1 is {found} instead of {digest}"))
    }
}
