//! Stopping half-way without leaving anything behind.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use b2::Monitor;

use crate::exit::Exit;
use crate::failure::Failure;

/// Who asked us to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("interrupted")]
    Interrupted,
    #[cfg(unix)]
    #[error("terminated")]
    Terminated,
}

impl Stop {
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            #[cfg(unix)]
            Self::Terminated => Exit::Terminated,
        }
    }
}

/// How long work may take to end in good order once a signal has come.
const TIDYING: Duration = Duration::from_secs(10);

/// Work that has something to tidy up on the server when a signal comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tidying(Arc<Mutex<Option<Monitor>>>);

impl Tidying {
    /// From now on a signal aborts this work and waits for its end.
    pub(crate) fn begin(&self, monitor: Monitor) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(monitor);
    }

    fn monitor(&self) -> Option<Monitor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Does `work` until it is done or a signal comes. In that case it is dropped,
/// which cuts requests and removes temporary files before this returns. What
/// has something to tidy up on the server may do so first; a second signal
/// ends that too.
pub(crate) async fn unless_stopped<T>(
    tidying: &Tidying,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let no_signals = |source| Failure::local("signals cannot be awaited", source);
    let stopped_once = stopped().map_err(no_signals)?;
    let mut work = pin!(work);
    let stop = tokio::select! {
        biased;
        stop = stopped_once => stop,
        result = &mut work => return result,
    };
    if let Some(monitor) = tidying.monitor() {
        monitor.abort();
        let stopped_twice = stopped().map_err(no_signals)?;
        tokio::select! {
            biased;
            _ = stopped_twice => {}
            _ = work => {}
            () = tokio::time::sleep(TIDYING) => {}
        }
    }
    Err(Failure::Stopped(stop))
}

#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = Stop>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // SIGHUP keeps its default: a handler would break `nohup`.
    // A file that outgrows `ulimit -f` would kill us before we could tidy up.
    // Watched, the signal only makes the write fail.
    let too_large = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
    Ok(async move {
        let _watched = too_large;
        tokio::select! {
            _ = interrupt.recv() => Stop::Interrupted,
            _ = terminate.recv() => Stop::Terminated,
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = Stop>> {
    Ok(async {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Stop::Interrupted,
            // Without a handler the system ends us by itself.
            Err(_) => std::future::pending().await,
        }
    })
}
