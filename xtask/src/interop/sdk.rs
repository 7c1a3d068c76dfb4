//! The official SDK, on a walk over everything: `walk.py`.

use std::path::Path;

use serde::Deserialize;

use super::emulator::Emulator;
use super::score::Score;
use super::workshop::Workshop;
use crate::failure::Failure;
use crate::workspace;

const NAME: &str = "official b2sdk";

/// Fewer checks mean that the walk broke off unseen.
const LEAST: u64 = 150;

/// A check that the script made.
#[derive(Deserialize)]
struct Check {
    what: String,
    fault: Option<String>,
}

/// Runs the script with the Python beside the official tool and counts its checks.
pub(crate) fn walk(
    workshop: &Workshop,
    official: &Path,
    emulator: &Emulator,
    score: &mut Score,
) -> Result<(), Failure> {
    let python = official.with_file_name("python3");
    let bench = workshop.bench("sdk", &python, Vec::new())?;
    let files = workshop.file("sdk")?;
    std::fs::create_dir_all(&files).map_err(|source| Failure::io(&files, source))?;
    let script = workspace::root().join("xtask/src/interop/walk.py");
    let (script, files) = (script.to_string_lossy(), files.to_string_lossy());
    let said =
        bench.values(&[&script, &emulator.base_url, &emulator.key_id, &emulator.key, &files])?;
    for value in said {
        let check: Check = serde_json::from_value(value)
            .map_err(|source| Failure::Answer { command: "walk.py".to_owned(), source })?;
        score.note(NAME, &check.what, check.fault);
    }
    let enough = score.checks(NAME) >= LEAST;
    score.same(NAME, "the walk came to its end", &enough, &true);
    Ok(())
}
