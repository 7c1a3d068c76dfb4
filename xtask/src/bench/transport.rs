//! `cargo xtask bench transport`: the transport beside the least that hyper can do.
//!
//! One GiB each way over plain HTTP and over TLS, ours and bare hyper in turn, against a server in
//! a process and on a core of its own. The kernel's books say what each process cost; a counting
//! allocator says what it allocated: a copy of the body would show as a MiB for each MiB.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::cores::Cores;
use super::figures::{self, Verdict};
use super::measure::{median, pinned_cost};
use crate::failure::Failure;
use crate::table::Table;
use crate::{program, workspace};

/// The options of `cargo xtask bench transport`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each is measured; the middle one counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The processor's time that ours may take, as a ratio to bare hyper.
const RATIO: f64 = 1.15;
/// What ours may allocate beyond bare hyper, in MiB for each MiB: a copy would be 1.
const COPIES: f64 = 0.1;

const MIB: f64 = 1024.0 * 1024.0;
/// MiB that are moved.
const MOVED: f64 = 1024.0;

/// Measures everything and prints it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let stage = Stage::set()?;
    let mut table = Table::new([
        "work",
        "bare CPU s",
        "ours",
        "ratio",
        "bare allocs/MiB",
        "ours",
        "bare KiB/MiB",
        "ours",
    ]);
    let mut verdicts = Vec::new();
    for (scheme, url) in ["http", "https"].into_iter().zip(&stage.urls) {
        for way in ["upload", "download"] {
            let (mut bare, mut ours) = (Runs::default(), Runs::default());
            for _ in 0..args.rounds.max(1) {
                bare.push(stage.run("bare", way, url)?);
                ours.push(stage.run("ours", way, url)?);
            }
            let [bare, ours] = [bare.middle(), ours.middle()];
            let name = format!("{way} 1 GiB, {scheme}");
            let ratio = ours.cpu / bare.cpu;
            table.row([
                name.clone(),
                format!("{:.3}", bare.cpu),
                format!("{:.3}", ours.cpu),
                format!("{ratio:.2}"),
                format!("{:.1}", bare.allocations / MOVED),
                format!("{:.1}", ours.allocations / MOVED),
                format!("{:.1}", bare.bytes / 1024.0 / MOVED),
                format!("{:.1}", ours.bytes / 1024.0 / MOVED),
            ]);
            verdicts.push(Verdict::ratio(format!("{name}: CPU"), Some(ratio), RATIO));
            let copies = (ours.bytes - bare.bytes) / MIB / MOVED;
            verdicts.push(Verdict::ratio(format!("{name}: copies"), Some(copies), COPIES));
        }
    }
    println!("{}\n\n{}", table.render(), figures::verdicts(&verdicts));
    figures::conclude(&verdicts)
}

/// What one run cost, or the middle of several.
#[derive(Clone, Copy, Debug)]
struct Run {
    cpu: f64,
    allocations: f64,
    bytes: f64,
}

#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    fn push(&mut self, run: Run) {
        self.0.push(run);
    }

    fn middle(&self) -> Run {
        let of = |pick: fn(&Run) -> f64| median(self.0.iter().map(pick).collect());
        Run {
            cpu: of(|run| run.cpu),
            allocations: of(|run| run.allocations),
            bytes: of(|run| run.bytes),
        }
    }
}

/// The server, and the program that talks to it.
struct Stage {
    program: PathBuf,
    certificate: PathBuf,
    report: PathBuf,
    cores: Cores,
    urls: Vec<String>,
    server: Child,
}

impl Stage {
    fn set() -> Result<Self, Failure> {
        let example = ["build", "--release", "-p", "b2-testing", "--example", "transport"];
        program::attached(program::cargo().args(example))?;
        let program = workspace::target()?.join("release/examples/transport");
        let folder = workspace::root().join("target/bench-transport");
        std::fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, error))?;
        let (certificate, report) = (folder.join("certificate.pem"), folder.join("report"));
        let cores = Cores::find()?;
        let (server, urls) = cores.as_server(|| serve(&program, &certificate))??;
        Ok(Self { program, certificate, report, cores, urls, server })
    }

    fn run(&self, who: &str, way: &str, url: &str) -> Result<Run, Failure> {
        let mut command = Command::new(&self.program);
        command.args([who, way, url]).arg(&self.certificate).arg(&self.report);
        let cost = pinned_cost(&self.cores, &mut command)?;
        let text = std::fs::read_to_string(&self.report)
            .map_err(|error| Failure::io(&self.report, error))?;
        let mut counts = text.split_whitespace().map(|word| word.parse::<f64>().ok());
        let (Some(Some(allocations)), Some(Some(bytes))) = (counts.next(), counts.next()) else {
            return Err(Failure::Wrong(format!("the report is `{text}`")));
        };
        Ok(Run { cpu: cost.cpu.as_secs_f64(), allocations, bytes })
    }
}

fn serve(program: &Path, certificate: &Path) -> Result<(Child, Vec<String>), Failure> {
    let mut command = Command::new(program);
    command.arg("serve").arg(certificate).stdout(Stdio::piped());
    let line = program::line(&command);
    let start = |source| Failure::Start { program: line.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let mut urls = Vec::new();
    if let Some(stdout) = child.stdout.as_mut() {
        for line in BufReader::new(stdout).lines().take(2) {
            urls.push(line.map_err(start)?);
        }
    }
    if urls.len() < 2 {
        return Err(Failure::Wrong("the server did not say where it is".to_owned()));
    }
    Ok((child, urls))
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}
