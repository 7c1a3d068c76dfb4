//! What is being examined: any transport, behind one face.

mod asynchronous;
mod blocking;

use super::ask::{Ask, Outcome};
use super::case::Flaw;
use super::signal::Signal;

pub(crate) use asynchronous::Asynchronous;
pub(crate) use blocking::Blocking;

/// A transport in the words of the cases. A blocking one answers with futures
/// that are ready at once.
pub(crate) trait Subject {
    /// Sends a request and reads the whole answer.
    async fn exchange(&self, ask: Ask) -> Result<Outcome, Flaw>;

    /// Sends a request and stops when `moment` comes. An outcome means that
    /// the transport was faster.
    async fn give_up(&self, ask: Ask, moment: &Signal) -> Result<Option<Outcome>, Flaw>;

    /// Sends a request and drops the answer after at least `bytes` of its
    /// body.
    async fn leave(&self, ask: Ask, bytes: usize) -> Result<(), Flaw>;

    /// Sends several requests at once.
    async fn together(&self, asks: Vec<Ask>) -> Result<Vec<Outcome>, Flaw>;
}
