//! What every transport owes, as cases that any implementor can run.
//!
//! The suite talks to a transport through its port only, and to it talks a
//! scripted server on loopback that runs on plain threads. It needs no
//! runtime: [`run`] is a future for whatever executor the transport wants.
//!
//! ```no_run
//! # use b2_core::port::{BlockingTransport, Transport};
//! # async fn example(mine: impl Transport, other: impl BlockingTransport) {
//! use b2_testing::conformance::{self, Exceptions};
//!
//! // An asynchronous transport, inside its runtime:
//! conformance::run(&mine, &Exceptions::none()).await.assert();
//!
//! // A blocking one, with a duty that it cannot keep:
//! let exceptions = Exceptions::none()
//!     .with("parallel-requests-do-not-mix", "there is only one connection");
//! conformance::run_blocking(&other, &exceptions).assert();
//! # }
//! ```
//!
//! A run takes about ten seconds, most of them waiting for deadlines. The
//! [`Report`] is a table with a row for each case; the guide `transports.md`
//! says what an implementor has to do about each.

mod ask;
mod case;
mod cases;
mod exceptions;
mod pattern;
mod report;
mod server;
mod signal;
mod subject;

use std::time::Instant;

use b2_core::port::{BlockingTransport, Transport};

pub use exceptions::Exceptions;
pub use report::{Report, Row, Standing};

use subject::{Asynchronous, Blocking, Subject};

/// Runs every case against an asynchronous transport.
///
/// Await it on the runtime that the transport needs; the suite itself waits
/// with threads.
pub async fn run<T: Transport>(transport: &T, exceptions: &Exceptions) -> Report {
    examine(&Asynchronous(transport), exceptions).await
}

/// Runs every case that applies against a blocking transport, on this thread.
pub fn run_blocking(transport: &dyn BlockingTransport, exceptions: &Exceptions) -> Report {
    signal::block_on(examine(&Blocking(transport), exceptions))
}

/// Name and duty of every case.
#[must_use]
pub fn cases() -> Vec<(&'static str, &'static str)> {
    cases::all::<Blocking<'_>>().iter().map(|case| (case.name, case.duty)).collect()
}

async fn examine<S: Subject>(subject: &S, exceptions: &Exceptions) -> Report {
    let mut rows = Vec::new();
    for case in cases::all() {
        let begin = Instant::now();
        let verdict = case.run(subject).await;
        rows.push(Row::new((case.name, case.duty), verdict, exceptions, begin.elapsed()));
    }
    Report::new(rows, exceptions)
}

/// Compiles the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/guide/transports.md")]
struct Guide;
