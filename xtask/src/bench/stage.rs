//! Two servers, the programs that talk to them, and what they transfer.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::cores::Cores;
use super::measure::cost;
use super::peers::Peers;
use super::server::Server;
use super::work::Who;
use crate::failure::Failure;
use crate::{program, workspace};

/// Has the large files; its server keeps them on the disk.
pub(crate) const LARGE: &str = "bench-large-files";
/// Small files are uploaded to it.
pub(crate) const MANY_UP: &str = "bench-many-up";
/// Small files are downloaded from it.
pub(crate) const MANY_DOWN: &str = "bench-many-down";
/// Has names to be listed.
pub(crate) const NAMES: &str = "bench-names";

/// Bytes of a small file.
const SMALL: u64 = 4 * 1024;

pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) cores: Cores,
    /// Keeps files on the disk, as there is not memory for all of them.
    pub(crate) durable: Server,
    /// Keeps all in memory, so that small files do not wait for the disk.
    pub(crate) quick: Server,
    pub(crate) peers: Option<Peers>,
    built: PathBuf,
}

impl Stage {
    /// Builds what is measured and starts the servers.
    pub(crate) fn set(peers: bool) -> Result<Self, Failure> {
        build()?;
        let (target, built) = (workspace::root().join("target"), workspace::target()?);
        let built = built.join("release");
        let folder = target.join("bench");
        prepare(&folder)?;
        let cores = Cores::find()?;
        let emulator = built.join("b2-emulator");
        let durable =
            cores.as_server(|| Server::without_md5(&emulator, &folder.join("data")))??;
        let quick = cores.as_server(|| Server::in_memory(&emulator))??;
        let peers = match peers {
            true => Some(Peers::install(&target.join("bench-peers"))?),
            false => None,
        };
        let stage = Self { folder, cores, durable, quick, peers, built };
        stage.create(&stage.durable, LARGE)?;
        Ok(stage)
    }

    pub(crate) fn create(&self, server: &Server, bucket: &str) -> Result<(), Failure> {
        let create = ["bucket", "create", bucket, "allPrivate"];
        cost(self.b2(server).args(create)).map(drop)
    }

    /// A program of ours, with its credentials by environment.
    fn ours(&self, server: &Server, program: &str) -> Command {
        let mut command = Command::new(self.built.join(program));
        command
            .env("B2_ENVIRONMENT", server.base_url())
            .env("B2_APPLICATION_KEY_ID", server.key_id())
            .env("B2_APPLICATION_KEY", server.key())
            .env("XDG_CONFIG_HOME", &self.folder)
            .env("XDG_STATE_HOME", &self.folder);
        command
    }

    /// Our command line.
    pub(crate) fn b2(&self, server: &Server) -> Command {
        self.ours(server, "b2")
    }

    /// Our library, with many files under way.
    pub(crate) fn many_files(&self, server: &Server) -> Command {
        self.ours(server, "examples/many_files")
    }

    pub(crate) fn floor(&self, server: &Server, command: &str, bucket: &str) -> Command {
        let mut floor = Command::new(self.built.join("examples/floor"));
        floor.args([command, server.base_url(), server.key_id(), server.key(), bucket]);
        floor
    }

    /// rclone, with the server as its remote `bench` and no settings of anybody's.
    pub(crate) fn rclone(&self, peers: &Peers, server: &Server) -> Command {
        let mut command = Command::new(&peers.rclone);
        command
            .env("RCLONE_CONFIG", self.folder.join("rclone.conf"))
            .env("RCLONE_CONFIG_BENCH_TYPE", "b2")
            .env("RCLONE_CONFIG_BENCH_ENDPOINT", server.base_url())
            .env("RCLONE_CONFIG_BENCH_ACCOUNT", server.key_id())
            .env("RCLONE_CONFIG_BENCH_KEY", server.key())
            .args(["--log-level", "ERROR"]);
        command
    }

    /// The official tool, with a cache of its own.
    pub(crate) fn official(&self, peers: &Peers, server: &Server) -> Command {
        let mut command = Command::new(&peers.official);
        command
            .env("B2_ACCOUNT_INFO", self.folder.join(format!("official-{}", server.key_id())))
            .env("B2_ENVIRONMENT", server.base_url())
            .env("B2_APPLICATION_KEY_ID", server.key_id())
            .env("B2_APPLICATION_KEY", server.key());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file of bytes that do not compress and are never all the same.
    pub(crate) fn source(&self, size: u64) -> Result<PathBuf, Failure> {
        let path = self.path(&format!("source-{size}"));
        fill(&path, size, size | 1).map(|()| path)
    }

    /// A folder of small files, and the list of their names.
    pub(crate) fn small_files(&self, count: u32) -> Result<(PathBuf, PathBuf), Failure> {
        let (folder, list) = (self.path("small"), self.path("small-names"));
        fs::create_dir(&folder).map_err(|error| Failure::io(&folder, error))?;
        let mut names = String::new();
        for number in 0..count {
            let name = format!("small-{number:05}");
            fill(&folder.join(&name), SMALL, u64::from(number) * 2 + 1)?;
            names.push_str(&format!("{name}\n"));
        }
        fs::write(&list, names).map_err(|error| Failure::io(&list, error))?;
        Ok((folder, list))
    }

    /// A new folder for what somebody downloads. What many files were
    /// downloaded to stays until the end: where thousands of files have just
    /// been deleted ext4 takes half a millisecond to make one.
    pub(crate) fn folder_for(&self, who: Who) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(format!("back-{who:?}-{}", fresh()));
        prepare(&folder)?;
        Ok(folder)
    }

    /// Deletes every version of a large file.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let uri = format!("b2://{LARGE}/{name}");
        let mut remove = self.b2(&self.durable);
        program::stdout(remove.args(["rm", "--versions", "--yes", &uri])).map(drop)
    }

    /// A fast transfer of other bytes would be no transfer.
    pub(crate) fn compare(&self, source: &Path, back: &Path) -> Result<(), Failure> {
        program::stdout(Command::new("cmp").arg(source).arg(back)).map(drop)
    }

    /// Stops the servers and removes all that was made.
    pub(crate) fn clear(self) -> Result<(), Failure> {
        let folder = self.folder.clone();
        drop(self);
        fs::remove_dir_all(&folder).map_err(|error| Failure::io(&folder, error))
    }
}

/// A name that was never given before, in this run.
pub(crate) fn fresh() -> String {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    format!("run-{}", GIVEN.fetch_add(1, Ordering::Relaxed))
}

fn build() -> Result<(), Failure> {
    let mut command = program::cargo();
    command.args(["build", "--release", "-p", "b2-cli", "-p", "b2-emulator", "-p", "b2"]);
    command.args(["-p", "b2-testing", "--bins", "--example", "floor", "--example", "many_files"]);
    program::stdout(&mut command).map(drop)
}

/// Makes an empty folder, whatever was there.
fn prepare(folder: &Path) -> Result<(), Failure> {
    let io = |error| Failure::io(folder, error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(io)?;
    }
    fs::create_dir_all(folder).map_err(io)
}

fn fill(path: &Path, size: u64, seed: u64) -> Result<(), Failure> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        let mut state = seed;
        for _ in 0..size.div_ceil(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            file.write_all(&state.to_le_bytes())?;
        }
        file.into_inner()?.set_len(size)
    };
    write().map_err(|error: std::io::Error| Failure::io(path, error))
}
