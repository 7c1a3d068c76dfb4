//! `cargo xtask interop`: the emulator and our CLI against the tools people already use.
//!
//! The official `b2` tool, rclone and our own `b2` talk to one emulator on loopback. Each makes a
//! bucket, uploads, lists, downloads and deletes awkward files alone, and then all of them look at
//! what the others uploaded. The official SDK, rclone and restic then do whatever else they can.
//! Every byte and every listing is compared.
//!
//! `workshop` is the folder all of this happens in, `tool` what every tool can do, and `rounds`
//! what is done with them; `sdk`, `rclone_tour` and `restic` are about one tool each; `score`
//! counts.

mod b2;
mod emulator;
mod official;
mod rclone;
mod rclone_tour;
mod restic;
mod rounds;
mod sample;
mod score;
mod sdk;
mod tool;
mod workshop;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use b2::B2;
use emulator::Emulator;
use rclone_tour::Tour;
use score::Score;
use tool::{Historian, Tool};
use workshop::Workshop;

use crate::failure::Failure;
use crate::metadata::Metadata;
use crate::program;

/// The options of `cargo xtask interop`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Keeps the folder with all files and the output of every command.
    #[arg(long)]
    keep: bool,
}

/// Runs every round, prints the closing table, and fails if anything differed.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let folder = Metadata::load()?.target_directory.join("interop");
    let (rclone, restic) = (rclone::find()?, restic::find()?);
    let official = official::install(&folder)?;
    let ours = build()?;
    let workshop = Workshop::new(&folder.join("work"))?;
    let data = workshop.folder.join("data");
    let program = ours.clone();
    let mut emulator = Emulator::start(&program, &data)?;
    println!("The emulator serves at {}", emulator.base_url);
    let sdk = official.clone();
    let official = B2::official(&workshop, &official, &emulator)?;
    let ours = B2::ours(&workshop, &ours, &emulator)?;
    let rclone = rclone::Rclone::new(&workshop, &rclone, &emulator)?;
    let mut score = Score::default();
    play(&workshop, &[&official, &ours, &rclone], &[&official, &ours], &mut score);
    println!("official b2sdk: a walk over everything");
    score.round("official b2sdk", |score| sdk::walk(&workshop, &sdk, &emulator, score));
    println!("rclone: everything that it makes of B2");
    score.round("rclone", |score| {
        Tour { workshop: &workshop, rclone: &rclone, emulator: &emulator, score }.run()
    });
    println!("restic: backups through rclone");
    score.round("restic", |score| restic::back_up(&workshop, &restic, &rclone, &emulator, score));
    score.same("emulator", "it still runs", &emulator.is_alive(), &true);
    let checked = emulator.fsck(&program, &data)?;
    score.same(
        "emulator",
        "its folder is sound after kill -9",
        &checked["faults"],
        &serde_json::json!(0),
    );
    println!("\n{}", score.table());
    let failure = score.failures();
    if args.keep || failure.is_some() {
        println!("\nFiles and output of every command: {}", workshop.folder.display());
    } else {
        workshop.clear()?;
    }
    failure.map_or(Ok(()), |text| Err(Failure::Wrong(text)))
}

fn play(
    workshop: &Workshop,
    tools: &[&dyn Tool],
    historians: &[&dyn Historian],
    score: &mut Score,
) {
    for tool in tools {
        println!("{}: there and back", tool.name());
        score.round(tool.name(), |score| rounds::there_and_back(workshop, *tool, score));
    }
    for tool in historians {
        println!("{}: versions, markers and file information", tool.name());
        score.round(tool.name(), |score| rounds::history(workshop, *tool, score));
    }
    println!("all: what one uploads the others find");
    score.round("all", |score| rounds::crosswise(workshop, tools, score));
}

/// Builds our CLI and gives the path of the program.
fn build() -> Result<PathBuf, Failure> {
    println!("Building our b2");
    let mut command = program::cargo();
    command.args(["build", "--package", "b2-cli", "--bin", "b2", "--message-format"]);
    // What the compiler complains about goes past us to the terminal.
    command.arg("json-render-diagnostics").stderr(Stdio::inherit());
    let messages = program::stdout(&mut command)?;
    executable(&messages).ok_or_else(|| {
        Failure::missing("cargo built no program called b2", "see `cargo build --package b2-cli`")
    })
}

/// The program that cargo's messages name.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut programs = messages.filter_map(|message: serde_json::Value| {
        let path = message.get("executable")?.as_str()?;
        (message["target"]["name"] == "b2").then(|| Path::new(path).to_path_buf())
    });
    programs.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"b2"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"b2"},"executable":"/t/debug/b2"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/b2")));
        assert_eq!(executable("{\"reason\":\"build-finished\"}"), None);
    }
}
