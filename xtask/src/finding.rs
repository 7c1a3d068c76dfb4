//! A fault that a check found, told so that an editor can jump to it.

use std::fmt;

use crate::failure::Failure;

/// A fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// A path, a path with a line, or the name of a crate.
    pub(crate) place: String,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    pub(crate) fn at_line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Passes when nothing was found.
pub(crate) fn conclude(check: &'static str, mut findings: Vec<Finding>) -> Result<(), Failure> {
    if findings.is_empty() {
        println!("{check}: nothing to complain about");
        return Ok(());
    }
    findings.sort();
    Err(Failure::Findings { check, findings })
}
