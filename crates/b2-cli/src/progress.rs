//! A bar on a terminal while something is transferred.

use std::future::IntoFuture;
use std::pin::pin;
use std::time::{Duration, Instant};

use b2::{Monitor, WaitReason};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Waiting for an answer is what a transfer does all the time; it is worth a
/// word only when nothing has moved for so long.
const STALLED: Duration = Duration::from_secs(3);

pub(crate) const KNOWN: &str = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}";
const UNKNOWN: &str = "{spinner} {bytes} {bytes_per_sec} {msg}";

/// Whether a bar may be shown.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct NoProgress {
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// Does `work` and shows how far `monitor` says it has come, if someone wants
/// to see it.
pub(crate) async fn watch<T>(
    output: &Output,
    no: NoProgress,
    monitor: Monitor,
    work: impl IntoFuture<Output = T>,
) -> T {
    if no.no_progress || !output.wants_bar() {
        return work.await;
    }
    let mut work = pin!(work.into_future());
    let mut bar = Bar::new(output);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = tick.tick() => bar.show(&monitor),
        }
    }
}

/// Cleared when it is dropped, also by an interruption.
struct Bar<'a> {
    output: &'a Output,
    bar: ProgressBar,
    total: Option<u64>,
    position: u64,
    moved: Instant,
}

impl<'a> Bar<'a> {
    fn new(output: &'a Output) -> Self {
        let bar = ProgressBar::no_length().with_style(style(UNKNOWN));
        output.set_bar(bar.clone());
        Self { output, bar, total: None, position: 0, moved: Instant::now() }
    }

    fn show(&mut self, monitor: &Monitor) {
        let progress = monitor.progress();
        if self.total != progress.total_bytes {
            self.total = progress.total_bytes;
            if let Some(total) = self.total {
                self.bar.set_style(style(KNOWN));
                self.bar.set_length(total);
            }
        }
        if self.position != progress.position_bytes {
            self.position = progress.position_bytes;
            self.moved = Instant::now();
        }
        self.bar.set_message(self.remark(monitor).unwrap_or_default());
        self.bar.set_position(self.position);
        self.bar.tick();
    }

    fn remark(&self, monitor: &Monitor) -> Option<String> {
        let stalled = self.moved.elapsed() >= STALLED;
        match monitor.waiting_for()? {
            WaitReason::Reply(_) if !stalled => None,
            reason => Some(format!("({reason})")),
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.output.clear_bar();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a test below reads them.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [KNOWN, UNKNOWN] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
