//! What was acknowledged survives `kill -9`, and nothing else is left over.
//!
//! `B2_CRASH_ROUNDS` sets the number of kills, `B2_CRASH_SEED` repeats a run
//! as far as the scheduler lets it be repeated.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should fail")]

mod wire;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wire::{Client, Dice, Program, UploadUrl, sha1};

const WRITERS: u64 = 4;

/// What a client knows about a file it tried to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    /// No answer came: it may be there or not.
    Attempted,
    /// The upload was acknowledged: it must be there.
    Stored,
    /// A delete was sent and not answered: it may be there or not.
    Doomed,
    /// The delete was acknowledged: it must not be there.
    Deleted,
}

#[derive(Default)]
struct Books {
    files: HashMap<String, Knowledge>,
    ids: HashMap<String, String>,
}

/// The content a file of this name has; nobody has to remember it.
fn content(name: &str) -> Vec<u8> {
    let mut dice = Dice(name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    let len = match dice.roll(8) {
        0 => 0,
        1 => 300_000 + dice.roll(700_000),
        _ => dice.roll(40_000),
    };
    dice.bytes(len as usize)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[test]
fn acknowledged_files_survive_kills() {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let (rounds, seed) = (number("B2_CRASH_ROUNDS", 30), number("B2_CRASH_SEED", clock));
    println!("B2_CRASH_SEED={seed} B2_CRASH_ROUNDS={rounds}");
    let mut dice = Dice(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let program = Program::start(&data);
    let bucket = program.client().unwrap().create_bucket("crash-test").unwrap();
    program.kill();

    let books = Mutex::new(Books::default());
    for round in 0..rounds {
        let program = Program::start(&data);
        check(&program, &data, &bucket, &mut books.lock().unwrap(), false);
        let patience = Duration::from_millis(5 + dice.roll(150));
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (books, bucket, program) = (&books, &bucket, &program);
                let mut dice = Dice(dice.roll(u64::MAX));
                scope.spawn(move || {
                    // Ends with an error when the server is gone.
                    let _ = write(program, bucket, books, &format!("{round}/{writer}"), &mut dice);
                });
            }
            std::thread::sleep(patience);
            kill_by_id(&program);
        });
        program.kill();
    }
    let program = Program::start(&data);
    let mut books = books.into_inner().unwrap();
    check(&program, &data, &bucket, &mut books, true);
    let stored = books.files.values().filter(|known| **known == Knowledge::Stored).count();
    println!("{stored} acknowledged files are all there");
    assert!(stored as u64 > rounds, "the test has to store something to mean anything");
}

/// Kills while other threads still hold the program.
fn kill_by_id(program: &Program) {
    let pid = program.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
}

/// Uploads, and now and then deletes, until an error comes.
fn write(
    program: &Program,
    bucket: &str,
    books: &Mutex<Books>,
    label: &str,
    dice: &mut Dice,
) -> io::Result<()> {
    let mut client = program.client()?;
    let mut url = client.upload_url(bucket)?;
    for n in 0.. {
        if dice.roll(5) == 0 {
            delete_one(&mut client, books, dice)?;
            continue;
        }
        let name = format!("{label}/{n}");
        let body = content(&name);
        books.lock().unwrap().files.insert(name.clone(), Knowledge::Attempted);
        let reply = if body.len() > 300_000 && dice.roll(3) == 0 {
            upload_digest_last(&mut client, &url, &name, &body)?
        } else {
            client.upload(&url, &name, &body)?
        };
        assert_eq!(reply.status, 200, "{reply:?}");
        let id = reply.json()["fileId"].as_str().unwrap().to_owned();
        let mut books = books.lock().unwrap();
        books.files.insert(name.clone(), Knowledge::Stored);
        books.ids.insert(name, id);
        drop(books);
        if dice.roll(20) == 0 {
            url = client.upload_url(bucket)?;
        }
    }
    Ok(())
}

fn upload_digest_last(
    client: &mut Client,
    url: &UploadUrl,
    name: &str,
    body: &[u8],
) -> io::Result<wire::Reply> {
    let headers = [
        ("Authorization", url.token.as_str()),
        ("X-Bz-File-Name", name),
        ("Content-Type", "b2/x-auto"),
        ("X-Bz-Content-Sha1", "hex_digits_at_end"),
    ];
    let body = [body, sha1(body).as_bytes()].concat();
    client.wire.request("POST", &url.target, &headers, &body)
}

fn delete_one(client: &mut Client, books: &Mutex<Books>, dice: &mut Dice) -> io::Result<()> {
    let (name, id) = {
        let mut books = books.lock().unwrap();
        let mut names: Vec<_> = books
            .files
            .iter()
            .filter(|(_, known)| **known == Knowledge::Stored)
            .map(|(name, _)| name.clone())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        names.sort_unstable();
        let name = names.swap_remove(dice.roll(names.len() as u64) as usize);
        books.files.insert(name.clone(), Knowledge::Doomed);
        let id = books.ids[&name].clone();
        (name, id)
    };
    let body = json!({"fileName": name, "fileId": id});
    client.call("b2_delete_file_version", &body)?.ok();
    books.lock().unwrap().files.insert(name, Knowledge::Deleted);
    Ok(())
}

/// Compares what is there with the books, and settles what was in doubt.
fn check(program: &Program, data: &Path, bucket: &str, books: &mut Books, all: bool) {
    let mut client = program.client().unwrap();
    let mut found = HashMap::new();
    let mut query = json!({"bucketId": bucket, "maxFileCount": 10_000});
    loop {
        let page = client.call("b2_list_file_versions", &query).unwrap().ok();
        for row in page["files"].as_array().unwrap() {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let previous = found.insert(text("fileName"), (text("fileId"), row.clone()));
            assert!(previous.is_none(), "{row} is there twice");
        }
        if page["nextFileName"].is_null() {
            break;
        }
        query["startFileName"] = page["nextFileName"].clone();
        query["startFileId"] = page["nextFileId"].clone();
    }
    for (name, known) in &mut books.files {
        let is_there = found.contains_key(name);
        match known {
            Knowledge::Stored => assert!(is_there, "{name} was acknowledged and is gone"),
            Knowledge::Deleted => assert!(!is_there, "{name} was deleted and is back"),
            Knowledge::Attempted | Knowledge::Doomed => {
                let was_new = *known == Knowledge::Attempted;
                *known = if is_there { Knowledge::Stored } else { Knowledge::Deleted };
                if was_new && is_there {
                    books.ids.insert(name.clone(), found[name].0.clone());
                }
            }
        }
    }
    let mut dice = Dice(found.len() as u64);
    for (name, (id, row)) in &found {
        assert!(books.files.contains_key(name), "{name} was never uploaded");
        if all || dice.roll(8) == 0 {
            check_content(&mut client, name, id, row);
        }
    }
    // The sweep goes on while requests are answered.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while count_files(&data.join("blobs")) != found.len() {
        assert!(std::time::Instant::now() < deadline, "blobs without a file");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(count_files(&data.join("tmp")), 0, "temporary files are left");
}

fn check_content(client: &mut Client, name: &str, id: &str, row: &Value) {
    let expected = content(name);
    let reply = client.download(id).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.body == expected, "{name} has other bytes");
    assert_eq!(row["contentSha1"], json!(sha1(&expected)));
    assert_eq!(row["contentLength"], json!(expected.len()));
}

fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

#[test]
fn a_full_disk_is_an_error_and_not_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Two megabytes per file.
    let program = Program::start_with_file_limit(&data, 4096);
    let mut client = program.client().unwrap();
    let bucket = client.create_bucket("small-disk").unwrap();

    let url = client.upload_url(&bucket).unwrap();
    let large = Dice(1).bytes(3_000_000);
    let refused = client.upload(&url, "large", &large).unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.json()["code"], "service_unavailable");
    assert_eq!(count_files(&data.join("tmp")), 0);
    assert_eq!(client.upload(&url, "small", b"x").unwrap().status, 401, "the URL is dead");

    let stored = fill_metadata(&mut client, &bucket);
    println!("{} files fitted", stored.len());
    let first = client.download(&stored[0].1).unwrap();
    assert_eq!(first.status, 200, "reading goes on");
    assert_eq!(count_files(&data.join("tmp")), 0);
    program.kill();

    let program = Program::start(&data);
    let mut client = program.client().unwrap();
    for (name, id) in &stored {
        let reply = client.download(id).unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (200, name.as_bytes()));
    }
    assert_eq!(count_files(&data.join("blobs")), stored.len());
    let url = client.upload_url(&bucket).unwrap();
    assert_eq!(client.upload(&url, "large", &large).unwrap().status, 200);
}

/// Uploads files with long names until the metadata file may not grow.
fn fill_metadata(client: &mut Client, bucket: &str) -> Vec<(String, String)> {
    let mut stored = Vec::new();
    let url = client.upload_url(bucket).unwrap();
    for n in 0..20_000 {
        let name = format!("{n:01000}");
        let reply = client.upload(&url, &name, name.as_bytes()).unwrap();
        if reply.status == 200 {
            stored.push((name, reply.json()["fileId"].as_str().unwrap().to_owned()));
            continue;
        }
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(stored.len() > 100, "only {} files fitted", stored.len());
        return stored;
    }
    panic!("the metadata never filled its file");
}

#[test]
fn a_signal_ends_it_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let bucket = program.client().unwrap().create_bucket("kept-bucket").unwrap();
    assert_eq!(program.terminate(), Some(0));
    let program = Program::start(folder.path());
    let mut client = program.client().unwrap();
    let body = json!({"accountId": client.account, "bucketId": bucket});
    let found = client.call("b2_list_buckets", &body).unwrap().ok();
    assert_eq!(found["buckets"][0]["bucketName"], "kept-bucket");
}
