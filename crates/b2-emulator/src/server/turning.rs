//! What a test can turn and read from Rust; `/_emulator/` is the same for others.

use super::Emulator;
use crate::control::{BadRule, Control, FaultRule, SeededFaults, Stats};
use crate::engine::SnapshotError;
use crate::fault::{Fault, Matcher};
use crate::model::Caps;

/// Why everything could not be reset, kept or brought back.
#[derive(Debug, thiserror::Error)]
#[error("the emulator's data could not be changed at once")]
pub struct SnapshotFailure(#[source] SnapshotError);

impl From<SnapshotError> for SnapshotFailure {
    fn from(error: SnapshotError) -> Self {
        Self(error)
    }
}

impl Emulator {
    /// Lets something go wrong with some of the next requests.
    ///
    /// ```
    /// use b2_emulator::fault::{Fault, Matcher};
    ///
    /// let emulator = b2_emulator::Emulator::start_blocking()?;
    /// emulator.inject(Matcher::operation("b2_upload_part").with_count(2), Fault::LoseReply);
    /// assert_eq!(emulator.stats().calls.get("b2_upload_part"), None);
    /// # Ok::<_, b2_emulator::StartError>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "it reads like the schedule it makes")]
    pub fn inject(&self, matcher: Matcher, fault: Fault) {
        self.turn(|control| control.faults.inject(matcher, &fault));
    }

    /// As [`Emulator::inject`], for rules from JSON or text.
    ///
    /// # Errors
    ///
    /// Mend the rule as the error says.
    pub fn add_fault(&self, rule: FaultRule) -> Result<(), BadRule> {
        self.control.as_ref().map_or(Ok(()), |control| control.faults.add(rule))
    }

    /// Lets things go wrong at random from now on.
    pub fn set_seeded_faults(&self, seeded: SeededFaults) {
        self.turn(|control| control.faults.set_seed(seeded));
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.turn(|control| control.faults.clear());
    }

    /// What was counted since the start or since [`Emulator::clear_stats`].
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.control.as_ref().map(|control| control.stats()).unwrap_or_default()
    }

    /// Sets the counters to zero.
    pub fn clear_stats(&self) {
        self.turn(Control::clear_stats);
    }

    /// How far the emulator's clock is ahead of the system's, in milliseconds.
    /// Tokens expire, days end and lifecycle rules are carried out by it.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.turn(|control| control.set_clock_offset(offset_ms));
    }

    /// What the account may use from now on.
    pub fn set_caps(&self, caps: Caps) {
        self.turn(|control| control.set_caps(caps));
    }

    /// Forgets buckets, files, keys, faults, caps and counters. The account,
    /// its master key and the tokens of that key stay. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// When the disk fails; then everything is as it was.
    pub fn reset(&self) -> Result<(), SnapshotFailure> {
        self.try_turn(Control::reset)
    }

    /// Keeps a copy of all data under a name of 1 to 64 letters, digits, `-`,
    /// `_` or `.`; an earlier one of that name goes. In a data folder it
    /// outlives the process. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// Choose another name, or make room on the disk.
    pub fn save_snapshot(&self, name: &str) -> Result<(), SnapshotFailure> {
        self.try_turn(|control| control.engine.save_snapshot(name))
    }

    /// Goes back to a snapshot; it stays. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// When there is none of that name or it is damaged; then everything is as
    /// it was.
    pub fn restore_snapshot(&self, name: &str) -> Result<(), SnapshotFailure> {
        self.try_turn(|control| control.engine.restore_snapshot(name))
    }

    fn turn(&self, job: impl FnOnce(&Control)) {
        if let Some(control) = &self.control {
            job(control);
        }
    }

    fn try_turn(
        &self,
        job: impl FnOnce(&Control) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotFailure> {
        self.control.as_ref().map_or(Ok(()), |control| Ok(job(control)?))
    }
}
