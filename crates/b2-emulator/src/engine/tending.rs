//! What an engine does unasked: lifecycle rules, replicas, and events.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Engine;
use crate::model::{
    Delivery, Place, ReplicaTicket, Rules, due_deliveries, next_replica, postpone_replica,
    settle_delivery,
};
#[cfg(feature = "server")]
use crate::model::{first_replica, next_delivery};
use crate::store::StoreError;

/// How long lifecycle rules wait between two rounds, in milliseconds. The
/// service makes one a day; days are counted exactly either way.
const BETWEEN_ROUNDS_MS: u64 = 60 * 60 * 1000;

/// The least between two rounds of replicas, in milliseconds.
#[cfg(feature = "server")]
const BEAT_MS: u64 = 50;

/// Replicas made in one go.
const MOST_REPLICAS: usize = 100;

impl Engine {
    /// Does what is due by this moment. What cannot be done now is done when
    /// this is called again.
    pub(crate) fn tend(&self, now: u64) {
        if now >= self.chores_due.load(Ordering::Relaxed) {
            self.chores_due.store(now.saturating_add(BETWEEN_ROUNDS_MS), Ordering::Relaxed);
            let _ = self.carry_out_lifecycle(now);
        }
        for _ in 0..MOST_REPLICAS {
            match self.next_replica(now) {
                Ok(Some(ticket)) if self.replicate(&ticket, now).is_some() => {}
                Ok(Some(ticket)) => {
                    let later = self.store.write(move |tx| postpone_replica(tx, &ticket, now));
                    if later.is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
    }

    /// When to tend again if nothing happens until then.
    #[cfg(feature = "server")]
    pub(crate) fn next_tending(&self, now: u64) -> u64 {
        let chores = self.chores_due.load(Ordering::Relaxed);
        let replica = match self.store.read(|tx| first_replica(tx)) {
            Ok(due) => due.map(|due| due.max(now + BEAT_MS)),
            Err(_) => Some(now + 1000),
        };
        replica.map_or(chores, |due| chores.min(due))
    }

    /// When to deliver again if nothing happens until then.
    #[cfg(feature = "server")]
    pub(crate) fn next_delivery(&self, now: u64, busy: &HashSet<Vec<u8>>) -> Option<u64> {
        self.store.read(|tx| next_delivery(tx, busy)).unwrap_or(Some(now + 1000))
    }

    /// Makes the next [`Engine::tend`] look at the lifecycle rules.
    pub(crate) fn hurry(&self) {
        self.chores_due.store(0, Ordering::Relaxed);
    }

    fn carry_out_lifecycle(&self, now: u64) -> Result<(), StoreError> {
        if !self.store.read(|tx| Rules::has_chores(tx))? {
            return Ok(());
        }
        let (mut next, era) = (Some(Place::default()), self.era());
        while let Some(from) = next {
            // For a step only: whoever changes everything must not wait long.
            let _pass = self.pass();
            if era != self.era() {
                self.hurry();
                break;
            }
            let (rules, entropy) = (Arc::clone(&self.rules), self.fork());
            let step = self.store.write(move |tx| rules.carry_out(tx, from, now, entropy))?;
            self.sweep(step.garbage);
            next = step.next;
        }
        Ok(())
    }

    fn next_replica(&self, now: u64) -> Result<Option<ReplicaTicket>, StoreError> {
        let (ticket, is_changed) = self.store.read(|tx| {
            let ticket = next_replica(tx, now)?;
            Ok((ticket, tx.is_changed()))
        })?;
        if is_changed { self.store.write(move |tx| next_replica(tx, now)) } else { Ok(ticket) }
    }

    /// `None` if it has to wait for another time.
    fn replicate(&self, ticket: &ReplicaTicket, now: u64) -> Option<()> {
        let era = self.era();
        let writer = self.write_segments(&ticket.segments, ticket.len).ok()?;
        let _pass = self.pass();
        if era != self.era() {
            return None;
        }
        let receipt = writer.finish().ok()?;
        let (rules, entropy, blob) = (Arc::clone(&self.rules), self.fork(), receipt.blob);
        let ticket = ticket.clone();
        let stored =
            self.store.write(move |tx| rules.conclude_replica(tx, &ticket, receipt, now, entropy));
        self.drop_if_uncommitted(&stored, blob);
        self.sweep(stored.ok()?);
        Some(())
    }

    fn sweep(&self, garbage: Vec<crate::blob::BlobId>) {
        for blob in garbage {
            // What stays is swept at the next start.
            let _ = self.blobs.remove(blob);
        }
    }

    /// The events to deliver at this moment, but for queues that are busy.
    pub(crate) fn due_deliveries(&self, now: u64, busy: &HashSet<Vec<u8>>) -> Vec<Delivery> {
        let due = self.store.read(|tx| {
            let due = due_deliveries(tx, now, busy)?;
            Ok((due, tx.is_changed()))
        });
        match due {
            Ok((_, true)) => {
                let busy = busy.clone();
                self.store.write(move |tx| due_deliveries(tx, now, &busy)).unwrap_or_default()
            }
            Ok((due, false)) => due,
            Err(_) => Vec::new(),
        }
    }

    /// Notes how a delivery went. If that cannot be written it is made again,
    /// which receivers have to expect anyway.
    pub(crate) fn settle_delivery(
        &self,
        delivery: Delivery,
        outcome: Result<(), String>,
        now: u64,
    ) {
        let _ = self.store.write(move |tx| settle_delivery(tx, &delivery, outcome, now));
    }
}
