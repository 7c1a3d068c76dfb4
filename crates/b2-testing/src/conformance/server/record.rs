//! What a scripted server saw.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One request as it came off the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    /// Method, target and version.
    pub(crate) line: String,
    /// Names in lower case, values as they are, in their order.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Bytes of the body.
    pub(crate) received: u64,
    /// Whether each of them was the right one.
    pub(crate) intact: bool,
    /// Whether the whole announced body came.
    pub(crate) complete: bool,
}

impl Seen {
    /// All values of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| &**value).collect()
    }

    /// The announced length of the body; 0 if there is none or it is no
    /// number.
    pub(crate) fn announced(&self) -> u64 {
        let value = self.values("content-length").first().copied().unwrap_or_default();
        str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// The books of a server.
#[derive(Default)]
pub(crate) struct Record {
    books: Mutex<Books>,
    changed: Condvar,
}

#[derive(Default)]
struct Books {
    requests: Vec<Seen>,
    /// For each connection whether its script has ended.
    ended: Vec<bool>,
    written: u64,
}

impl Record {
    /// Requests so far, in the order of their heads.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.books().requests.clone()
    }

    /// Requests that were complete.
    pub(crate) fn complete(&self) -> usize {
        self.books().requests.iter().filter(|seen| seen.complete).count()
    }

    /// Bytes that the server has written.
    pub(crate) fn written(&self) -> u64 {
        self.books().written
    }

    /// Waits until every connection so far is over; says whether that came to
    /// pass.
    pub(crate) fn all_ended(&self, longest: Duration) -> bool {
        let open = |books: &mut Books| books.ended.iter().any(|ended| !ended);
        let waiting = self.changed.wait_timeout_while(self.books(), longest, open);
        let books = waiting.unwrap_or_else(PoisonError::into_inner).0;
        books.ended.iter().all(|ended| *ended)
    }

    pub(super) fn connect(&self) -> usize {
        let mut books = self.books();
        books.ended.push(false);
        books.ended.len() - 1
    }

    pub(super) fn end(&self, connection: usize) {
        self.books().ended[connection] = true;
        self.changed.notify_all();
    }

    pub(super) fn begin(&self, seen: Seen) -> usize {
        let mut books = self.books();
        books.requests.push(seen);
        books.requests.len() - 1
    }

    pub(super) fn update(&self, request: usize, change: impl FnOnce(&mut Seen)) {
        change(&mut self.books().requests[request]);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.books().written += bytes as u64;
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
