//! A disk that fills up: clear errors, and nothing acknowledged is lost.

use super::count_files;
use super::wire::{Client, Dice, Program};

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
