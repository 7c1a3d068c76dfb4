//! What a tester turns and reads while the server runs.
//!
//! ```text
//! rule      one kind of trouble, as JSON and as a flag
//! faults    the rules in force, and trouble by seed
//! clock     the time, and how far it is off
//! traffic   bytes and connections
//! stats     all counters in one structure
//! ```

mod clock;
mod faults;
mod rule;
mod stats;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Engine, SnapshotError};
use crate::model::{Caps, Head};

pub use rule::{BadRule, FaultRule, SeededFaults};
pub use stats::{Stats, Transactions};

pub(crate) use clock::Clock;
pub(crate) use faults::{Faults, Strike};
pub(crate) use traffic::Traffic;

/// Everything around the engine that can be turned while it runs.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) traffic: Arc<Traffic>,
}

impl Control {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        let (clock, faults, traffic) = (Clock::default(), Faults::default(), Arc::default());
        Self { engine, clock, faults, traffic }
    }

    /// What befalls this request.
    pub(crate) fn strike(&self, head: &Head) -> Strike {
        head.route().map_or_else(
            |_| Strike::default(),
            |route| self.faults.strike(route.operation().name()),
        )
    }

    pub(crate) fn stats(&self) -> Stats {
        let meter = &self.engine.rules.meter;
        Stats::new(&meter.counts(self.clock.now()), meter, &self.traffic, self.engine.is_swept())
    }

    pub(crate) fn clear_stats(&self) {
        self.engine.rules.meter.clear();
        self.traffic.clear();
    }

    pub(crate) fn caps(&self) -> Caps {
        self.engine.rules.meter.caps()
    }

    pub(crate) fn set_caps(&self, caps: Caps) {
        self.engine.rules.meter.set_caps(caps);
    }

    /// Moves the clock, and lets what is due by then be done.
    pub(crate) fn set_clock_offset(&self, offset_ms: i64) {
        self.clock.set_offset(offset_ms);
        self.engine.hurry();
        self.engine.ring();
    }

    /// Forgets everything but the account, and every fault, cap and counter.
    pub(crate) fn reset(&self) -> Result<(), SnapshotError> {
        self.engine.reset()?;
        self.faults.clear();
        self.set_caps(Caps::default());
        self.set_clock_offset(0);
        self.clear_stats();
        Ok(())
    }

    /// How long nothing needs to be done unless something happens.
    pub(crate) fn idle(&self) -> Duration {
        self.until(self.engine.next_tending(self.clock.now()))
    }

    /// How long it is until a moment of the emulator's clock.
    pub(crate) fn until(&self, due: u64) -> Duration {
        // The clock can be set, by others too.
        Duration::from_millis(due.saturating_sub(self.clock.now())).min(Duration::from_secs(60))
    }
}
