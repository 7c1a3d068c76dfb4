//! An observer that keeps everything.

use std::sync::{Arc, Mutex, MutexGuard};

use b2::{Event, Observer, ProtocolEvent, Scope};

#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    sent: Vec<&'static str>,
    protocol: Vec<ProtocolEvent>,
    text: String,
}

impl Observer for Recorder {
    fn on_event(&self, scope: &Scope, event: &Event<'_>) {
        let mut notes = self.notes();
        match event {
            Event::RequestSent { operation, .. } => notes.sent.push(operation),
            Event::Protocol(event) => notes.protocol.push((*event).clone()),
            _ => {}
        }
        notes.text.push_str(&format!("{scope:?} {event:?} {event:#?}\n{event}\n"));
    }
}

impl Recorder {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap()
    }

    pub(crate) fn clear(&self) {
        *self.notes() = Notes::default();
    }

    /// How many requests of this operation were sent.
    pub(crate) fn sent(&self, operation: &str) -> usize {
        self.notes().sent.iter().filter(|sent| **sent == operation).count()
    }

    /// Every request that was sent.
    pub(crate) fn requests(&self) -> Vec<&'static str> {
        self.notes().sent.clone()
    }

    pub(crate) fn protocol(&self) -> Vec<ProtocolEvent> {
        self.notes().protocol.clone()
    }

    /// Where downloads went on.
    pub(crate) fn resumed(&self) -> Vec<u64> {
        let from = |event: &ProtocolEvent| match event {
            ProtocolEvent::Resuming { from } => Some(*from),
            _ => None,
        };
        self.notes().protocol.iter().filter_map(from).collect()
    }

    pub(crate) fn saw(&self, event: &ProtocolEvent) -> bool {
        self.notes().protocol.contains(event)
    }

    pub(crate) fn retries(&self) -> usize {
        let retried = |event: &&ProtocolEvent| matches!(event, ProtocolEvent::Retrying { .. });
        self.notes().protocol.iter().filter(retried).count()
    }

    /// Everything, by `Debug` and `Display`.
    pub(crate) fn text(&self) -> String {
        self.notes().text.clone()
    }
}
