//! Who may turn the emulator, and what every answer bears.

use std::net::{Ipv6Addr, SocketAddr, TcpStream};

use super::Bench;
use super::wire::Wire;

#[test]
fn web_pages_and_other_names_are_turned_away() {
    let bench = Bench::new();
    for (name, value) in [("Origin", "http://127.0.0.1"), ("Origin", "null")] {
        let mut wire = Wire::new(bench.emulator.base_url());
        let reply = wire.request("GET", "/_emulator/stats", &[(name, value)], b"").unwrap();
        assert_eq!(reply.status, 403, "{name}: {value}");
    }
    let mut wire = Wire::new(bench.emulator.base_url());
    let request = b"GET /_emulator/stats HTTP/1.1\r\nHost: rebound.example\r\n\r\n";
    assert_eq!(wire.raw(request, false).unwrap().status, 403);
    let reply = wire.request("GET", "/_emulator", &[], b"").unwrap();
    assert!(reply.ok()["endpoints"].as_array().unwrap().len() > 10);
}

#[test]
fn every_answer_has_an_id_of_its_own() {
    let mut bench = Bench::new();
    let mut ids: Vec<_> = (0..5)
        .map(|_| {
            let reply = bench.client.wire.request("GET", "/nowhere", &[], b"").unwrap();
            reply.header("x-bz-request-id").unwrap().to_owned()
        })
        .collect();
    assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[test]
fn both_loopback_addresses_are_served() {
    let bench = Bench::new();
    let port = bench.emulator.address().port();
    let other = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        TcpStream::connect(other).unwrap();
        let mut wire = Wire::new(&format!("http://{other}"));
        wire.request("GET", "/_emulator/stats", &[], b"").unwrap().ok();
    }
}
