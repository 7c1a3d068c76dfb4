//! The two loops that turn steps into I/O, and what they share.
//!
//! Nothing else in this crate talks to a transport, and neither loop decides
//! anything: what a status or an error code means is settled in `b2-core`.

mod asynchronous;
mod blocking;
mod body;
mod delivery;
mod hash;
mod patience;
mod rate;

pub(crate) use asynchronous::drive;
pub(crate) use blocking::drive_blocking;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use b2_core::account::Account;
use b2_core::event::StoredPart;
use b2_core::op::Stop;
use b2_core::plan::Delivery;
use b2_core::port::{DynTransport, ReadAt, Spawn, Timer};

use crate::buffer::BufferPool;
use crate::control::Control;
use crate::journal::Recording;
use crate::observer::{Direction, Observer, Scope};
use crate::progress::Meter;
use crate::report::{ProgressStep, Reporter};
use crate::sink::Sink;

/// What all operations of one client share.
pub(crate) struct Context {
    account: Mutex<Account>,
    /// Notified when the account's epoch moves.
    pub(crate) moved: event_listener::Event,
    pub(crate) transport: Option<Arc<dyn DynTransport>>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) spawn: Option<Arc<dyn Spawn>>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) buffers: BufferPool,
    /// How often observers are told how far a transfer is.
    pub(crate) progress_step: ProgressStep,
    scopes: AtomicU64,
}

impl Context {
    pub(crate) fn new(
        account: Account,
        transport: Option<Arc<dyn DynTransport>>,
        timer: Arc<dyn Timer>,
        spawn: Option<Arc<dyn Spawn>>,
        observer: Arc<dyn Observer>,
        buffers: BufferPool,
    ) -> Self {
        Self {
            account: Mutex::new(account),
            moved: event_listener::Event::new(),
            transport,
            timer,
            spawn,
            observer,
            buffers,
            progress_step: ProgressStep::default(),
            scopes: AtomicU64::new(0),
        }
    }

    pub(crate) fn with_progress_step(mut self, step: ProgressStep) -> Self {
        self.progress_step = step;
        self
    }

    /// Names the next operation, for observers.
    pub(crate) fn next_scope(&self) -> u64 {
        self.scopes.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The account, for one `poll` or `handle`. A panic elsewhere cannot have
    /// left it half-changed in a way that matters: at worst a lease lapses.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends the account to `use_it` and wakes those who wait for it if its
    /// epoch moved.
    pub(crate) fn with_account<T>(&self, use_it: impl FnOnce(&mut Account) -> T) -> T {
        let (result, moved) = {
            let mut account = self.account();
            let before = account.epoch();
            let result = use_it(&mut account);
            (result, account.epoch() != before)
        };
        if moved {
            self.moved.notify(usize::MAX);
        }
        result
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

/// The two ends of a transfer and its books.
#[derive(Clone, Default)]
pub(crate) struct Ends {
    pub(crate) source: Option<Arc<dyn ReadAt>>,
    pub(crate) sink: Option<Arc<Mutex<Sink>>>,
    /// Whether the sink holds a temporary file to be removed if the work ends
    /// early.
    pub(crate) temporary: bool,
    pub(crate) meter: Arc<Meter>,
    pub(crate) control: Arc<Control>,
    /// What the transfer remembers.
    pub(crate) journal: Option<Arc<dyn Recording>>,
    /// Who is asked after each part whether to go on.
    pub(crate) on_part: Option<OnPart>,
}

/// Asked after each part whether to go on.
pub(crate) type OnPart = Arc<dyn Fn(&StoredPart) -> ControlFlow<()> + Send + Sync>;

impl Ends {
    /// Tells the observer of a transfer from its beginning on.
    pub(crate) fn report(&self, context: &Context, scope: Scope) {
        let direction = match (&self.source, &self.sink) {
            (Some(_), _) => Direction::Upload,
            (None, Some(_)) => Direction::Download,
            (None, None) => return,
        };
        let observer = Arc::clone(&context.observer);
        let step = context.progress_step;
        self.meter.report_to(Reporter::new(observer, scope, direction, step));
    }

    /// The books and wishes of these ends, for what was prepared meanwhile.
    pub(crate) fn adopt<O>(&self, (operation, mut ends): (O, Self)) -> (O, Self) {
        if let Some(total) = ends.meter.read().total_bytes {
            self.meter.set_total(total);
        }
        (ends.meter, ends.control) = (Arc::clone(&self.meter), Arc::clone(&self.control));
        (operation, ends)
    }

    /// Writes an event to the journal; a piece of a download only once its
    /// bytes are safe.
    fn note(&self, event: &b2_core::Event) -> std::io::Result<()> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        if let (b2_core::Event::PieceStored { .. }, Some(sink), true) =
            (event, &self.sink, journal.on_disk())
        {
            sink.lock().unwrap_or_else(PoisonError::into_inner).sync()?;
        }
        journal.note(event)
    }

    /// Takes note of what a machine reports, apart from the journal.
    fn heed(&self, event: &b2_core::Event) {
        match event {
            b2_core::Event::PartStored(part) => {
                if let Some(source) = &self.source {
                    source.release(part.offset, part.len);
                }
                if part.kept {
                    self.meter.kept(part.len);
                } else {
                    self.meter.stored(part.len);
                }
                let go_on = self.on_part.as_ref().filter(|_| !part.kept).map(|ask| ask(part));
                if go_on == Some(ControlFlow::Break(())) {
                    self.control.stop(Stop::Keep);
                }
            }
            b2_core::Event::LargeFileStarting { len: Some(len), .. }
            | b2_core::Event::DownloadBegun { len, .. } => self.meter.set_total(*len),
            b2_core::Event::PieceStored { offset, len, kept: true, .. } => {
                self.meter.kept(*len);
                if let Some(sink) = &self.sink {
                    sink.lock().unwrap_or_else(PoisonError::into_inner).has(*offset, *len);
                }
            }
            b2_core::Event::Restarting => self.meter.begin_anew(),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ends").field("meter", &self.meter).finish_non_exhaustive()
    }
}

/// How work ends of which an event could not be written down: a large file
/// that the journal does not know is cancelled, one that it knows can go on.
fn unwritten_stop(event: &b2_core::Event) -> Stop {
    match event {
        b2_core::Event::LargeFileStarting { .. } | b2_core::Event::LargeFileStarted { .. } => {
            Stop::Cancel
        }
        _ => Stop::Keep,
    }
}

/// The length of the transfer, as soon as the answer tells it.
fn announce(meter: &Meter, head: &http::response::Parts, plan: &Delivery) {
    // Of a download in pieces the machine tells the length.
    if plan.piece {
        return;
    }
    let length = head.headers.get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(length) = length {
        meter.set_total(plan.sink_offset.saturating_add(length));
    }
}
