//! Comparing what is there with what was acknowledged.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::books::{Books, Knowledge};
use super::count_files;
use super::wire::{Client, Program, sha1};

/// Compares everything, and settles what was in doubt.
pub(crate) fn compare(program: &Program, data: &Path, bucket: &str, books: &mut Books) {
    let mut client = program.client().unwrap();
    cancel_unfinished(&mut client, bucket);
    let found = listing(&mut client, bucket);
    settle(&found, books);
    for (name, (id, row)) in &found {
        assert!(books.files.contains_key(name), "{name} was never uploaded");
        compare_content(&mut client, books, name, id, row);
    }
    let parts = found.keys().filter(|name| name.starts_with("large/")).count();
    // The sweep goes on while requests are answered.
    let deadline = Instant::now() + Duration::from_secs(60);
    while count_files(&data.join("blobs")) != found.len() + parts {
        assert!(Instant::now() < deadline, "there are blobs without a file");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(count_files(&data.join("tmp")), 0, "temporary files are left");
}

/// Large files that were begun may stay for ever; they would hide superfluous parts.
fn cancel_unfinished(client: &mut Client, bucket: &str) {
    loop {
        let body = json!({"bucketId": bucket, "maxFileCount": 100});
        let page = client.call("b2_list_unfinished_large_files", &body).unwrap().ok();
        let rows = page["files"].as_array().unwrap();
        if rows.is_empty() {
            return;
        }
        for row in rows {
            let body = json!({"fileId": row["fileId"]});
            client.call("b2_cancel_large_file", &body).unwrap().ok();
        }
    }
}

type Found = HashMap<String, (String, Value)>;

fn listing(client: &mut Client, bucket: &str) -> Found {
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
            return found;
        }
        query["startFileName"] = page["nextFileName"].clone();
        query["startFileId"] = page["nextFileId"].clone();
    }
}

fn settle(found: &Found, books: &mut Books) {
    for (name, known) in &mut books.files {
        let is_there = found.contains_key(name);
        match known {
            Knowledge::Stored => assert!(is_there, "{name} was acknowledged and is gone"),
            Knowledge::Deleted => assert!(!is_there, "{name} was deleted and is back"),
            Knowledge::Attempted | Knowledge::Doomed => {
                let was_done = is_there == (*known == Knowledge::Attempted);
                books.tally.unanswered_done += u64::from(was_done);
                books.tally.unanswered_undone += u64::from(!was_done);
                *known = if is_there { Knowledge::Stored } else { Knowledge::Deleted };
                if is_there {
                    books.ids.insert(name.clone(), found[name].0.clone());
                }
            }
        }
    }
}

fn compare_content(client: &mut Client, books: &mut Books, name: &str, id: &str, row: &Value) {
    let expected = books.content(name);
    let reply = client.download(id).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.body == expected, "{name} has other bytes");
    assert_eq!(row["contentLength"], json!(expected.len()));
    if !name.starts_with("large/") {
        assert_eq!(row["contentSha1"], json!(sha1(&expected)));
    }
    books.tally.compared += 1;
    books.tally.compared_bytes += expected.len() as u64;
}
