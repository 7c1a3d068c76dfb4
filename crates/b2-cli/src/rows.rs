//! Rows of a listing, printed together when the next one has to be waited for.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Output};

/// Bytes after which rows are printed although more are at hand.
const ENOUGH: usize = 64 * 1024;

/// Rows that are known and not printed yet.
///
/// A listing comes in pages. Its rows are printed before anything is waited
/// for, so nobody sees them later, and not each by itself, which would take
/// more time than all the rest.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    output: &'a Output,
    text: String,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(output: &'a Output) -> Self {
        Self { output, text: String::new() }
    }

    /// Adds a row, as [`Output::row`] prints it.
    pub(crate) fn add(
        &mut self,
        value: &impl Serialize,
        line: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.output.write_row(&mut self.text, value, line)?;
        if self.text.len() < ENOUGH { Ok(()) } else { self.print() }
    }

    /// Gives what `next` gives; prints what there is if that has to be waited
    /// for.
    pub(crate) async fn before<T>(&mut self, next: impl Future<Output = T>) -> Result<T, Failure> {
        let mut next = pin!(next);
        if let Poll::Ready(known) = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
            return Ok(known);
        }
        self.print()?;
        Ok(next.await)
    }

    /// Prints what there is.
    pub(crate) fn print(&mut self) -> Result<(), Failure> {
        if !self.text.is_empty() {
            output::print(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}
