//! The account an emulator begins with.

use super::capability;
use super::entropy::Entropy;
use super::ids;
use super::record::{Account, Key};
use super::secret::Secret;
use super::tables::Table;
use crate::store::{StoreError, Transaction};

/// Ids the owner of the emulator wants instead of made-up ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) account_id: Option<String>,
    pub(crate) key: Option<(String, Secret)>,
}

#[cfg(feature = "server")]
impl Identity {
    pub(crate) fn with_key(mut self, id: String, secret: String) -> Self {
        self.key = Some((id, Secret::new(secret)));
        self
    }
}

/// What a client needs to log in.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) account_id: String,
    pub(crate) key_id: String,
    key: Secret,
}

impl Credentials {
    pub(crate) fn key(&self) -> &str {
        self.key.expose()
    }
}

const CLUSTER: &str = "004";

/// Finds the account, or makes it when there is none yet.
///
/// A wished-for key replaces the master key of an older run.
pub(crate) fn set_up(
    tx: &mut Transaction<'_>,
    identity: &Identity,
    entropy: &mut Entropy,
) -> Result<Credentials, StoreError> {
    let mut account = match tx.load::<Account>(Table::Account, b"")? {
        Some(account) => account,
        None => new_account(identity, entropy),
    };
    let stored: Option<Key> = tx.load(Table::Key, account.master_key_id.as_bytes())?;
    let (id, secret) = match (&identity.key, &stored) {
        (Some((id, secret)), _) => (id.clone(), secret.clone()),
        (None, Some(key)) => (key.id.clone(), key.secret.clone()),
        (None, None) => {
            let secret = ids::new_secret(&account.cluster, entropy);
            (account.id.clone(), Secret::new(secret))
        }
    };
    if account.master_key_id != id {
        tx.erase(Table::Key, account.master_key_id.as_bytes());
        account.master_key_id.clone_from(&id);
    }
    tx.save(Table::Account, b"", &account)?;
    tx.save(Table::Key, id.as_bytes(), &master_key(&id, &secret))?;
    Ok(Credentials { account_id: account.id, key_id: id, key: secret })
}

fn new_account(identity: &Identity, entropy: &mut Entropy) -> Account {
    let id = identity.account_id.clone().unwrap_or_else(|| entropy.hex(12));
    Account { master_key_id: id.clone(), id, cluster: CLUSTER.to_owned() }
}

fn master_key(id: &str, secret: &Secret) -> Key {
    Key {
        id: id.to_owned(),
        secret: secret.clone(),
        name: "Master Application Key".to_owned(),
        capabilities: capability::ALL.map(str::to_owned).to_vec(),
        buckets: None,
        name_prefix: None,
        expires_at: None,
        needs_v4: false,
        is_master: true,
    }
}
