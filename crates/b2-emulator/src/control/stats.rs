//! All counters in one structure.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::Traffic;
use crate::model::{Counts, Meter};

/// What an emulator has counted since its start, or since the counters were
/// set to zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// Requests by operation, such as `b2_upload_file`, refused ones as well;
    /// downloads by name are `b2_download_file_by_name`.
    pub calls: BTreeMap<String, u64>,
    /// Transactions by class.
    pub transactions: Transactions,
    /// Transactions since 00:00 UTC by the emulator's clock.
    pub transactions_today: Transactions,
    /// Bytes of files downloaded since 00:00 UTC by the emulator's clock.
    pub downloaded_today: u64,
    /// Bytes of all versions and parts.
    pub stored_bytes: u64,
    /// Whether a folder's blobs are still being looked through after the
    /// start; until they are, `stored_bytes` is too low.
    pub is_sweeping: bool,
    /// Bytes read from sockets, before encryption.
    pub bytes_received: u64,
    /// Bytes written to sockets, before encryption.
    pub bytes_sent: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// Connections accepted.
    pub accepted_connections: u64,
}

/// Transactions by the class they are billed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Transactions {
    /// Free ones: uploads, deletions.
    pub class_a: u64,
    /// Downloads.
    pub class_b: u64,
    /// Everything else: listings, copies, authorizations.
    pub class_c: u64,
}

impl Stats {
    pub(super) fn new(counts: &Counts, meter: &Meter, traffic: &Traffic, is_swept: bool) -> Self {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Self {
            calls: counts.calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            transactions: Transactions::new(counts.transactions),
            transactions_today: Transactions::new(counts.today),
            downloaded_today: counts.downloaded_today,
            stored_bytes: read(&meter.stored),
            is_sweeping: !is_swept,
            bytes_received: read(&traffic.received),
            bytes_sent: read(&traffic.sent),
            open_connections: read(&traffic.open),
            accepted_connections: read(&traffic.accepted),
        }
    }
}

impl Transactions {
    const fn new([class_a, class_b, class_c]: [u64; 3]) -> Self {
        Self { class_a, class_b, class_c }
    }
}
