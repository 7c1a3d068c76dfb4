//! Deleting all versions of a name, from pages that are short, shift or go
//! round in circles.

use b2_core::op::Transmit;
use b2_core::plan::BodyPlan;
use b2_core::{DeleteAllVersions, Error, Reply};
use b2_proto::FileName;
use serde_json::{Value, json};

use crate::stage::{Stage, answer};

/// A server that has these versions of `a`, the newest first.
struct Server {
    versions: Vec<u32>,
    /// Rows of the page that is asked for as the nth.
    rows: fn(usize) -> usize,
    /// What is uploaded before that page is made.
    uploads: fn(usize) -> Option<u32>,
    pages: usize,
    deleted: Vec<u32>,
}

impl Server {
    fn new(count: u32, rows: fn(usize) -> usize) -> Self {
        let versions = (1..=count).rev().collect();
        Self { versions, rows, uploads: |_| None, pages: 0, deleted: Vec::new() }
    }

    fn play(&mut self, transmit: &Transmit) -> Reply {
        let request = body(transmit);
        match transmit.operation {
            "b2_list_file_versions" => self.list(&request),
            "b2_delete_file_version" => {
                let id = number(&request["fileId"]).unwrap();
                self.versions.retain(|version| *version != id);
                self.deleted.push(id);
                answer(200, &[], &json!({"fileId": request["fileId"], "fileName": "a"}).to_string())
            }
            other => panic!("{other}"),
        }
    }

    fn list(&mut self, request: &Value) -> Reply {
        if let Some(version) = (self.uploads)(self.pages) {
            self.versions.insert(0, version);
        }
        let limit = (self.rows)(self.pages);
        self.pages += 1;
        let from = number(&request["startFileId"]);
        let all: Vec<_> =
            self.versions.iter().filter(|id| from.is_none_or(|from| **id <= from)).collect();
        let next = all.get(limit).map(|id| format!("4_z{id}"));
        let files: Vec<_> = all.iter().take(limit).map(|id| row(**id)).collect();
        let name = next.as_ref().map(|_| "a");
        let page = json!({"files": files, "nextFileName": name, "nextFileId": next});
        answer(200, &[], &page.to_string())
    }
}

fn body(transmit: &Transmit) -> Value {
    match transmit.request.body() {
        BodyPlan::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn number(id: &Value) -> Option<u32> {
    id.as_str()?.strip_prefix("4_z")?.parse().ok()
}

fn row(id: u32) -> Value {
    json!({
        "accountId": "c5d20e7718af", "action": "upload", "bucketId": "b", "contentLength": 1,
        "contentSha1": "none", "contentType": "text/plain", "fileId": format!("4_z{id}"),
        "fileInfo": {}, "fileName": "a", "uploadTimestamp": id,
    })
}

fn delete(server: &mut Server) -> Result<u64, Error> {
    let operation = DeleteAllVersions::new("b".into(), FileName::new("a").unwrap());
    let deleted = Stage::new().play(operation, |transmit, _| server.play(transmit))?;
    assert_eq!(deleted.unfinished, 0);
    Ok(deleted.versions)
}

#[test]
fn the_oldest_goes_first_and_every_page_is_walked_back() {
    let mut server = Server::new(9, |_| 4);
    assert_eq!(delete(&mut server).unwrap(), 9);
    assert_eq!(server.deleted, (1..=9).collect::<Vec<_>>());
    assert_eq!(server.pages, 5, "three pages, and two of them again");
}

#[test]
fn a_page_that_is_shorter_the_second_time_leaves_nothing_behind_it() {
    let mut server = Server::new(9, |page| if page < 3 { 4 } else { 1 });
    assert_eq!(delete(&mut server).unwrap(), 9);
    assert_eq!(server.deleted, (1..=9).collect::<Vec<_>>());
}

#[test]
fn what_is_uploaded_meanwhile_hides_no_older_version() {
    let mut server = Server::new(9, |_| 4);
    server.uploads = |page| (page == 3).then_some(10);
    assert_eq!(delete(&mut server).unwrap(), 10);
    assert_eq!(server.deleted, (1..=10).collect::<Vec<_>>());
}

#[test]
fn an_empty_page_is_not_the_end() {
    let mut server = Server::new(3, |page| page.min(2));
    server.versions = vec![3, 2, 1];
    assert_eq!(delete(&mut server).unwrap(), 3);
}

#[test]
fn markers_that_go_round_are_an_error() {
    for (circle, name) in [(vec!["4_zA", "4_zB"], "two"), (vec!["4_zA"], "one")] {
        let mut markers = circle.iter().cycle();
        let operation = DeleteAllVersions::new("b".into(), FileName::new("a").unwrap());
        let result = Stage::new().play(operation, |_, _| {
            let page = json!({"files": [], "nextFileName": "a", "nextFileId": markers.next()});
            answer(200, &[], &page.to_string())
        });
        assert!(matches!(result, Err(Error::Protocol { .. })), "{name}: {result:?}");
    }
}

#[test]
fn versions_that_come_back_are_an_error() {
    let mut pages = 0;
    let operation = DeleteAllVersions::new("b".into(), FileName::new("a").unwrap());
    let result = Stage::new().play(operation, |_, _| {
        // Every other page is empty, and behind it is always another one.
        pages += 1;
        let next = (pages % 2 == 1).then(|| format!("4_z{pages}"));
        let name = next.as_ref().map(|_| "a");
        let page = json!({"files": [], "nextFileName": name, "nextFileId": next});
        answer(200, &[], &page.to_string())
    });
    assert!(matches!(result, Err(Error::Protocol { .. })), "{result:?}");
}

#[test]
fn a_list_without_rows_or_without_markers_is_an_error() {
    let pages: [fn(u32) -> Value; 2] = [
        |page| json!({"files": [], "nextFileName": "a", "nextFileId": format!("4_z{page}")}),
        |_| json!({"files": [], "nextFileName": "a"}),
    ];
    for page in pages {
        let mut asked = 0;
        let operation = DeleteAllVersions::new("b".into(), FileName::new("a").unwrap());
        let result = Stage::new().play(operation, |_, _| {
            asked += 1;
            answer(200, &[], &page(asked).to_string())
        });
        assert!(matches!(result, Err(Error::Protocol { .. })), "{result:?}");
        assert!(asked < 100, "{asked} pages");
    }
}
