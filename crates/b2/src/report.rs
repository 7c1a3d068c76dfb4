//! Progress that is pushed, beside that which is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::observer::{Direction, Event, Observer, Scope};

/// How often [`Event::Progress`] is sent, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressStep {
    percent: u8,
    absolute: bool,
}

/// At each percent, absolutely.
impl Default for ProgressStep {
    fn default() -> Self {
        Self { percent: 1, absolute: true }
    }
}

impl ProgressStep {
    /// At each so many percent, 0 to 99. 0: whenever data is moved, which is
    /// also how it is while the length is not known.
    #[must_use]
    pub fn with_percent(mut self, percent: u8) -> Self {
        self.percent = percent.min(99);
        self
    }

    /// Counts only what this run moves: a transfer that is resumed begins at 0
    /// again, and its total is what was left. Default: what was there before
    /// counts too.
    #[must_use]
    pub fn with_relative(mut self) -> Self {
        self.absolute = false;
        self
    }
}

/// Sends the events of one transfer.
pub(crate) struct Reporter {
    observer: Arc<dyn Observer>,
    scope: Scope,
    direction: Direction,
    step: ProgressStep,
    /// Steps that were told of.
    told: AtomicU64,
    /// Bytes that were there before it began.
    kept: AtomicU64,
}

impl Reporter {
    pub(crate) fn new(
        observer: Arc<dyn Observer>,
        scope: Scope,
        direction: Direction,
        step: ProgressStep,
    ) -> Self {
        let (told, kept) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { observer, scope, direction, step, told, kept }
    }

    pub(crate) fn started(&self) {
        let direction = self.direction;
        self.observer.on_event(&self.scope, &Event::TransferStarted { direction });
    }

    /// So many bytes are there from before an interruption.
    pub(crate) fn kept(&self, bytes: u64) {
        self.kept.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The transfer has reached `position` of `total`.
    pub(crate) fn moved(&self, position: u64, total: Option<u64>) {
        let (bytes, total) = self.counted(position, total);
        let step = match (total, u64::from(self.step.percent)) {
            (Some(total), step @ 1..) if total > 0 => percent(bytes, total) / step,
            _ => return self.tell(bytes, total),
        };
        // Whoever raises it tells of it: no step is told twice.
        if self.told.fetch_max(step, Ordering::Relaxed) < step {
            self.tell(bytes, total);
        }
    }

    pub(crate) fn ended(&self, position: u64, total: Option<u64>, success: bool) {
        let (bytes, total) = self.counted(position, total);
        self.tell(bytes, total);
        let direction = self.direction;
        self.observer.on_event(&self.scope, &Event::TransferEnded { direction, success });
    }

    fn counted(&self, position: u64, total: Option<u64>) -> (u64, Option<u64>) {
        if self.step.absolute {
            return (position, total);
        }
        let kept = self.kept.load(Ordering::Relaxed);
        (position.saturating_sub(kept), total.map(|total| total.saturating_sub(kept)))
    }

    fn tell(&self, bytes: u64, total: Option<u64>) {
        let event = Event::Progress { direction: self.direction, bytes, total };
        self.observer.on_event(&self.scope, &event);
    }
}

fn percent(bytes: u64, total: u64) -> u64 {
    u64::try_from(u128::from(bytes) * 100 / u128::from(total)).unwrap_or(100)
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporter").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Observer for Heard {
        fn on_event(&self, _: &Scope, event: &Event<'_>) {
            self.0.lock().unwrap().push(event.to_string());
        }
    }

    fn heard(step: ProgressStep, tell: impl FnOnce(&Reporter)) -> Vec<String> {
        let heard = Arc::new(Heard::default());
        let observer: Arc<dyn Observer> = heard.clone();
        tell(&Reporter::new(observer, Scope { id: 1 }, Direction::Upload, step));
        std::mem::take(&mut *heard.0.lock().unwrap())
    }

    #[test]
    fn each_step_is_told_once() {
        let told = heard(ProgressStep::default().with_percent(25), |reporter| {
            for position in [1, 24, 25, 26, 40, 80, 80, 100] {
                reporter.moved(position, Some(100));
            }
            reporter.ended(100, Some(100), true);
        });
        let wanted = ["25 of 100", "80 of 100", "100 of 100", "100 of 100"];
        let wanted: Vec<_> = wanted.iter().map(|at| format!("upload: {at} bytes")).collect();
        assert_eq!(told[..4], wanted);
        assert_eq!(told[4..], ["upload: done"]);
    }

    #[test]
    fn without_a_step_or_a_length_everything_is_told() {
        for (step, total) in [(0, Some(1000)), (50, None)] {
            let told = heard(ProgressStep::default().with_percent(step), |reporter| {
                (1..=5).for_each(|position| reporter.moved(position, total));
            });
            assert_eq!(told.len(), 5, "{told:?}");
        }
    }

    #[test]
    fn relative_progress_leaves_out_what_was_there() {
        let told = heard(ProgressStep::default().with_percent(50).with_relative(), |reporter| {
            reporter.kept(60);
            reporter.moved(60, Some(100));
            reporter.moved(80, Some(100));
            reporter.ended(100, Some(100), false);
        });
        let wanted = ["upload: 20 of 40 bytes", "upload: 40 of 40 bytes", "upload: failed"];
        assert_eq!(told, wanted);
    }
}
