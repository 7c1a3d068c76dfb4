//! What is written down when a request has ended.

use b2_core::error::Sent;
use b2_emulator::fault::Fault;

use crate::sim::damage::stale;
use crate::sim::network::{self, Flight, Landing};
use crate::sim::world::World;

impl World {
    pub(super) fn close_books(&mut self, flight: &Flight, landing: &Landing) {
        let status = match landing {
            Landing::Answer { response, cut: None } => response.status().as_u16(),
            _ => 0,
        };
        if status == 403 {
            self.books.refusals += 1;
            self.actors[flight.actor].refused = true;
        }
        self.actors[flight.actor].in_doubt |= leaves_doubt(flight, landing, status);
        if flight.is_upload() {
            self.books.upload_ended(&flight.pair(), matches!(status, 200 | 429));
        } else if status == 401 && stale(landing) && self.actors[flight.actor].heeds(flight) {
            self.books.buries(&flight.token());
        }
        if flight.transmit.operation == "b2_get_upload_url" && status == 200 {
            self.issue(flight, landing);
        }
    }

    fn issue(&mut self, flight: &Flight, landing: &Landing) {
        let Landing::Answer { response, .. } = landing else { return };
        let Some(pair) = network::issued_pair(response) else { return };
        self.books.issued(&pair);
        if !self.actors[flight.actor].hears(flight) {
            self.books.vanished_with(&pair);
        }
    }
}

/// Whether a call that changes something may have changed it, or may not.
fn leaves_doubt(flight: &Flight, landing: &Landing, status: u16) -> bool {
    let operation = flight.transmit.operation;
    let changes = !["b2_authorize", "b2_download", "b2_get", "b2_list"]
        .iter()
        .any(|reading| operation.starts_with(reading));
    let unsent = matches!(landing, Landing::Silence(_, Sent::Nothing));
    let garbled = matches!(flight.fault, Some(Fault::Corrupt));
    changes && !unsent && (garbled || matches!(status, 0 | 408 | 500..))
}
