//! `cargo xtask bench transfer`: there and back, beside the floor.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{Cost, cost, median};
use super::server::Server;
use crate::failure::Failure;
use crate::table::Table;
use crate::{program, workspace};

/// The options of `cargo xtask bench transfer`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Size of the large file, in MiB; at most 4768, as one request carries it.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    size: u64,
    /// Rounds; the median counts.
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    rounds: u32,
}

const BUCKET: &str = "bench-transfer";

/// Sizes in bytes of the files beside the large one: what small files cost.
const SMALL: [u64; 2] = [4 * 1024, 1024 * 1024];

/// Builds, runs and prints.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    build()?;
    let folder = workspace::root().join("target/bench");
    prepare(&folder)?;
    let stage = Stage::set(&folder)?;
    println!(
        "CPU seconds are user and system time of the client alone; medians of {} rounds.\n",
        args.rounds
    );
    let mut table = Table::new([
        "transfer",
        "floor CPU s",
        "b2 CPU s",
        "ratio",
        "floor wall s",
        "b2 wall s",
        "ratio",
        "b2 peak MiB",
    ]);
    for size in [args.size * 1024 * 1024].into_iter().chain(SMALL) {
        let source = stage.source(size)?;
        for direction in [Direction::Upload, Direction::Download] {
            let rounds = stage.rounds(direction, &source, args.rounds)?;
            table.row(row(direction, size, &rounds));
        }
    }
    println!("{}", table.render());
    std::fs::remove_dir_all(&folder).map_err(|error| Failure::io(&folder, error))
}

fn build() -> Result<(), Failure> {
    let mut command = program::cargo();
    command.args(["build", "--release", "-p", "b2-cli", "-p", "b2-emulator"]);
    command.args(["-p", "b2-testing", "--bins", "--example", "floor"]);
    program::stdout(&mut command).map(drop)
}

fn prepare(folder: &Path) -> Result<(), Failure> {
    let io = |error| Failure::io(folder, error);
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(io)?;
    }
    std::fs::create_dir_all(folder).map_err(io)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Upload,
    Download,
}

/// Floor and client of one round.
type Round = (Cost, Cost);

/// The server and the two programs that talk to it.
struct Stage {
    folder: PathBuf,
    server: Server,
    client: PathBuf,
    floor: PathBuf,
}

impl Stage {
    fn set(folder: &Path) -> Result<Self, Failure> {
        let built = workspace::target()?.join("release");
        let server = Server::start(&built.join("b2-emulator"), &folder.join("data"))?;
        let client = built.join("b2");
        let floor = built.join("examples/floor");
        let stage = Self { folder: folder.to_path_buf(), server, client, floor };
        cost(stage.b2().args(["bucket", "create", BUCKET, "allPrivate"]))?;
        Ok(stage)
    }

    /// Our command line, with its credentials by environment.
    fn b2(&self) -> Command {
        let mut command = Command::new(&self.client);
        command
            .env("B2_ENVIRONMENT", self.server.base_url())
            .env("B2_APPLICATION_KEY_ID", self.server.key_id())
            .env("B2_APPLICATION_KEY", self.server.key())
            .env("XDG_CONFIG_HOME", &self.folder);
        command
    }

    fn floor(&self, direction: &str) -> Command {
        let mut command = Command::new(&self.floor);
        command.args([direction, self.server.base_url(), self.server.key_id(), self.server.key()]);
        command.arg(BUCKET);
        command
    }

    /// A file of bytes that do not compress and are never all the same.
    fn source(&self, size: u64) -> Result<PathBuf, Failure> {
        let path = self.folder.join(format!("source-{size}"));
        let write = || {
            let mut file = BufWriter::new(File::create(&path)?);
            let mut state = size | 1;
            for _ in 0..size.div_ceil(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                file.write_all(&state.to_le_bytes())?;
            }
            file.into_inner()?.set_len(size)
        };
        write().map_err(|error: std::io::Error| Failure::io(&path, error))?;
        Ok(path)
    }

    fn rounds(
        &self,
        direction: Direction,
        source: &Path,
        count: u32,
    ) -> Result<Vec<Round>, Failure> {
        // One round that does not count warms the page cache of both.
        let mut rounds = vec![];
        for round in 0..=count {
            let pair = match direction {
                Direction::Upload => self.upload(source)?,
                Direction::Download => self.download(source)?,
            };
            if round > 0 {
                rounds.push(pair);
            }
        }
        Ok(rounds)
    }

    fn upload(&self, source: &Path) -> Result<Round, Failure> {
        let name = name(source);
        let floor = cost(self.floor("upload").arg(source).arg(&name))?;
        self.remove(&name)?;
        // In one request, as the floor sends it: the same work on both sides.
        let upload = ["file", "upload", "--part-size", "5000000000", BUCKET];
        let client = cost(self.b2().args(upload).arg(source).arg(&name))?;
        // The last one stays, to be downloaded.
        Ok((floor, client))
    }

    fn download(&self, source: &Path) -> Result<Round, Failure> {
        let name = name(source);
        let back = self.folder.join("back");
        let floor = cost(self.floor("download").arg(&name).arg(&back))?;
        self.compare(source, &back)?;
        let uri = format!("b2://{BUCKET}/{name}");
        let client = cost(self.b2().args(["file", "download", &uri]).arg(&back))?;
        self.compare(source, &back)?;
        Ok((floor, client))
    }

    /// A fast transfer of other bytes would be no transfer.
    fn compare(&self, source: &Path, back: &Path) -> Result<(), Failure> {
        program::stdout(Command::new("cmp").arg(source).arg(back))?;
        std::fs::remove_file(back).map_err(|error| Failure::io(back, error))
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        let uri = format!("b2://{BUCKET}/{name}");
        program::stdout(self.b2().args(["rm", "--versions", "--yes", &uri])).map(drop)
    }
}

fn name(source: &Path) -> String {
    source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Where cargo puts what it builds; an environment variable may say otherwise.
fn row(direction: Direction, size: u64, rounds: &[Round]) -> [String; 8] {
    let of = |pick: fn(&Round) -> f64| median(rounds.iter().map(pick).collect());
    let what = match direction {
        Direction::Upload => "upload",
        Direction::Download => "download",
    };
    let size = if size >= 1024 * 1024 {
        format!("{} MiB", size / 1024 / 1024)
    } else {
        format!("{} KiB", size / 1024)
    };
    [
        format!("{what} {size}"),
        format!("{:.3}", of(|(floor, _)| floor.cpu.as_secs_f64())),
        format!("{:.3}", of(|(_, client)| client.cpu.as_secs_f64())),
        format!("{:.2}", of(|(floor, client)| client.cpu.as_secs_f64() / floor.cpu.as_secs_f64())),
        format!("{:.3}", of(|(floor, _)| floor.wall.as_secs_f64())),
        format!("{:.3}", of(|(_, client)| client.wall.as_secs_f64())),
        format!(
            "{:.2}",
            of(|(floor, client)| client.wall.as_secs_f64() / floor.wall.as_secs_f64())
        ),
        format!("{:.1}", of(|(_, client)| client.peak_kib as f64 / 1024.0)),
    ]
}
