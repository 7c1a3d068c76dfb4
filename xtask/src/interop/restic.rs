//! restic, a client that knows nothing of B2 but what rclone shows it.
//!
//! Its own B2 backend takes no endpoint, so it goes through rclone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::emulator::Emulator;
use super::rclone;
use super::sample;
use super::score::Score;
use super::workshop::Workshop;
use crate::failure::Failure;
use crate::program;

const NAME: &str = "restic";
const BUCKET: &str = "restic-backups";

/// The installed restic.
pub(crate) fn find() -> Result<PathBuf, Failure> {
    let works = program::output(Command::new("restic").arg("version"));
    if works.is_ok_and(|output| output.status.success()) {
        return Ok(PathBuf::from("restic"));
    }
    Err(Failure::missing("restic is not installed", "apt-get install restic"))
}

/// Two backups, a check of every byte, both restored, and one forgotten.
pub(crate) fn back_up(
    workshop: &Workshop,
    program: &Path,
    rclone: &rclone::Rclone,
    emulator: &Emulator,
    score: &mut Score,
) -> Result<(), Failure> {
    rclone.bench.act(&["mkdir", &format!("emulator:{BUCKET}")])?;
    let mut environment = rclone::environment(emulator);
    environment.push(("RESTIC_REPOSITORY", format!("rclone:emulator:{BUCKET}/repository")));
    environment.push(("RESTIC_PASSWORD", "no secret".to_owned()));
    let bench = workshop.bench(NAME, program, environment)?;
    bench.act(&["init"])?;
    let source = workshop.file("backed-up")?;
    let mut files =
        vec![("notes/a b.txt", sample::noise(1, 10)), ("big", sample::noise(2, 3_000_000))];
    write(&source, &files)?;
    let path = source.to_string_lossy().into_owned();
    bench.act(&["backup", &path])?;
    files[0].1 = sample::noise(3, 2000);
    write(&source, &files)?;
    bench.act(&["backup", &path])?;
    let sound = bench.act(&["check", "--read-data"]).is_ok();
    score.same(NAME, "the check of every byte", &sound, &true);
    let snapshots = bench.values(&["snapshots", "--json"])?;
    score.same(NAME, "snapshots", &snapshots.len(), &2);
    let target = workshop.file("restored")?;
    bench.act(&["restore", "latest", "--target", &target.to_string_lossy()])?;
    for (name, content) in &files {
        let back = find_below(&target, name)?;
        let found = fs::read(&back).map_err(|source| Failure::io(&back, source))?;
        score.same_bytes(NAME, name, &found, content);
    }
    bench.act(&["forget", "--keep-last", "1", "--prune"])?;
    let snapshots = bench.values(&["snapshots", "--json"])?;
    score.same(NAME, "snapshots that are kept", &snapshots.len(), &1);
    let sound = bench.act(&["check", "--read-data"]).is_ok();
    score.same(NAME, "the check after pruning", &sound, &true);
    rclone.bench.act(&["purge", &format!("emulator:{BUCKET}")])
}

fn write(folder: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), Failure> {
    for (name, content) in files {
        let path = folder.join(name);
        let around = path.parent().unwrap_or(folder);
        fs::create_dir_all(around).map_err(|source| Failure::io(around, source))?;
        fs::write(&path, content).map_err(|source| Failure::io(&path, source))?;
    }
    Ok(())
}

/// Versions of restic differ in how much of the path they restore.
fn find_below(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let direct = folder.join(name);
    if direct.is_file() {
        return Ok(direct);
    }
    let entries = fs::read_dir(folder).map_err(|source| Failure::io(folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| Failure::io(folder, source))?.path();
        if path.is_dir()
            && let Ok(found) = find_below(&path, name)
        {
            return Ok(found);
        }
    }
    Err(Failure::Wrong(format!("{name} was not restored")))
}
