//! Stopping half-way.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::ran::Ran;
use crate::stub::{Answer, Stub};

/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits for something that other processes do.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A server that sends half a megabyte of ten and then nothing.
pub(crate) fn stalling() -> Stub {
    Stub::new(|_, path| {
        let headers = [
            ("X-Bz-File-Id", "4_z1"),
            ("X-Bz-File-Name", "x"),
            ("X-Bz-Content-Sha1", "none"),
            ("X-Bz-Upload-Timestamp", "1763700000000"),
            ("Content-Type", "text/plain"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        let part = vec![b'x'; 500_000];
        path.contains("/file/").then_some(Answer::Stalled(10_000_000, headers, part))
    })
}

fn begin(mut command: Command, arguments: &[&str]) -> Child {
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn an_interrupted_download_leaves_nothing() {
    let stops = [(Signal::INT, 130, "interrupted"), (Signal::TERM, 143, "terminated")];
    for (signal, code, word) in stops {
        let stub = stalling();
        let child = begin(stub.command(), &["file", "download", "b2://any-bucket/x", "x"]);
        until("the first bytes", || {
            stub.files().iter().any(|path| path.metadata().is_ok_and(|file| file.len() > 0))
        });
        assert!(!stub.work().join("x").exists());
        send(&child, signal);
        let ran = Ran::new("download".to_owned(), child.wait_with_output().unwrap());
        let ran = ran.exits(code);
        assert_eq!(ran.stderr, format!("error: {word}\n"));
        assert!(stub.files().is_empty(), "left behind: {:?}", stub.files());
    }
}

#[test]
fn an_interrupted_replacement_keeps_the_old_file() {
    let stub = stalling();
    std::fs::write(stub.work().join("x"), "old").unwrap();
    let arguments = ["file", "download", "--json", "--overwrite", "b2://any-bucket/x", "x"];
    let child = begin(stub.command(), &arguments);
    until("the temporary file", || stub.files().len() == 2);
    send(&child, Signal::INT);
    let ran = Ran::new("download".to_owned(), child.wait_with_output().unwrap()).exits(130);
    assert_eq!(ran.error()["message"], "interrupted");
    assert_eq!(stub.files(), [stub.work().join("x")]);
    assert_eq!(std::fs::read(stub.work().join("x")).unwrap(), b"old");
}

#[test]
fn waiting_for_input_can_be_interrupted() {
    let stub = stalling();
    let mut child = begin(stub.command(), &["-vv", "file", "upload", "any-bucket", "-", "x"]);
    // It reads its input first, so a written byte that was taken tells that
    // it has come so far.
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, &[0; 200_000]).unwrap();
    send(&child, Signal::INT);
    Ran::new("upload".to_owned(), child.wait_with_output().unwrap()).exits(130);
    drop(input);
}

#[test]
fn a_reader_that_reads_no_more_does_not_block_the_end() {
    let stub = stalling();
    let mut child = begin(stub.command(), &["file", "cat", "b2://any-bucket/x"]);
    // The pipe is full after 64 KiB; the first byte tells that it is used.
    let mut output = child.stdout.take().unwrap();
    std::io::Read::read_exact(&mut output, &mut [0]).unwrap();
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
