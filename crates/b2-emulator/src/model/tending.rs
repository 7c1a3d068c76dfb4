//! What happens by itself as time goes by: lifecycle rules and replication.

use http::{HeaderMap, Method, Uri};

use super::entropy::Entropy;
use super::head::Head;
use super::lifecycle::Place;
use super::params::Params;
use super::record::Bucket;
use super::refusal::{Failure, Outcome};
use super::replication::{self, ReplicaTicket};
use super::rules::Rules;
use super::tables::{Table, decode};
use super::{call::Call, lifecycle};
use crate::blob::{BlobId, Receipt};
use crate::store::{StoreError, Transaction};

/// What one step of the lifecycle rules did.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Where the next step begins; `None` when every version was visited.
    pub(crate) next: Option<Place>,
    pub(crate) garbage: Vec<BlobId>,
}

impl Rules {
    /// Whether any bucket changes by time alone.
    pub(crate) fn has_chores(tx: &Transaction<'_>) -> Result<bool, StoreError> {
        for row in tx.scan_prefix(Table::Bucket, b"")? {
            if lifecycle::has_work(&decode::<Bucket>(&row?.1)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Carries out the lifecycle rules on some versions, from `from` on.
    pub(crate) fn carry_out(
        &self,
        tx: &mut Transaction<'_>,
        from: Place,
        now: u64,
        entropy: Entropy,
    ) -> Result<Step, StoreError> {
        let mut garbage = Vec::new();
        let next =
            self.alone(tx, now, entropy, &mut garbage, |call| lifecycle::step(call, from))?;
        Ok(Step { next: next.flatten(), garbage })
    }

    /// Stores a replica whose bytes were written. If it is not wanted any
    /// more, its blob is garbage.
    pub(crate) fn conclude_replica(
        &self,
        tx: &mut Transaction<'_>,
        ticket: &ReplicaTicket,
        receipt: Receipt,
        now: u64,
        entropy: Entropy,
    ) -> Result<Vec<BlobId>, StoreError> {
        let (mut garbage, blob) = (Vec::new(), receipt.blob);
        let stored = self.alone(tx, now, entropy, &mut garbage, |call| {
            replication::conclude(call, ticket, receipt)
        })?;
        if stored != Some(true) {
            garbage.push(blob);
        }
        Ok(garbage)
    }

    /// Runs a rule that no request asked for. One that is refused changes
    /// nothing and gives `None`.
    fn alone<R>(
        &self,
        tx: &mut Transaction<'_>,
        now: u64,
        mut entropy: Entropy,
        garbage: &mut Vec<BlobId>,
        job: impl FnOnce(&mut Call<'_, '_>) -> Outcome<R>,
    ) -> Result<Option<R>, StoreError> {
        let (method, uri, headers) = (Method::GET, Uri::default(), HeaderMap::new());
        let head = Head { method, uri, headers, base: String::new() };
        let mut call = self.call(tx, &head, 4, Params::default(), now, &mut entropy, garbage);
        match job(&mut call) {
            Ok(done) => Ok(Some(done)),
            Err(Failure::Store(error)) => Err(error),
            Err(Failure::Refused(_)) => {
                tx.roll_back();
                garbage.clear();
                Ok(None)
            }
        }
    }
}
