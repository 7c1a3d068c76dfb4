//! Counters, caps, and the clock they follow.

use b2_emulator::Caps;
use serde_json::{Value, json};

use super::Bench;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn refused(reply: &super::wire::Reply) -> (u16, String) {
    (reply.status, reply.json()["code"].as_str().unwrap().to_owned())
}

#[test]
fn everything_is_counted() {
    let mut bench = Bench::new();
    assert_eq!(bench.admin("DELETE", "stats", &Value::Null).0, 200);
    let id = bench.store("a", &[7; 1000]);
    assert_eq!(bench.client.download(&id).unwrap().body.len(), 1000);
    bench.names();
    let (status, stats) = bench.admin("GET", "stats", &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(stats["calls"]["b2_upload_file"], 1);
    assert_eq!(stats["calls"]["b2_download_file_by_id"], 1);
    assert_eq!(stats["transactions"], json!({"classA": 1, "classB": 1, "classC": 1}));
    assert_eq!((&stats["downloadedToday"], &stats["storedBytes"]), (&json!(1000), &json!(1000)));
    assert!(stats["bytesReceived"].as_u64().unwrap() > 1000, "{stats}");
    assert!(stats["bytesSent"].as_u64().unwrap() > 1000, "{stats}");
    assert!(stats["openConnections"].as_u64().unwrap() >= 2, "{stats}");
    assert_eq!(bench.emulator.stats().calls["b2_list_file_names"], 1);
}

#[test]
fn caps_refuse_as_the_service_does_and_end_with_the_day() {
    let mut bench = Bench::new();
    let id = bench.store("a", &[7; 1000]);
    let caps = json!({"storageBytes": 1500, "downloadBytesPerDay": 1500});
    assert_eq!(bench.admin("POST", "caps", &caps).1["storageBytes"], 1500);

    let over = bench.client.upload(&bench.url, "b", &[7; 600]).unwrap();
    assert_eq!(refused(&over), (403, "storage_cap_exceeded".to_owned()));
    bench.url = bench.client.upload_url(&bench.bucket).unwrap();
    bench.store("b", &[7; 500]);
    let copy = json!({"sourceFileId": id, "fileName": "c"});
    let over = bench.client.call("b2_copy_file", &copy).unwrap();
    assert_eq!(refused(&over), (403, "storage_cap_exceeded".to_owned()));
    let over = bench.client.call("b2_get_upload_url", &json!({"bucketId": bench.bucket})).unwrap();
    assert_eq!(refused(&over), (403, "storage_cap_exceeded".to_owned()));
    bench
        .client
        .call("b2_delete_file_version", &json!({"fileName": "a", "fileId": id}))
        .unwrap()
        .ok();
    bench.client.upload_url(&bench.bucket).unwrap();

    bench.emulator.set_caps(Caps::default());
    let id = bench.store("d", &[7; 1000]);
    assert_eq!(bench.admin("POST", "caps", &json!({"downloadBytesPerDay": 1500})).0, 200);
    assert_eq!(bench.client.download(&id).unwrap().status, 200);
    let over = bench.client.download(&id).unwrap();
    assert_eq!(refused(&over), (403, "download_cap_exceeded".to_owned()));

    assert_eq!(bench.admin("POST", "caps", &json!({"classCPerDay": 0})).0, 200);
    let body = json!({"bucketId": bench.bucket});
    let over = bench.client.call("b2_list_file_names", &body).unwrap();
    assert_eq!(refused(&over), (403, "transaction_cap_exceeded".to_owned()));

    let mut caps = Caps::default();
    caps.download_bytes_per_day = Some(1000);
    bench.emulator.set_caps(caps);
    bench.emulator.set_clock_offset_ms(2 * DAY_MS);
    let (id_of, key) = (bench.emulator.application_key_id(), bench.emulator.application_key());
    bench.client = super::Client::log_in(bench.emulator.base_url(), id_of, key).unwrap();
    assert_eq!(bench.client.download(&id).unwrap().status, 200, "a new day");
}

#[test]
fn the_clock_moves_tokens_and_lifecycle_rules() {
    let mut bench = Bench::new();
    bench.store("old", b"x");
    let rules = json!([{"daysFromUploadingToHiding": 1, "daysFromHidingToDeleting": 1, "fileNamePrefix": ""}]);
    let update = json!({"accountId": bench.client.account, "bucketId": bench.bucket, "lifecycleRules": rules});
    bench.client.call("b2_update_bucket", &update).unwrap().ok();
    let (_, clock) = bench.admin("POST", "clock", &json!({"advanceMs": DAY_MS + 1000}));
    assert_eq!(clock["offsetMs"], DAY_MS + 1000);
    let body = json!({"bucketId": bench.bucket});
    let refused = bench.client.call("b2_list_file_names", &body).unwrap();
    assert_eq!(refused.json()["code"], "expired_auth_token");
    let (id, key) = (bench.emulator.application_key_id(), bench.emulator.application_key());
    bench.client = super::Client::log_in(bench.emulator.base_url(), id, key).unwrap();
    assert_eq!(bench.admin("POST", "tend", &Value::Null).0, 200);
    assert!(bench.names().is_empty(), "it was hidden");
}
