//! The four exits of everything that a client can be asked to do.

mod begin;

use std::fmt;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};

use b2_core::error::{Error, RequestError};
use b2_core::op::{Operation, Slot, Stop, WaitReason};
use b2_core::port::{BlockingTransport, BoxFuture};
use b2_core::upload::Resume;

use crate::control::Control;
use crate::drive::{Context, Ends, drive, drive_blocking};
use crate::journal::Recording;
use crate::observer::Scope;
use crate::progress::{Meter, Progress};
use crate::run::begin::Begin;
#[cfg(feature = "encryption")]
pub(crate) use crate::run::begin::{Fetch, Next, Prepare};
use crate::sink::Sink;

/// The error that the caller sees.
fn told(error: Error) -> Error {
    #[cfg(feature = "encryption")]
    let error = crate::encryption::told(error);
    error
}

/// Tells the observer that a transfer is over, also if its future is dropped.
struct Ending {
    meter: Arc<Meter>,
    success: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.meter.ended(self.success);
    }
}

/// Turns what an operation gives into what the caller wanted, with a look at
/// the ends of the transfer (a download puts its file in place here).
type Finish<T, U> = Box<dyn FnOnce(T, &Ends) -> Result<U, Error> + Send>;

/// Something to do, not begun yet.
///
/// Four ways lead on:
///
/// - `.await` does it and gives the result;
/// - [`start`](Self::start) does it in the background and gives a [`Handle`];
/// - [`run_blocking`](Self::run_blocking) does it on this thread, over a
///   transport of its own, without any runtime;
/// - [`into_operation`](Self::into_operation) hands out the protocol machine
///   for you to drive.
///
/// # Cancel safety
///
/// Dropping it, or the future it becomes, stops the work: requests under way
/// are cut, a download leaves nothing behind under its final name. B2 may
/// already have acted on a request whose answer is not awaited.
#[must_use = "nothing happens before it is awaited, started or run"]
pub struct Run<O: Operation, T = <O as Operation>::Output> {
    context: Arc<Context>,
    begin: Begin<O>,
    ends: Ends,
    finish: Finish<O::Output, T>,
}

impl<O: Operation> Run<O> {
    pub(crate) fn new(context: &Arc<Context>, operation: Result<O, Error>) -> Self {
        Self {
            context: Arc::clone(context),
            begin: Begin::Now(operation),
            ends: Ends::default(),
            finish: Box::new(|output, _| Ok(output)),
        }
    }

    /// Begins with something that may block. The ends that it gives replace
    /// those that it is given, and keep their meter and control.
    #[cfg(feature = "encryption")]
    pub(crate) fn prepared(context: &Arc<Context>, ends: Ends, prepare: Prepare<O>) -> Self {
        Self {
            context: Arc::clone(context),
            begin: Begin::Prepared(prepare),
            ends,
            finish: Box::new(|output, _| Ok(output)),
        }
    }

    /// Begins with something that is fetched, and decides about the ends.
    #[cfg(feature = "encryption")]
    pub(crate) fn fetched(context: &Arc<Context>, ends: Ends, fetch: Box<dyn Fetch<O>>) -> Self {
        Self {
            context: Arc::clone(context),
            begin: Begin::Fetched(fetch),
            ends,
            finish: Box::new(|output, _| Ok(output)),
        }
    }
}

impl<O: Operation, T> Run<O, T> {
    pub(crate) fn with_ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }

    pub(crate) fn then<U: 'static>(
        self,
        finish: impl FnOnce(T, &Ends) -> Result<U, Error> + Send + 'static,
    ) -> Run<O, U>
    where
        T: 'static,
        O::Output: 'static,
    {
        let first = self.finish;
        Run {
            context: self.context,
            begin: self.begin,
            ends: self.ends,
            finish: Box::new(move |output, ends| finish(first(output, ends)?, ends)),
        }
    }

    /// Does it on this thread, over `transport`.
    ///
    /// # Errors
    ///
    /// Those of the operation.
    pub fn run_blocking(self, transport: &dyn BlockingTransport) -> Result<T, Error> {
        let scope = Scope { id: self.context.next_scope() };
        self.ends.report(&self.context, scope);
        let (context, finish) = (&self.context, self.finish);
        let fetch =
            |download, ends: &Ends| drive_blocking(context, scope, download, ends, transport);
        let result = self.begin.blocking(&self.ends, fetch).and_then(|(operation, ends)| {
            drive_blocking(context, scope, operation, &ends, transport)
                .and_then(|output| finish(output, &ends))
        });
        self.ends.meter.ended(result.is_ok());
        result.map_err(told)
    }

    /// The protocol machine, to be driven by your own loop over an
    /// [`Account`](b2_core::Account) of your own. Source, sink and what is
    /// done with the result are then yours too.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if what was asked for breaks B2's rules.
    pub fn into_operation(self) -> Result<O, Error> {
        let one = |_, _: &Ends| {
            let text = "what is decrypted on this side is not fetched by one machine";
            let source = Box::new(RequestError::Contradiction(text));
            Err(Error::Request { operation: "b2_download_file_by_id", source })
        };
        self.begin.blocking(&self.ends, one).map(|(operation, _)| operation)
    }

    /// How far it has come, to be read while it runs.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        let (meter, control) = (Arc::clone(&self.ends.meter), Arc::clone(&self.ends.control));
        Monitor { meter, control }
    }
}

impl<O, T> Run<O, T>
where
    O: Operation<Output: Send + 'static> + Send + 'static,
    T: Send + 'static,
{
    async fn run(self) -> Result<T, Error> {
        let scope = Scope { id: self.context.next_scope() };
        let ends = self.ends.clone();
        ends.report(&self.context, scope);
        let mut ending = Ending { meter: Arc::clone(&ends.meter), success: false };
        let result = self.drive(scope, ends).await;
        ending.success = result.is_ok();
        result.map_err(told)
    }

    async fn drive(self, scope: Scope, ends: Ends) -> Result<T, Error> {
        let (operation, ends) = self.begin.awaited(&self.context, scope, ends).await?;
        // Dropped after the future of `drive`, whose end makes the writer let
        // go of the sink.
        let _early_end = Discard::of(&ends);
        let output = drive(Arc::clone(&self.context), scope, operation, ends.clone()).await?;
        let finish = self.finish;
        if ends.sink.is_none() {
            return finish(output, &ends);
        }
        // Putting a file in its place syncs it, which may take a while.
        blocking::unblock(move || finish(output, &ends)).await
    }

    /// Does it in the background.
    ///
    /// # Errors
    ///
    /// The handle's [`join`](Handle::join) fails if the client has no spawner
    /// and no runtime to begin it on.
    pub fn start(self) -> Handle<T> {
        let monitor = self.monitor();
        let (done, result) = async_channel::bounded(1);
        let spawn = self.context.spawn.clone();
        let journal = self.ends.journal.clone();
        let task = async move {
            let _nobody_waits = done.send(self.run().await).await;
        };
        let waiting = match spawn {
            Some(spawn) => {
                spawn.spawn(Box::pin(task));
                None
            }
            None => Some(Box::pin(task) as BoxFuture<'static, ()>),
        };
        Handle { monitor, journal, result, waiting: Mutex::new(waiting) }
    }
}

impl<O, T> IntoFuture for Run<O, T>
where
    O: Operation<Output: Send + 'static> + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Result<T, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Removes a temporary file when the work ends, however it ends. A file that
/// was put in its place is not temporary any more.
///
/// A writer on another thread may still hold the sink for a moment. Waiting
/// for it here means that a program may exit right after the drop.
struct Discard(Option<Arc<Mutex<Sink>>>);

impl Discard {
    fn of(ends: &Ends) -> Self {
        Self(ends.sink.clone().filter(|_| ends.temporary))
    }
}

impl Drop for Discard {
    fn drop(&mut self) {
        if let Some(sink) = &self.0 {
            sink.lock().unwrap_or_else(PoisonError::into_inner).discard();
        }
    }
}

impl<O: Operation, T> fmt::Debug for Run<O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("ends", &self.ends).finish_non_exhaustive()
    }
}

/// Work in the background.
///
/// Dropping the handle lets the work go on. A client without a spawner does
/// the work while [`join`](Self::join) is awaited.
pub struct Handle<T> {
    monitor: Monitor,
    journal: Option<Arc<dyn Recording>>,
    result: async_channel::Receiver<Result<T, Error>>,
    waiting: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl<T> Handle<T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// Those of the operation; [`Error::Cancelled`] after
    /// [`abort`](Self::abort) or if the runtime was shut down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets the work go on, if there is a spawner.
    pub async fn join(self) -> Result<T, Error> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let result = async { self.result.recv().await.unwrap_or(Err(Error::Cancelled)) };
        match waiting {
            None => result.await,
            Some(work) => {
                futures_lite::future::or(result, async {
                    work.await;
                    std::future::pending().await
                })
                .await
            }
        }
    }

    /// A view that can be kept while the handle is joined.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Stops the work and undoes what was done by halves: an upload in parts
    /// is cancelled on the server. Requests under way are cut. Then
    /// [`join`](Self::join) fails with [`Error::Cancelled`], unless the work
    /// was done before it heard of it.
    pub fn abort(&self) {
        self.monitor.abort();
    }

    /// Stops the work and leaves what B2 has confirmed of an upload in parts
    /// on the server, to be continued from its journal or
    /// [`snapshot`](Self::snapshot). Until then its parts cost money.
    pub fn interrupt(&self) {
        self.monitor.interrupt();
    }

    /// Begins no further part of an upload until [`unpause`](Self::unpause);
    /// those under way are completed. Other work cannot be paused and goes on.
    pub fn pause(&self) {
        self.monitor.control.pause(true);
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn unpause(&self) {
        self.monitor.control.pause(false);
    }

    /// What another upload needs to go on with this one, as it is now; `None`
    /// unless it is an upload in parts that has begun.
    #[must_use]
    pub fn snapshot(&self) -> Option<Resume> {
        self.journal.as_ref().and_then(|journal| journal.resume()).filter(Resume::begun)
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.monitor.progress()
    }

    /// What it waits for at present; `None` while it works or before it
    /// began.
    #[must_use]
    pub fn waiting_for(&self) -> Option<WaitReason> {
        self.monitor.waiting_for()
    }

    /// What each part or piece under way waits for, as
    /// [`Monitor::slots`].
    #[must_use]
    pub fn slots(&self) -> Vec<Slot> {
        self.monitor.slots()
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// A view of running work that can be kept anywhere, with a string to pull.
#[derive(Clone, Debug)]
pub struct Monitor {
    meter: Arc<Meter>,
    control: Arc<Control>,
}

impl Monitor {
    /// As [`Handle::abort`], from any thread; it also ends work that another
    /// thread does with [`Run::run_blocking`].
    pub fn abort(&self) {
        self.control.stop(Stop::Cancel);
    }

    /// As [`Handle::interrupt`], from any thread.
    pub fn interrupt(&self) {
        self.control.stop(Stop::Keep);
    }

    /// How far the work has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.meter.read()
    }

    /// What it waits for at present; `None` while it works.
    #[must_use]
    pub fn waiting_for(&self) -> Option<WaitReason> {
        self.meter.waiting_for()
    }

    /// What each part of an upload or piece of a download under way waits
    /// for; empty for work that is one request at a time, and while it works.
    #[must_use]
    pub fn slots(&self) -> Vec<Slot> {
        self.meter.slots()
    }
}
