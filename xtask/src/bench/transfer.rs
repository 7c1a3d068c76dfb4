//! `cargo xtask bench transfer`: there and back, beside the floor and beside other clients.

use std::path::Path;

use super::figures::{self, Figures, Verdict};
use super::measure::cost;
use super::stage::{LARGE, MANY_DOWN, MANY_UP, NAMES, Stage};
use super::work::{EVERYBODY, Who, Work};
use crate::failure::Failure;
use crate::program;

/// The options of `cargo xtask bench transfer`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Size of the large file, in MiB; at most 4768, as one request carries it.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    size: u64,
    /// Rounds; the median counts.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    rounds: u32,
    /// Small files that are uploaded and downloaded by one process.
    #[arg(long, value_name = "COUNT", default_value_t = 2000)]
    files: u32,
    /// Names that are listed. To make them takes some minutes for a million.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    names: u64,
    /// Leave rclone and the official tool out.
    #[arg(long)]
    no_peers: bool,
    /// Only work whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Sizes in bytes of the files beside the large one: what one small file costs.
const SINGLE: [u64; 2] = [4 * 1024, 1024 * 1024];

/// Builds, runs and prints.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let stage = Stage::set(!args.no_peers)?;
    if let Some(peers) = &stage.peers {
        println!("Beside {}.", peers.versions()?);
    }
    println!(
        "CPU is user and system time of the client alone, as a ratio to the floor; medians of {} \
         rounds.\nClient and server have a core each unless it says otherwise. The server \
         computes no MD5.\n",
        args.rounds
    );
    let bench = Bench { args, stage };
    let mut all = Vec::new();
    bench.large(&mut all)?;
    bench.many(&mut all)?;
    bench.names(&mut all)?;
    bench.measure(&mut all, &Work::StartUp, true)?;
    println!("{}\n", figures::table(&all));
    let verdicts = verdicts(&all);
    println!("{}", figures::verdicts(&verdicts));
    bench.stage.clear()?;
    figures::conclude(&verdicts)
}

struct Bench<'a> {
    args: &'a Args,
    stage: Stage,
}

impl Bench<'_> {
    fn is_wanted(&self, work: &Work) -> bool {
        self.args.only.as_ref().is_none_or(|only| work.name().contains(only.as_str()))
    }

    fn large(&self, all: &mut Vec<Figures>) -> Result<(), Failure> {
        let source = self.stage.source(self.args.size << 20)?;
        let (upload, large) = (Work::Upload(source.clone()), Work::UploadLarge(source.clone()));
        self.measure(all, &upload, true)?;
        self.measure(all, &large, true)?;
        self.measure(all, &large, false)?;
        self.measure(all, &Work::UploadEncrypted(source.clone()), true)?;
        let works = [Work::Download(source.clone()), Work::DownloadSynced(source.clone())];
        self.download(all, &source, &[(&works[0], true), (&works[0], false), (&works[1], true)])?;
        for size in SINGLE {
            let source = self.stage.source(size)?;
            self.measure(all, &Work::Upload(source.clone()), true)?;
            self.download(all, &source, &[(&Work::Download(source.clone()), true)])?;
        }
        Ok(())
    }

    /// Downloads what is uploaded for it.
    fn download(
        &self,
        all: &mut Vec<Figures>,
        source: &Path,
        works: &[(&Work, bool)],
    ) -> Result<(), Failure> {
        if !works.iter().any(|(work, _)| self.is_wanted(work)) {
            return Ok(());
        }
        let mut upload = self.stage.floor(&self.stage.durable, "upload", LARGE);
        cost(upload.arg(source).arg("whole"))?;
        for (work, pinned) in works {
            self.measure(all, work, *pinned)?;
        }
        self.stage.remove("whole")
    }

    fn many(&self, all: &mut Vec<Figures>) -> Result<(), Failure> {
        let (folder, list) = self.stage.small_files(self.args.files)?;
        let upload = Work::UploadMany(folder.clone());
        let download = Work::DownloadMany(list, self.args.files);
        if self.is_wanted(&upload) {
            self.stage.create(&self.stage.quick, MANY_UP)?;
            self.measure(all, &upload, true)?;
        }
        if self.is_wanted(&download) {
            self.stage.create(&self.stage.quick, MANY_DOWN)?;
            cost(self.stage.floor(&self.stage.quick, "upload-many", MANY_DOWN).arg(folder))?;
            self.measure(all, &download, true)?;
        }
        Ok(())
    }

    fn names(&self, all: &mut Vec<Figures>) -> Result<(), Failure> {
        let work = Work::List(self.args.names);
        if !self.is_wanted(&work) {
            return Ok(());
        }
        let quick = &self.stage.quick;
        self.stage.create(quick, NAMES)?;
        let fill = cost(self.stage.floor(quick, "fill", NAMES).arg(self.args.names.to_string()))?;
        println!("It took {:.0} s to make {} names.", fill.wall.as_secs_f64(), self.args.names);
        let uri = format!("b2://{NAMES}");
        let listed = program::stdout(self.stage.b2(quick).args(["ls", "-r", &uri]))?;
        let listed = listed.lines().count() as u64;
        if listed != self.args.names {
            return Err(Failure::Wrong(format!("{listed} names were listed")));
        }
        self.measure(all, &work, true)
    }

    /// Has the work done by everybody in turn, some times over.
    fn measure(&self, all: &mut Vec<Figures>, work: &Work, pinned: bool) -> Result<(), Failure> {
        if !self.is_wanted(work) {
            return Ok(());
        }
        let mut rounds = Vec::new();
        // One round that does not count warms the page cache.
        for round in 0..=self.args.rounds {
            for who in EVERYBODY {
                // Nobody waits for the slow ones twice.
                if round == 0 && matches!(who, Who::Rclone | Who::Official) {
                    continue;
                }
                let cost = work.run(&self.stage, who, pinned)?;
                rounds.extend(cost.filter(|_| round > 0).map(|cost| (who, cost)));
            }
        }
        let figures = Figures { name: work.name(), pinned, rounds };
        println!("{}: b2 {:.3} s of CPU", figures.name, figures.cpu(Who::Ours).unwrap_or(f64::NAN));
        all.push(figures);
        Ok(())
    }
}

/// Bytes in MiB that no client of ours may exceed.
const PEAK_MIB: f64 = 32.0;

/// What it takes besides to make a key of a password.
const DERIVATION_MIB: f64 = 64.0;

/// The figures that matter and what they should be.
fn verdicts(all: &[Figures]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for figures in all {
        let (name, ours) = (&figures.name, figures.ratio(Who::Ours));
        let is_large = !name.contains(" KiB") && !name.contains(" 1 MiB");
        let wall = |target| {
            let what = format!("{name}: wall beside the best peer");
            Verdict::ratio(what, figures.wall_ratio(), target)
        };
        let cpu = |target| Verdict::ratio(format!("{name}: CPU beside the floor"), ours, target);
        verdicts.extend(match (name.split(' ').next().unwrap_or_default(), figures.pinned) {
            _ if name.contains("of 4 KiB") => vec![cpu(2.5), wall(0.2)],
            ("encrypted", true) => {
                vec![Verdict::ratio(format!("{name}: CPU beside a plain one"), ours, 1.5)]
            }
            ("upload", true) if name.contains("large_file_sha1") => vec![cpu(1.05)],
            ("upload", true) if is_large => vec![cpu(1.15)],
            ("upload", false) => vec![wall(0.6)],
            ("download", true) if is_large => vec![cpu(1.05)],
            ("download", false) => vec![wall(0.75)],
            ("list", _) => vec![cpu(2.0)],
            ("start", _) => {
                let ms = figures.cpu(Who::Ours).map(|seconds| seconds * 1000.0);
                vec![Verdict {
                    what: "start: CPU".to_owned(),
                    measured: ms,
                    target: 5.0,
                    unit: " ms",
                }]
            }
            _ => Vec::new(),
        });
        let what = format!("{name}: peak memory");
        let derivation = if name.starts_with("encrypted") { DERIVATION_MIB } else { 0.0 };
        verdicts.push(Verdict::mib(what, figures.peak_mib(Who::Ours), PEAK_MIB + derivation));
    }
    verdicts
}
