//! Webhooks over HTTPS, to receivers that are trusted and to others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use b2_emulator::Emulator;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use super::Bench;

/// A receiver with a certificate of its own, and what it receives.
fn receiver() -> (String, u16, mpsc::Receiver<String>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream.unwrap());
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !request.ends_with(b"]}") {
                match stream.read(&mut chunk) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&chunk[..read]),
                }
            }
            if request.is_empty() {
                continue;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            if tell.send(String::from_utf8(request).unwrap()).is_err() {
                break;
            }
        }
    });
    (pem, port, told)
}

fn ask_for_events(bench: &mut Bench, ports: &[(&str, u16)]) {
    let rule = |(prefix, port): &(&str, u16)| {
        json!({
            "eventTypes": ["b2:ObjectCreated:*"],
            "isEnabled": true,
            "name": format!("{prefix}-rule"),
            "objectNamePrefix": prefix,
            "targetConfiguration": {
                "targetType": "webhook",
                "url": format!("https://127.0.0.1:{port}/hook"),
                "hmacSha256SigningSecret": "a".repeat(32),
            },
        })
    };
    let rules: Vec<Value> = ports.iter().map(rule).collect();
    let body = json!({"bucketId": bench.bucket, "eventNotificationRules": rules});
    bench.client.call("b2_set_bucket_notification_rules", &body).unwrap().ok();
}

#[test]
fn a_receiver_that_is_dead_keeps_no_other_waiting() {
    let (pem, port, told) = receiver();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    let mut bench = Bench::with(Emulator::builder().webhook_ca(&path));
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    ask_for_events(&mut bench, &[("dead", dead), ("live", port)]);
    for number in 0..700 {
        bench.store(&format!("dead/{number}"), b"x");
    }
    bench.store("live", b"x");
    let request = told.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(request.contains("live"), "{request}");
    let body = json!({"bucketId": bench.bucket});
    let rules = bench.client.call("b2_get_bucket_notification_rules", &body).unwrap().ok();
    assert_eq!(rules["eventNotificationRules"][0]["isSuspended"], false, "only then it counts");
}

#[test]
fn a_trusted_receiver_is_told_at_once() {
    let (pem, port, told) = receiver();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    let mut bench = Bench::with(Emulator::builder().webhook_ca(&path));
    ask_for_events(&mut bench, &[("news", port)]);
    bench.store("news", b"x");
    let request = told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    let head = request.to_ascii_lowercase();
    assert!(head.contains("x-bz-event-notification-signature: v1="), "{request}");
    let body: Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["events"][0]["objectName"], "news");
}

#[test]
fn a_receiver_nobody_vouched_for_is_told_nothing() {
    let (_, port, told) = receiver();
    let mut bench = Bench::new();
    ask_for_events(&mut bench, &[("secret", port)]);
    bench.store("secret", b"x");
    assert!(told.recv_timeout(Duration::from_millis(1500)).is_err());
}
