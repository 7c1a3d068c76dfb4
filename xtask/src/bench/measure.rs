//! What a finished process cost, by the kernel's books.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};

use super::cores::Cores;
use crate::failure::Failure;
use crate::program;

/// The cost of one run of a program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Time on the clock.
    pub(crate) wall: Duration,
    /// Most memory resident at any time, in KiB.
    pub(crate) peak_kib: u64,
}

/// Runs a program to its end on the cores of the client; it must succeed.
pub(crate) fn pinned_cost(cores: &Cores, command: &mut Command) -> Result<Cost, Failure> {
    cores.as_client(|| cost(command))?
}

/// Runs a program to its end; it must succeed.
pub(crate) fn cost(command: &mut Command) -> Result<Cost, Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let before = children()?;
    let begun = Instant::now();
    let line = program::line(command);
    let mut child =
        command.spawn().map_err(|source| Failure::Start { program: line.clone(), source })?;
    let peak_kib = watch_memory(&mut child)?;
    let output = child.wait_with_output().map_err(|error| Failure::Wrong(error.to_string()))?;
    let wall = begun.elapsed();
    let after = children()?;
    if !output.status.success() {
        return Err(Failure::Program {
            command: line,
            status: output.status.to_string(),
            output: program::said(&output),
        });
    }
    Ok(Cost { cpu: cpu(&after) - cpu(&before), wall, peak_kib })
}

/// Looks at the process's own high-water mark until it ends. The last look may be some
/// milliseconds old, which a transfer of steady memory does not notice.
fn watch_memory(child: &mut std::process::Child) -> Result<u64, Failure> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        let ended = child.try_wait().map_err(|error| Failure::Wrong(error.to_string()))?;
        if ended.is_some() {
            return Ok(peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn children() -> Result<Usage, Failure> {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| Failure::Wrong(error.to_string()))
}

fn cpu(usage: &Usage) -> Duration {
    let micros = |time: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        Duration::from_secs(seconds)
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
    };
    micros(usage.user_time()) + micros(usage.system_time())
}

/// The middle one.
pub(crate) fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or(f64::NAN)
}
