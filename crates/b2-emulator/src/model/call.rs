//! One request on its way through the rules.

use std::sync::Arc;

use super::entropy::Entropy;
use super::flights::Flights;
use super::head::Head;
use super::meter::Meter;
use super::params::Params;
use super::record::Account;
use super::refusal::Outcome;
use super::settings::Settings;
use super::tables::Table;
use crate::blob::BlobId;
use crate::store::{StoreError, Transaction};

/// Everything a rule may look at, and the transaction it may change.
#[derive(Debug)]
pub(crate) struct Call<'c, 'r> {
    pub(crate) settings: &'c Settings,
    pub(crate) flights: &'c Arc<Flights>,
    pub(crate) meter: &'c Meter,
    pub(crate) tx: &'c mut Transaction<'r>,
    pub(crate) head: &'c Head,
    /// 1 to 4.
    pub(crate) version: u8,
    pub(crate) params: Params,
    /// Milliseconds since 1970 by the emulator's clock.
    pub(crate) now: u64,
    pub(crate) entropy: &'c mut Entropy,
    /// Blobs nothing refers to once this request is committed.
    pub(crate) garbage: &'c mut Vec<BlobId>,
}

impl Call<'_, '_> {
    /// The account. It is created before the first request.
    pub(crate) fn account(&self) -> Outcome<Account> {
        self.tx.load(Table::Account, b"")?.ok_or_else(|| StoreError::Closed.into())
    }

    /// Whether the request asks for a kind of artificial trouble.
    pub(crate) fn has_test_mode(&self, mode: &str) -> bool {
        self.head.header("x-bz-test-mode").is_some_and(|value| value.trim() == mode)
    }
}
