//! Between client and server: what befalls a request on its way.

use b2_core::error::{Sent, TransportErrorKind};
use b2_core::time::Duration;
use b2_emulator::fault::Fault;

use crate::sim::damage::corrupt;
use crate::sim::network::{self, Flight, Landing, Straggler};
use crate::sim::world::{Happening, World};

impl World {
    /// A rate limit and a refresh that goes wrong concern everybody.
    pub(super) fn hit(&mut self, index: usize, fault: &Fault) {
        let shared = matches!(fault, Fault::Status { status: 429, .. });
        let refreshing = self.account.refreshing();
        for (other, actor) in self.actors.iter_mut().enumerate() {
            if other == index || shared || refreshing {
                actor.hits += 1;
            }
        }
    }

    /// What the network does before the server sees anything.
    pub(super) fn depart(&mut self, mut flight: Flight, delay: Duration) {
        match &flight.fault {
            Some(Fault::Refuse) => {
                let silence = Landing::Silence(TransportErrorKind::Connect, Sent::Nothing);
                self.schedule(delay, Happening::Lands(Box::new(flight), silence));
            }
            Some(Fault::LoseRequest) => self.lose(flight),
            Some(Fault::Status { status, code, retry_after_s }) => {
                let response = network::status(*status, code, *retry_after_s);
                let landing = Landing::Answer { response, cut: None };
                self.schedule(delay * 2, Happening::Lands(Box::new(flight), landing));
            }
            Some(Fault::Delay(ms)) => {
                let delay = Duration::from_millis(*ms);
                if self.now + delay < flight.expires {
                    self.schedule(delay, Happening::Arrives(Box::new(flight)));
                } else {
                    self.schedule(delay, Happening::Straggles(Box::new(flight.straggler())));
                    self.give_up(flight);
                }
            }
            fault => {
                if matches!(fault, Some(Fault::Corrupt)) && flight.is_upload() {
                    flight.corrupt_body();
                }
                self.schedule(delay, Happening::Arrives(Box::new(flight)));
            }
        }
    }

    /// Nothing comes back: sometimes the connection breaks, sometimes the
    /// client has to notice by itself.
    fn lose(&mut self, flight: Flight) {
        let broken = self.draw().is_multiple_of(2);
        if broken {
            let delay = self.latency() * 3;
            let silence = Landing::Silence(TransportErrorKind::Interrupted, Sent::Maybe);
            self.schedule(delay, Happening::Lands(Box::new(flight), silence));
        } else {
            self.give_up(flight);
        }
    }

    fn give_up(&mut self, flight: Flight) {
        let silence = Landing::Silence(TransportErrorKind::Timeout, Sent::Maybe);
        self.schedule_at(flight.expires, Happening::Lands(Box::new(flight), silence));
    }

    /// A request reaches the server, which acts on it.
    pub(super) fn arrive(&mut self, flight: Box<Flight>) {
        match &flight.fault {
            Some(Fault::ExpireToken) => {
                self.server.expire_tokens();
                self.stale = true;
                self.actors.iter_mut().for_each(|actor| actor.hits += 1);
            }
            Some(Fault::CloseUrl) => self.server.close_upload_url(&flight.url()),
            _ => {}
        }
        let response = self.serve((flight.actor, flight.life), &flight.request);
        let delay = self.latency();
        let (response, cut) = match flight.fault {
            Some(Fault::LoseReply) => return self.lose(*flight),
            Some(Fault::Truncate(bytes)) => {
                let cut = usize::try_from(bytes).ok().filter(|cut| *cut < response.body().len());
                (response, cut)
            }
            Some(Fault::Corrupt) if !flight.is_upload() && response.status().is_success() => {
                (corrupt(response, &flight), None)
            }
            _ => (response, None),
        };
        self.schedule(delay, Happening::Lands(flight, Landing::Answer { response, cut }));
    }

    /// A request that the client has long given up reaches the server after
    /// all: what the client does not know may have changed.
    pub(super) fn straggle(&mut self, straggler: &Straggler) {
        self.serve((straggler.actor, straggler.life), &straggler.request);
    }
}
