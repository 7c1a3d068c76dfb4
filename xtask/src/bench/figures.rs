//! The figures of all rounds, as tables and against what they should be.

use super::measure::{Cost, median};
use super::work::{EVERYBODY, Who};
use crate::failure::Failure;
use crate::table::Table;

/// What everybody's rounds of one kind of work cost.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) name: String,
    /// Client and server on a core each.
    pub(crate) pinned: bool,
    pub(crate) rounds: Vec<(Who, Cost)>,
}

impl Figures {
    fn middle(&self, who: Who, pick: impl Fn(&Cost) -> f64) -> Option<f64> {
        let costs = self.rounds.iter().filter(|(other, _)| *other == who);
        let picked: Vec<f64> = costs.map(|(_, cost)| pick(cost)).collect();
        (!picked.is_empty()).then(|| median(picked))
    }

    /// Seconds of the processor.
    pub(crate) fn cpu(&self, who: Who) -> Option<f64> {
        self.middle(who, |cost| cost.cpu.as_secs_f64())
    }

    /// Seconds of the processor as a ratio to the floor.
    pub(crate) fn ratio(&self, who: Who) -> Option<f64> {
        Some(self.cpu(who)? / self.cpu(Who::Floor)?)
    }

    /// Seconds on the clock.
    pub(crate) fn wall(&self, who: Who) -> Option<f64> {
        self.middle(who, |cost| cost.wall.as_secs_f64())
    }

    /// Our time on the clock as a ratio to that of the quickest peer.
    pub(crate) fn wall_ratio(&self) -> Option<f64> {
        let peers = [Who::Rclone, Who::Official].into_iter().filter_map(|who| self.wall(who));
        Some(self.wall(Who::Ours)? / peers.reduce(f64::min)?)
    }

    pub(crate) fn peak_mib(&self, who: Who) -> Option<f64> {
        self.middle(who, |cost| cost.peak_kib as f64 / 1024.0)
    }
}

/// Everything that was measured.
pub(crate) fn table(all: &[Figures]) -> String {
    let mut table = Table::new([
        "work",
        "floor CPU s",
        "b2",
        "rclone",
        "official",
        "floor wall s",
        "b2",
        "rclone",
        "official",
        "b2 MiB",
        "rclone",
        "official",
    ]);
    for figures in all {
        let name = match figures.pinned {
            true => figures.name.clone(),
            false => format!("{}, not pinned", figures.name),
        };
        let [ours, rclone, official] =
            [Who::Ours, Who::Rclone, Who::Official].map(|who| relative(figures, who));
        let [a, b, c, d] = EVERYBODY.map(|who| shown(figures.wall(who), 3));
        let [e, f, g] = PROGRAMS.map(|who| shown(figures.peak_mib(who), 1));
        let floor = shown(figures.cpu(Who::Floor), 3);
        table.row([name, floor, ours, rclone, official, a, b, c, d, e, f, g]);
    }
    table.render()
}

const PROGRAMS: [Who; 3] = [Who::Ours, Who::Rclone, Who::Official];

/// As a ratio to the floor, or in milliseconds where there is none.
fn relative(figures: &Figures, who: Who) -> String {
    match (figures.ratio(who), figures.cpu(who)) {
        (Some(ratio), _) => format!("{ratio:.2}"),
        (None, Some(seconds)) => format!("{:.1} ms", seconds * 1000.0),
        (None, None) => "-".to_owned(),
    }
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// A figure, what it should be at most, and whether it is.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) measured: Option<f64>,
    pub(crate) target: f64,
    pub(crate) unit: &'static str,
}

impl Verdict {
    pub(crate) fn ratio(what: impl Into<String>, measured: Option<f64>, target: f64) -> Self {
        Self { what: what.into(), measured, target, unit: "" }
    }

    pub(crate) fn mib(what: impl Into<String>, measured: Option<f64>, target: f64) -> Self {
        Self { what: what.into(), measured, target, unit: " MiB" }
    }

    fn is_met(&self) -> &'static str {
        match self.measured {
            Some(measured) if measured <= self.target => "yes",
            Some(_) => "no",
            None => "not measured",
        }
    }
}

/// Fails if a figure is not as it should be, so that a script hears of it too. What was not
/// measured is not missed.
pub(crate) fn conclude(all: &[Verdict]) -> Result<(), Failure> {
    let missed = all.iter().filter(|verdict| verdict.is_met() == "no");
    let missed: Vec<&str> = missed.map(|verdict| &*verdict.what).collect();
    if missed.is_empty() {
        return Ok(());
    }
    let missed = missed.join(", ");
    Err(Failure::Wrong(format!("more than the bar: {missed}; a busy machine may be the reason")))
}

/// Which figures are as they should be.
pub(crate) fn verdicts(all: &[Verdict]) -> String {
    let mut table = Table::new(["figure", "measured", "at most", "met"]);
    for verdict in all {
        let unit = verdict.unit;
        let measured = shown(verdict.measured, 2);
        let cells = [format!("{measured}{unit}"), format!("{}{unit}", verdict.target)];
        let [measured, target] = cells;
        table.row([verdict.what.clone(), measured, target, verdict.is_met().to_owned()]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cost(cpu_ms: u64, wall_ms: u64) -> Cost {
        let (cpu, wall) = (Duration::from_millis(cpu_ms), Duration::from_millis(wall_ms));
        Cost { cpu, wall, peak_kib: 2048 }
    }

    #[test]
    fn medians_are_held_against_the_floor_and_the_quickest_peer() {
        let rounds = vec![
            (Who::Floor, cost(100, 10)),
            (Who::Ours, cost(150, 20)),
            (Who::Ours, cost(120, 30)),
            (Who::Ours, cost(900, 90)),
            (Who::Rclone, cost(200, 60)),
            (Who::Official, cost(800, 500)),
        ];
        let figures = Figures { name: "work".to_owned(), pinned: true, rounds };
        let ratio = figures.ratio(Who::Ours).unwrap();
        assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
        assert_eq!(figures.wall_ratio(), Some(0.5));
        assert_eq!(figures.peak_mib(Who::Ours), Some(2.0));
        let met = |target| Verdict::ratio("work", figures.ratio(Who::Ours), target).is_met();
        assert_eq!((met(1.51), met(1.4)), ("yes", "no"));
        assert_eq!(Verdict::ratio("work", None, 1.0).is_met(), "not measured");
    }

    #[test]
    fn a_missed_bar_is_a_failure_that_names_it() {
        let verdict = |what, measured| Verdict::ratio(what, measured, 1.5);
        let good = [verdict("good", Some(1.5)), verdict("peer", None)];
        assert!(conclude(&good).is_ok());
        let bad =
            [verdict("good", Some(1.2)), verdict("bad", Some(1.51)), verdict("worse", Some(9.0))];
        let failure = conclude(&bad).unwrap_err().to_string();
        assert!(failure.starts_with("more than the bar: bad, worse;"), "{failure}");
    }
}
