//! Local files that do not do what one hopes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::ran::Ran;
use crate::scene::{Scene, run};

fn scene() -> Scene {
    let scene = Scene::with_bucket("local-files");
    let content = vec![b'x'; 2_000_000];
    scene.b2_reading(content, ["file", "upload", "-q", "local-files", "-", "big"]).ok();
    scene
}

/// Runs the program in a shell that has said something before.
fn after(scene: &Scene, words: &str, arguments: &[&str]) -> Ran {
    let program = scene.command();
    let mut shell = Command::new("sh");
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(program.get_current_dir().unwrap());
    shell.args(["-c", &format!("{words}; exec \"$0\" \"$@\"")]).arg(program.get_program());
    run(shell, arguments)
}

#[test]
fn a_full_standard_output_is_an_error() {
    let scene = scene();
    for arguments in [
        vec!["file", "cat", "b2://local-files/big"],
        vec!["file", "download", "b2://local-files/big", "-"],
        vec!["ls", "b2://local-files"],
        vec!["version"],
        vec!["--help"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = scene.command();
        command.args(&arguments).stdout(full).stderr(Stdio::piped());
        let ran = Ran::new(format!("{arguments:?}"), command.output().unwrap()).exits(10);
        assert!(arguments == ["--help"] || ran.stderr.contains("No space left"), "{ran:?}");
    }
}

#[test]
fn a_full_device_is_an_error() {
    let scene = scene();
    let ran = scene.b2(["file", "download", "b2://local-files/big", "/dev/full"]).exits(10);
    assert!(ran.stderr.contains("No space left"), "{}", ran.stderr);
    // This one takes everything and keeps nothing.
    scene.b2(["file", "download", "b2://local-files/big", "/dev/zero"]).ok();
}

#[test]
fn a_file_that_may_not_grow_leaves_nothing() {
    let scene = scene();
    let download = ["file", "download", "b2://local-files/big", "big"];
    let ran = after(&scene, "ulimit -f 100", &download).exits(10);
    let told = "error: cannot download b2://local-files/big to big
  because: the destination could not be written
  because: File too large (os error 27)
";
    assert_eq!(ran.stderr, told);
    assert_eq!(scene.files(), [""; 0]);
    after(&scene, "ulimit -f 100000", &download).ok();
}

#[test]
fn a_folder_that_is_missing_or_closed_is_told() {
    let scene = scene();
    let ran = scene.b2(["file", "download", "b2://local-files/big", "none/big"]).exits(10);
    assert!(ran.stderr.contains("the folder none does not exist"), "{}", ran.stderr);
    fs::create_dir(scene.work().join("folder")).unwrap();
    scene.b2(["file", "download", "b2://local-files/big", "folder"]).exits(10);
    let overwrite = ["file", "download", "--overwrite", "b2://local-files/big", "folder"];
    let ran = scene.b2(overwrite).exits(10);
    assert!(ran.stderr.contains("folder is a folder"), "{}", ran.stderr);
    // A place where not even the superuser may write.
    if PathBuf::from("/proc/self").exists() {
        scene.b2(["file", "download", "b2://local-files/big", "/proc/big"]).exits(10);
    }
    assert_eq!(scene.files(), ["folder"]);
    assert_eq!(fs::read_dir(scene.work().join("folder")).unwrap().count(), 0);
}

#[test]
fn a_source_that_cannot_be_read_is_told() {
    let scene = scene();
    let ran = scene.b2(["file", "upload", "local-files", "none", "x"]).exits(10);
    let told = "error: cannot read none
  because: No such file or directory (os error 2)
";
    assert_eq!(ran.stderr, told);
    scene.b2(["file", "upload", "local-files", ".", "x"]).exits(10);
}

#[test]
fn a_pipe_with_a_name_is_read_and_written() {
    let scene = scene();
    let pipe = scene.work().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, "through a pipe").unwrap()
    });
    scene.b2(["file", "upload", "local-files", "pipe", "piped"]).ok();
    writer.join().unwrap();
    for overwrite in [None, Some("--overwrite")] {
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        let arguments = ["file", "download", "b2://local-files/piped", "pipe"];
        scene.b2(arguments.into_iter().chain(overwrite)).ok();
        assert_eq!(reader.join().unwrap(), b"through a pipe");
        // It was written to, and not replaced by a file.
        assert!(!fs::metadata(&pipe).unwrap().is_file());
    }
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let scene = scene();
    for arguments in [
        ["file", "cat", "b2://local-files/big"].as_slice(),
        ["file", "download", "b2://local-files/big", "-"].as_slice(),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = scene.command();
        command.args(arguments).stdout(writer).stderr(Stdio::piped());
        let ran = Ran::new(format!("{arguments:?}"), command.output().unwrap()).ok();
        assert_eq!(ran.stderr, "");
    }
}
