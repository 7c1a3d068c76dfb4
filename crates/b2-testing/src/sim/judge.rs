//! The verdict on a run, once everything has happened.

use crate::sim::books::Violation;
use crate::sim::scenario::{Errand, Plan, Scenario};
use crate::sim::settling::End;
use crate::sim::world::World;

impl World {
    pub(super) fn endless(&mut self) {
        let waiting = self.actors.iter().filter(|actor| !actor.done());
        let waiting = waiting.map(|actor| format!("{}: {:?}", actor.name, actor.wait));
        let waiting = waiting.collect::<Vec<_>>().join("; ");
        self.books.blame(Violation::Endless { waiting });
    }

    pub(super) fn judge(&mut self) {
        if self.actors.iter().any(|actor| !actor.done()) {
            self.endless();
        }
        self.judge_economy();
        if self.vanished + self.crashes == 0 && self.account.refreshing() {
            self.books.blame(Violation::LeaseLeft);
        }
        let (expected, idle) = (self.books.idle_urls(), self.account.idle_upload_urls());
        if expected != idle && self.vanished + self.dropped + self.streams_again == 0 {
            self.books.blame(Violation::UrlLost { expected, idle });
        }
        self.judge_store();
        self.judge_orphans();
    }

    /// Every large file is finished, cancelled, or known to somebody.
    fn judge_orphans(&mut self) {
        for actor in &self.actors {
            let unfinished = self.server.unfinished(actor.name.as_str());
            let unknown = unfinished.iter().filter(|id| !actor.resumable.known.contains(id));
            let (unknown, possible) = (unknown.count(), actor.resumable.possible);
            if unknown > possible {
                self.books.violations.push(Violation::Orphan { unknown, possible });
            }
        }
    }

    fn judge_economy(&mut self) {
        let faults = self.books.all_faults();
        let actors = self.actors.len() as u64;
        let made = self.books.all_requests();
        let longest = longest(&self.scenario);
        let errands = self.scenario.plans.iter().flat_map(|plan| &plan.errands);
        let errands: u64 = errands.map(|errand| cost(errand, longest)).sum();
        let rows = self.server.versions() as u64;
        let due =
            1 + errands + pages(&self.scenario) * rows + faults * (5 + actors) + self.vanished;
        // Bytes that were damaged are all fetched again.
        let damaged = self.books.faults.get("corrupt").copied().unwrap_or(0);
        let dearest = |plan: &Plan| plan.errands.iter().map(|one| cost(one, longest)).max();
        let again = self.scenario.plans.iter().filter_map(dearest).max().unwrap_or(0);
        let due = due + damaged * again;
        // A process that goes on asks what there is, and sends again what was
        // on its way.
        let due = due + (self.crashes + self.stops) * 12 + self.streams_again * again;
        if made > due {
            self.books.blame(Violation::TooManyRequests { made, due });
        }
        let refreshes = self.books.requests.get("b2_authorize_account").copied().unwrap_or(0);
        let expired = self.books.faults.get("expire token").copied().unwrap_or(0);
        let hits = self.books.authorize_hits;
        // Tokens live for a day.
        let days = (self.now - self.start).as_secs() / (24 * 60 * 60);
        // Whoever is refused for good drops what he is about, also a refresh.
        let dropped = self.vanished + self.crashes + self.stops + self.books.refusals;
        let due = 1 + expired + hits + dropped + days;
        if refreshes > due {
            self.books.blame(Violation::TooManyRefreshes { made: refreshes, due });
        }
    }

    /// In the end the server has exactly what the actors made.
    fn judge_store(&mut self) {
        for index in 0..self.actors.len() {
            let actor = &mut self.actors[index];
            if actor.gone {
                self.settle(index, End::Vanished);
                continue;
            }
            let stored = self.server.stored(actor.name.as_str());
            if actor.holds.versions != stored {
                let (made, stored) = (actor.holds.versions.len(), stored.len());
                let what = format!("{} has {stored} versions, {made} were made", actor.name);
                self.books.violations.push(Violation::WrongContent { what });
            }
        }
    }
}

/// The longest file of a scenario, in bytes.
fn longest(scenario: &Scenario) -> u64 {
    let errands = scenario.plans.iter().flat_map(|plan| &plan.errands);
    let lengths = errands.filter_map(|errand| match errand {
        Errand::Upload(len)
        | Errand::UploadStream { len, .. }
        | Errand::ByHand { len, .. }
        | Errand::UploadLarge { len, .. } => Some(u64::from(*len)),
        _ => None,
    });
    lengths.max().unwrap_or(0)
}

/// Requests that an errand costs when nothing goes wrong.
fn cost(errand: &Errand, longest: u64) -> u64 {
    match errand {
        Errand::Upload(_) | Errand::Hide => 2,
        // Each part, an upload URL for each of three at a time, start, finish.
        Errand::UploadLarge { len, .. } | Errand::UploadStream { len, .. } => {
            u64::from(*len).div_ceil(100) + 3 + 2
        }
        // A URL and the bytes for each part, start, list, finish, cancel.
        Errand::ByHand { len, .. } => 2 * u64::from(*len).div_ceil(100) + 4,
        // An empty file is asked for twice.
        Errand::DownloadPieces(size) => longest.div_ceil(u64::from(*size)) + 2,
        Errand::DownloadFile { piece, .. } => longest.div_ceil(u64::from(*piece)) + 2,
        Errand::Copy => 2,
        // As an upload of the largest, and the description of the source.
        Errand::CopyLarge { .. } => longest.div_ceil(100) + 2 + 1,
        // Each errand makes one version at most, and each crash leaves one
        // unfinished file; one page.
        Errand::DeleteAll => 20,
        Errand::Ask(_) => 1,
        Errand::Download | Errand::Head | Errand::Delete | Errand::CreateBucket => 1,
        // The pages are counted by the rows there are.
        Errand::List(_) | Errand::Versions(_) => 1,
    }
}

fn pages(scenario: &Scenario) -> u64 {
    let errands = scenario.plans.iter().flat_map(|plan| &plan.errands);
    errands.filter(|errand| matches!(errand, Errand::List(_) | Errand::Versions(_))).count() as u64
}
