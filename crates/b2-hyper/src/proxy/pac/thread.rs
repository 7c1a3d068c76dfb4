//! Threads that scripts run on.
//!
//! A script cannot always be stopped: the engine asks whether it is time only
//! where the language may loop, and not inside each of its own functions. So a
//! script has threads of its own, which nobody waits for longer than it may
//! take, be it a request or a runtime that shuts down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};
use tokio::time::timeout_at;

use super::engine::TIME;

/// So many scripts may run at a time, whoever asks them.
static ALL: Semaphore = Semaphore::const_new(8);
/// So many times may one script run at a time.
const EACH: usize = 2;
/// A script that runs so much longer than it may cannot be stopped.
const GRACE: Duration = Duration::from_secs(1);

/// The threads of one script.
#[derive(Clone)]
pub(super) struct Threads {
    places: Arc<Semaphore>,
    begun: Arc<Mutex<Vec<Instant>>>,
}

impl Default for Threads {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(EACH)), begun: Arc::default() }
    }
}

/// Held by a thread until it ends, whenever that may be.
struct Place {
    began: Instant,
    begun: Arc<Mutex<Vec<Instant>>>,
    _all: SemaphorePermit<'static>,
    _own: OwnedSemaphorePermit,
}

impl Threads {
    /// Has a thread do `ask`, and waits 5 seconds at the most: the thread may
    /// go on behind our back, but then no other one is begun.
    ///
    /// Dropping the future leaves the thread alone, and what it finds is lost.
    pub(super) async fn run<F>(&self, ask: F) -> Result<String, String>
    where
        F: FnOnce() -> Result<String, String> + Send + 'static,
    {
        self.check()?;
        let end = tokio::time::Instant::now() + TIME;
        let places =
            async { (Arc::clone(&self.places).acquire_owned().await, ALL.acquire().await) };
        let (own, all) = timeout_at(end, places)
            .await
            .map_err(|_| format!("others have run for {TIME:?} and it could not begin"))?;
        let gone = |_| "it cannot be run any more".to_owned();
        let place = self.place(own.map_err(gone)?, all.map_err(gone)?);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("b2-proxy-script".to_owned());
        let begun = thread.spawn(move || {
            let answer = ask();
            drop(place);
            // Nobody may be waiting any more.
            let _ = tell.send(answer);
        });
        begun.map_err(|error| format!("there is no thread for it: {error}"))?;
        match timeout_at(end, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("it broke off".to_owned()),
            Err(_) => Err(format!("it took longer than {TIME:?}")),
        }
    }

    /// Whether it always came to an end in time.
    fn check(&self) -> Result<(), String> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.iter().any(|began| began.elapsed() > TIME + GRACE) {
            return Err("it was asked before and cannot be stopped".to_owned());
        }
        Ok(())
    }

    fn place(&self, own: OwnedSemaphorePermit, all: SemaphorePermit<'static>) -> Place {
        let began = Instant::now();
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(began);
        Place { began, begun: Arc::clone(&self.begun), _all: all, _own: own }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = begun.iter().position(|began| *began == self.began) {
            begun.swap_remove(index);
        }
    }
}
