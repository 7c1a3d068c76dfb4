//! Forgetting everything, keeping it, and going back.

use b2_emulator::Emulator;
use serde_json::{Value, json};

use super::Bench;

fn play(mut bench: Bench) -> Bench {
    let id = bench.store("first", b"one");
    assert_eq!(bench.admin("POST", "snapshots/start", &Value::Null).0, 200);
    bench.store("second", b"two");
    let gone = json!({"fileName": "first", "fileId": id});
    bench.client.call("b2_delete_file_version", &gone).unwrap().ok();
    assert_eq!(bench.names(), ["second"]);
    assert_eq!(bench.admin("POST", "snapshots/start/restore", &Value::Null).0, 200);
    assert_eq!(bench.names(), ["first"], "and the client is still logged in");
    assert_eq!(bench.client.download(&id).unwrap().body, b"one");
    assert_eq!(bench.emulator.stats().stored_bytes, 3);

    assert_eq!(bench.admin("POST", "reset", &Value::Null).0, 200);
    let body = json!({"accountId": bench.client.account});
    let buckets = bench.client.call("b2_list_buckets", &body).unwrap().ok();
    assert_eq!(buckets["buckets"], json!([]));
    assert_eq!(bench.emulator.stats().stored_bytes, 0);

    assert_eq!(bench.admin("GET", "snapshots", &Value::Null).1["snapshots"], json!(["start"]));
    bench.emulator.restore_snapshot("start").unwrap();
    assert_eq!(bench.client.download(&id).unwrap().body, b"one");
    for (name, status) in [("..", 400), ("a%2Fb", 400), ("absent", 404)] {
        let path = format!("snapshots/{name}/restore");
        assert_eq!(bench.admin("POST", &path, &Value::Null).0, status, "{name}");
    }
    bench
}

#[test]
fn snapshots_in_memory() {
    let bench = play(Bench::new());
    assert_eq!(bench.admin("DELETE", "snapshots/start", &Value::Null).0, 200);
    assert_eq!(bench.admin("DELETE", "snapshots/start", &Value::Null).0, 404);
}

#[test]
fn snapshots_in_a_folder_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let builder = || Emulator::builder().data_dir(folder.path());
    let mut bench = play(Bench::with(builder()));
    bench.url = bench.client.upload_url(&bench.bucket).unwrap();
    bench.store("later", b"x");
    drop(bench.emulator);
    // As a crash may leave them.
    let place = |name: &str| folder.path().join("snapshots").join(name);
    std::fs::rename(place("start"), place(".old-start")).unwrap();
    std::fs::create_dir_all(place(".new-start/blobs")).unwrap();
    std::fs::write(place(".new-start/rows"), "half").unwrap();
    let emulator = builder().start_blocking().unwrap();
    wait_until(|| !place(".new-start").exists());
    emulator.restore_snapshot("start").unwrap();
    let (id, key) = (emulator.application_key_id(), emulator.application_key());
    bench.client = super::Client::log_in(emulator.base_url(), id, key).unwrap();
    bench.emulator = emulator;
    assert_eq!(bench.names(), ["first"]);
    let blobs = |path: &str| walk(&folder.path().join(path));
    assert_eq!((blobs("blobs"), blobs("tmp"), blobs("snapshots/start/blobs")), (1, 0, 1));
    // A snapshot that was cut off is refused, and nothing changes.
    let rows = place("start/rows");
    assert_private(&rows);
    let whole = std::fs::read(&rows).unwrap();
    std::fs::write(&rows, &whole[..whole.len() - 20]).unwrap();
    assert_eq!(bench.admin("POST", "snapshots/start/restore", &Value::Null).0, 500);
    assert_eq!(bench.names(), ["first"]);
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 20, "what a crash left is still there");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// It holds keys and tokens.
fn assert_private(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}
