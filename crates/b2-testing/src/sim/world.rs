//! Plays a scenario: an event queue over virtual time.

use std::collections::BTreeMap;

use b2_core::account::{Account, Config};
use b2_core::error::Error;
use b2_core::event::Event;
use b2_core::op::{Reply, Slot, Step, Ticket, Wait, WaitReason};
use b2_core::retry::RetryPolicy;
use b2_core::time::{Duration, Instant};
use b2_emulator::fault::FaultSchedule;

use crate::sim::actor::{Actor, Life, Outcome};
use crate::sim::books::{Books, Violation};
use crate::sim::damage::in_full;
use crate::sim::network::{self, Flight, Landing, Straggler};
use crate::sim::scenario::{Errand, FINAL, Scenario};
use crate::sim::server::Server;
use crate::sim::settling::End;

/// Steps after which a run counts as endless.
const MOST_STEPS: u64 = 200_000;

/// Virtual time after which a run counts as endless, unless its network is
/// slow on purpose.
const LONGEST: Duration = Duration::from_secs(20 * 60 * 60);

/// Faults that one operation has to survive: fewer must never make it fail.
/// One below what the policy allows (two refreshes of the token).
const SURVIVED: u64 = 2;

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The rules it broke; none if all is well.
    pub violations: Vec<Violation>,
    /// What happened.
    pub books: Books,
    /// Virtual time from the first request to the last answer.
    pub virtual_time: Duration,
    /// What happened when, if it was to be kept.
    pub history: Vec<String>,
}

/// Plays the scenario of a seed and judges it.
#[must_use]
pub fn simulate(seed: u64) -> Report {
    World::new(Scenario::from_seed(seed)).run()
}

pub(super) enum Happening {
    /// A request reaches the server.
    Arrives(Box<Flight>),
    /// A request reaches the server long after the client gave it up.
    Straggles(Box<Straggler>),
    /// An answer, or the lack of one, reaches the client.
    Lands(Box<Flight>, Landing),
    /// Time for an actor to look again.
    Wakes(usize),
    /// A killed process is started again.
    Restarts(usize),
    /// The source has given what it was asked for, or it has failed.
    Read(usize, Life, Ticket, Reply),
    /// The user has paused for long enough.
    Resumes(usize),
}

/// A scenario that is being played.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) account: Account,
    pub(super) server: Server,
    pub(super) actors: Vec<Actor>,
    pub(super) faults: FaultSchedule,
    pub(super) books: Books,
    pub(super) start: Instant,
    pub(super) now: Instant,
    queue: BTreeMap<(Instant, u64), Happening>,
    sequence: u64,
    draws: u64,
    pub(super) vanished: u64,
    pub(super) crashes: u64,
    /// Crashes of uploads that begin anew.
    pub(super) streams_again: u64,
    /// Operations that were told to stop or lost their source, and those of
    /// them that had nothing to tidy up.
    pub(super) stops: u64,
    pub(super) dropped: u64,
    /// The token has expired and nobody has refreshed it yet.
    pub(super) stale: bool,
    /// Time on the wire, one way; `None`: some milliseconds, drawn.
    latency: Option<Duration>,
    history: Option<Vec<String>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("scenario", &self.scenario).finish_non_exhaustive()
    }
}

impl World {
    /// Sets the stage: a server with one bucket and one application key.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let server = Server::new(scenario.seed, scenario.may_list);
        let retry = RetryPolicy::default().with_attempts(24);
        let config = Config::default().with_realm(Server::REALM).with_retry(retry);
        let account = Account::new(config, server.credentials(), scenario.seed);
        let bucket = server.bucket();
        let plans = scenario.plans.iter().enumerate();
        let actors = plans.map(|(index, plan)| Actor::new(index, plan, bucket.clone())).collect();
        // Any instant serves as the beginning of virtual time.
        let start = Instant::now();
        Self {
            faults: scenario.faults.clone(),
            scenario,
            account,
            server,
            actors,
            books: Books::default(),
            start,
            now: start,
            queue: BTreeMap::new(),
            sequence: 0,
            draws: 0,
            vanished: 0,
            crashes: 0,
            streams_again: 0,
            stops: 0,
            dropped: 0,
            stale: false,
            latency: None,
            history: None,
        }
    }

    /// Every request and every answer is so long on the wire.
    #[must_use]
    pub fn with_latency(mut self, one_way: Duration) -> Self {
        self.latency = Some(one_way);
        self
    }

    pub(super) fn latency(&mut self) -> Duration {
        let drawn = network::latency(self.draw());
        self.latency.unwrap_or(drawn)
    }

    /// Keeps a line for everything that happens, for the report.
    #[must_use]
    pub fn with_history(mut self) -> Self {
        self.history = Some(Vec::new());
        self
    }

    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(history) = &mut self.history {
            let at = self.now - self.start;
            history.push(format!("{:>10.3} s  {}", at.as_secs_f64(), line()));
        }
    }

    /// Plays to the end and judges.
    #[must_use]
    pub fn run(mut self) -> Report {
        for actor in 0..self.actors.len() {
            self.advance(actor);
        }
        let mut steps = 0;
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            steps += 1;
            if steps > MOST_STEPS || (self.latency.is_none() && at - self.start > LONGEST) {
                self.endless();
                break;
            }
            self.now = at;
            self.happen(happening);
        }
        self.judge();
        let virtual_time = self.now - self.start;
        Report {
            violations: self.books.violations.clone(),
            books: self.books,
            virtual_time,
            history: self.history.unwrap_or_default(),
        }
    }

    pub(super) fn draw(&mut self) -> u64 {
        // SplitMix64 over the seed: latencies and the fine print of faults.
        self.draws += 1;
        let mut z = self.scenario.seed ^ self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 31)
    }

    pub(super) fn schedule(&mut self, after: Duration, happening: Happening) {
        self.schedule_at(self.now + after, happening);
    }

    pub(super) fn schedule_at(&mut self, at: Instant, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(flight) => self.arrive(flight),
            Happening::Straggles(straggler) => self.straggle(&straggler),
            Happening::Lands(flight, landing) => self.land(*flight, landing),
            Happening::Wakes(actor) => self.advance(actor),
            Happening::Read(actor, life, ticket, reply) => self.read(actor, life, ticket, reply),
            Happening::Resumes(actor) => self.go_on(actor),
            Happening::Restarts(actor) => {
                let damaged = self.books.faults.contains_key("corrupt");
                if let Err(what) = self.actors[actor].go_on(damaged) {
                    self.books.blame(Violation::WrongContent { what });
                }
                self.advance(actor);
            }
        }
    }

    /// Polls an actor until it waits or is done, beginning its errands.
    pub(super) fn advance(&mut self, index: usize) {
        let epoch = self.account.epoch();
        loop {
            let actor = &mut self.actors[index];
            if actor.gone {
                break;
            }
            actor.begin_next(u64::from(self.stale));
            if let Some(how) = actor.interruption() {
                self.interrupt(index, how);
                continue;
            }
            let Some(operation) = &mut actor.operation else {
                break;
            };
            let step = operation.poll(&mut self.account, self.now);
            if actor.resumable.dies_now() {
                self.crash(index, &step);
                break;
            }
            match step {
                Step::Event(event) => {
                    if let Err(what) = actor.note(&event) {
                        self.books.blame(Violation::WrongContent { what });
                    }
                    let may_list = self.scenario.may_list;
                    if event == Event::PossibleDuplicate {
                        let looked = std::mem::take(&mut actor.looked);
                        if may_list && !looked {
                            self.books.blame(Violation::RepeatedBlindly);
                        }
                    }
                    self.stale &= event != Event::TokenRefreshed;
                    self.tell(|| format!("actor {index}: {event:?}"));
                }
                Step::Digest(request) => {
                    let reply =
                        Reply::Digest(network::digest(&actor.source, &actor.sink, &request));
                    operation.handle(&mut self.account, request.ticket, reply, self.now);
                }
                Step::Prefetch(request) => self.prefetch(index, &request),
                Step::Send(transmit) => self.send(index, *transmit),
                Step::Done(result) => {
                    self.actors[index].operation = None;
                    self.ended(index, result);
                }
                Step::Wait(wait) => {
                    actor.wait = Some(wait);
                    let requests = actor.in_air;
                    let told = untold(&wait, operation.slots(), requests, actor.reading);
                    if let Some(told) = told.filter(|_| !actor.refused) {
                        self.books.blame(Violation::UntoldWait { requests, told });
                    }
                    if let Some(until) = wait.until {
                        // A wait that is over already would go round for ever.
                        let until = until.max(self.now + Duration::from_nanos(1));
                        self.schedule_at(until, Happening::Wakes(index));
                    }
                    break;
                }
            }
        }
        self.wake_others(epoch);
    }

    /// A process is killed: what it was about to do is not done, and its
    /// journal is what is on the disk.
    fn crash(&mut self, index: usize, step: &Step<Outcome>) {
        self.crashes += 1;
        let stream = matches!(self.actors[index].errand, Some(Errand::UploadStream { .. }));
        self.streams_again += u64::from(stream);
        let doing = match step {
            Step::Send(transmit) => transmit.operation.to_owned(),
            Step::Event(event) => format!("{event:?}"),
            Step::Digest(_) => "hashing".to_owned(),
            Step::Prefetch(_) => "reading ahead".to_owned(),
            Step::Wait(wait) => wait.reason.to_string(),
            Step::Done(_) => "done".to_owned(),
        };
        self.tell(|| format!("actor {index}: is killed: {doing}"));
        // The account of a process dies with it; this one is shared by all.
        if let Some(mut operation) = self.actors[index].operation.take() {
            operation.abandon(&mut self.account);
        }
        let draw = self.draw();
        if let Step::Event(event) = step {
            self.actors[index].torn(event, draw);
        }
        self.actors[index].crash(draw);
        self.schedule(Duration::from_secs(3), Happening::Restarts(index));
    }

    /// Whoever waits for the account looks again when its epoch moves.
    pub(super) fn wake_others(&mut self, before: u64) {
        if self.account.epoch() == before {
            return;
        }
        for index in 0..self.actors.len() {
            if self.actors[index].wait.take_if(|wait| wait.on_account).is_some() {
                self.schedule(Duration::ZERO, Happening::Wakes(index));
            }
        }
    }

    fn ended(&mut self, index: usize, result: Result<Outcome, Error>) {
        let errand = self.actors[index].errand;
        let told = result.as_ref().map(|_| ()).map_err(in_full);
        self.tell(|| format!("actor {index}: {errand:?} ended: {told:?}"));
        let end = End::of(&result);
        match result {
            Ok(outcome) => {
                self.books.succeeded += 1;
                let actor = &mut self.actors[index];
                if let Err(what) = actor.succeeded(outcome) {
                    let what = format!("{what} ({:?} of {})", actor.errand, actor.name);
                    self.books.blame(Violation::WrongContent { what });
                }
            }
            Err(Error::Cancelled) if self.actors[index].is_kept() => {
                return self.put_down(index);
            }
            Err(error) => self.failed(index, &error),
        }
        self.settle(index, end);
    }

    fn failed(&mut self, index: usize, error: &Error) {
        self.books.failed += 1;
        let actor = &mut self.actors[index];
        if actor.error_is_due(error, self.scenario.may_list) {
            return;
        }
        let hits = actor.hits;
        // A refusal for good does not hide that an earlier call may have taken
        // effect.
        let winds_up = actor.refused && actor.in_doubt;
        let doubtful = winds_up && matches!(error, Error::Unconfirmed { .. });
        let refused = doubtful || error.code().is_some_and(|code| code.as_str() == FINAL);
        // The refusal of a request for headers has no body to say that a token
        // is stale, so a second one is final.
        let bare = matches!(actor.errand, Some(Errand::Head)) && error.code().is_some();
        let survived = if bare { SURVIVED - 1 } else { SURVIVED };
        if hits <= survived && !(refused && hits > 0) {
            let error = in_full(error);
            self.books.blame(Violation::Failed { error, hits });
        }
    }

    /// Something reaches the client.
    fn land(&mut self, flight: Flight, landing: Landing) {
        let index = flight.actor;
        let operation = flight.transmit.operation;
        let news = landing.to_string();
        self.tell(|| format!("actor {index}: {operation} lands: {news}"));
        let actor = &mut self.actors[index];
        actor.replies += 1;
        if actor.vanishes_after.is_some_and(|after| actor.replies > after) && !actor.gone {
            self.vanish(index);
        }
        self.close_books(&flight, &landing);
        let actor = &mut self.actors[index];
        if !actor.hears(&flight) {
            // Whoever asked is gone, and its successor does not know.
            if flight.is_upload() {
                self.books.vanished_with(&flight.pair());
            }
            return;
        }
        actor.in_air = actor.in_air.saturating_sub(1);
        let reply = network::receive(&flight, landing, &mut actor.sink);
        let epoch = self.account.epoch();
        if let Some(operation) = &mut actor.operation {
            operation.handle(&mut self.account, flight.transmit.ticket, reply, self.now);
        }
        self.wake_others(epoch);
        self.advance(index);
    }

    /// Half of those who vanish say good-bye, half are simply gone.
    fn vanish(&mut self, index: usize) {
        self.vanished += 1;
        let polite = self.draw().is_multiple_of(2);
        self.tell(|| format!("actor {index}: vanishes, politely: {polite}"));
        let actor = &mut self.actors[index];
        actor.gone = true;
        actor.resumable.leave();
        let epoch = self.account.epoch();
        if let Some(mut operation) = actor.operation.take().filter(|_| polite) {
            operation.abandon(&mut self.account);
        }
        self.wake_others(epoch);
    }
}

/// What an operation says it waits for, if that does not explain the requests
/// it has under way: each slot has one, or waits for something else. A slot
/// that is throttled may have a token on its way.
fn untold(wait: &Wait, slots: &[Slot], requests: u32, reading: bool) -> Option<String> {
    let waits = |reason: &WaitReason| matches!(reason, WaitReason::Reply(_));
    let count = |wanted: &dyn Fn(&WaitReason) -> bool| {
        u32::try_from(slots.iter().filter(|slot| wanted(&slot.reason)).count()).unwrap_or(u32::MAX)
    };
    let told = count(&waits);
    let most = told + count(&|reason| *reason == WaitReason::Throttled);
    let right = match slots {
        [] if requests == 0 && reading => wait.reason == WaitReason::Source,
        [] => requests == 0 || waits(&wait.reason),
        _ => (told..=most).contains(&requests),
    };
    (!right).then(|| format!("{}, {slots:?}", wait.reason))
}
