//! Ids in the shapes B2 gives them, and the place in a listing they stand for.

use super::calendar::Moment;
use super::entropy::Entropy;
use super::record::Account;
use super::tables::Table;
use crate::store::{StoreError, Transaction};

/// Where a version stands among those of its name: newest first, and among
/// equals the one stored last first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The upload timestamp, milliseconds since 1970.
    pub(crate) at: u64,
    /// Counts every version this emulator ever stored.
    pub(crate) sequence: u64,
}

/// What the first digit after `_f` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Small = 1,
    Large = 2,
}

/// A file id taken apart.
///
/// The id carries its own position, so a listing can start at a version that
/// has been deleted since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) bucket: String,
    pub(crate) position: Position,
}

impl FileId {
    /// Takes apart an id of this emulator; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('_');
        if fields.next() != Some("4") {
            return None;
        }
        let bucket = fields.next()?.strip_prefix('z')?.to_owned();
        let counted = fields.next()?.strip_prefix('f')?;
        let sequence = u64::from_str_radix(counted.get(1..)?, 16).ok()?;
        let at = fields.next_back()?.strip_prefix('u')?.parse().ok()?;
        Some(Self { bucket, position: Position { at, sequence } })
    }
}

/// Mints the id and the position of a new version.
pub(crate) fn next_file_id(
    tx: &mut Transaction<'_>,
    entropy: &mut Entropy,
    account: &Account,
    bucket: &str,
    kind: FileKind,
    at: u64,
) -> Result<(String, Position), StoreError> {
    let sequence = next_count(tx, b"versions")?;
    let moment = Moment::from_millis(at);
    let id = format!(
        "4_z{bucket}_f{kind}{sequence:015x}_d{:04}{:02}{:02}_m{:02}{:02}{:02}_c{}_v{}_t{:04}_u{at:014}",
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        account.cluster,
        pod_name(account, entropy),
        entropy.below(60),
        kind = kind as u8,
    );
    Ok((id, Position { at, sequence }))
}

/// Seven digits that name a pod: the cluster and a small number.
pub(crate) fn pod_name(account: &Account, entropy: &mut Entropy) -> String {
    format!("{}{:04}", account.cluster, 1000 + entropy.below(200))
}

/// 24 hex digits, as bucket ids are.
pub(crate) fn new_bucket_id(account: &Account, entropy: &mut Entropy) -> String {
    // B2 hides the account in there too; clients must not look.
    format!("{}{}", entropy.hex(12), account.id)
}

/// The id of an application key: cluster, account, a counter.
pub(crate) fn next_key_id(
    tx: &mut Transaction<'_>,
    account: &Account,
) -> Result<String, StoreError> {
    let count = next_count(tx, b"keys")?;
    Ok(format!("{}{}{count:010x}", account.cluster, account.id))
}

/// The secret half of an application key: 31 characters.
pub(crate) fn new_secret(cluster: &str, entropy: &mut Entropy) -> String {
    let mut random = entropy.base64(21);
    random.truncate(27);
    format!("K{cluster}{random}")
}

pub(crate) fn next_count(tx: &mut Transaction<'_>, counter: &[u8]) -> Result<u64, StoreError> {
    let count = tx.load::<u64>(Table::Counter, counter)?.unwrap_or(0) + 1;
    tx.save(Table::Counter, counter, &count)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryRows;

    #[test]
    fn ids_have_the_documented_shapes_and_parse_back() {
        let account = Account {
            id: "b7e0c41f09aa".to_owned(),
            cluster: "004".to_owned(),
            master_key_id: "b7e0c41f09aa".to_owned(),
        };
        let mut entropy = Entropy::from_seed([1; 32]);
        let bucket = new_bucket_id(&account, &mut entropy);
        assert_eq!(bucket.len(), 24);
        assert_eq!(new_secret("004", &mut entropy).len(), 31);
        MemoryRows::default()
            .write(|tx| {
                assert_eq!(next_key_id(tx, &account)?, "004b7e0c41f09aa0000000001");
                let at = 1_795_281_312_345;
                let (id, position) =
                    next_file_id(tx, &mut entropy, &account, &bucket, FileKind::Large, at)?;
                let start = format!("4_z{bucket}_f2000000000000001_d20261121_m171512_c004_v0041");
                assert!(id.starts_with(&start), "{id}");
                assert!(id.len() <= 200);
                assert_eq!(FileId::parse(&id), Some(FileId { bucket: bucket.clone(), position }));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn other_text_is_no_file_id() {
        for text in ["", "bad-id", "4_z12_f1zz_u1", "4_z12_f1", "5_z12_f10_u1", "4_z12_f10_d1"] {
            assert_eq!(FileId::parse(text), None, "{text}");
        }
    }
}
