//! Files that are encrypted on this machine.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{Scene, run};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("plain", content());
    scene.write("password", "correct horse\nnot this line\n");
    scene.write("key", format!("{KEY}\n"));
    scene
}

fn content() -> Vec<u8> {
    (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// `b2` with the password in the environment.
fn with_password(scene: &Scene, password: &str, arguments: &[&str]) -> crate::ran::Ran {
    let mut command = scene.command();
    command.env("B2_ENCRYPTION_PASSWORD", password);
    run(command, arguments)
}

#[test]
fn a_file_comes_back_by_password_and_by_key() {
    let scene = scene();
    scene.b2(["encrypt", "--password-file", "password", "plain", "sealed"]).ok();
    scene.b2(["decrypt", "--password-file", "password", "sealed", "opened"]).ok();
    assert_eq!(scene.read("opened"), content());
    with_password(&scene, "correct horse", &["decrypt", "sealed", "again"]).ok();
    assert_eq!(scene.read("again"), content());

    let algorithm = ["--algorithm", "xchacha20-poly1305", "--hide-length"];
    let ran = scene.b2(["encrypt", "--json", "--key-file", "key"]
        .into_iter()
        .chain(algorithm)
        .chain(["plain", "x"]));
    let row = ran.ok().json();
    assert_eq!(row["suite"], "xchacha20-poly1305");
    assert_eq!(row["contentLength"], 200_000);
    assert_eq!(row["encryptedLength"], scene.read("x").len());
    scene.b2(["decrypt", "--key-file", "key", "x", "y"]).ok();
    assert_eq!(scene.read("y"), content());
}

#[test]
fn an_empty_file_comes_back() {
    let scene = scene();
    scene.write("empty", "");
    scene.b2(["encrypt", "--key-file", "key", "empty", "sealed"]).ok();
    scene.b2(["decrypt", "--key-file", "key", "sealed", "opened"]).ok();
    assert_eq!(scene.read("opened"), b"");
}

#[test]
fn inspection_needs_no_password() {
    let scene = scene();
    scene.b2(["encrypt", "--password-file", "password", "plain", "sealed"]).ok();
    let row = scene.b2(["inspect", "--json", "sealed"]).ok().json();
    assert_eq!(row["version"], 1);
    assert_eq!(row["algorithm"], "aes-256-gcm");
    assert_eq!(row["contentLength"], 200_000);
    assert_eq!(row["recipients"][0]["kind"], "password");
    let told = scene.b2(["inspect", "sealed"]).ok().text();
    assert!(told.contains("Argon2id, 65536 KiB, 3 passes, 4 lanes"), "{told}");
    let ran = scene.b2(["inspect", "plain"]).exits(1);
    assert!(ran.stderr.contains("not a file of the encrypted format"), "{}", ran.stderr);
}

#[test]
fn nothing_appears_of_what_is_not_genuine() {
    let scene = scene();
    scene.b2(["encrypt", "--key-file", "key", "plain", "sealed"]).ok();
    let sealed = scene.read("sealed");
    let mut flipped = sealed.clone();
    let at = flipped.len() - 20;
    flipped[at] ^= 1;
    let before = scene.files();
    for (bad, code) in [
        (flipped, 9),
        (sealed[..sealed.len() - 1].to_vec(), 9),
        ([&sealed[..], b"x"].concat(), 9),
        (sealed[..500].to_vec(), 9),
        (b"something else".to_vec(), 1),
    ] {
        scene.write("sealed", bad);
        scene.b2(["decrypt", "--key-file", "key", "sealed", "opened"]).exits(code);
        assert_eq!(scene.files(), before);
    }
    scene.write("sealed", sealed);
    let ran = with_password(&scene, "wrong", &["decrypt", "sealed", "opened"]).exits(6);
    assert!(ran.stderr.contains("none of the file's recipients"), "{}", ran.stderr);
    assert_eq!(scene.files(), before);
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let scene = scene();
    scene.write("sealed", "precious");
    let ran = scene.b2(["encrypt", "--key-file", "key", "plain", "sealed"]).exits(10);
    assert!(ran.stderr.contains("--overwrite"), "{}", ran.stderr);
    assert_eq!(scene.read("sealed"), b"precious");
    scene.b2(["encrypt", "--overwrite", "--key-file", "key", "plain", "sealed"]).ok();
    scene.b2(["decrypt", "--key-file", "key", "--overwrite", "sealed", "sealed"]).ok();
    assert_eq!(scene.read("sealed"), content());
    scene.b2(["encrypt", "--key-file", "key", "none", "x"]).exits(10);
    scene.b2(["encrypt", "--key-file", "key", ".", "x"]).exits(10);
    scene.b2(["encrypt", "--key-file", "key", "--overwrite", "plain", "."]).exits(10);
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_written_to_and_links_are_followed() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    let scene = scene();
    scene.b2(["encrypt", "--key-file", "key", "plain", "sealed"]).ok();
    let decrypt = ["decrypt", "--key-file", "key", "sealed"];
    let pipe = scene.work().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = pipe.clone();
    let reader = std::thread::spawn(move || std::fs::read(at).unwrap());
    scene.b2(decrypt.iter().chain(&["--overwrite", "pipe"])).ok();
    assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
    assert!(reader.join().unwrap() == content());
    scene.b2(decrypt.iter().chain(&["/dev/null"])).ok();
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());

    let link = scene.work().join("link");
    symlink("there", &link).unwrap();
    scene.b2(decrypt.iter().chain(&["--overwrite", "link"])).exits(10);
    scene.write("there", "old");
    scene.b2(decrypt.iter().chain(&["link"])).exits(10);
    scene.b2(decrypt.iter().chain(&["--overwrite", "link"])).ok();
    assert!(link.is_symlink());
    assert_eq!(scene.read("there"), content());
}

#[test]
fn passwords_are_never_taken_from_the_command_line_nor_told() {
    let scene = scene();
    let ran = scene.b2(["encrypt", "plain", "x"]).exits(2);
    assert!(ran.stderr.contains("B2_ENCRYPTION_PASSWORD"), "{}", ran.stderr);
    scene.b2(["encrypt", "--password", "canary", "plain", "x"]).exits(2);
    with_password(&scene, "", &["encrypt", "plain", "x"]).exits(2);
    let ran = with_password(&scene, "canary-7f", &["encrypt", "-vv", "plain", "x"]).ok();
    assert!(!ran.stderr.contains("canary") && !ran.text().contains("canary"));
    let bad = ["encrypt", "--suite", "aes-256-cbc", "--key", "canary", "--iv", "00", "plain", "y"];
    let ran = scene.b2(bad).exits(2);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn classic_suites_are_those_of_openssl() {
    let version = Command::new("openssl").arg("version").output();
    assert!(version.is_ok(), "openssl is missing: apt-get install openssl");
    let scene = scene();
    for (ours, theirs, key, iv) in [
        ("aes-256-cbc", "aes-256-cbc", 32, 16),
        ("aes-128-ctr", "aes-128-ctr", 16, 16),
        ("blowfish-cbc", "bf-cbc", 16, 8),
        ("cast5-cbc", "cast5-cbc", 16, 8),
        ("des-cbc", "des-cbc", 8, 8),
        ("rc2-cbc", "rc2-cbc", 16, 8),
        ("rc4", "rc4", 16, 0),
        ("tripledes-cbc", "des-ede3-cbc", 24, 8),
        ("chacha", "chacha20", 32, 16),
    ] {
        let (key, iv) = (&KEY[..2 * key], &KEY[..2 * iv]);
        let mut openssl = Command::new("openssl");
        openssl.current_dir(scene.work()).args(["enc", &format!("-{theirs}"), "-K", key]);
        let mut arguments = vec!["--overwrite", "--suite", ours, "--key", key];
        if !iv.is_empty() {
            openssl.args(["-iv", iv]);
            arguments.extend(["--iv", iv]);
        }
        openssl.args(["-provider", "legacy", "-provider", "default"]);
        let done = openssl.args(["-in", "plain", "-out", "theirs"]).status().unwrap();
        assert!(done.success(), "{theirs}");
        scene.b2([&["encrypt"], &arguments[..], &["plain", "ours"]].concat()).ok();
        assert!(scene.read("ours") == scene.read("theirs"), "{ours}");
        let ran = scene.b2([&["decrypt"], &arguments[..], &["theirs", "opened"]].concat()).ok();
        assert!(scene.read("opened") == content(), "{ours}");
        assert!(ran.stderr.contains("warning: "), "{}", ran.stderr);
    }
}

#[test]
fn classic_suites_fail_in_words() {
    let scene = scene();
    let suite = |name: &str, key: &str, iv: &str, code| {
        let arguments = ["encrypt", "--suite", name, "--key", key, "--iv", iv, "plain", "x"];
        scene.b2(arguments).exits(code).stderr
    };
    assert!(suite("aes-256-ecb", KEY, "00", 2).contains("ECB is refused"));
    assert!(suite("rot13-cbc", KEY, "00", 2).contains("no suite called rot13-cbc"));
    assert!(suite("aes-256-cbc", "00", "00", 2).contains("keys of 16, 24 or 32 bytes"));
    assert!(suite("aes-256-cbc", KEY, "00", 2).contains("16 bytes, not 1"));
    let no_iv = scene.b2(["encrypt", "--suite", "des-cbc", "--key", &KEY[..16], "plain", "x"]);
    assert!(no_iv.exits(2).stderr.contains("needs --iv with 8 bytes"));
    // Twelve bytes are no block.
    scene.write("cut", "twelve bytes");
    let before = scene.files();
    let iv = &KEY[..32];
    let decrypt = ["decrypt", "--suite", "aes-256-cbc", "--key", KEY, "--iv", iv, "cut", "x"];
    let ran = scene.b2(decrypt).exits(9);
    assert!(ran.stderr.contains("does not decrypt"), "{}", ran.stderr);
    assert_eq!(scene.files(), before);
}

#[cfg(unix)]
#[test]
fn an_interruption_leaves_nothing() {
    let scene = scene();
    // Sparse, and far too long to be done before the signal.
    let big = std::fs::File::create(scene.work().join("big")).unwrap();
    big.set_len(1 << 36).unwrap();
    let before = scene.files();
    let mut command = scene.command();
    command.args(["encrypt", "--key-file", "key", "big", "sealed"]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while scene.files() == before {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(scene.files(), before);
}
