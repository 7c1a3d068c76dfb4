//! Whether the rows of a store agree with each other and with the blobs.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ids::FileId;
use super::record::{Account, Action, Bucket, Content, File, Key, Part, Token};
use super::tables::{Table, decode};
use super::versions::version_key;
use super::{large, record};
use crate::blob::BlobId;
use crate::store::{StoreError, Transaction};

/// Where faults go, and how blobs are looked at.
pub(crate) struct Audit<'a> {
    /// Takes a sentence about each fault.
    pub(crate) tell: &'a mut dyn FnMut(String),
    /// Compares a blob with the length and the digest that a row gives it.
    pub(crate) compare: &'a mut dyn FnMut(BlobId, u64, &str) -> Result<(), String>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Audited {
    pub(crate) rows: u64,
    pub(crate) buckets: u64,
    pub(crate) versions: u64,
    pub(crate) parts: u64,
}

/// Looks at every row, one at a time.
pub(crate) fn audit(tx: &Transaction<'_>, audit: &mut Audit<'_>) -> Result<Audited, StoreError> {
    let mut audited = Audited::default();
    if tx.load::<Account>(Table::Account, b"")?.is_none() {
        (audit.tell)("there is no account".to_owned());
    }
    for row in tx.range(&[], &[0xff])? {
        let (key, value) = row?;
        audited.rows += 1;
        let Some((letter, rest)) = key.split_first() else { continue };
        match letter {
            b'b' => audited.buckets += 1,
            b'v' => audited.versions += 1,
            b'p' => audited.parts += 1,
            _ => {}
        }
        if let Some(fault) = look(tx, audit, *letter, rest, &value)? {
            (audit.tell)(format!("row {}: {fault}", shown(&key)));
        }
    }
    Ok(audited)
}

/// A key as text; tokens and keys begin it, but only their beginning is shown.
fn shown(key: &[u8]) -> String {
    let len = if matches!(key.first(), Some(b't' | b'x')) { key.len().min(12) } else { key.len() };
    key[..len].escape_ascii().to_string()
}

type Looked = Result<Option<String>, StoreError>;

fn fault(text: impl Into<String>) -> Looked {
    Ok(Some(text.into()))
}

fn look(
    tx: &Transaction<'_>,
    audit: &mut Audit<'_>,
    letter: u8,
    key: &[u8],
    value: &[u8],
) -> Looked {
    match letter {
        b'a' => readable::<Account>(value),
        b'b' => bucket(tx, value),
        b'c' | b'e' | b'r' => readable::<Value>(value),
        b'f' => file_name(tx, key, value),
        b'k' => readable::<Key>(value),
        b'n' => bucket_name(tx, key, value),
        b'o' => blob(tx, key, value),
        b'p' => part(tx, audit, key, value),
        b't' => token(tx, key, value),
        b'u' => unfinished(tx, key),
        b'v' => version(tx, audit, key, value),
        b'x' => expiry(tx, key),
        _ => fault("no table has this letter"),
    }
}

fn readable<T: DeserializeOwned>(value: &[u8]) -> Looked {
    match decode::<T>(value) {
        Ok(_) => Ok(None),
        Err(error) => fault(unreadable(&error)),
    }
}

fn unreadable(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("unreadable: {}", cause.unwrap_or_else(|| error.to_string()))
}

/// Reads a row's value or gives up on it with a fault.
macro_rules! read {
    ($value:expr, $kind:ty) => {
        match decode::<$kind>($value) {
            Ok(read) => read,
            Err(error) => return fault(unreadable(&error)),
        }
    };
}

fn bucket(tx: &Transaction<'_>, value: &[u8]) -> Looked {
    let bucket = read!(value, Bucket);
    let name = bucket.name.to_lowercase();
    match tx.load::<String>(Table::BucketName, name.as_bytes())? {
        Some(id) if id == bucket.id => Ok(None),
        _ => fault(format!("the name {name} does not lead to bucket {}", bucket.id)),
    }
}

fn bucket_name(tx: &Transaction<'_>, key: &[u8], value: &[u8]) -> Looked {
    let id = read!(value, String);
    let bucket: Option<Bucket> = tx.load(Table::Bucket, id.as_bytes())?;
    let is_same = bucket.is_some_and(|bucket| bucket.name.to_lowercase().as_bytes() == key);
    if is_same { Ok(None) } else { fault(format!("there is no bucket {id} of this name")) }
}

/// The version with this id, if the rows lead to it.
fn version_of(tx: &Transaction<'_>, id: &str) -> Result<Option<File>, StoreError> {
    let Some(parsed) = FileId::parse(id) else { return Ok(None) };
    let Some(name) = tx.load::<String>(Table::FileName, id.as_bytes())? else {
        return Ok(None);
    };
    tx.load(Table::Version, &version_key(&parsed.bucket, &name, parsed.position))
}

fn file_name(tx: &Transaction<'_>, key: &[u8], value: &[u8]) -> Looked {
    let _name = read!(value, String);
    let id = String::from_utf8_lossy(key);
    match version_of(tx, &id)? {
        Some(_) => Ok(None),
        None => fault("there is no version of this id"),
    }
}

fn version(tx: &Transaction<'_>, audit: &mut Audit<'_>, key: &[u8], value: &[u8]) -> Looked {
    let file = read!(value, File);
    let Some(id) = FileId::parse(&file.id) else { return fault("its id is not one") };
    if version_key(&file.bucket, &file.name, id.position) != key {
        return fault(format!("file {} stands in the wrong place", file.id));
    }
    if tx.load::<String>(Table::FileName, file.id.as_bytes())?.as_ref() != Some(&file.name) {
        return fault(format!("the id {} does not lead to its name", file.id));
    }
    if tx.get(&Table::Bucket.key(file.bucket.as_bytes()))?.is_none() {
        return fault(format!("file {} is in no bucket", file.id));
    }
    match &file.content {
        Content::Whole(blob) => {
            let digest = file.sha1.as_deref().unwrap_or_default();
            stored(tx, audit, &file.id, *blob, file.len, digest)
        }
        Content::Parts => {
            let mut sum = 0;
            for part in large::parts_from(tx, &file.id, 1)? {
                sum += part?.len;
            }
            if sum == file.len {
                Ok(None)
            } else {
                fault(format!("its parts have {sum} bytes, it {}", file.len))
            }
        }
        Content::Nothing => Ok(None),
    }
}

fn part(tx: &Transaction<'_>, audit: &mut Audit<'_>, key: &[u8], value: &[u8]) -> Looked {
    let part = read!(value, Part);
    // The key is the file's id, then the number in four bytes or more.
    let owner = tx.load::<String>(Table::Blob, part.blob.to_string().as_bytes())?;
    let Some(owner) = owner.filter(|id| key.starts_with(id.as_bytes())) else {
        return fault(format!("blob {} is not said to belong to it", part.blob));
    };
    if version_of(tx, &owner)?.is_none() {
        return fault(format!("it is a part of no file: {owner}"));
    }
    stored(tx, audit, &owner, part.blob, part.len, &part.sha1)
}

fn stored(
    tx: &Transaction<'_>,
    audit: &mut Audit<'_>,
    owner: &str,
    blob: BlobId,
    len: u64,
    digest: &str,
) -> Looked {
    let said = tx.load::<String>(Table::Blob, blob.to_string().as_bytes())?;
    if said.as_deref() != Some(owner) {
        return fault(format!("blob {blob} is not said to belong to {owner}"));
    }
    let digest = digest.strip_prefix("unverified:").unwrap_or(digest);
    match (audit.compare)(blob, len, digest) {
        Ok(()) => Ok(None),
        Err(why) => fault(format!("blob {blob} of {owner}: {why}")),
    }
}

fn blob(tx: &Transaction<'_>, key: &[u8], value: &[u8]) -> Looked {
    let owner = read!(value, String);
    let Some(id) = std::str::from_utf8(key).ok().and_then(BlobId::parse) else {
        return fault("it is no id of a blob");
    };
    let Some(file) = version_of(tx, &owner)? else {
        return fault(format!("it belongs to {owner}, which is not there"));
    };
    if file.content == Content::Whole(id) {
        return Ok(None);
    }
    for part in large::parts_from(tx, &owner, 1)? {
        if part?.blob == id {
            return Ok(None);
        }
    }
    fault(format!("{owner} does not refer to it"))
}

fn token(tx: &Transaction<'_>, key: &[u8], value: &[u8]) -> Looked {
    let token = read!(value, Token);
    let expiry = [&token.expires_at.to_be_bytes(), key].concat();
    match tx.get(&Table::TokenExpiry.key(&expiry))? {
        Some(_) => Ok(None),
        None => fault("nothing says when the token expires"),
    }
}

fn expiry(tx: &Transaction<'_>, key: &[u8]) -> Looked {
    let token = key.get(8..).unwrap_or_default();
    match tx.load::<record::Token>(Table::Token, token)? {
        Some(_) => Ok(None),
        None => fault("there is no such token"),
    }
}

fn unfinished(tx: &Transaction<'_>, key: &[u8]) -> Looked {
    let text = String::from_utf8_lossy(key);
    // The key is the bucket's id and the file's, which begins `4_z`.
    let id = text.find("4_z").map_or("", |at| &text[at..]);
    match version_of(tx, id)? {
        Some(file) if file.action == Action::Start => Ok(None),
        _ => fault("there is no unfinished file of this id"),
    }
}
