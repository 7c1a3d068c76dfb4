//! `fsck` on sound and on damaged folders.

use std::path::{Path, PathBuf};
use std::process::Command;

use b2_emulator::Emulator;
use serde_json::json;

use super::Bench;
use super::wire::UploadUrl;

/// Runs it; gives whether it was content and what it said.
fn fsck(data: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b2-emulator"));
    let output = command.arg("fsck").arg("--data").arg(data).args(more).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A folder with everything in it: versions, markers, parts, an unfinished file.
fn fill(data: &Path) {
    let settings = b2_emulator::Settings::default().with_part_sizes(100, 5);
    let mut bench = Bench::with(Emulator::builder().data_dir(data).settings(settings));
    for body in [&b"one"[..], b"two", b""] {
        bench.store("a", body);
    }
    let hide = json!({"bucketId": bench.bucket, "fileName": "a"});
    bench.client.call("b2_hide_file", &hide).unwrap().ok();
    for finishes in [true, false] {
        let start = json!({"bucketId": bench.bucket, "fileName": "big", "contentType": "x/y"});
        let file = bench.client.call("b2_start_large_file", &start).unwrap().ok();
        let id = json!({"fileId": file["fileId"]});
        let url = bench.client.call("b2_get_upload_part_url", &id).unwrap().ok();
        let url = UploadUrl::new(&url);
        let mut digests = Vec::new();
        for number in ["1", "2"] {
            let headers = [
                ("Authorization", url.token.as_str()),
                ("X-Bz-Part-Number", number),
                ("X-Bz-Content-Sha1", "do_not_verify"),
            ];
            let wire = &mut bench.client.wire;
            let part = wire.request("POST", &url.target, &headers, b"a part of it").unwrap().ok();
            digests.push(part["contentSha1"].as_str().unwrap().replace("unverified:", ""));
        }
        if finishes {
            let finish = json!({"fileId": file["fileId"], "partSha1Array": digests});
            bench.client.call("b2_finish_large_file", &finish).unwrap().ok();
        }
    }
}

fn blobs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let deep = |path: PathBuf| if path.is_dir() { blobs(&path) } else { vec![path] };
    entries.flat_map(deep).collect()
}

#[test]
fn a_sound_folder_has_no_faults() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let (content, said) = fsck(folder.path(), &[]);
    assert!(content, "{said}");
    assert!(said.contains("0 faults") && said.contains("7 blobs"), "{said}");
    std::fs::write(folder.path().join("tmp/left"), "x").unwrap();
    let (content, said) = fsck(folder.path(), &["--json"]);
    assert!(content, "{said}");
    let sum: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&sum["leftovers"], &sum["versions"]), (&json!(1), &json!(6)));
}

#[test]
fn damage_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let files = blobs(&folder.path().join("blobs"));
    let some: Vec<_> = files.iter().filter(|file| file.metadata().unwrap().len() > 0).collect();
    let id = some[0].file_name().unwrap().to_str().unwrap();
    let whole = std::fs::read(some[0]).unwrap();
    let mut changed = whole.clone();
    changed[0] ^= 1;
    std::fs::write(some[0], &changed).unwrap();
    let (content, said) = fsck(folder.path(), &[]);
    assert!(!content && said.contains(id) && said.contains("SHA-1"), "{said}");
    assert!(fsck(folder.path(), &["--quick"]).0, "its size is right");
    std::fs::write(some[0], &whole[1..]).unwrap();
    let (content, said) = fsck(folder.path(), &["--quick"]);
    assert!(!content && said.contains("bytes instead of"), "{said}");
    std::fs::remove_file(some[0]).unwrap();
    let (content, said) = fsck(folder.path(), &["--json"]);
    assert!(!content && said.contains("cannot be read"), "{said}");
}

#[test]
fn a_folder_in_use_or_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let emulator = Emulator::builder().data_dir(&data).start_blocking().unwrap();
    let (content, said) = fsck(&data, &[]);
    assert!(!content && said.contains("in use"), "{said}");
    drop(emulator);
    let (content, said) = fsck(folder.path(), &[]);
    assert!(!content && said.contains("not the data folder"), "{said}");
    let (content, _) = fsck(&folder.path().join("absent"), &[]);
    assert!(!content && !folder.path().join("absent").exists());
}
