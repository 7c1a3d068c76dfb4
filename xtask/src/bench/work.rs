//! What is measured: who does what, by which command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{Cost, cost, pinned_cost};
use super::peers::Peers;
use super::stage::{LARGE, MANY_DOWN, MANY_UP, NAMES, Stage, fresh};
use crate::failure::Failure;

/// A program that does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Floor,
    Ours,
    Rclone,
    Official,
}

pub(crate) const EVERYBODY: [Who; 4] = [Who::Floor, Who::Ours, Who::Rclone, Who::Official];

/// The work.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// One file in one request.
    Upload(PathBuf),
    /// One file in parts, with `large_file_sha1`, which is what clients do by default.
    UploadLarge(PathBuf),
    /// The same, encrypted on this side. Its floor is our own upload without that.
    UploadEncrypted(PathBuf),
    /// One file. It has been uploaded under the name `whole`.
    Download(PathBuf),
    /// The same, and it is on the disk at the end; the peers do not do that.
    DownloadSynced(PathBuf),
    /// Every file of a folder.
    UploadMany(PathBuf),
    /// Every name of a list, of which there are so many.
    DownloadMany(PathBuf, u32),
    /// Every name of a bucket, of which there are so many.
    List(u64),
    /// Nothing: what it takes to begin.
    StartUp,
}

impl Work {
    /// What is told about it in a table.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Upload(source) => format!("upload {}", size(source)),
            Self::UploadLarge(source) => format!("upload {} with large_file_sha1", size(source)),
            Self::UploadEncrypted(source) => format!("encrypted upload {}", size(source)),
            Self::Download(source) => format!("download {}", size(source)),
            Self::DownloadSynced(source) => format!("download {}, synced", size(source)),
            Self::UploadMany(_) => "upload many of 4 KiB".to_owned(),
            Self::DownloadMany(_, count) => format!("download {count} of 4 KiB"),
            Self::List(count) => format!("list {count} names"),
            Self::StartUp => "start".to_owned(),
        }
    }

    /// How often it is done for one measurement: what is over in no time is
    /// done several times.
    fn times(&self) -> u32 {
        if matches!(self, Self::StartUp) { 20 } else { 1 }
    }

    /// Has it done once, or what counts as once, and looks whether it was.
    pub(crate) fn run(
        &self,
        stage: &Stage,
        who: Who,
        pinned: bool,
    ) -> Result<Option<Cost>, Failure> {
        let mut sum = Cost::default();
        for _ in 0..self.times() {
            let back = stage.folder_for(who)?;
            let Some(mut command) = self.command(stage, who, &back) else { return Ok(None) };
            let once = match pinned {
                true => pinned_cost(&stage.cores, &mut command)?,
                false => cost(&mut command)?,
            };
            self.check(stage, who, &back)?;
            if !matches!(self, Self::DownloadMany(..)) {
                fs::remove_dir_all(&back).map_err(|error| Failure::io(&back, error))?;
            }
            sum.cpu += once.cpu / self.times();
            sum.wall += once.wall / self.times();
            sum.peak_kib = sum.peak_kib.max(once.peak_kib);
        }
        Ok(Some(sum))
    }

    fn command(&self, stage: &Stage, who: Who, back: &Path) -> Option<Command> {
        match who {
            Who::Floor => self.floor(stage, back),
            Who::Ours => Some(self.ours(stage, back)),
            // Nobody else encrypts, or waits for the disk.
            _ if matches!(self, Self::UploadEncrypted(_) | Self::DownloadSynced(_)) => None,
            Who::Rclone => Some(self.rclone(stage, stage.peers.as_ref()?, back)),
            Who::Official => Some(self.official(stage, stage.peers.as_ref()?, back)),
        }
    }

    fn floor(&self, stage: &Stage, back: &Path) -> Option<Command> {
        let (command, bucket) = match self {
            Self::Upload(_) => ("upload", LARGE),
            Self::UploadLarge(_) => ("upload-large", LARGE),
            Self::UploadEncrypted(source) => {
                let plain = Self::UploadLarge(source.clone());
                return Some(plain.ours(stage, back));
            }
            Self::Download(_) => ("download", LARGE),
            Self::DownloadSynced(_) => ("download-synced", LARGE),
            Self::UploadMany(_) => ("upload-many", MANY_UP),
            Self::DownloadMany(..) => ("download-many", MANY_DOWN),
            Self::List(_) => ("list", NAMES),
            Self::StartUp => return None,
        };
        let mut floor = stage.floor(self.server(stage), command, bucket);
        match self {
            Self::Upload(source) | Self::UploadLarge(source) => floor.arg(source).arg("up"),
            Self::Download(_) | Self::DownloadSynced(_) => {
                floor.arg("whole").arg(back.join("whole"))
            }
            Self::UploadMany(folder) => floor.arg(folder),
            Self::DownloadMany(list, _) => floor.arg(list).arg(back),
            _ => &mut floor,
        };
        Some(floor)
    }

    fn ours(&self, stage: &Stage, back: &Path) -> Command {
        let server = self.server(stage);
        let mut b2 = stage.b2(server);
        match self {
            // As the floor sends it: the same work on both sides.
            Self::Upload(source) => b2
                .args(["file", "upload", "--no-resume", "--part-size", "5000000000", LARGE])
                .arg(source)
                .arg("up"),
            Self::UploadLarge(source) => b2.args(["file", "upload", LARGE]).arg(source).arg("up"),
            Self::UploadEncrypted(source) => b2
                .env("B2_ENCRYPTION_PASSWORD", "correct horse battery staple")
                .args(["file", "upload", "--encrypt", LARGE])
                .arg(source)
                .arg("up"),
            Self::Download(_) => b2
                .args(["file", "download", "--no-sync", &format!("b2://{LARGE}/whole")])
                .arg(back.join("whole")),
            Self::DownloadSynced(_) => b2
                .args(["file", "download", &format!("b2://{LARGE}/whole")])
                .arg(back.join("whole")),
            Self::List(_) => b2.args(["ls", "-r", &format!("b2://{NAMES}")]),
            Self::StartUp => b2.arg("version"),
            Self::UploadMany(folder) => {
                b2 = stage.many_files(server);
                b2.args(["upload", MANY_UP]).arg(folder)
            }
            Self::DownloadMany(list, _) => {
                b2 = stage.many_files(server);
                b2.args(["download", MANY_DOWN]).arg(list).arg(back)
            }
        };
        b2
    }

    fn rclone(&self, stage: &Stage, peers: &Peers, back: &Path) -> Command {
        let mut rclone = stage.rclone(peers, self.server(stage));
        match self {
            Self::Upload(source) | Self::UploadLarge(source) | Self::UploadEncrypted(source) => {
                rclone.arg("copyto").arg(source).arg(format!("bench:{LARGE}/up"))
            }
            Self::Download(_) | Self::DownloadSynced(_) => {
                rclone.args(["copyto", &format!("bench:{LARGE}/whole")]).arg(back.join("whole"))
            }
            // To a folder of its own each time: it skips what is there.
            Self::UploadMany(folder) => {
                rclone.arg("copy").arg(folder).arg(format!("bench:{MANY_UP}/{}", fresh()))
            }
            Self::DownloadMany(..) => {
                rclone.args(["copy", &format!("bench:{MANY_DOWN}")]).arg(back)
            }
            Self::List(_) => rclone.args(["lsf", "-R", "--files-only", &format!("bench:{NAMES}")]),
            Self::StartUp => rclone.arg("version"),
        };
        rclone
    }

    fn official(&self, stage: &Stage, peers: &Peers, back: &Path) -> Command {
        let mut official = stage.official(peers, self.server(stage));
        match self {
            Self::Upload(source) | Self::UploadLarge(source) | Self::UploadEncrypted(source) => {
                official.args(["file", "upload", "--no-progress", LARGE]).arg(source).arg("up")
            }
            Self::Download(_) | Self::DownloadSynced(_) => official
                .args(["file", "download", "--no-progress", &format!("b2://{LARGE}/whole")])
                .arg(back.join("whole")),
            Self::UploadMany(folder) => official
                .args(["sync", "--no-progress"])
                .arg(folder)
                .arg(format!("b2://{MANY_UP}/{}", fresh())),
            Self::DownloadMany(..) => {
                official.args(["sync", "--no-progress", &format!("b2://{MANY_DOWN}")]).arg(back)
            }
            Self::List(_) => official.args(["ls", "-r", &format!("b2://{NAMES}")]),
            Self::StartUp => official.arg("version"),
        };
        official
    }

    fn server<'a>(&self, stage: &'a Stage) -> &'a super::server::Server {
        match self {
            Self::Upload(_)
            | Self::UploadLarge(_)
            | Self::UploadEncrypted(_)
            | Self::Download(_)
            | Self::DownloadSynced(_) => &stage.durable,
            _ => &stage.quick,
        }
    }

    /// Whether it was done, and everything as before for the next one.
    fn check(&self, stage: &Stage, who: Who, back: &Path) -> Result<(), Failure> {
        match self {
            Self::Upload(_) | Self::UploadLarge(_) | Self::UploadEncrypted(_) => stage.remove("up"),
            Self::Download(source) | Self::DownloadSynced(source) => {
                stage.compare(source, &back.join("whole"))
            }
            Self::DownloadMany(_, count) => {
                let found = fs::read_dir(back).map_err(|error| Failure::io(back, error))?;
                let found = found.count();
                if found == *count as usize {
                    return Ok(());
                }
                Err(Failure::Wrong(format!("{who:?} fetched {found} files of {count}")))
            }
            _ => Ok(()),
        }
    }
}

fn size(source: &Path) -> String {
    let bytes = fs::metadata(source).map_or(0, |metadata| metadata.len());
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mib => format!("{mib} MiB"),
    }
}
