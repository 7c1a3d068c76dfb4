//! `cargo xtask torture transfers`: kill -9, and go on.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::Server;
use crate::failure::Failure;
use crate::table::Table;
use crate::{program, workspace};

/// The options of `cargo xtask torture transfers`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Kills in each direction.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    kills: u32,
    /// Size of the file, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    size: u64,
    /// Determines the moments; the same seed asks for the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Encrypt the uploads and decrypt the downloads.
    #[arg(long)]
    encrypted: bool,
}

const BUCKET: &str = "torture-transfers";

/// Builds, kills and prints.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let stage = Stage::set(args)?;
    let mut table = Table::new([
        "direction",
        "kills",
        "runs to the end",
        "requests with content",
        "confirmed sent twice",
        "orphans",
        "damaged",
    ]);
    let mut random = Random(args.seed);
    let uploads = stage.uploads(args.kills, &mut random)?;
    table.row(uploads.row("upload"));
    let downloads = stage.downloads(args.kills, &mut random)?;
    table.row(downloads.row("download"));
    println!("{}", table.render());
    let folder = &stage.folder;
    std::fs::remove_dir_all(folder).map_err(|error| Failure::io(folder, error))?;
    uploads.verdict()?;
    downloads.verdict()
}

/// What happened in one direction.
#[derive(Debug, Default)]
struct Tally {
    kills: u32,
    ends: u32,
    parts: u64,
    twice: u64,
    orphans: usize,
    damaged: u32,
}

impl Tally {
    fn row(&self, direction: &str) -> [String; 7] {
        [
            direction.to_owned(),
            self.kills.to_string(),
            self.ends.to_string(),
            self.parts.to_string(),
            self.twice.to_string(),
            self.orphans.to_string(),
            self.damaged.to_string(),
        ]
    }

    fn verdict(&self) -> Result<(), Failure> {
        let sound = self.twice == 0 && self.orphans == 0 && self.damaged == 0;
        let text = "a confirmed part was sent twice, or something was left or damaged";
        if sound { Ok(()) } else { Err(Failure::Wrong(text.to_owned())) }
    }
}

struct Stage {
    encrypted: bool,
    folder: PathBuf,
    server: Server,
    program: PathBuf,
    source: PathBuf,
}

impl Stage {
    fn set(args: &Args) -> Result<Self, Failure> {
        let mut command = program::cargo();
        command.args(["build", "--release", "-p", "b2-cli", "-p", "b2-emulator", "--bins"]);
        program::stdout(&mut command).map(drop)?;
        let folder = workspace::root().join("target/torture");
        let io = |error| Failure::io(&folder, error);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(io)?;
        }
        std::fs::create_dir_all(&folder).map_err(io)?;
        let built = workspace::target()?.join("release");
        let server = Server::start(&built.join("b2-emulator"), &folder.join("data"))?;
        let source = folder.join("source");
        write_noise(&source, args.size * 1024 * 1024, args.seed).map_err(io)?;
        let program = built.join("b2");
        let stage = Self { encrypted: args.encrypted, folder, server, program, source };
        stage.finish(&["bucket", "create", BUCKET, "allPrivate"])?;
        Ok(stage)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("B2_ENVIRONMENT", self.server.base_url())
            .env("B2_APPLICATION_KEY_ID", self.server.key_id())
            .env("B2_APPLICATION_KEY", self.server.key())
            .env("XDG_CONFIG_HOME", &self.folder)
            .env("XDG_STATE_HOME", &self.folder)
            .env("B2_ENCRYPTION_PASSWORD", "correct horse battery staple")
            .stdin(Stdio::null());
        command
    }

    /// The command with the option, if transfers are encrypted.
    fn with<'a>(&self, option: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        let option = self.encrypted.then_some(option);
        arguments.iter().copied().chain(option).collect()
    }

    /// Runs a command to its end and gives its standard output.
    fn finish(&self, arguments: &[&str]) -> Result<String, Failure> {
        program::stdout(&mut self.command(arguments))
    }

    /// Runs a command that tells all it does, and kills it after a while
    /// unless it is done before.
    fn begin(&self, arguments: &[&str], kill_after: Option<Duration>) -> Result<Run, Failure> {
        let mut command = self.command(arguments);
        command.arg("-vv").stdout(Stdio::null()).stderr(Stdio::piped());
        let line = program::line(&command);
        let start = |source| Failure::Start { program: line, source };
        let mut child = command.spawn().map_err(start)?;
        let told = child.stderr.take();
        // Read on a thread of its own, or the pipe would fill up.
        let reading = std::thread::spawn(move || match told {
            Some(told) => BufReader::new(told).lines().map_while(Result::ok).collect::<Vec<_>>(),
            None => Vec::new(),
        });
        let ended = wait(&mut child, kill_after);
        let told = reading.join().unwrap_or_default();
        match ended {
            Some(false) => Err(Failure::Wrong(told.join("\n"))),
            ended => Ok(Run { complete: ended.is_some(), told }),
        }
    }

    fn uploads(&self, kills: u32, random: &mut Random) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let source = self.source.display().to_string();
        let upload =
            ["file", "upload", "--part-size", "10000000", BUCKET, &source, "big", "--no-progress"];
        let upload = self.with("--encrypt", &upload);
        let typical = self.time(&upload)?;
        while tally.kills < kills {
            // Parts that a run was told to be stored, of the present file.
            let mut confirmed = BTreeSet::new();
            loop {
                let patience = (tally.kills < kills).then(|| random.below(typical));
                let run = self.begin(&upload, patience)?;
                tally.kills += u32::from(!run.complete);
                tally.parts += run.count("b2_upload_part: POST");
                for part in run.stored() {
                    tally.twice += u64::from(!confirmed.insert(part));
                }
                if run.complete {
                    break;
                }
            }
            tally.ends += 1;
            self.compare(&mut tally, "big")?;
            tally.orphans += self.orphans()?;
            if tally.kills < kills {
                // Or the disk would hold all of them in the end.
                self.finish(&["rm", "--versions", &format!("b2://{BUCKET}/big")])?;
            }
        }
        Ok(tally)
    }

    fn downloads(&self, kills: u32, random: &mut Random) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let to = self.folder.join("to");
        let (uri, path) = (format!("b2://{BUCKET}/big"), to.display().to_string());
        // One that was killed just after its file was put in its place finds
        // it there.
        // On this line one piece at a time would be fast enough; several leave
        // gaps.
        let several = ["file", "download", "--threads", "4"];
        let download = [&several[..], &["--resume", "--overwrite", "--no-progress", &uri, &path]];
        let download = download.concat();
        let download = self.with("--decrypt", &download);
        let typical = self.time(&download)?;
        std::fs::remove_file(&to).map_err(|error| Failure::io(&to, error))?;
        while tally.kills < kills {
            let mut pieces = 0;
            loop {
                let patience = (tally.kills < kills).then(|| random.below(typical));
                let run = self.begin(&download, patience)?;
                tally.kills += u32::from(!run.complete);
                pieces += run.count("b2_download_file_by");
                if run.complete {
                    break;
                }
                // It appears only when it is complete.
                if to.exists() {
                    tally.damaged += u32::from(!same(&self.source, &to)?);
                }
            }
            tally.ends += 1;
            tally.parts += pieces;
            tally.damaged += u32::from(!same(&self.source, &to)?);
            std::fs::remove_file(&to).map_err(|error| Failure::io(&to, error))?;
        }
        let left = self.leftovers()?;
        tally.orphans = left.len();
        Ok(tally)
    }

    /// How long it takes if nobody interferes.
    fn time(&self, arguments: &[&str]) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.begin(arguments, None)?;
        Ok(begun.elapsed())
    }

    fn compare(&self, tally: &mut Tally, name: &str) -> Result<(), Failure> {
        let back = self.folder.join("back");
        let uri = format!("b2://{BUCKET}/{name}");
        let to = back.display().to_string();
        let download = ["file", "download", "--overwrite", &uri, &to];
        self.finish(&self.with("--decrypt", &download))?;
        tally.damaged += u32::from(!same(&self.source, &back)?);
        Ok(())
    }

    /// Large files that are neither finished nor cancelled.
    fn orphans(&self) -> Result<usize, Failure> {
        let uri = format!("b2://{BUCKET}");
        let rows = self.finish(&["ls", "--versions", "--json", &uri])?;
        Ok(rows.lines().filter(|row| row.contains("\"action\":\"start\"")).count())
    }

    /// Files that a download should not have left.
    fn leftovers(&self) -> Result<Vec<PathBuf>, Failure> {
        let io = |error| Failure::io(&self.folder, error);
        let mut left = Vec::new();
        for folder in [self.folder.clone(), self.folder.join("b2/transfers")] {
            for entry in std::fs::read_dir(folder).map_err(io)? {
                let path = entry.map_err(io)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with(".b2-partial-") || name.ends_with(".journal") {
                    left.push(path);
                }
            }
        }
        Ok(left)
    }
}

/// What a process told before its end.
struct Run {
    complete: bool,
    told: Vec<String>,
}

impl Run {
    fn count(&self, what: &str) -> u64 {
        self.told.iter().filter(|line| line.contains(what)).count() as u64
    }

    /// The parts that were sent and confirmed: of which large file, and their
    /// numbers. A run that was killed after its very end is followed by the
    /// upload of another file.
    fn stored(&self) -> Vec<(String, u32)> {
        let (mut file, mut parts) = (String::new(), Vec::new());
        for line in &self.told {
            if let Some((_, rest)) = line.split_once("the large file ") {
                rest.split(' ').next().unwrap_or_default().clone_into(&mut file);
            } else if let Some((_, rest)) = line.split_once("part ")
                && rest.ends_with("is stored")
                && let Some(Ok(number)) = rest.split(' ').next().map(str::parse)
            {
                parts.push((file.clone(), number));
            }
        }
        parts
    }
}

/// Waits for the end, or kills; `None`: it was killed.
fn wait(child: &mut Child, kill_after: Option<Duration>) -> Option<bool> {
    let begun = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        if kill_after.is_some_and(|after| begun.elapsed() >= after) {
            let _gone = child.kill();
            let _reaped = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Moments, by SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
        Duration::from_nanos(self.next() % nanos)
    }
}

fn write_noise(path: &Path, len: u64, seed: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = Random(seed ^ 0x5eed);
    let mut left = len;
    while left > 0 {
        let bytes = random.next().to_le_bytes();
        let take = usize::try_from(left).unwrap_or(bytes.len()).min(bytes.len());
        file.write_all(&bytes[..take])?;
        left -= take as u64;
    }
    file.flush()
}

fn same(one: &Path, other: &Path) -> Result<bool, Failure> {
    let open = |path: &Path| File::open(path).map_err(|error| Failure::io(path, error));
    let (mut a, mut b) = (open(one)?, open(other)?);
    let (mut x, mut y) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = a.read(&mut x).map_err(|error| Failure::io(one, error))?;
        if read == 0 {
            return b.read(&mut y).map(|more| more == 0).map_err(|error| Failure::io(other, error));
        }
        match b.read_exact(&mut y[..read]) {
            Ok(()) if x[..read] == y[..read] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(Failure::io(other, error)),
        }
    }
}
