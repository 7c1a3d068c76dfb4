//! What was compared, and what differed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::failure::Failure;
use crate::table::Table;

/// Checks by tool.
#[derive(Debug, Default)]
pub(crate) struct Score {
    counts: BTreeMap<&'static str, Count>,
    failures: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    checks: u64,
    failed: u64,
}

impl Score {
    /// Plays a round; one that cannot go on is a failed check, and the next may still pass.
    pub(crate) fn round(
        &mut self,
        tool: &'static str,
        play: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) {
        let result = play(self);
        let fault = result.err().map(|failure| failure.in_full());
        self.count(tool, "the round", fault);
    }

    /// Compares two things.
    pub(crate) fn same<T: PartialEq + Debug>(
        &mut self,
        tool: &'static str,
        what: &str,
        found: &T,
        wanted: &T,
    ) {
        let fault = (found != wanted).then(|| format!("found {found:?}, wanted {wanted:?}"));
        self.count(tool, what, fault);
    }

    /// Compares two files; only the place of the first difference is told.
    pub(crate) fn same_bytes(
        &mut self,
        tool: &'static str,
        what: &str,
        found: &[u8],
        wanted: &[u8],
    ) {
        let fault = (found != wanted).then(|| {
            let at = found.iter().zip(wanted).take_while(|(found, wanted)| found == wanted).count();
            format!("{} bytes instead of {}, equal up to {at}", found.len(), wanted.len())
        });
        self.count(tool, what, fault);
    }

    /// Counts a check that was made elsewhere.
    pub(crate) fn note(&mut self, tool: &'static str, what: &str, fault: Option<String>) {
        self.count(tool, what, fault);
    }

    /// How many checks a tool has had.
    pub(crate) fn checks(&self, tool: &str) -> u64 {
        self.counts.get(tool).map_or(0, |count| count.checks)
    }

    fn count(&mut self, tool: &'static str, what: &str, fault: Option<String>) {
        let count = self.counts.entry(tool).or_default();
        count.checks += 1;
        if let Some(fault) = fault {
            count.failed += 1;
            self.failures.push(format!("{tool}: {what}: {fault}"));
        }
    }

    pub(crate) fn table(&self) -> String {
        let mut table = Table::new(["tool", "checks", "failed"]);
        let mut total = Count::default();
        for (tool, Count { checks, failed }) in &self.counts {
            table.row([(*tool).to_owned(), checks.to_string(), failed.to_string()]);
            total.checks += checks;
            total.failed += failed;
        }
        table.row(["total".to_owned(), total.checks.to_string(), total.failed.to_string()]);
        table.render()
    }

    /// Everything that differed, a line each; `None` if nothing did.
    pub(crate) fn failures(&self) -> Option<String> {
        let lines = self.failures.iter().map(|failure| format!("\n  {failure}"));
        let number = self.failures.len();
        (number > 0).then(|| format!("{number} checks failed:{}", lines.collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted_and_told() {
        let mut score = Score::default();
        score.same("rclone", "names", &["a"], &["a"]);
        score.same("rclone", "names", &["a"], &["b"]);
        score.same_bytes("rclone", "a.bin", b"abcd", b"abxd");
        score.same_bytes("rclone", "a.bin", b"ab", b"abc");
        score.round("rclone", |_| Err(Failure::Wrong("it stopped".to_owned())));
        let failures = score.failures().unwrap();
        let lines: Vec<&str> = failures.lines().collect();
        assert_eq!(lines[0], "4 checks failed:");
        assert_eq!(lines[1], "  rclone: names: found [\"a\"], wanted [\"b\"]");
        assert_eq!(lines[2], "  rclone: a.bin: 4 bytes instead of 4, equal up to 2");
        assert_eq!(lines[3], "  rclone: a.bin: 2 bytes instead of 3, equal up to 2");
        assert_eq!(lines[4], "  rclone: the round: it stopped");
        assert!(score.table().contains("total        5       4"), "{}", score.table());
    }

    #[test]
    fn nothing_is_told_when_all_is_equal() {
        let mut score = Score::default();
        score.round("b2", |_| Ok(()));
        assert_eq!(score.failures(), None);
    }
}
