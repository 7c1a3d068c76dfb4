//! How far a transfer has come. It is read, not pushed.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use b2_core::op::{Slot, WaitReason};

use crate::report::Reporter;

/// The books of one transfer.
#[derive(Debug)]
pub(crate) struct Meter {
    total: AtomicU64,
    acknowledged: AtomicU64,
    in_flight: AtomicU64,
    furthest: AtomicU64,
    transferred: AtomicU64,
    hashed: AtomicU64,
    waiting: Mutex<Waiting>,
    /// Bodies that wait for memory, and for the sink.
    memory: AtomicU32,
    sink: AtomicU32,
    /// Who is told, if anybody is.
    reporter: OnceLock<Reporter>,
}

/// A wait on this side.
#[derive(Debug)]
pub(crate) struct WaitsHere {
    meter: Arc<Meter>,
    reason: WaitReason,
}

impl Drop for WaitsHere {
    fn drop(&mut self) {
        self.meter.here(self.reason).fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a transfer waits for.
#[derive(Debug, Default)]
struct Waiting {
    reason: Option<WaitReason>,
    slots: Vec<Slot>,
}

/// `total` when the length is not known yet.
const UNKNOWN: u64 = u64::MAX;

impl Default for Meter {
    fn default() -> Self {
        Self {
            total: AtomicU64::new(UNKNOWN),
            acknowledged: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            furthest: AtomicU64::new(0),
            transferred: AtomicU64::new(0),
            hashed: AtomicU64::new(0),
            waiting: Mutex::default(),
            memory: AtomicU32::new(0),
            sink: AtomicU32::new(0),
            reporter: OnceLock::new(),
        }
    }
}

impl Meter {
    /// Tells `reporter` from now on.
    pub(crate) fn report_to(&self, reporter: Reporter) {
        // A transfer is run once, so there is none yet.
        let _first = self.reporter.set(reporter);
        if let Some(reporter) = self.reporter.get() {
            reporter.started();
        }
    }

    /// The transfer is over.
    pub(crate) fn ended(&self, success: bool) {
        if let Some(reporter) = self.reporter.get() {
            let progress = self.read();
            reporter.ended(progress.position_bytes, progress.total_bytes, success);
        }
    }

    fn report(&self) {
        if let Some(reporter) = self.reporter.get() {
            let progress = self.read();
            reporter.moved(progress.position_bytes, progress.total_bytes);
        }
    }

    pub(crate) fn set_total(&self, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
    }

    /// `bytes` more were moved, which brings the transfer to `position`.
    pub(crate) fn moved(&self, bytes: u64, position: u64) {
        self.transferred.fetch_add(bytes, Ordering::Relaxed);
        self.furthest.fetch_max(position, Ordering::Relaxed);
        self.report();
    }

    /// `bytes` more were moved, wherever they belong.
    pub(crate) fn transferred(&self, bytes: u64) {
        self.transferred.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What is in the sink is worth nothing.
    pub(crate) fn begin_anew(&self) {
        self.acknowledged.store(0, Ordering::Relaxed);
    }

    /// `bytes` of a body went out. [`landed`](Self::landed) follows when the
    /// body is done with, well or badly.
    pub(crate) fn sent(&self, bytes: u64) {
        self.transferred.fetch_add(bytes, Ordering::Relaxed);
        let in_flight = self.in_flight.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let reached = self.acknowledged.load(Ordering::Relaxed) + in_flight;
        let total = self.total.load(Ordering::Relaxed);
        self.furthest.fetch_max(reached.min(total), Ordering::Relaxed);
        self.report();
    }

    /// A body is done with after so many bytes.
    pub(crate) fn landed(&self, bytes: u64) {
        self.in_flight.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// `bytes` more of this side were hashed before anything moved.
    pub(crate) fn hashed(&self, bytes: u64) {
        self.hashed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// `bytes` are safe from before an interruption.
    pub(crate) fn kept(&self, bytes: u64) {
        if let Some(reporter) = self.reporter.get() {
            reporter.kept(bytes);
        }
        self.stored(bytes);
    }

    /// `bytes` more are safe, wherever they lie.
    pub(crate) fn stored(&self, bytes: u64) {
        let stored = self.acknowledged.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.furthest.fetch_max(stored, Ordering::Relaxed);
        self.report();
    }

    /// Everything up to `position` is safe: stored by B2, or in the sink.
    pub(crate) fn acknowledged(&self, position: u64) {
        self.acknowledged.fetch_max(position, Ordering::Relaxed);
        self.furthest.fetch_max(position, Ordering::Relaxed);
    }

    pub(crate) fn waits(&self, reason: WaitReason, slots: &[Slot]) {
        let mut waiting = self.waiting();
        waiting.reason = Some(reason);
        waiting.slots.clear();
        waiting.slots.extend_from_slice(slots);
    }

    pub(crate) fn works(&self) {
        let mut waiting = self.waiting();
        waiting.reason = None;
        waiting.slots.clear();
    }

    /// A body waits for something on this side, until what this gives is
    /// dropped.
    pub(crate) fn waits_here(self: &Arc<Self>, reason: WaitReason) -> WaitsHere {
        self.here(reason).fetch_add(1, Ordering::Relaxed);
        WaitsHere { meter: Arc::clone(self), reason }
    }

    fn here(&self, reason: WaitReason) -> &AtomicU32 {
        match reason {
            WaitReason::Sink => &self.sink,
            _ => &self.memory,
        }
    }

    pub(crate) fn waiting_for(&self) -> Option<WaitReason> {
        let waits = |reason: &WaitReason| self.here(*reason).load(Ordering::Relaxed) > 0;
        let here = [WaitReason::Memory, WaitReason::Sink].into_iter().find(waits);
        // The machine only knows that no answer has come.
        self.waiting().reason.map(|reason| match reason {
            WaitReason::Reply(_) => here.unwrap_or(reason),
            _ => reason,
        })
    }

    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.waiting().slots.clone()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self) -> Progress {
        let total = self.total.load(Ordering::Relaxed);
        Progress {
            total_bytes: Some(total).filter(|total| *total != UNKNOWN),
            acknowledged_bytes: self.acknowledged.load(Ordering::Relaxed),
            position_bytes: self.furthest.load(Ordering::Relaxed),
            transferred_bytes: self.transferred.load(Ordering::Relaxed),
            hashed_bytes: self.hashed.load(Ordering::Relaxed),
        }
    }
}

/// How far a transfer has come, in bytes of file content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Length of the transfer; `None` until it is known.
    pub total_bytes: Option<u64>,
    /// Bytes that are safe: stored by B2, or written to the sink.
    pub acknowledged_bytes: u64,
    /// The furthest byte reached. Retries do not move it back, so a bar drawn
    /// from it never runs backwards.
    pub position_bytes: u64,
    /// Bytes moved in all, those that had to be moved again included.
    pub transferred_bytes: u64,
    /// Bytes on this side that were read only to be hashed: before a large
    /// file is begun, or to find out what of it is stored already.
    pub hashed_bytes: u64,
}
