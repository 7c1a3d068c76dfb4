//! Who can open a file on disk.

use std::fs;

use b2_crypto::{Header, Limits, RawKey, Unlock};

use crate::ran::Ran;
use crate::scene::Scene;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("plain", content());
    scene.write("key", KEY);
    scene.write("other", OTHER);
    scene.write("third", OTHER.replace("ff", "ee"));
    scene.b2(["encrypt", "--key-file", "key", "plain", "x"]).ok();
    scene
}

fn content() -> Vec<u8> {
    (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn change(scene: &Scene, key: &str, words: &[&str]) -> Ran {
    scene.b2([&["recipients", "--key-file", key], words, &["x"]].concat())
}

fn opens(scene: &Scene, key: &str) -> bool {
    let ran = scene.b2(["decrypt", "--overwrite", "--key-file", key, "x", "opened"]);
    let opened = ran.code == Some(0);
    assert!(opened || ran.code == Some(6), "{}", ran.stderr);
    assert!(!opened || scene.read("opened") == content());
    opened
}

/// What a change of the second header to the first one leaves beside the file, if it is killed.
fn pending(new: &[u8], old: &[u8]) -> Vec<u8> {
    let (new, old) = (&new[..1024], &old[..1024]);
    let byte = |at: usize, first: u8| if at == 0 { first } else { at as u8 };
    let key = |first| RawKey::new(std::array::from_fn(|at| byte(at, first)));
    let mut unlocks = [0, 0xff, 0xee].map(|first| Unlock::RawKey(key(first))).into_iter();
    let header = Header::parse(new).unwrap();
    let open = unlocks.find_map(|unlock| header.unlock(&unlock, &Limits::default()).ok());
    let both = [new, old].concat();
    let tag = open.unwrap().tag("header to be replaced", &both);
    [&both[..], &tag].concat()
}

#[test]
fn they_come_and_go_and_no_frame_moves() {
    let scene = scene();
    let before = scene.read("x");
    let row = change(&scene, "key", &["--json", "--add-key-file", "other", "--label", "her"]);
    let row = row.ok().json();
    assert_eq!((&row["recipients"], &row["copied"]), (&2.into(), &false.into()));
    assert!(opens(&scene, "key") && opens(&scene, "other"));
    let told = scene.b2(["inspect", "x"]).ok().text();
    assert!(told.contains("recipient   key her"), "{told}");

    // A rotation.
    let told = change(&scene, "other", &["--only", "--add-key-file", "third"]).ok().text();
    assert!(told.contains("x has 1 recipient now"), "{told}");
    assert!(!opens(&scene, "key") && !opens(&scene, "other") && opens(&scene, "third"));
    let after = scene.read("x");
    assert_eq!(after.len(), before.len());
    assert!(after[1024..] == before[1024..], "a frame has changed");
    assert!(after[..84] == before[..84], "the prefix has changed");
    assert!(!scene.files().iter().any(|name| name.starts_with('.')));
}

#[test]
fn a_password_takes_the_place_of_another() {
    let scene = scene();
    scene.write("old", "old horse\n");
    scene.write("new", "new horse\n");
    let old = ["--password-file", "old"];
    scene.b2([&["encrypt", "--overwrite"], &old[..], &["plain", "x"]].concat()).ok();
    let rotate = ["--only", "--add-password-file", "new", "x"];
    scene.b2([&["recipients"], &old[..], &rotate].concat()).ok();
    scene.b2([&["decrypt"], &old[..], &["x", "opened"]].concat()).exits(6);
    scene.b2(["decrypt", "--password-file", "new", "x", "opened"]).ok();
    assert_eq!(scene.read("opened"), content());
}

#[test]
fn a_header_without_room_grows() {
    let scene = scene();
    let frames = scene.read("x")[1024..].to_vec();
    let mut copies = 0;
    for number in 1..=20 {
        let label = format!("number {number}");
        let row = change(&scene, "key", &["--json", "--add-key-file", "other", "--label", &label]);
        copies += u8::from(row.ok().json()["copied"] == true);
    }
    assert_eq!(copies, 2, "21 recipients take three KiB");
    let grown = scene.read("x");
    assert_eq!(grown.len(), 3 * 1024 + frames.len());
    assert!(grown[3 * 1024..] == frames, "a frame has changed");
    assert!(opens(&scene, "key") && opens(&scene, "other"));
    for number in 1..=20 {
        change(&scene, "key", &["--remove", &format!("number {number}")]).ok();
    }
    assert!(opens(&scene, "key") && !opens(&scene, "other"));
    assert!(!scene.files().iter().any(|name| name.starts_with('.')));
}

/// As the guide says.
#[test]
fn there_is_room_for_eight_with_twenty_bytes_of_labels() {
    for (last, copied) in [("12", false), ("123", true)] {
        let scene = scene();
        for label in ["abc", "def", "ghi", "jkl", "mno", "pqr", last] {
            let words = ["--json", "--add-key-file", "other", "--label", label];
            let row = change(&scene, "key", &words).ok().json();
            assert_eq!(row["copied"], copied && label == last, "{label}");
        }
    }
    for (last, copied) in [(3, false), (4, true)] {
        let scene = scene();
        for number in 1..17 {
            let label = match number {
                16 => "x".repeat(last + 6),
                _ => format!("{number:03}"),
            };
            let words = ["--json", "--add-key-file", "other", "--label", &label];
            let row = change(&scene, "key", &words).ok().json();
            let grows = number == 7 || (number == 16 && copied);
            assert_eq!(row["copied"], grows, "{number}");
        }
    }
}

#[test]
fn a_change_that_cannot_be_leaves_the_file() {
    let scene = scene();
    let before = (scene.files(), scene.read("x"));
    for (key, words, code, said) in [
        ("other", &["--add-key-file", "third"][..], 6, "none of the file's recipients"),
        ("key", &[], 2, "say whom to add"),
        ("key", &["--only"], 2, "say whom to add"),
        ("key", &["--remove", "nobody"], 2, "no recipient is labelled nobody"),
        ("key", &["--remove", ""], 1, "nobody to encrypt for"),
        ("key", &["--add-key-file", "plain"], 10, "cannot read plain"),
    ] {
        let ran = change(&scene, key, words).exits(code);
        assert!(ran.stderr.contains(said), "{words:?}: {}", ran.stderr);
        assert_eq!((scene.files(), scene.read("x")), before, "{words:?}");
    }
    let add = ["recipients", "--key-file", "key", "--add-key-file", "other"];
    scene.b2([&add[..], &["plain"]].concat()).exits(1);
    scene.b2([&add[..], &["none"]].concat()).exits(10);
    scene.b2([&add[..], &["."]].concat()).exits(10);
    // Cut behind the header.
    let cut = before.1[..before.1.len() - 1].to_vec();
    scene.write("cut", &cut);
    scene.b2([&add[..], &["cut"]].concat()).exits(9);
    assert_eq!(scene.read("cut"), cut);
}

#[test]
fn a_change_that_was_torn_counts_and_is_finished() {
    let scene = scene();
    let old = scene.read("x");
    change(&scene, "key", &["--only", "--add-key-file", "other"]).ok();
    let new = scene.read("x");
    for torn in [0, 84, 90, 512, 700, 1024] {
        scene.write("x", [&new[..torn], &old[torn..]].concat());
        scene.write(".x.b2-header", pending(&new, &old));
        assert!(opens(&scene, "other") && !opens(&scene, "key"), "torn after {torn} bytes");
        scene.b2(["inspect", "x"]).ok();
        assert!(scene.files().contains(&".x.b2-header".to_owned()), "reading changes nothing");
        change(&scene, "other", &["--add-key-file", "third", "--label", "3"]).ok();
        assert!(!scene.files().contains(&".x.b2-header".to_owned()));
        assert!(opens(&scene, "other") && opens(&scene, "third") && !opens(&scene, "key"));
        assert!(scene.read("x")[1024..] == old[1024..], "a frame has changed");
    }
    // What is left of another file does not count.
    scene.b2(["encrypt", "--overwrite", "--key-file", "key", "plain", "x"]).ok();
    scene.write(".x.b2-header", pending(&new, &old));
    assert!(opens(&scene, "key") && !opens(&scene, "other"));
}

#[test]
fn the_same_command_ends_what_it_has_begun_and_adds_nobody_twice() {
    let add = &["--add-key-file", "other", "--label", "her"][..];
    let only = &["--only", "--add-key-file", "other", "--label", "her"][..];
    let rename = &["--remove", "her", "--add-key-file", "third", "--label", "her"][..];
    let remove = &["--remove", "her"][..];
    for (words, recipients) in [(add, 2), (only, 1), (rename, 2), (remove, 1)] {
        let scene = scene();
        if words.contains(&"--remove") {
            change(&scene, "key", add).ok();
        }
        let old = scene.read("x");
        change(&scene, "key", words).ok();
        let new = scene.read("x");
        for torn in [0, 90, 300, 1024] {
            scene.write("x", [&new[..torn], &old[torn..]].concat());
            scene.write(".x.b2-header", pending(&new, &old));
            let row = change(&scene, "key", &[&["--json"], words].concat()).ok().json();
            let wanted = (&recipients.into(), &true.into());
            assert_eq!((&row["recipients"], &row["already"]), wanted, "{words:?}, {torn}");
            assert!(scene.read("x") == new, "{words:?}, torn after {torn} bytes");
            assert!(!scene.files().contains(&".x.b2-header".to_owned()));
        }
        // All of it was done, but nobody was told so.
        let again = change(&scene, "key", &[&["--json"], words].concat());
        if words == remove || words == rename {
            continue;
        }
        assert_eq!(again.ok().json()["recipients"], recipients, "{words:?}");
    }
    // Something else was interrupted: what is asked for is done.
    let scene = scene();
    let old = scene.read("x");
    change(&scene, "key", add).ok();
    let new = scene.read("x");
    scene.write("x", &old);
    scene.write(".x.b2-header", pending(&new, &old));
    let row = change(&scene, "key", &["--json", "--add-key-file", "third"]).ok().json();
    assert_eq!((&row["recipients"], &row["already"]), (&3.into(), &false.into()));
    assert!(opens(&scene, "third") && opens(&scene, "other"));
}

#[cfg(unix)]
#[test]
fn it_is_killed_at_any_moment_and_somebody_can_open_it() {
    use std::time::Duration;

    let scene = scene();
    let mut now = "key";
    for round in 0..30_u64 {
        let next = if now == "key" { "other" } else { "key" };
        let mut command = scene.command();
        command.args(["recipients", "--key-file", now, "--only", "--add-key-file", next, "x"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(1500 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let (before, after) = (opens(&scene, now), opens(&scene, next));
        assert!(before != after, "round {round}: {before} {after}");
        if after {
            now = next;
        }
    }
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    let scene = scene();
    let path = scene.work().join("x");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    fs::hard_link(&path, scene.work().join("hard")).unwrap();
    symlink("x", scene.work().join("soft")).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let add = ["recipients", "--key-file", "key", "--add-key-file", "other", "soft"];
    scene.b2(add).ok();
    assert!(fs::symlink_metadata(scene.work().join("soft")).unwrap().is_symlink());
    let about = fs::metadata(&path).unwrap();
    assert_eq!((about.ino(), about.mode() & 0o777), (inode, 0o640));
    assert!(scene.read("hard") == scene.read("x") && opens(&scene, "other"));

    // Nobody else may change it meanwhile.
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    let ran = scene.b2(add).exits(10);
    assert!(ran.stderr.contains("another program is changing it"), "{}", ran.stderr);
}

/// In a folder where everybody may make files, everybody who can read the file can make one beside
/// it.
#[test]
fn a_header_that_was_planted_neither_hides_the_good_one_nor_replaces_it() {
    let scene = scene();
    // Two others, so that the list is never again what it was before her.
    change(&scene, "key", &["--add-key-file", "third", "--label", "it"]).ok();
    let first = scene.read("x");
    change(&scene, "key", &["--add-key-file", "other", "--label", "her"]).ok();
    let with_her = scene.read("x")[..1024].to_vec();
    change(&scene, "key", &["--remove", "her", "--remove", "it"]).ok();
    let good = scene.read("x");
    let flipped = |at: usize| {
        let mut header = good[..1024].to_vec();
        header[at] ^= 1;
        header
    };
    // Length and number of recipients, salt, nonce and key of the first, its tag, the filling, the
    // tag of all.
    let mut planted: Vec<_> = [87, 89, 91, 92, 95, 120, 150, 180, 800, 1023].map(flipped).into();
    planted.extend([with_her.clone(), good[..1024].to_vec(), Vec::new(), vec![7; 300_000]]);
    // The same as the rest of a change, without the key of the file; and one from former times.
    let forged: Vec<_> =
        planted[..11].iter().map(|new| [&new[..], &good[..1024], &[1; 32]].concat()).collect();
    planted.extend(forged);
    planted.push(pending(&with_her, &first));
    for (at, planted) in planted.iter().enumerate() {
        scene.write("x", &good);
        scene.write(".x.b2-header", planted);
        #[cfg(unix)]
        if rustix::process::geteuid().is_root() {
            let nobody = Some(65_534);
            std::os::unix::fs::chown(scene.work().join(".x.b2-header"), nobody, nobody).unwrap();
        }
        assert!(opens(&scene, "key") && !opens(&scene, "other"), "{at}");
        scene.b2(["inspect", "x"]).ok();
        assert!(scene.read("x") == good, "{at}");
        let ran = change(&scene, "key", &["--add-key-file", "third", "--label", "3"]).ok();
        assert!(ran.stderr.contains(".x.b2-header"), "{at}: {}", ran.stderr);
        assert!(scene.read(".x.b2-header") == *planted, "{at}");
        assert!(opens(&scene, "key") && opens(&scene, "third") && !opens(&scene, "other"), "{at}");
        assert!(scene.read("x")[1024..] == good[1024..], "{at}");
    }
}

/// Whoever was removed by a change that was killed is told so; everybody else is not kept out.
#[test]
fn what_lies_beside_a_file_is_told() {
    let scene = scene();
    let old = scene.read("x");
    change(&scene, "key", &["--only", "--add-key-file", "other"]).ok();
    let new = scene.read("x");
    scene.write("x", &old);
    scene.write(".x.b2-header", pending(&new, &old));
    let ran = scene.b2(["decrypt", "--key-file", "key", "x", "opened"]).exits(6);
    assert!(!ran.stderr.contains("was not used"), "{}", ran.stderr);
    let ran = scene.b2(["inspect", "x"]).ok();
    assert!(ran.stderr.contains(".x.b2-header lies beside it"), "{}", ran.stderr);
    // Whoever is kept out by it changes nothing.
    change(&scene, "key", &["--add-key-file", "third"]).exits(6);
    assert!(scene.read("x") == old && scene.read(".x.b2-header") == pending(&new, &old));
    scene.write(".x.b2-header", "something");
    let ran = scene.b2(["decrypt", "--key-file", "key", "x", "opened"]).ok();
    assert!(ran.stderr.contains(".x.b2-header was not used"), "{}", ran.stderr);
    // Beside standard input is nothing.
    scene.write(".-.b2-header", "something");
    let ran = scene.b2_reading(&old, ["decrypt", "--key-file", "key", "-", "again"]).ok();
    assert!(!ran.stderr.contains("was not used"), "{}", ran.stderr);
}
