//! `cargo xtask bench memory`: how much memory a file takes that is larger than memory.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::figures::{self, Verdict};
use super::measure::{Cost, cost};
use super::stage::{LARGE, Stage};
use crate::failure::Failure;
use crate::table::Table;

/// The options of `cargo xtask bench memory`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Sizes of the files, in GB. The server keeps one of them at a time on the disk.
    #[arg(long, value_name = "GB", value_delimiter = ',', default_values_t = [1, 10])]
    sizes: Vec<u64>,
}

/// What is allowed, in MiB.
const PEAK_MIB: f64 = 32.0;

/// Uploads and downloads sparse files at default settings and prints the peaks.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let stage = Stage::set(false)?;
    let mut table = Table::new(["transfer", "peak MiB", "wall s", "CPU s"]);
    let mut verdicts = Vec::new();
    for size in &args.sizes {
        let source = sparse(&stage, *size)?;
        let up = upload(&stage, &source)?;
        let down = download(&stage, &source)?;
        stage.remove("sparse")?;
        for (direction, cost) in [("upload", up), ("download", down)] {
            let (what, mib) = (format!("{direction} {size} GB"), cost.peak_kib as f64 / 1024.0);
            let (wall, cpu) = (cost.wall.as_secs_f64(), cost.cpu.as_secs_f64());
            table.row([
                what.clone(),
                format!("{mib:.1}"),
                format!("{wall:.1}"),
                format!("{cpu:.1}"),
            ]);
            verdicts.push(Verdict::mib(what, Some(mib), PEAK_MIB));
        }
    }
    println!("{}\n\n{}", table.render(), figures::verdicts(&verdicts));
    stage.clear()?;
    figures::conclude(&verdicts)
}

fn upload(stage: &Stage, source: &Path) -> Result<Cost, Failure> {
    let upload = ["file", "upload", LARGE];
    cost(stage.b2(&stage.durable).args(upload).arg(source).arg("sparse"))
}

fn download(stage: &Stage, source: &Path) -> Result<Cost, Failure> {
    let back = stage.path("back");
    let uri = format!("b2://{LARGE}/sparse");
    let cost = cost(stage.b2(&stage.durable).args(["file", "download", &uri]).arg(&back))?;
    stage.compare(source, &back)?;
    std::fs::remove_file(&back).map_err(|error| Failure::io(&back, error))?;
    Ok(cost)
}

/// A file that is long and takes no room.
fn sparse(stage: &Stage, gigabytes: u64) -> Result<PathBuf, Failure> {
    let path = stage.path(&format!("sparse-{gigabytes}"));
    let made = File::create(&path).and_then(|file| file.set_len(gigabytes * 1_000_000_000));
    made.map_err(|error| Failure::io(&path, error))?;
    Ok(path)
}
