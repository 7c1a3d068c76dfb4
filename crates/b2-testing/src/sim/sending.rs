//! What a machine sends, and what the judge says to it.

use b2_core::op::Transmit;

use crate::sim::books::Violation;
use crate::sim::network::Flight;
use crate::sim::scenario::Errand;
use crate::sim::world::World;

/// Requests that one operation may have under way: its concurrency.
const AT_ONCE: u32 = 3;

/// The calls that a key needs `listFiles` for.
const LISTS: [&str; 3] =
    ["b2_list_file_names", "b2_list_file_versions", "b2_list_unfinished_large_files"];

impl World {
    pub(super) fn send(&mut self, index: usize, transmit: Transmit) {
        let operation = transmit.operation;
        let fault = self.faults.take(operation);
        if let Some(fault) = &fault {
            self.books.fault(fault, operation);
            self.hit(index, fault);
        }
        let source = self.actors[index].source.clone();
        let life = self.actors[index].life();
        let flight = Flight::new((index, life), transmit, &source, fault, self.now);
        let fault = flight.fault.clone();
        self.tell(|| format!("actor {index}: sends {operation}, befallen by {fault:?}"));
        self.books.sends(operation, &flight.token());
        self.judge_listing(index, operation);
        match flight.part_number() {
            Some(number) if self.actors[index].resumable.has(number) => {
                self.books.blame(Violation::PartSentTwice { number });
            }
            _ => {}
        }
        if flight.is_upload() {
            self.books.uploads_to(&flight.pair());
        }
        let actor = &mut self.actors[index];
        actor.in_air += 1;
        // What is under way when it is stopped need not be waited for.
        if actor.in_air > AT_ONCE + u32::from(actor.stopped.is_some()) {
            let requests = actor.in_air;
            self.books.blame(Violation::TooManyAtOnce { requests });
        }
        let delay = self.latency();
        self.depart(flight, delay);
    }

    /// Whoever asks for a list hears B2's refusal; nobody else may ask with a
    /// key that may not list.
    fn judge_listing(&mut self, index: usize, operation: &'static str) {
        let asked = matches!(
            self.actors[index].errand,
            Some(Errand::List(_) | Errand::Versions(_) | Errand::DeleteAll)
        );
        if !self.scenario.may_list && !asked && LISTS.contains(&operation) {
            self.books.blame(Violation::ListForbidden { operation });
        }
    }
}
