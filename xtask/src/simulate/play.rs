//! The simulator behind the campaign.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use b2_testing::sim::{self, Report, Scenario, World};

use super::Args;
use super::campaign::{Campaign, Play, Stuck};
use super::report;
use super::tally::{Outcome, Tally};
use crate::failure::Failure;

/// A seed takes milliseconds; one that takes this long on the wall clock will not end.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the progress is drawn anew.
const TICK: Duration = Duration::from_secs(1);

/// Plays the seeds and reports.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (first, count) = args.seed.map_or((args.first, args.seeds), |seed| (seed, 1));
    let Some(end) = first.checked_add(count) else {
        return Err(Failure::Wrong("there are not that many seeds".to_owned()));
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let play: Play = match args.seed {
        Some(seed) => {
            // Said first, so that it is there even if the run panics or does not end.
            println!("{:#?}\n", Scenario::from_seed(seed));
            Arc::new(|seed| outcome(World::new(Scenario::from_seed(seed)).with_history().run()))
        }
        None => Arc::new(|seed| outcome(sim::simulate(seed))),
    };
    let campaign = Campaign { seeds: first..end, threads, patience: PATIENCE, tick: TICK, play };
    let begun = Instant::now();
    let result = campaign.run(|tally| show_progress(tally, count, begun));
    clear_progress();
    let tally = result.map_err(|Stuck { seed }| {
        let replay = format!("cargo xtask simulate --seed {seed}");
        Failure::Wrong(format!("seed {seed} did not end in {PATIENCE:?}\nReplay it: {replay}"))
    })?;
    if tally.runs != count {
        return Err(Failure::Wrong(format!("only {} of {count} seeds were played", tally.runs)));
    }
    tally.history.iter().for_each(|line| println!("{line}"));
    print!("{}", report::totals(&tally, begun.elapsed()));
    report::failures(&tally).map_or(Ok(()), |text| Err(Failure::Wrong(text)))
}

fn outcome(report: Report) -> Outcome {
    Outcome {
        violations: report.violations.iter().map(ToString::to_string).collect(),
        requests: owned(&report.books.requests),
        faults: owned(&report.books.faults),
        succeeded: report.books.succeeded,
        failed: report.books.failed,
        virtual_time: report.virtual_time,
        history: report.history,
    }
}

fn owned(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn show_progress(tally: &Tally, count: u64, begun: Instant) {
    if !io::stderr().is_terminal() {
        return;
    }
    let rate = tally.runs as f64 / begun.elapsed().as_secs_f64();
    let failing = tally.failing.len();
    eprint!("\r\x1b[K  {} of {count} seeds, {rate:.0} a second, {failing} failing", tally.runs);
    // A terminal that is gone loses its progress and nothing else.
    let _ = io::stderr().flush();
}

fn clear_progress() {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}
