//! Making tokens and looking them up.

use super::call::Call;
use super::entropy::Entropy;
use super::record::{Grant, Key, Token};
use super::refusal::{Outcome, bad_auth_token, expired_auth_token};
use super::tables::Table;
use crate::store::{StoreError, Transaction};

/// Dead tokens stay this long, to be answered as expired and not as unknown.
const KEPT_AFTER_EXPIRY_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// How many dead tokens one new token sweeps away.
const SWEPT_AT_ONCE: usize = 32;

/// Makes a token of `key` that lives `lifetime_ms`.
pub(crate) fn issue(
    call: &mut Call<'_, '_>,
    key: &Key,
    grant: Grant,
    lifetime_ms: u64,
) -> Outcome<String> {
    sweep(call.tx, call.now)?;
    let text = mint(call.entropy, &key.id, &grant);
    let expires_at = call.now.saturating_add(lifetime_ms);
    let token = Token { key_id: key.id.clone(), expires_at, grant };
    save(call.tx, &text, &token)?;
    Ok(text)
}

/// The token and the key it came from, if both are still good.
pub(crate) fn look_up(tx: &Transaction<'_>, text: &str, now: u64) -> Outcome<(Token, Key)> {
    let token: Option<Token> = tx.load(Table::Token, text.as_bytes())?;
    let Some(token) = token else {
        return Err(bad_auth_token("Invalid authorization token"));
    };
    let key: Option<Key> = tx.load(Table::Key, token.key_id.as_bytes())?;
    let Some(key) = key else {
        return Err(bad_auth_token("The application key was deleted"));
    };
    let key_expired = key.expires_at.is_some_and(|at| at <= now);
    if key_expired || token.expires_at <= now {
        return Err(expired_auth_token());
    }
    Ok((token, key))
}

/// Makes a token unknown.
pub(crate) fn revoke(tx: &mut Transaction<'_>, text: &str) -> Result<(), StoreError> {
    if let Some(token) = tx.load::<Token>(Table::Token, text.as_bytes())? {
        tx.erase(Table::Token, text.as_bytes());
        tx.erase(Table::TokenExpiry, &expiry_key(token.expires_at, text));
    }
    Ok(())
}

/// Lets a token end at `at` instead of later.
pub(crate) fn shorten(tx: &mut Transaction<'_>, text: &str, at: u64) -> Result<(), StoreError> {
    if let Some(mut token) = tx.load::<Token>(Table::Token, text.as_bytes())? {
        tx.erase(Table::TokenExpiry, &expiry_key(token.expires_at, text));
        token.expires_at = token.expires_at.min(at);
        save(tx, text, &token)?;
    }
    Ok(())
}

/// Lets every account token end at `at` at the latest.
#[cfg(feature = "server")]
pub(crate) fn shorten_all(tx: &mut Transaction<'_>, at: u64) -> Result<(), StoreError> {
    let mut texts = Vec::new();
    for row in tx.scan_prefix(Table::Token, b"")? {
        let (key, value) = row?;
        if super::tables::decode::<Token>(&value)?.grant == Grant::Account {
            texts.push(String::from_utf8_lossy(&key[1..]).into_owned());
        }
    }
    texts.iter().try_for_each(|text| shorten(tx, text, at))
}

fn save(tx: &mut Transaction<'_>, text: &str, token: &Token) -> Result<(), StoreError> {
    tx.save(Table::Token, text.as_bytes(), token)?;
    tx.save(Table::TokenExpiry, &expiry_key(token.expires_at, text), &())
}

fn expiry_key(expires_at: u64, text: &str) -> Vec<u8> {
    [&expires_at.to_be_bytes(), text.as_bytes()].concat()
}

/// Tokens would otherwise pile up for as long as the data folder lives.
fn sweep(tx: &mut Transaction<'_>, now: u64) -> Result<(), StoreError> {
    let until = now.saturating_sub(KEPT_AFTER_EXPIRY_MS).to_be_bytes();
    let dead: Vec<_> =
        tx.scan(Table::TokenExpiry, &[], &until)?.take(SWEPT_AT_ONCE).collect::<Result<_, _>>()?;
    for (key, _) in dead {
        // The key is the table's letter, eight bytes of time, then the token.
        tx.erase(Table::Token, &key[9..]);
        tx.remove(key);
    }
    Ok(())
}

fn mint(entropy: &mut Entropy, key_id: &str, grant: &Grant) -> String {
    let kind = match grant {
        Grant::Account => "acct",
        Grant::UploadFile { .. } => "upld",
        Grant::UploadPart { .. } => "uplg",
        Grant::Download { .. } => "dnld",
    };
    let (first, second) = (entropy.hex(8), entropy.hex(6));
    format!("4_{key_id}_{first}_{second}_{kind}_{}", entropy.base64(20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryRows;

    fn token(expires_at: u64) -> Token {
        Token { key_id: "k".to_owned(), expires_at, grant: Grant::Account }
    }

    #[test]
    fn long_dead_tokens_are_swept_and_others_stay() {
        let rows = MemoryRows::default();
        rows.write(|tx| {
            let now = 2 * KEPT_AFTER_EXPIRY_MS;
            save(tx, "old", &token(1000))?;
            save(tx, "recent", &token(now - 1000))?;
            save(tx, "live", &token(now + 1000))?;
            sweep(tx, now)?;
            assert!(tx.load::<Token>(Table::Token, b"old")?.is_none());
            assert!(tx.load::<Token>(Table::Token, b"recent")?.is_some());
            assert!(tx.load::<Token>(Table::Token, b"live")?.is_some());
            assert_eq!(tx.scan_prefix(Table::TokenExpiry, b"")?.count(), 2);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn tokens_look_like_those_of_b2() {
        let mut entropy = Entropy::from_seed([2; 32]);
        let text = mint(&mut entropy, "0028bc628f87f040000000001", &Grant::Account);
        let fields: Vec<_> = text.split('_').collect();
        assert_eq!(fields[0], "4");
        assert_eq!((fields[2].len(), fields[3].len()), (8, 6));
        assert_eq!(fields[4], "acct");
        assert_eq!(fields[5].len(), 28);
    }
}
