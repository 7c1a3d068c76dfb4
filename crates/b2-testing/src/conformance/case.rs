//! A case: a name, the duty it checks, and how.

use std::future::Future;
use std::io;
use std::pin::Pin;

/// The outcome of a case.
pub(crate) type Verdict = Result<(), Flaw>;

/// Why a case does not hold.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// The transport did something else.
    Broken(String),
    /// The case has no meaning for this kind of transport.
    NotApplicable(&'static str),
}

impl Flaw {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Broken(text.into())
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("the scripted server could not run: {error}"))
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// One thing that every transport owes.
pub(crate) struct Case<S> {
    pub(crate) name: &'static str,
    pub(crate) duty: &'static str,
    run: for<'a> fn(&'a S) -> Running<'a>,
}

impl<S> Case<S> {
    pub(crate) fn new(
        name: &'static str,
        duty: &'static str,
        run: for<'a> fn(&'a S) -> Running<'a>,
    ) -> Self {
        Self { name, duty, run }
    }

    pub(crate) async fn run(&self, subject: &S) -> Verdict {
        (self.run)(subject).await
    }
}

/// Fails the case unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::conformance::case::Flaw::new(format!($($text)+)));
        }
    };
}

/// A table of cases: name, duty, function.
macro_rules! cases {
    ($($name:literal, $duty:literal => $run:path;)+) => {
        /// The cases of this file.
        pub(crate) fn cases<S: $crate::conformance::subject::Subject>()
        -> Vec<$crate::conformance::case::Case<S>> {
            vec![$($crate::conformance::case::Case::new($name, $duty, |subject| {
                Box::pin($run(subject))
            }),)+]
        }
    };
}

pub(crate) use {cases, ensure};
