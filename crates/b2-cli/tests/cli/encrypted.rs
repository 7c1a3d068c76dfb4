//! Transfers that encrypt on this machine.

use b2::Capability;

use crate::scene::{Scene, run};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn scene() -> Scene {
    let scene = Scene::with_bucket("my-diary");
    scene.write("plain", content());
    scene.write("key", KEY);
    scene.write("other", OTHER);
    scene
}

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn upload(scene: &Scene, name: &str) {
    scene.b2(["file", "upload", "--encrypt", "--key-file", "key", "my-diary", "plain", name]).ok();
}

#[test]
fn what_was_encrypted_comes_back_by_whatever_way() {
    let scene = scene();
    upload(&scene, "x");
    let uri = "b2://my-diary/x";
    let download = ["file", "download", "--decrypt", "--key-file", "key"];
    let ran = scene.b2(download.into_iter().chain([uri, "back"])).ok();
    assert!(ran.stderr.contains("downloaded 300000 bytes to back, decrypted and verified"));
    assert_eq!(scene.read("back"), content());
    let row = scene.b2(download.into_iter().chain(["--json", "--resume", uri, "json"])).ok().json();
    assert_eq!((&row["bytes"], &row["check"]), (&300_000.into(), &"authenticated".into()));
    let part = download.into_iter().chain(["--range", "70000-70009", uri, "part"]);
    scene.b2(part).ok();
    assert_eq!(scene.read("part"), &content()[70_000..70_010]);
    let cat = ["file", "cat", "--decrypt", "--key-file", "key", "--range", "299990-"];
    assert_eq!(scene.b2(cat.into_iter().chain([uri])).ok().stdout, &content()[299_990..]);
    let plain = scene.b2(["file", "cat", "--range", "1-3", uri]).ok().stdout;
    assert_eq!(plain, b"B2E");
}

#[test]
fn listings_tell_the_length_of_the_content() {
    let scene = scene();
    upload(&scene, "shown");
    let hidden = ["--encrypt", "--hide-length", "--key-file", "key", "my-diary", "plain", "hidden"];
    scene.b2(["file", "upload"].into_iter().chain(hidden)).ok();
    let rows = scene.b2(["ls", "--long", "b2://my-diary"]).ok().text();
    let row = |name: &str| rows.lines().find(|row| row.ends_with(name)).unwrap().to_owned();
    assert!(row("shown").contains(" 300000 "), "{rows}");
    assert!(!row("hidden").contains(" 300000 "), "{rows}");
    let told = scene.b2(["file", "info", "b2://my-diary/shown"]).ok().text();
    assert!(told.contains("content bytes 300000") && told.contains("client_encryption=b2e-1"));
}

#[test]
fn a_wrong_key_leaves_everything_as_it_was() {
    let scene = scene();
    upload(&scene, "x");
    scene.write("old", "precious");
    let before = scene.files();
    for destination in ["new", "old", "-"] {
        let download = ["file", "download", "--overwrite", "--decrypt", "--key-file", "other"];
        let ran = scene.b2(download.into_iter().chain(["b2://my-diary/x", destination])).exits(6);
        assert!(ran.stderr.contains("another password or key"), "{}", ran.stderr);
        assert!(ran.stderr.contains("give the password or key"), "{}", ran.stderr);
        assert!(ran.stdout.is_empty());
    }
    assert_eq!((scene.files(), scene.read("old")), (before, b"precious".to_vec()));
    scene.b2(["file", "upload", "my-diary", "plain", "plain"]).ok();
    let plain = ["file", "cat", "--decrypt", "--key-file", "key", "b2://my-diary/plain"];
    let ran = scene.b2(plain).exits(1);
    assert!(ran.stderr.contains("is not encrypted"), "{}", ran.stderr);
}

#[test]
fn a_key_that_would_not_be_used_is_refused() {
    let scene = scene();
    let upload = ["file", "upload", "--key-file", "key", "my-diary", "plain", "x"];
    let ran = scene.b2(upload).exits(2);
    assert!(ran.stderr.contains("--encrypt is missing"), "{}", ran.stderr);
    for option in ["--hide-length", "--algorithm=aes256-gcm"] {
        let ran = scene.b2(["file", "upload", option, "my-diary", "plain", "x"]).exits(2);
        assert!(ran.stderr.contains("--encrypt is missing"), "{}", ran.stderr);
    }
    let cat = ["file", "cat", "--password-file", "key", "b2://my-diary/x"];
    assert!(scene.b2(cat).exits(2).stderr.contains("--decrypt is missing"));
    let none = ["file", "upload", "--encrypt", "my-diary", "plain", "x"];
    assert!(scene.b2(none).exits(2).stderr.contains("B2_ENCRYPTION_PASSWORD"));
    assert_eq!(scene.b2(["ls", "b2://my-diary"]).ok().text(), "");
}

#[test]
fn names_are_encrypted_too() {
    let scene = scene();
    let names = ["--name-key-file", "other"];
    for name in ["2026/cat.jpg", "2026/dog.jpg"] {
        let upload = ["file", "upload", "--encrypt", "--key-file", "key"].into_iter().chain(names);
        scene.b2(upload.chain(["my-diary", "plain", name])).ok();
    }
    let listed = scene.b2(["ls", "-r", "b2://my-diary"]).ok().text();
    assert!(!listed.contains("2026") && !listed.contains("cat") && listed.lines().count() == 2);
    scene.b2(["file", "upload", "my-diary", "plain", "plain"]).ok();
    let list = |uri: &str| {
        let ran = scene.b2(["ls", "-r", "--name-key-file", "other", uri]).ok();
        assert_eq!(ran.stderr.contains("plain is passed over"), uri == "b2://my-diary");
        let mut rows: Vec<_> = ran.text().lines().map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert_eq!(list("b2://my-diary"), ["2026/cat.jpg", "2026/dog.jpg"]);
    assert_eq!(list("b2://my-diary/2026"), ["2026/cat.jpg", "2026/dog.jpg"]);
    let cat = ["file", "cat", "--decrypt", "--key-file", "key"].into_iter().chain(names);
    assert_eq!(scene.b2(cat.chain(["b2://my-diary/2026/cat.jpg"])).ok().stdout, content());
}

#[test]
fn every_command_that_names_a_file_knows_encrypted_names() {
    let scene = scene();
    scene.b2(["bucket", "update", "--file-lock-enabled", "my-diary"]).ok();
    let named = |words: &str| {
        let (command, rest) = words.split_once(" : ").unwrap();
        let key = ["--name-key-file", "other"];
        scene.b2(command.split(' ').chain(key).chain(rest.split(' '))).ok()
    };
    named("file upload --encrypt --key-file key : my-diary plain 2026/cat");
    scene.b2(["file", "info", "b2://my-diary/2026/cat"]).exits(4);
    let uri = "b2://my-diary/2026/cat";
    let info = named(&format!("file info --json : {uri}")).json();
    assert_eq!(info["fileName"], "2026/cat");
    named(&format!("file recipients --key-file key : --only --add-key-file other {uri}"));
    let cat = named(&format!("file cat --decrypt --key-file other : {uri}"));
    assert_eq!(cat.stdout, content());
    named(&format!("file copy : {uri} b2://my-diary/2026/dog"));
    let dog = "b2://my-diary/2026/dog";
    let cat = named(&format!("file cat --decrypt --key-file other : {dog}"));
    assert_eq!(cat.stdout, content());
    let held = named(&format!("file update --json --legal-hold on : {dog}")).json();
    assert_eq!(held["fileName"], "2026/dog");
    named(&format!("file update --legal-hold off : {dog}"));
    let url = named(&format!("file url : {dog}")).line();
    let stored = scene.b2(["ls", "-r", "b2://my-diary"]).ok().lines();
    assert!(stored.iter().any(|name| url.ends_with(name)), "{url} {stored:?}");
    let link = named(&format!("file url --with-auth : {dog}")).line();
    assert!(stored.iter().any(|name| link.contains(name)), "{link} {stored:?}");
    named(&format!("file hide : {dog}"));
    assert_eq!(named("ls -r : b2://my-diary").lines(), ["2026/cat"]);
    assert_eq!(named("rm -r --dry-run : b2://my-diary/2026").lines(), ["2026/cat"]);
    assert_eq!(named(&format!("rm --versions : {dog}")).lines(), ["2026/dog", "2026/dog"]);
    assert_eq!(named(&format!("rm : {uri}")).lines(), ["2026/cat"]);
    // The version before its recipients were changed.
    assert_eq!(named("rm -r --yes --versions : b2://my-diary/2026").lines(), ["2026/cat"]);
    assert_eq!(scene.b2(["ls", "-r", "--versions", "b2://my-diary"]).ok().text(), "");
}

#[test]
fn what_a_guess_at_a_password_costs_can_be_said() {
    let scene = scene();
    scene.write("password", "correct horse");
    let secret = ["--password-file", "password"];
    for (cost, told) in [
        ("--iterations=2000", "PBKDF2 with SHA-256, 2000 iterations"),
        (
            "--argon2-memory=8 --argon2-passes=1 --argon2-lanes=2",
            "Argon2id, 8192 KiB, 1 passes, 2 lanes",
        ),
        ("--argon2-passes=1", "Argon2id, 65536 KiB, 1 passes, 4 lanes"),
    ] {
        let cost: Vec<_> = cost.split(' ').collect();
        let encrypt = [&["encrypt", "--overwrite"][..], &cost, &secret, &["plain", "x"]].concat();
        scene.b2(encrypt).ok();
        let upload = ["file", "upload", "--encrypt"];
        scene.b2([&upload[..], &cost, &secret, &["my-diary", "plain", "x"]].concat()).ok();
        scene.b2(["file", "download", "--overwrite", "b2://my-diary/x", "y"]).ok();
        for file in ["x", "y"] {
            let said = scene.b2(["inspect", file]).ok().text();
            assert!(said.contains(told), "{said}");
            scene.b2([&["decrypt"], &secret[..], &[file, "-"]].concat()).ok();
        }
    }
    for unfit in [
        &["--iterations=999"][..],
        &["--iterations=10000001"],
        &["--argon2-memory=0"],
        &["--argon2-memory=1025"],
        &["--argon2-passes=17"],
        &["--argon2-lanes=65"],
        &["--iterations=2000", "--argon2-passes=2"],
        &["--iterations=2000", "--key-file=key"],
    ] {
        scene.b2([&["encrypt", "--overwrite"], unfit, &["plain", "x"]].concat()).exits(2);
    }
    let ran = scene.b2(["file", "upload", "--iterations=2000", "my-diary", "plain", "x"]).exits(2);
    assert!(ran.stderr.contains("--encrypt is missing"), "{}", ran.stderr);
}

#[test]
fn recipients_come_and_go() {
    let scene = scene();
    upload(&scene, "x");
    let cat = |key| scene.b2(["file", "cat", "--decrypt", "--key-file", key, "b2://my-diary/x"]);
    let change = |key, words: &[&'static str]| {
        let change = ["file", "recipients", "--key-file", key];
        scene.b2(change.into_iter().chain(words.iter().copied()).chain(["b2://my-diary/x"]))
    };
    cat("other").exits(6);
    change("key", &["--add-key-file", "other", "--label", "her"]).ok();
    assert_eq!(cat("other").ok().stdout, content());
    assert_eq!(cat("key").ok().stdout, content());
    change("key", &["--remove", "her"]).ok();
    cat("other").exits(6);
    change("key", &["--only", "--add-key-file", "other"]).ok();
    cat("key").exits(6);
    assert_eq!(cat("other").ok().stdout, content());
    assert!(change("other", &[]).exits(2).stderr.contains("whom to add"));
    change("key", &["--remove", "x"]).exits(6);
}

#[test]
fn pipes_are_encrypted_and_decrypted() {
    let scene = scene();
    for len in [0, 5, 1024, 3_000_000] {
        let content = content().repeat(10)[..len].to_vec();
        let sealed = scene.b2_reading(&content, ["encrypt", "--key-file", "key", "-", "-"]).ok();
        let opened = scene.b2_reading(&sealed.stdout, ["decrypt", "--key-file", "key", "-", "-"]);
        assert!(opened.ok().stdout == content, "{len} bytes differ");
        let cut = &sealed.stdout[..sealed.stdout.len() - 1];
        scene.b2_reading(cut, ["decrypt", "--key-file", "key", "-", "-"]).exits(9);
        scene.b2_reading(cut, ["decrypt", "--key-file", "key", "-", "out"]).exits(9);
    }
    assert!(!scene.files().contains(&"out".to_owned()));
    let hidden = ["encrypt", "--hide-length", "--key-file", "key", "-", "-"];
    assert!(scene.b2_reading("x", hidden).exits(2).stderr.contains("nobody knows the length"));
    let upload = ["file", "upload", "--encrypt", "--key-file", "key", "my-diary", "-", "x"];
    scene.b2_reading("from a pipe", upload).ok();
    let cat = ["file", "cat", "--decrypt", "--key-file", "key", "b2://my-diary/x"];
    assert_eq!(scene.b2(cat).ok().stdout, b"from a pipe");
}

#[test]
fn classic_ciphers_are_those_of_the_command_for_files() {
    let scene = scene();
    let classic = ["--suite", "aes-256-cbc", "--key", KEY, "--iv", &KEY[..32]];
    let upload = ["file", "upload", "--encrypt"].into_iter().chain(classic);
    let ran = scene.b2(upload.chain(["my-diary", "plain", "x"])).ok();
    assert!(ran.stderr.contains("does not notice whether the file was changed"));
    scene.b2(["file", "download", "b2://my-diary/x", "sealed"]).ok();
    scene.b2(["decrypt"].into_iter().chain(classic).chain(["sealed", "opened"])).ok();
    assert_eq!(scene.read("opened"), content());
    let download = ["file", "download", "--decrypt"].into_iter().chain(classic);
    scene.b2(download.chain(["b2://my-diary/x", "back"])).ok();
    assert_eq!(scene.read("back"), content());
}

#[test]
fn a_key_that_may_only_write_is_enough_to_encrypt() {
    let scene = scene();
    let writer = scene.key_of("my-diary", &[Capability::WriteFiles]);
    let upload = ["file", "upload", "--encrypt", "--key-file", "key", "my-diary", "plain", "x"];
    run(scene.command_with(&writer), upload).ok();
    let reader = scene.key_of("my-diary", &[Capability::ReadFiles]);
    let cat = ["file", "cat", "--decrypt", "--key-file", "key", "b2://my-diary/x"];
    assert_eq!(run(scene.command_with(&reader), cat).ok().stdout, content());
}

#[test]
fn a_pipe_is_encrypted_while_it_is_read() {
    let scene = scene();
    // In three parts, the least that B2 takes.
    let content = content().repeat(40);
    let upload = ["file", "upload", "--encrypt", "--part-size", "5000000", "--key-file", "key"];
    let piped = upload.into_iter().chain(["my-diary", "-", "x"]);
    let told = scene.b2_reading(&content, piped).ok().stderr;
    assert!(told.contains("encrypted"), "{told}");
    let info = scene.b2(["file", "info", "--json", "b2://my-diary/x"]).ok().json();
    assert_eq!(info["fileInfo"]["client_encryption"], "b2e-1");
    assert_eq!(info["fileInfo"]["plaintext_length"], serde_json::Value::Null);
    let cat = ["file", "cat", "--decrypt", "--key-file", "key"];
    assert!(scene.b2(cat.into_iter().chain(["b2://my-diary/x"])).ok().stdout == content);
    let part = cat.into_iter().chain(["--range", "11999990-", "b2://my-diary/x"]);
    assert_eq!(scene.b2(part).ok().stdout, &content[11_999_990..]);

    // Nobody hides a length that nobody knows: it is read to its end first.
    let hidden = upload.into_iter().chain(["--hide-length", "my-diary", "-", "hidden"]);
    scene.b2_reading(&content[..7000], hidden).ok();
    let back = cat.into_iter().chain(["b2://my-diary/hidden"]);
    assert_eq!(scene.b2(back).ok().stdout, &content[..7000]);
}

#[test]
fn recipients_change_under_a_key_of_ones_own() {
    const SSE_C: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    let scene = scene();
    let mut command = scene.command();
    command.env("B2_DESTINATION_SSE_C_KEY_B64", SSE_C);
    let upload = ["file", "upload", "--encrypt", "--key-file", "key"];
    let under = ["--destination-server-side-encryption", "SSE-C", "my-diary", "plain", "x"];
    run(command, upload.into_iter().chain(under)).ok();

    let source = ["--source-server-side-encryption", "SSE-C"];
    let change = ["file", "recipients", "--key-file", "key", "--only", "--add-key-file", "other"];
    scene.b2(change.into_iter().chain(["b2://my-diary/x"])).exits(1);
    let with_key = |words: Vec<&str>| {
        let mut command = scene.command();
        command.env("B2_SOURCE_SSE_C_KEY_B64", SSE_C);
        run(command, words.into_iter().chain(source).chain(["b2://my-diary/x"]))
    };
    with_key(change.to_vec()).ok();
    let cat = |key| with_key(vec!["file", "cat", "--decrypt", "--key-file", key]);
    assert_eq!(cat("other").ok().stdout, content());
    cat("key").exits(6);
    scene.b2(["file", "cat", "--decrypt", "--key-file", "other", "b2://my-diary/x"]).exits(1);
}
