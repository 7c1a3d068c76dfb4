//! Plays a scenario: an event queue over virtual time.

use std::collections::BTreeMap;

use b2_core::account::{Account, Config};
use b2_core::error::{Error, Sent, TransportErrorKind};
use b2_core::event::Event;
use b2_core::op::{Reply, Step, Transmit};
use b2_core::retry::RetryPolicy;
use b2_core::time::{Duration, Instant};
use b2_emulator::fault::{Fault, FaultSchedule};

use crate::sim::actor::{Actor, Outcome};
use crate::sim::books::{Books, Violation};
use crate::sim::damage::{corrupt, in_full};
use crate::sim::network::{self, Flight, Landing, Straggler};
use crate::sim::scenario::Scenario;
use crate::sim::server::Server;

/// Steps after which a run counts as endless.
const MOST_STEPS: u64 = 200_000;

/// Virtual time after which a run counts as endless.
const LONGEST: Duration = Duration::from_secs(20 * 60 * 60);

/// Faults that one operation has to survive: fewer must never make it fail.
/// One below what the policy allows (two refreshes of the token).
const SURVIVED: u64 = 2;

/// Requests that one operation may have under way: its concurrency.
pub(super) const AT_ONCE: u32 = 3;

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

enum Happening {
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
}

/// A scenario that is being played.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) account: Account,
    pub(super) server: Server,
    pub(super) actors: Vec<Actor>,
    faults: FaultSchedule,
    pub(super) books: Books,
    start: Instant,
    now: Instant,
    queue: BTreeMap<(Instant, u64), Happening>,
    sequence: u64,
    draws: u64,
    pub(super) vanished: u64,
    pub(super) crashes: u64,
    /// The token has expired and nobody has refreshed it yet.
    stale: bool,
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
            stale: false,
            history: None,
        }
    }

    /// Keeps a line for everything that happens, for the report.
    #[must_use]
    pub fn with_history(mut self) -> Self {
        self.history = Some(Vec::new());
        self
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
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
            if steps > MOST_STEPS || at - self.start > LONGEST {
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

    fn draw(&mut self) -> u64 {
        // SplitMix64 over the seed: latencies and the fine print of faults.
        self.draws += 1;
        let mut z = self.scenario.seed ^ self.draws.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 31)
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.schedule_at(self.now + after, happening);
    }

    fn schedule_at(&mut self, at: Instant, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(flight) => self.arrive(flight),
            Happening::Straggles(straggler) => self.straggle(&straggler),
            Happening::Lands(flight, landing) => self.land(*flight, landing),
            Happening::Wakes(actor) => self.advance(actor),
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
    fn advance(&mut self, index: usize) {
        let epoch = self.account.epoch();
        loop {
            let actor = &mut self.actors[index];
            if actor.gone {
                break;
            }
            actor.begin_next(u64::from(self.stale));
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
                    actor.note(&event);
                    self.stale &= event != Event::TokenRefreshed;
                    self.tell(|| format!("actor {index}: {event:?}"));
                }
                Step::Digest(request) => {
                    let reply =
                        Reply::Digest(network::digest(&actor.source, &actor.sink, &request));
                    operation.handle(&mut self.account, request.ticket, reply, self.now);
                }
                Step::Send(transmit) => self.send(index, *transmit),
                Step::Done(result) => {
                    self.actors[index].operation = None;
                    self.ended(index, result);
                }
                Step::Wait(wait) => {
                    actor.wait = Some(wait);
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
        let doing = match step {
            Step::Send(transmit) => transmit.operation.to_owned(),
            Step::Event(event) => format!("{event:?}"),
            Step::Digest(_) => "hashing".to_owned(),
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
    fn wake_others(&mut self, before: u64) {
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
        let end = result.as_ref().map(|_| ()).map_err(in_full);
        self.tell(|| format!("actor {index}: {errand:?} ended: {end:?}"));
        let may_list = self.scenario.may_list;
        let actor = &mut self.actors[index];
        match result {
            Ok(outcome) => {
                self.books.succeeded += 1;
                if let Err(what) = actor.succeeded(outcome) {
                    let what = format!("{what} ({:?} of {})", actor.errand, actor.name);
                    self.books.blame(Violation::WrongContent { what });
                }
            }
            Err(error) => {
                self.books.failed += 1;
                if actor.error_is_due(&error, may_list) {
                    return;
                }
                let hits = actor.hits;
                actor.forgive(&error);
                if hits <= SURVIVED {
                    let error = in_full(&error);
                    self.books.blame(Violation::Failed { error, hits });
                }
            }
        }
    }

    fn send(&mut self, index: usize, transmit: Transmit) {
        let operation = transmit.operation;
        let fault = self.faults.take(operation);
        if let Some(fault) = &fault {
            self.books.fault(fault, operation);
            self.hit(index, fault);
        }
        let source = self.actors[index].source.clone();
        let life = self.actors[index].resumable.life;
        let flight = Flight::new((index, life), transmit, &source, fault, self.now);
        let fault = flight.fault.clone();
        self.tell(|| format!("actor {index}: sends {operation}, befallen by {fault:?}"));
        self.books.sends(operation, &flight.token());
        match flight.part_number() {
            Some(number) if self.actors[index].resumable.has(number) => {
                self.books.blame(Violation::PartSentTwice { number });
            }
            _ => {}
        }
        if operation == "b2_start_large_file" {
            self.actors[index].resumable.starts();
        }
        if flight.is_upload() {
            self.books.uploads_to(&flight.pair());
        }
        let actor = &mut self.actors[index];
        actor.in_air += 1;
        if actor.in_air > AT_ONCE {
            let requests = actor.in_air;
            self.books.blame(Violation::TooManyAtOnce { requests });
        }
        let delay = network::latency(self.draw());
        self.depart(flight, delay);
    }

    /// A rate limit and a refresh that goes wrong concern everybody.
    fn hit(&mut self, index: usize, fault: &Fault) {
        let shared = matches!(fault, Fault::Status { status: 429, .. });
        let refreshing = self.account.refreshing();
        for (other, actor) in self.actors.iter_mut().enumerate() {
            if other == index || shared || refreshing {
                actor.hits += 1;
            }
        }
    }

    /// What the network does before the server sees anything.
    fn depart(&mut self, mut flight: Flight, delay: Duration) {
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
            let delay = network::latency(self.draw()) * 3;
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
    fn arrive(&mut self, flight: Box<Flight>) {
        match &flight.fault {
            Some(Fault::ExpireToken) => {
                self.server.expire_tokens();
                self.stale = true;
                self.actors.iter_mut().for_each(|actor| actor.hits += 1);
            }
            Some(Fault::CloseUrl) => self.server.close_upload_url(&flight.url()),
            _ => {}
        }
        let response = self.server.handle(&flight.request, self.now - self.start);
        let delay = network::latency(self.draw());
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
    fn straggle(&mut self, straggler: &Straggler) {
        let response = self.server.handle(&straggler.request, self.now - self.start);
        let changes = matches!(
            straggler.operation,
            "b2_upload_file"
                | "b2_hide_file"
                | "b2_delete_file_version"
                | "b2_finish_large_file"
                | "b2_copy_file"
        );
        if changes && response.status().is_success() {
            self.actors[straggler.actor].blurred = true;
        }
        if straggler.operation == "b2_start_large_file" && response.status().is_success() {
            self.actors[straggler.actor].resumable.known_unfinished += 1;
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
        if operation == "b2_start_large_file" && landing.is_answer() {
            self.actors[index].resumable.started();
        }
        let actor = &mut self.actors[index];
        if actor.gone {
            if flight.is_upload() {
                self.books.vanished_with(&flight.pair());
            }
            return;
        }
        actor.in_air = actor.in_air.saturating_sub(u32::from(actor.hears(&flight)));
        if !actor.hears(&flight) {
            // Whoever asked is dead, and its successor does not know.
            return;
        }
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
        let epoch = self.account.epoch();
        if let Some(mut operation) = actor.operation.take().filter(|_| polite) {
            operation.abandon(&mut self.account);
        }
        self.wake_others(epoch);
    }
}
