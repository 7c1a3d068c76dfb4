//! What is different at a terminal.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::pseudo_terminal::PseudoTerminal;
use crate::scene::{Scene, run};
use crate::signals;

/// The end of everything a command prints, to read a screen up to it.
const END: &str = "~the end~";

/// Runs the program at a terminal to its end and gives what was shown.
fn shown(mut command: Command, arguments: &[&str]) -> String {
    let mut terminal = PseudoTerminal::new();
    command.args(arguments).stdin(Stdio::null());
    command.stdout(terminal.stream()).stderr(terminal.stream());
    command.status().unwrap();
    let mut end = Command::new("printf");
    end.arg(END).stdout(terminal.stream()).status().unwrap();
    terminal.read_until(END).replace(END, "").replace("\r\n", "\n")
}

#[test]
fn a_key_is_asked_for_and_not_shown() {
    let scene = Scene::new();
    let key = scene.master_key();
    let mut terminal = PseudoTerminal::new();
    let mut command = scene.bare_command();
    command.args(["account", "authorize"]);
    command.stdin(terminal.stream()).stdout(terminal.stream()).stderr(terminal.stream());
    let mut child = command.spawn().unwrap();
    terminal.read_until("application key id: ");
    terminal.type_line(&key.id);
    terminal.read_until("application key: ");
    assert!(!terminal.echoes());
    terminal.type_line(&key.key);
    let seen = terminal.read_until("saved in");
    assert!(seen.contains(&key.id), "{seen}");
    assert!(!seen.contains(&key.key), "{seen}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(terminal.echoes());
    run(scene.bare_command(), ["account", "get"]).ok();
}

#[test]
fn an_interrupted_question_gives_the_terminal_back() {
    let scene = Scene::new();
    let mut terminal = PseudoTerminal::new();
    let mut command = scene.bare_command();
    command.args(["account", "authorize", "004b"]);
    command.stdin(terminal.stream()).stdout(terminal.stream()).stderr(terminal.stream());
    let mut child = command.spawn().unwrap();
    terminal.read_until("application key: ");
    assert!(!terminal.echoes());
    signals::send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(terminal.echoes());
}

#[test]
fn a_folder_is_removed_after_a_yes() {
    let scene = Scene::with_bucket("ask-me-first");
    for name in ["a/1", "a/2"] {
        scene.b2_reading("", ["file", "upload", "-q", "ask-me-first", "-", name]).ok();
    }
    for (answer, code, left) in [("n", 1, 2), ("", 1, 2), ("y", 0, 0)] {
        let mut terminal = PseudoTerminal::new();
        let mut command = scene.command();
        command.args(["rm", "-r", "b2://ask-me-first/a"]).stdin(terminal.stream());
        let mut child = command.stdout(Stdio::null()).stderr(terminal.stream()).spawn().unwrap();
        terminal.read_until(
            "Delete the newest version of every file under b2://ask-me-first/a? [y/N] ",
        );
        terminal.type_line(answer);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{answer:?}");
        assert_eq!(scene.b2(["ls", "-r", "b2://ask-me-first"]).ok().lines().len(), left);
    }
}

#[test]
fn names_cannot_steer_a_terminal() {
    let scene = Scene::with_bucket("nasty-names");
    let nasty = "c1 \u{9b}31m and \u{202e}gpj.exe";
    scene.b2_reading("x", ["file", "upload", "-q", "nasty-names", "-", nasty]).ok();
    assert_eq!(scene.b2(["ls", "b2://nasty-names"]).ok().line(), nasty);
    let harmless = "c1 \\u{9b}31m and \\u{202e}gpj.exe\n";
    assert_eq!(shown(scene.command(), &["ls", "b2://nasty-names"]), harmless);
    let json = shown(scene.command(), &["ls", "--json", "b2://nasty-names"]);
    assert!(!json.contains(['\u{9b}', '\u{202e}']), "{json:?}");
    let row: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(row["fileName"], nasty);
    let error = shown(scene.command(), &["file", "cat", &format!("b2://nasty-names/{nasty}!")]);
    assert!(!error.contains(['\u{9b}', '\u{202e}']), "{error:?}");
}

#[test]
fn a_bar_is_shown_and_taken_away() {
    let stub = signals::stalling();
    let mut terminal = PseudoTerminal::new();
    let mut command = stub.command();
    command.args(["file", "download", "b2://any-bucket/x", "x"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(terminal.stream());
    let mut child = command.spawn().unwrap();
    let seen = terminal.read_until("488.28 KiB/9.54 MiB");
    assert!(seen.contains("/s "), "{seen}");
    // Nothing moves any more, so the bar says what it waits for.
    terminal.read_until("(waiting for the answer to");
    signals::send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let seen = terminal.read_until("error: interrupted");
    assert!(seen.contains("\u{1b}[2K"), "the bar is still there: {seen:?}");
}

#[test]
fn no_bar_is_shown_when_nobody_wants_one() {
    let scene = Scene::with_bucket("no-bar-here");
    scene.b2_reading(vec![0; 300_000], ["file", "upload", "-q", "no-bar-here", "-", "x"]).ok();
    for option in ["--no-progress", "--quiet"] {
        let out = format!("out{option}");
        let arguments = ["file", "download", option, "b2://no-bar-here/x", &out];
        let seen = shown(scene.command(), &arguments);
        assert!(!seen.contains('\u{1b}'), "{seen:?}");
        assert_eq!(seen.is_empty(), option == "--quiet", "{seen:?}");
    }
}
