//! From what happens to who hears of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::event::{Event, Observer};

/// The number of the next request.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Everyone who hears of a transport.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn push(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    /// One who sees a request, if anyone is interested.
    pub(crate) fn witness(&self) -> Option<Witness> {
        if self.0.is_empty() {
            return None;
        }
        Some(Witness(Arc::new(Seen {
            request: NEXT.fetch_add(1, Ordering::Relaxed),
            bodies: self.0.iter().any(|observer| observer.wants_bodies()),
            observers: self.clone(),
            received: AtomicU64::new(0),
        })))
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observers({})", self.0.len())
    }
}

/// Sees one request from its beginning to its end, which is when the last of
/// the clones is dropped.
#[derive(Clone)]
pub(crate) struct Witness(Arc<Seen>);

struct Seen {
    request: u64,
    bodies: bool,
    observers: Observers,
    received: AtomicU64,
}

impl Witness {
    pub(crate) fn tell(&self, event: &Event<'_>) {
        self.0.tell(event);
    }

    pub(crate) fn tell_request_body(&self, bytes: &[u8]) {
        if self.0.bodies {
            self.tell(&Event::RequestBody { bytes });
        }
    }

    /// Counts what came over the wire.
    pub(crate) fn count_response_body(&self, bytes: &[u8]) {
        self.0.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    pub(crate) fn tell_response_body(&self, bytes: &[u8]) {
        if self.0.bodies {
            self.tell(&Event::ResponseBody { bytes });
        }
    }
}

impl Seen {
    fn tell(&self, event: &Event<'_>) {
        for observer in &self.observers.0 {
            observer.on_event(self.request, event);
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.tell(&Event::Ended { received: self.received.load(Ordering::Relaxed) });
    }
}
