//! Stopping half-way without leaving anything behind.

use std::future::Future;
use std::io;

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

/// Does `work` until it is done or a signal comes. In that case it is dropped,
/// which cuts requests and removes temporary files before this returns.
pub(crate) async fn unless_stopped<T>(
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let no_signals = |source| Failure::local("signals cannot be awaited", source);
    let stopped = stopped().map_err(no_signals)?;
    tokio::select! {
        biased;
        stop = stopped => Err(Failure::Stopped(stop)),
        result = work => result,
    }
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
