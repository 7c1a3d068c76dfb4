//! What classic ciphers do with a wrong key, and with what was changed or cut.

use b2_crypto::legacy::Suite;

use crate::scene::Scene;

fn content() -> Vec<u8> {
    (0..1000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn hex(byte: u8, len: usize) -> String {
    format!("{byte:02x}").repeat(len)
}

struct Words {
    suite: Suite,
    name: &'static str,
}

impl Words {
    fn options(&self, key: u8) -> Vec<String> {
        let mut options = vec!["--suite".to_owned(), self.name.to_owned()];
        options.extend(["--key".to_owned(), hex(key, self.suite.key_len())]);
        if self.suite.iv_len() > 0 {
            options.extend(["--iv".to_owned(), hex(2, self.suite.iv_len())]);
        }
        options
    }

    fn run(&self, scene: &Scene, begin: &[&str], key: u8, end: &[&str]) -> crate::ran::Ran {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let words: [Vec<String>; 3] = [owned(begin), self.options(key), owned(end)];
        scene.b2(words.concat())
    }
}

fn suites(cbc: bool) -> impl Iterator<Item = Words> {
    let names = Suite::names().iter().filter(move |name| name.ends_with("-cbc") == cbc);
    names.map(|name| Words { suite: Suite::from_name(name).unwrap(), name })
}

#[test]
fn trouble_is_one_clear_error_and_leaves_no_file() {
    let scene = Scene::new();
    scene.write("plain", content());
    for words in suites(true) {
        let (name, block) = (words.name, words.suite.block_len());
        words.run(&scene, &["encrypt", "--overwrite"], 1, &["plain", "sealed"]).ok();
        let sealed = scene.read("sealed");
        let mut padding = sealed.clone();
        padding[sealed.len() - block - 1] ^= 0x80;
        scene.write("old", "precious");
        let before = scene.files();
        for (what, bytes, key) in [
            ("wrong key", sealed.clone(), 0x5a),
            ("bad padding", padding, 1),
            ("cut in a block", sealed[..sealed.len() - 1].to_vec(), 1),
            ("cut behind a block", sealed[..sealed.len() - block].to_vec(), 1),
            ("nothing", Vec::new(), 1),
        ] {
            scene.write("sealed", bytes);
            for destination in ["new", "old"] {
                let decrypt = ["decrypt", "--json", "--overwrite"];
                let ran = words.run(&scene, &decrypt, key, &["sealed", destination]).exits(9);
                let error = ran.error().to_string();
                assert!(error.contains("does not decrypt"), "{name}, {what}: {error}");
                assert!(error.contains("nothing of it was kept"), "{name}, {what}: {error}");
                assert!(!ran.stderr.contains("panicked"), "{name}, {what}: {}", ran.stderr);
                assert_eq!(scene.files(), before, "{name}, {what}");
            }
            assert_eq!(scene.read("old"), b"precious", "{name}, {what}");
        }
    }
}

#[test]
fn trouble_in_a_download_leaves_no_file() {
    let scene = Scene::with_bucket("my-diary");
    scene.write("plain", content());
    for words in suites(true) {
        let (name, block) = (words.name, words.suite.block_len());
        words.run(&scene, &["encrypt", "--overwrite"], 1, &["plain", "sealed"]).ok();
        let cut = scene.read("sealed")[..1000 - block].to_vec();
        scene.write("sealed", cut);
        scene.b2(["file", "upload", "my-diary", "sealed", "x"]).ok();
        let before = scene.files();
        let download = ["file", "download", "--decrypt"];
        let ran = words.run(&scene, &download, 1, &["b2://my-diary/x", "new"]).exits(9);
        assert!(ran.stderr.contains("does not decrypt"), "{name}: {}", ran.stderr);
        assert_eq!(scene.files(), before, "{name}");
        let cat = words.run(&scene, &["file", "cat", "--decrypt"], 1, &["b2://my-diary/x"]);
        assert!(cat.exits(9).stdout.is_empty(), "{name}");
    }
}

/// They have no padding that could be wrong; the warning says so.
#[test]
fn stream_ciphers_cannot_notice_and_say_so() {
    let scene = Scene::new();
    scene.write("plain", content());
    for words in suites(false) {
        words.run(&scene, &["encrypt", "--overwrite"], 1, &["plain", "sealed"]).ok();
        let ran = words.run(&scene, &["decrypt", "--overwrite"], 0x5a, &["sealed", "x"]).ok();
        let said = format!("{} does not notice whether the file was changed", words.name);
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
        assert_eq!(scene.read("x").len(), 1000);
    }
}

/// What `openssl enc` makes of the content with this key, whatever its length.
fn by_openssl(scene: &Scene, name: &str, key: &str) -> Vec<u8> {
    let mut command = std::process::Command::new("openssl");
    command.args(["enc", "-provider", "legacy", "-provider", "default", &format!("-{name}")]);
    command.args(["-K", key, "-iv", &hex(2, 8), "-in", "plain"]).current_dir(scene.work());
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{error}: apt-get install openssl"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[test]
fn a_key_that_openssl_makes_longer_or_shorter_is_warned_of() {
    let scene = Scene::new();
    scene.write("plain", content());
    for (name, openssl, keys, fixed) in [
        ("blowfish-cbc", "bf-cbc", &[4, 5, 15, 16, 17, 56][..], 16),
        ("bf-cbc", "bf-cbc", &[8], 16),
        ("cast5-cbc", "cast5-cbc", &[5, 10, 11, 15, 16], 16),
        ("rc2-cbc", "rc2-cbc", &[1, 5, 8, 16, 17, 128], 16),
        ("RC4", "rc4", &[1, 5, 16, 32], 16),
        ("tripledes-cbc", "des-ede3-cbc", &[16, 24], 24),
        ("des-ede-cbc", "des-ede-cbc", &[16], 16),
        ("rc2-40-cbc", "rc2-40-cbc", &[5], 5),
        ("rc2-64-cbc", "rc2-64-cbc", &[8], 8),
        ("rc4-40", "rc4-40", &[5], 5),
    ] {
        for &len in keys {
            let key: String = (1..=len).map(|byte| format!("{byte:02x}")).collect();
            let other = by_openssl(&scene, openssl, &key);
            let iv = hex(2, 8);
            let encrypt = |key: &str| {
                let begin = ["encrypt", "--overwrite", "--suite", name, "--key", key];
                let iv: &[&str] =
                    if name.to_lowercase().starts_with("rc4") { &[] } else { &["--iv", &iv] };
                let ran = scene.b2([&begin[..], iv, &["plain", "sealed"]].concat()).ok();
                (scene.read("sealed") == other, ran.stderr.contains("this key has"))
            };
            // CAST-128 puts zeros behind such a key by itself.
            let fits = len == fixed || (openssl == "cast5-cbc" && len > 10);
            assert_eq!(encrypt(&key), (fits, !fits), "{name} with {len} bytes");
            // What the warning says to do.
            let made: String = (key + &hex(0, fixed)).chars().take(2 * fixed).collect();
            assert_eq!(encrypt(&made), (true, false), "{name} with {len} bytes");
        }
    }
}
