//! What was acknowledged survives `kill -9`, and nothing else is left over.
//!
//! `B2_CRASH_ROUNDS` sets the number of kills, `B2_CRASH_CLIENTS` that of the
//! clients, `B2_CRASH_SEED` repeats a run as far as the scheduler lets it be
//! repeated. `cargo xtask torture emulator` sets them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod books;
mod full_disk;
mod judge;
mod load;
mod signal;
#[path = "../wire/mod.rs"]
mod wire;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use books::Books;
use wire::{Dice, Program};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Starts the program and tells how long it took to be ready.
fn start(data: &Path) -> (Program, Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b2-emulator"));
    // Small parts, so that many large files fit into a moment.
    command.args(["--minimum-part-size", "1000"]).arg("--data").arg(data);
    let begun = Instant::now();
    let program = Program::run(command);
    (program, begun.elapsed())
}

#[test]
fn acknowledged_files_survive_kills() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let (rounds, seed) = (number("B2_CRASH_ROUNDS", 30), number("B2_CRASH_SEED", clock));
    let clients = number("B2_CRASH_CLIENTS", 4);
    println!("B2_CRASH_SEED={seed} B2_CRASH_ROUNDS={rounds} B2_CRASH_CLIENTS={clients}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let (program, _) = start(&data);
    let bucket = program.client().unwrap().create_bucket("crash-test").unwrap();
    program.kill();

    let books = Mutex::new(Books::default());
    let mut starts = Vec::new();
    for round in 0..rounds {
        let (program, took) = start(&data);
        starts.push(took);
        judge::compare(&program, &data, &bucket, &mut books.lock().unwrap());
        let patience = Duration::from_millis(5 + dice.roll(250));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for client in 0..clients {
                let (books, bucket, program) = (&books, &bucket, &program);
                let is_over = &is_over;
                let mut dice = Dice(dice.roll(u64::MAX));
                scope.spawn(move || {
                    // Ends with an error when the server is gone, and not before.
                    let label = format!("{round}/{client}");
                    if let Err(error) = load::work(program, bucket, books, &label, &mut dice) {
                        assert!(is_over.load(Ordering::SeqCst), "before the kill: {error}");
                    }
                });
            }
            std::thread::sleep(patience);
            is_over.store(true, Ordering::SeqCst);
            kill_by_id(&program);
        });
        program.kill();
    }
    let (program, took) = start(&data);
    starts.push(took);
    let mut books = books.into_inner().unwrap();
    judge::compare(&program, &data, &bucket, &mut books);
    assert_eq!(program.terminate(), Some(0));
    check_folder(&data);
    starts.sort();
    println!("{rounds} kills under {clients} clients; {}", books.figures());
    println!(
        "ready after {:.1} ms (median), {:.1} ms (longest), with the program's start",
        starts[starts.len() / 2].as_secs_f64() * 1000.0,
        starts[starts.len() - 1].as_secs_f64() * 1000.0
    );
    assert!(books.stored() > 10, "the test has to store something to mean anything");
}

/// The folder agrees with itself, byte for byte.
fn check_folder(data: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b2-emulator"));
    let output = command.arg("fsck").arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{}", said.trim());
    assert!(output.status.success(), "{said}");
}

/// Kills while other threads still hold the program.
fn kill_by_id(program: &Program) {
    let pid = program.pid().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}
