//! Classic ciphers with a password, as other programs use them.

use std::process::Command;

use b2_crypto::legacy::{
    Derivation, Hash, KeyOrder, Padding, PasswordEncoding, Profile, Stretching, Suite,
};

use crate::scene::{Scene, run};

fn scene() -> Scene {
    let scene = Scene::with_bucket("my-diary");
    scene.write("plain", content());
    scene.write("password", "correct hörse\n");
    scene.write("other", "wrong\n");
    scene
}

fn content() -> Vec<u8> {
    let numbers = (0..10_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
    b"%PDF-1.7\n".iter().copied().chain(numbers).collect()
}

/// Words of a command line.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn command(scene: &Scene, begin: &str, options: &str, end: &str) -> crate::ran::Ran {
    let line = format!("{begin} {options} {end}");
    scene.b2(words(&line))
}

const PASSWORD: &str = "--password-file password";
const SHA1: &str = "--suite aes-256-cbc --kdf pbkdf1 --kdf-hash sha1 --kdf-iterations 3";

#[test]
fn a_password_makes_the_keys_of_openssl() {
    let version = Command::new("openssl").arg("version").output();
    assert!(version.is_ok(), "openssl is missing: apt-get install openssl");
    let scene = scene();
    for (suite, theirs, options) in [
        (
            "aes-256-cbc",
            "-aes-256-cbc -md md5",
            "--kdf pbkdf1 --kdf-hash md5 --kdf-iterations 1 --kdf-stretching openssl",
        ),
        (
            "tripledes-cbc",
            "-des-ede3-cbc -md sha256",
            "--kdf pbkdf1 --kdf-hash sha256 --kdf-iterations 1 --kdf-stretching openssl",
        ),
        (
            "aes-192-cbc",
            "-aes-192-cbc -md sha512 -pbkdf2 -iter 321",
            "--kdf pbkdf2 --kdf-hash sha512 --kdf-iterations 321",
        ),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.current_dir(scene.work()).arg("enc").args(words(theirs));
        openssl.args(["-nosalt", "-pass", "file:password", "-in", "plain", "-out", "theirs"]);
        assert!(openssl.output().unwrap().status.success(), "{theirs}");
        let options = format!("--overwrite --suite {suite} {options} {PASSWORD}");
        command(&scene, "encrypt", &options, "plain ours").ok();
        assert!(scene.read("ours") == scene.read("theirs"), "{theirs}");
        command(&scene, "decrypt", &options, "theirs opened").ok();
        assert!(scene.read("opened") == content(), "{theirs}");
    }
}

#[test]
fn every_option_means_what_the_library_means() {
    let scene = scene();
    let pbkdf1 = |rule| Profile::new(Derivation::Pbkdf1(rule), 3);
    let pbkdf2 = Profile::new(Derivation::Pbkdf2, 7).with_hash(Hash::Md5);
    let cases = [
        (
            "blowfish-cbc --kdf pbkdf1 --kdf-hash sha1 --kdf-iterations 3 --kdf-stretching dotnet",
            pbkdf1(Stretching::DotNet),
        ),
        (
            "aes-256-cbc --kdf pbkdf1 --kdf-hash sha1 --kdf-iterations 3 \
             --kdf-stretching dotnet --kdf-order key-then-iv-apart",
            pbkdf1(Stretching::DotNet).with_order(KeyOrder::KeyThenIvApart),
        ),
        (
            "idea-cbc --kdf pbkdf1 --kdf-hash sha512 --kdf-iterations 3 --kdf-salt 00ff",
            pbkdf1(Stretching::None).with_hash(Hash::Sha512).with_salt(&[0, 255]),
        ),
        (
            "des-cbc --kdf pbkdf1 --kdf-hash sha1 --kdf-iterations 3 \
             --kdf-stretching crypt-derive-key --kdf-order iv-then-key",
            pbkdf1(Stretching::CryptDeriveKey).with_order(KeyOrder::IvThenKey),
        ),
        (
            "tea-cbc --kdf pbkdf2 --kdf-hash md5 --kdf-iterations 7 --kdf-order key-only \
             --kdf-encoding latin-1",
            pbkdf2.clone().with_order(KeyOrder::KeyOnly).with_encoding(PasswordEncoding::Latin1),
        ),
        (
            "rc4 --kdf pbkdf2 --kdf-hash md5 --kdf-iterations 7 --kdf-order both-from-start \
             --kdf-encoding utf-16le",
            pbkdf2.with_order(KeyOrder::BothFromStart).with_encoding(PasswordEncoding::Utf16Le),
        ),
    ];
    for (options, profile) in cases {
        let suite = Suite::from_name(options.split(' ').next().unwrap()).unwrap();
        let mut sealed = Vec::new();
        let mut encryptor = profile.encryptor("correct hörse", &suite).unwrap();
        encryptor.update(&content(), &mut sealed).unwrap();
        encryptor.finish(&mut sealed).unwrap();
        let options = format!("--overwrite --suite {options} {PASSWORD}");
        command(&scene, "encrypt", &options, "plain ours").ok();
        assert!(scene.read("ours") == sealed, "{options}");
        command(&scene, "decrypt", &options, "ours opened").ok();
        assert!(scene.read("opened") == content(), "{options}");
    }
}

#[test]
fn an_iv_may_be_given_beside_the_password() {
    let scene = scene();
    let iv = "000102030405060708090a0b0c0d0e0f";
    let options = "--suite aes-128-ctr --kdf pbkdf2 --kdf-hash sha256 --kdf-iterations 9";
    command(&scene, "encrypt", &format!("{options} --iv {iv} {PASSWORD}"), "plain ours").ok();
    let suite = Suite::from_name("aes-128-ctr").unwrap();
    let profile = Profile::openssl_pbkdf2(Hash::Sha256, 9).with_order(KeyOrder::KeyOnly);
    let key = profile.derive("correct hörse", &suite).unwrap();
    let iv: Vec<u8> = (0..16).collect();
    let mut opened = Vec::new();
    let mut decryptor = suite.decryptor(key.expose_key(), &iv).unwrap();
    decryptor.update(&scene.read("ours"), &mut opened).unwrap();
    decryptor.finish(&mut opened).unwrap();
    assert!(opened == content());
}

#[test]
fn paddings_are_those_of_the_library() {
    let scene = scene();
    let iv = "00".repeat(16);
    for (name, padding) in [
        ("pkcs7", Padding::Pkcs7),
        ("zeros", Padding::Zeros),
        ("ansi-x923", Padding::AnsiX923),
        ("iso10126", Padding::Iso10126),
    ] {
        let suite = Suite::from_name("aes-128-cbc").unwrap().with_padding(padding);
        let mut sealed = Vec::new();
        let mut encryptor = suite.encryptor(&[0; 16], &[0; 16]).unwrap();
        encryptor.update(&content(), &mut sealed).unwrap();
        encryptor.finish(&mut sealed).unwrap();
        let options =
            format!("--overwrite --suite aes-128-cbc --key {iv} --iv {iv} --padding {name}");
        command(&scene, "encrypt", &options, "plain ours").ok();
        assert!(scene.read("ours") == sealed, "{name}");
        command(&scene, "decrypt", &options, "ours opened").ok();
    }
    let none = format!("--suite aes-128-cbc --key {iv} --iv {iv} --padding none");
    let ran = command(&scene, "encrypt", &none, "plain unaligned").exits(1);
    assert!(ran.stderr.contains("no multiple of 16 bytes"), "{}", ran.stderr);
    assert!(!scene.files().contains(&"unaligned".to_owned()));
}

#[test]
fn nothing_is_guessed() {
    let scene = scene();
    let before = scene.files();
    for (options, words) in [
        ("--suite aes-256-cbc", "needs a --key, or --kdf"),
        ("--suite aes-256-cbc --kdf pbkdf1", "--kdf-hash"),
        ("--suite aes-256-cbc --kdf pbkdf2 --kdf-hash sha1", "--kdf-iterations"),
        ("--kdf pbkdf2 --kdf-hash sha1 --kdf-iterations 1", "--suite"),
        ("--suite rc4 --kdf pbkdf2 --kdf-hash sha1 --kdf-iterations 0", "0"),
        (SHA1, "gives at most 20 bytes, and 48 are needed"),
        (SHA1, "--kdf-stretching"),
        (
            "--suite rc4 --kdf pbkdf2 --kdf-hash sha1 --kdf-iterations 1 --kdf-stretching openssl",
            "leave --kdf-stretching out",
        ),
        ("--suite rc4 --kdf-salt 00", "--kdf"),
        ("--padding zeros", "--suite"),
        ("--suite rc4 --key 0011223344 --kdf pbkdf2", "cannot be used with"),
        ("--suite rc4 --kdf pbkdf2 --kdf-hash sha1 --kdf-iterations 1 --kdf-salt x", "hex digits"),
    ] {
        let ran = command(&scene, "encrypt", &format!("{options} {PASSWORD}"), "plain x").exits(2);
        assert!(ran.stderr.contains(words), "{options}: {}", ran.stderr);
    }
    scene.write("empty", "\n");
    let empty = "--suite rc4 --kdf pbkdf2 --kdf-hash sha1 --kdf-iterations 1 --password-file empty";
    let ran = command(&scene, "encrypt", empty, "plain x").exits(2);
    assert!(ran.stderr.contains("the password is empty"), "{}", ran.stderr);
    std::fs::remove_file(scene.work().join("empty")).unwrap();
    assert_eq!(scene.files(), before);
}

#[test]
fn a_wrong_password_leaves_nothing_and_is_told_once() {
    let scene = scene();
    let options = format!("{SHA1} --kdf-stretching openssl");
    command(&scene, "encrypt", &format!("{options} {PASSWORD}"), "plain sealed").ok();
    scene.write("old", "precious");
    let before = scene.files();
    for destination in ["new", "old"] {
        let line = format!("{options} --overwrite --password-file other");
        let ran = command(&scene, "decrypt", &line, &format!("sealed {destination}")).exits(9);
        assert!(ran.stderr.contains("does not decrypt"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("wrong\n"), "{}", ran.stderr);
    }
    assert_eq!((scene.files(), scene.read("old")), (before, b"precious".to_vec()));
}

#[test]
fn transfers_take_a_password_too() {
    let scene = scene();
    let options = format!("{SHA1} --kdf-stretching dotnet {PASSWORD}");
    command(&scene, "file upload --encrypt", &options, "my-diary plain x").ok();
    scene.b2(["file", "download", "b2://my-diary/x", "sealed"]).ok();
    command(&scene, "decrypt", &options, "sealed opened").ok();
    assert_eq!(scene.read("opened"), content());
    command(&scene, "file download --decrypt", &options, "b2://my-diary/x back").ok();
    assert_eq!(scene.read("back"), content());
    let wrong = options.replace("password-file password", "password-file other");
    let ran = command(&scene, "file download --decrypt", &wrong, "b2://my-diary/x bad").exits(9);
    assert!(ran.stderr.contains("does not decrypt"), "{}", ran.stderr);
    assert!(!scene.files().contains(&"bad".to_owned()));
    let unused = command(&scene, "file upload", &options, "my-diary plain y").exits(2);
    assert!(unused.stderr.contains("--encrypt is missing"), "{}", unused.stderr);
}

#[test]
fn a_search_finds_the_options_that_decrypt() {
    let scene = scene();
    for made_with in [
        "--suite tripledes-cbc --kdf pbkdf1 --kdf-hash sha256 --kdf-iterations 100 \
         --kdf-stretching dotnet --kdf-order iv-then-key",
        "--suite rijndael-256-cbc --kdf pbkdf2 --kdf-hash md5 --kdf-iterations 10",
    ] {
        let options = format!("--overwrite {made_with} {PASSWORD}");
        command(&scene, "encrypt", &options, "plain sealed").ok();
        let found =
            command(&scene, "profile-search", PASSWORD, "--starts-with %PDF-1.7 sealed").ok();
        let found = format!("--overwrite {} {PASSWORD}", found.line());
        command(&scene, "decrypt", &found, "sealed opened").ok();
        assert!(scene.read("opened") == content(), "{found}");
    }
    let like = format!("{PASSWORD} --json --starts-like plain --suite rijndael-256-cbc");
    let row = command(&scene, "profile-search", &like, "sealed").ok().json();
    assert_eq!((&row["kdf"], &row["iterations"]), (&"pbkdf2".into(), &10.into()));
    assert_eq!(row["stretching"], serde_json::Value::Null);

    let all = format!("{PASSWORD} --all --starts-with-hex 255044462d312e37 --kdf-iterations 10,1");
    let rows = command(&scene, "profile-search", &all, "--kdf pbkdf2 sealed").ok().lines();
    assert!(rows.iter().any(|row| row.contains("rijndael-256-cbc")), "{rows:?}");
}

#[test]
fn a_search_knows_an_initialization_vector_that_was_said() {
    let scene = scene();
    let iv = "000102030405060708090a0b0c0d0e0f";
    for suite in ["aes-256-cbc", "aes-256-ctr"] {
        let made_with =
            format!("--suite {suite} --iv {iv} --kdf pbkdf2 --kdf-hash md5 --kdf-iterations 10");
        command(&scene, "encrypt", &format!("--overwrite {made_with} {PASSWORD}"), "plain sealed")
            .ok();
        let search = format!("--starts-with %PDF-1.7 --kdf pbkdf2 --suite {suite} {PASSWORD}");
        command(&scene, "profile-search", &search, "sealed").exits(1);
        let found = command(&scene, "profile-search", &search, &format!("--iv {iv} sealed")).ok();
        let found = format!("--overwrite {} {PASSWORD}", found.line());
        assert!(found.contains(&made_with), "{found}");
        command(&scene, "decrypt", &found, "sealed opened").ok();
        assert!(scene.read("opened") == content(), "{found}");
        let unfit = command(&scene, "profile-search", &search, "--iv 0 sealed").exits(2);
        assert!(unfit.stderr.contains("--iv is not"), "{}", unfit.stderr);
    }
}

#[test]
fn a_search_that_finds_nothing_says_what_to_do() {
    let scene = scene();
    let options = format!("{SHA1} --kdf-stretching openssl --kdf-salt 0011 {PASSWORD}");
    command(&scene, "encrypt", &options, "plain sealed").ok();
    let quick = "--suite aes-256-cbc --kdf-iterations 3 --starts-with %PDF-1.7";
    let ran = command(&scene, "profile-search", &format!("{quick} {PASSWORD}"), "sealed").exits(1);
    assert!(ran.stderr.contains("none of the 120 ways"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--kdf-salt"), "{}", ran.stderr);
    let salted = format!("{quick} --kdf-salt 0010,0011 {PASSWORD}");
    let found = command(&scene, "profile-search", &salted, "sealed").ok().line();
    assert!(found.contains("--kdf-salt 0011"), "{found}");

    let short = command(&scene, "profile-search", PASSWORD, "--starts-with %PD sealed").exits(2);
    assert!(short.stderr.contains("at least 4 bytes"), "{}", short.stderr);
    command(&scene, "profile-search", PASSWORD, "sealed").exits(2);
    command(&scene, "profile-search", PASSWORD, "--starts-with %PDF-1.7 none").exits(10);
    let mut command = scene.command();
    command.env("B2_ENCRYPTION_PASSWORD", "canary-7f");
    let line = format!("profile-search -vv {quick} sealed");
    let ran = run(command, words(&line)).exits(1);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}
