//! What ran, and how it went.

use std::fmt;
use std::time::Duration;

use super::case::{Flaw, Verdict};
use super::exceptions::Exceptions;

/// The outcome of a run of the suite. Its `Display` is a table.
#[derive(Debug)]
#[must_use = "a report that nobody looks at hides what failed"]
pub struct Report {
    rows: Vec<Row>,
    unknown: Vec<String>,
}

/// The outcome of one case.
#[derive(Debug)]
pub struct Row {
    name: &'static str,
    duty: &'static str,
    standing: Standing,
    elapsed: Duration,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// The transport keeps this duty.
    Holds,
    /// It does not.
    Broken {
        /// What it did instead.
        found: String,
    },
    /// It does not, and its implementor said so.
    Excepted {
        /// The implementor's reason.
        reason: String,
        /// What it did; `None` if it keeps the duty after all.
        found: Option<String>,
    },
    /// The case means nothing for this kind of transport.
    NotApplicable {
        /// Why.
        reason: &'static str,
    },
}

impl Row {
    pub(crate) fn new(
        (name, duty): (&'static str, &'static str),
        verdict: Verdict,
        exceptions: &Exceptions,
        elapsed: Duration,
    ) -> Self {
        let excepted = exceptions.reason(name).map(str::to_owned);
        let standing = match (verdict, excepted) {
            (Ok(()), None) => Standing::Holds,
            (Ok(()), Some(reason)) => Standing::Excepted { reason, found: None },
            (Err(Flaw::Broken(found)), None) => Standing::Broken { found },
            (Err(Flaw::Broken(found)), Some(reason)) => {
                Standing::Excepted { reason, found: Some(found) }
            }
            (Err(Flaw::NotApplicable(reason)), _) => Standing::NotApplicable { reason },
        };
        Self { name, duty, standing, elapsed }
    }

    /// Name of the case, as [`Exceptions`] takes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the case checks.
    #[must_use]
    pub fn duty(&self) -> &'static str {
        self.duty
    }

    /// How it went.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }
}

impl Report {
    pub(crate) fn new(rows: Vec<Row>, exceptions: &Exceptions) -> Self {
        let known = |name: &&str| !rows.iter().any(|row| row.name == *name);
        let unknown = exceptions.names().filter(known).map(str::to_owned).collect();
        Self { rows, unknown }
    }

    /// Every case in the order in which it ran.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether every duty is kept or excepted, and each exception names a
    /// case.
    #[must_use]
    pub fn holds(&self) -> bool {
        let broken = |row: &Row| matches!(row.standing, Standing::Broken { .. });
        self.unknown.is_empty() && !self.rows.iter().any(broken)
    }

    /// Names of exceptions that were not needed in this run.
    #[must_use]
    pub fn needless_exceptions(&self) -> Vec<&str> {
        let needless = |row: &&Row| matches!(row.standing, Standing::Excepted { found: None, .. });
        let needless = self.rows.iter().filter(needless).map(|row| row.name);
        needless.chain(self.unknown.iter().map(String::as_str)).collect()
    }

    /// Prints the table.
    ///
    /// # Panics
    ///
    /// If a duty is not kept.
    #[track_caller]
    pub fn assert(&self) {
        println!("{self}");
        assert!(self.holds(), "the transport does not keep its contract; see the table above");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for row in &self.rows {
            let (word, note) = row.standing.words();
            let elapsed = row.elapsed.as_millis();
            writeln!(f, "{:<width$}  {word:<9}  {elapsed:>6} ms  {}", row.name, row.duty)?;
            for line in note {
                writeln!(f, "{:<width$}             {line}", "")?;
            }
        }
        for name in &self.unknown {
            writeln!(f, "{name:<width$}  no such case, but an exception for it")?;
        }
        Ok(())
    }
}

impl Standing {
    fn words(&self) -> (&'static str, Vec<String>) {
        match self {
            Self::Holds => ("holds", Vec::new()),
            Self::Broken { found } => ("BROKEN", vec![format!("found: {found}")]),
            Self::NotApplicable { reason } => ("-", vec![(*reason).to_owned()]),
            Self::Excepted { reason, found } => {
                let found = found.as_deref().unwrap_or("the duty is kept; the exception can go");
                ("excepted", vec![format!("because {reason}"), format!("found: {found}")])
            }
        }
    }
}
