//! One core for the server, another for the client.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::failure::Failure;

/// The cores that this program may use, and which of them serves whom.
///
/// A program that is started inherits the cores of the thread that starts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    all: CpuSet,
    server: CpuSet,
    client: CpuSet,
}

impl Cores {
    /// The first two cores of this program's own.
    pub(crate) fn find() -> Result<Self, Failure> {
        let all = sched_getaffinity(Pid::from_raw(0)).map_err(wrong)?;
        let mut mine = (0..CpuSet::count()).filter(|core| all.is_set(*core).unwrap_or(false));
        let (Some(first), Some(second)) = (mine.next(), mine.next()) else {
            let text = "client and server need a core each, and there is one";
            return Err(Failure::Wrong(text.to_owned()));
        };
        Ok(Self { all, server: one(first)?, client: one(second)? })
    }

    /// Does something on the server's core; what it starts stays there.
    pub(crate) fn as_server<T>(&self, start: impl FnOnce() -> T) -> Result<T, Failure> {
        self.on(&self.server, start)
    }

    /// Does something on the client's core; what it starts stays there.
    pub(crate) fn as_client<T>(&self, start: impl FnOnce() -> T) -> Result<T, Failure> {
        self.on(&self.client, start)
    }

    fn on<T>(&self, cores: &CpuSet, start: impl FnOnce() -> T) -> Result<T, Failure> {
        let this_thread = Pid::from_raw(0);
        sched_setaffinity(this_thread, cores).map_err(wrong)?;
        let started = start();
        sched_setaffinity(this_thread, &self.all).map_err(wrong)?;
        Ok(started)
    }
}

fn one(core: usize) -> Result<CpuSet, Failure> {
    let mut cores = CpuSet::new();
    cores.set(core).map_err(wrong)?;
    Ok(cores)
}

fn wrong(error: nix::Error) -> Failure {
    Failure::Wrong(format!("the cores of this program cannot be chosen: {error}"))
}
