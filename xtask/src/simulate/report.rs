//! The end of a campaign, in words and figures.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::tally::Tally;
use crate::table::Table;

/// Failing seeds that are told in full.
const SHOWN_SEEDS: usize = 20;
/// Violations that are told of each.
const SHOWN_VIOLATIONS: usize = 5;

/// What happened in all runs.
pub(crate) fn totals(tally: &Tally, wall: Duration) -> String {
    let mut text = format!(
        "{} in {:.1} s ({:.0} a second), {} of virtual time\n",
        seeds(tally.runs),
        wall.as_secs_f64(),
        tally.runs as f64 / wall.as_secs_f64().max(1e-6),
        long(tally.virtual_time),
    );
    let ended = Table::new(["operations", "count"]);
    let ended = [("succeeded", tally.succeeded), ("failed, as was due", tally.failed)]
        .into_iter()
        .fold(ended, |mut table, (name, count)| {
            table.row([name.to_owned(), count.to_string()]);
            table
        });
    let tables = [counts("requests", &tally.requests), counts("faults", &tally.faults), ended];
    for table in tables {
        text.push_str(&format!("\n{}\n", table.render()));
    }
    text
}

fn counts(heading: &str, counts: &BTreeMap<String, u64>) -> Table {
    let mut table = Table::new([heading, "count"]);
    for (name, count) in counts {
        table.row([name.clone(), count.to_string()]);
    }
    table.row(["all".to_owned(), counts.values().sum::<u64>().to_string()]);
    table
}

/// The seeds that broke a rule and how to replay one; `None` if there are none.
pub(crate) fn failures(tally: &Tally) -> Option<String> {
    let (first, _) = tally.failing.first_key_value()?;
    let failing = tally.failing.len();
    let mut text = format!("{failing} of {} broke a rule\n", seeds(tally.runs));
    for (seed, violations) in tally.failing.iter().take(SHOWN_SEEDS) {
        text.push_str(&format!("  seed {seed}\n"));
        for violation in violations.iter().take(SHOWN_VIOLATIONS) {
            text.push_str(&format!("    {}\n", violation.replace('\n', "\n    ")));
        }
        more(&mut text, "    ", violations.len(), SHOWN_VIOLATIONS);
    }
    more(&mut text, "  ", failing, SHOWN_SEEDS);
    text.push_str(&format!("Replay one: cargo xtask simulate --seed {first}"));
    Some(text)
}

fn more(text: &mut String, indent: &str, all: usize, shown: usize) {
    if all > shown {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}and {} more", all - shown);
    }
}

fn seeds(count: u64) -> String {
    if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") }
}

/// A long time in its largest two units.
fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{:.1} s", time.as_secs_f64()),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::Outcome;
    use super::*;

    fn failing(seeds: u64) -> Tally {
        let mut tally = Tally::default();
        for seed in 40..40 + seeds {
            let violations = vec!["UrlShared".to_owned(); 7];
            tally.add(seed, Outcome { violations, ..Outcome::default() });
        }
        tally
    }

    #[test]
    fn nothing_is_said_of_failures_when_there_are_none() {
        assert_eq!(failures(&Tally::default()), None);
    }

    #[test]
    fn failures_name_seeds_and_how_to_replay_one() {
        let text = failures(&failing(25)).unwrap();
        assert!(text.starts_with("25 of 25 seeds broke a rule\n  seed 40\n    UrlShared\n"));
        assert!(text.contains("    and 2 more\n"));
        assert!(text.ends_with("  and 5 more\nReplay one: cargo xtask simulate --seed 40"));
    }

    #[test]
    fn totals_add_up() {
        let mut tally = Tally::default();
        for seed in 0..2 {
            let faults = [("lose reply".to_owned(), 3), ("refuse".to_owned(), 1)].into();
            let virtual_time = Duration::from_secs(86_400);
            tally.add(seed, Outcome { faults, virtual_time, ..Outcome::default() });
        }
        let text = totals(&tally, Duration::from_secs(1));
        assert!(text.starts_with("2 seeds in 1.0 s (2 a second), 2 d 0 h of virtual time\n"));
        assert!(text.contains("lose reply      6\n"), "{text}");
        assert!(text.contains("all             8\n"), "{text}");
    }
}
