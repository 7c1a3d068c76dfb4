//! Things that go wrong because somebody asked for it.

use std::time::{Duration, Instant};

use b2_emulator::SeededFaults;
use b2_emulator::fault::{Fault, Matcher};
use serde_json::{Value, json};

use super::Bench;

#[test]
fn a_status_comes_after_its_skip_as_often_as_it_says() {
    let mut bench = Bench::new();
    let rule = json!({"operation": "b2_upload_file", "skip": 1, "count": 2, "status": 503,
        "code": "service_unavailable", "retryAfter": 7});
    assert_eq!(bench.admin("POST", "faults", &rule).0, 200);
    let statuses: Vec<_> = (0..4)
        .map(|n| {
            let reply = bench.client.upload(&bench.url, &n.to_string(), b"x").unwrap();
            (reply.status, reply.header("retry-after").map(str::to_owned))
        })
        .collect();
    let failed = (503, Some("7".to_owned()));
    assert_eq!(statuses, [(200, None), failed.clone(), failed, (200, None)]);
    assert_eq!(bench.names(), ["0", "3"], "what failed did nothing");
    assert_eq!(bench.admin("GET", "faults", &Value::Null).1["rules"], json!([]));
}

#[test]
fn a_lost_reply_was_carried_out_and_a_lost_request_was_not() {
    let mut bench = Bench::new();
    bench.emulator.inject(Matcher::operation("b2_upload_file"), Fault::LoseReply);
    assert!(bench.client.upload(&bench.url, "kept", b"x").is_err());
    bench.emulator.inject(Matcher::operation("b2_upload_file"), Fault::LoseRequest);
    assert!(bench.client.upload(&bench.url, "lost", b"x").is_err());
    assert_eq!(bench.names(), ["kept"]);
}

#[test]
fn an_answer_is_cut_delayed_or_damaged() {
    let mut bench = Bench::new();
    let content: Vec<u8> = (0..=255).cycle().take(600_000).collect();
    let id = bench.store("a", &content);
    let download = "b2_download_file_by_id";

    for cut in [0, 1, 300_000] {
        bench.emulator.inject(Matcher::operation(download), Fault::Truncate(cut));
        let target = format!("/b2api/v4/{download}?fileId={id}");
        let received = raw_get(&bench, &target);
        let at = received.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        assert_eq!(received.len() - at, usize::try_from(cut).unwrap());
        assert_eq!(received[at..], content[..received.len() - at]);
    }

    bench.emulator.inject(Matcher::operation(download), Fault::Corrupt);
    let damaged = bench.client.download(&id).unwrap().body;
    let differing = damaged.iter().zip(&content).filter(|(one, other)| one != other).count();
    assert_eq!((damaged.len(), differing), (content.len(), 1));

    assert_eq!(bench.admin("POST", "faults", &json!([{"delayMs": 300}])).0, 200);
    let begun = Instant::now();
    assert_eq!(bench.client.download(&id).unwrap().body, content);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

/// Everything that comes until the connection ends.
fn raw_get(bench: &Bench, target: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(bench.emulator.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let token = &bench.client.token;
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut received = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut received);
    received
}

#[test]
fn a_damaged_upload_is_noticed_by_its_digest() {
    let mut bench = Bench::new();
    bench.emulator.inject(Matcher::operation("b2_upload_file"), Fault::Corrupt);
    let refused = bench.client.upload(&bench.url, "a", b"hello").unwrap();
    assert_eq!(refused.status, 400);
    assert!(bench.names().is_empty());
}

#[test]
fn tokens_expire_on_demand() {
    let mut bench = Bench::new();
    let rule = json!({"operation": "b2_list_file_names", "expireToken": true});
    assert_eq!(bench.admin("POST", "faults", &rule).0, 200);
    let body = json!({"bucketId": bench.bucket});
    let refused = bench.client.call("b2_list_file_names", &body).unwrap();
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("expired_auth_token")));

    let (id, key) = (bench.emulator.application_key_id(), bench.emulator.application_key());
    let mut other = super::Client::log_in(bench.emulator.base_url(), id, key).unwrap();
    other.call("b2_list_file_names", &body).unwrap().ok();
    assert_eq!(bench.admin("POST", "tokens/expire", &Value::Null).0, 200);
    let refused = other.call("b2_list_file_names", &body).unwrap();
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("expired_auth_token")));
}

#[test]
fn a_seed_befalls_about_its_share_and_can_be_taken_back() {
    let mut bench = Bench::new();
    bench.emulator.set_seeded_faults(SeededFaults::new(3, 0.5));
    let body = json!({"bucketId": bench.bucket});
    let mut good = 0;
    for _ in 0..60 {
        let reply = bench.client.call("b2_list_file_names", &body);
        match reply.map(|reply| reply.status) {
            Ok(200) => good += 1,
            // The token has expired, and logging in may fail as well.
            Ok(401) => bench.client = log_in_at_last(&bench),
            _ => {}
        }
    }
    assert!((10..55).contains(&good), "{good} of 60");
    assert_eq!(bench.admin("GET", "faults", &Value::Null).1["seeded"]["seed"], 3);
    assert_eq!(bench.admin("DELETE", "faults", &Value::Null).0, 200);
    let (id, key) = (bench.emulator.application_key_id(), bench.emulator.application_key());
    let mut other = super::Client::log_in(bench.emulator.base_url(), id, key).unwrap();
    for _ in 0..20 {
        other.call("b2_list_file_names", &body).unwrap().ok();
    }
}

fn log_in_at_last(bench: &Bench) -> super::Client {
    let (id, key) = (bench.emulator.application_key_id(), bench.emulator.application_key());
    let seeded = bench.admin("GET", "faults", &Value::Null).1["seeded"].clone();
    bench.emulator.clear_faults();
    let client = super::Client::log_in(bench.emulator.base_url(), id, key).unwrap();
    assert_eq!(bench.admin("POST", "faults/seed", &seeded).0, 200);
    client
}

#[test]
fn what_makes_no_sense_is_refused() {
    let bench = Bench::new();
    for body in [
        json!({"operation": "b2_fly", "corrupt": true}),
        json!({"operation": "b2_list_keys"}),
        json!({"explode": true}),
        json!({"corrupt": true, "loseReply": true}),
        json!(7),
    ] {
        assert_eq!(bench.admin("POST", "faults", &body).0, 400, "{body}");
    }
    assert_eq!(bench.admin("POST", "faults/seed", &json!({"seed": 1, "rate": 2})).0, 400);
    assert_eq!(bench.admin("POST", "clock", &json!({})).0, 400);
    assert_eq!(bench.admin("GET", "nothing", &Value::Null).0, 404);
}
