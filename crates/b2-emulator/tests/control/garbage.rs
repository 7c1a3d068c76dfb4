//! Requests that are none, on real sockets, beside a client that goes on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use b2_emulator::Emulator;

use super::Bench;
use super::wire::Dice;

const SENDERS: u64 = 4;
const MESSAGES: u64 = 300;

/// A proper request and then some of its bytes changed, doubled or cut out.
fn garbage(dice: &mut Dice, bench: &(String, String)) -> Vec<u8> {
    let (token, target) = bench;
    let proper = match dice.roll(4) {
        0 => format!("GET /file/control-test/a HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nRange: bytes=0-1\r\n\r\n"),
        1 => format!("POST /b2api/v4/b2_list_keys HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Length: 9\r\n\r\n{{\"a\":[1]}}"),
        2 => format!("POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nX-Bz-File-Name: a\r\nContent-Length: 3\r\nX-Bz-Content-Sha1: do_not_verify\r\n\r\nabc"),
        _ => "POST /_emulator/faults HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n".to_owned(),
    };
    let mut bytes = proper.into_bytes();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() as u64) as usize;
        match dice.roll(4) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => bytes.truncate(at.max(1)),
            2 => {
                let tail = bytes[at..].to_vec();
                bytes.extend_from_slice(&tail);
            }
            _ => {
                bytes.splice(at..at, std::iter::repeat_n(dice.roll(256) as u8, 200));
            }
        }
    }
    bytes
}

#[test]
fn garbage_gets_an_answer_or_an_end_and_disturbs_nobody() {
    let mut bench = Bench::with(Emulator::builder().inactivity_limit(Duration::from_secs(2)));
    let address = bench.emulator.address();
    let known = (bench.client.token.clone(), bench.url.target.clone());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let known = &known;
                scope.spawn(move || {
                    let mut dice = Dice(sender);
                    for _ in 0..MESSAGES {
                        send(address, &garbage(&mut dice, known));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                let content = format!("{number}").repeat(100);
                // Garbage may have used up the URL, which is no disturbance.
                bench.url = bench.client.upload_url(&bench.bucket).unwrap();
                let id = bench.store("steady", content.as_bytes());
                assert_eq!(bench.client.download(&id).unwrap().body, content.as_bytes());
            }
            assert!(number > 10, "only {number} rounds");
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Whatever comes back is an answer of HTTP, or nothing.
fn send(address: std::net::SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may have had enough in the middle.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
}

#[test]
fn a_body_that_trickles_is_cut_off() {
    let bench = Bench::with(Emulator::builder().inactivity_limit(Duration::from_secs(1)));
    let mut stream = TcpStream::connect(bench.emulator.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let head = "POST /b2api/v4/b2_list_keys HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 512];
    // Faster than what counts as silence, and slower than it has to be.
    for _ in 0..300 {
        let _ = stream.write_all(&[b' '; 10_000]);
        if let Ok(len) = stream.read(&mut answer) {
            assert!(answer[..len].starts_with(b"HTTP/1.1 408 "));
            return;
        }
    }
    panic!("it may trickle on");
}

#[test]
fn too_many_headers_are_refused_by_the_rules() {
    let bench = Bench::new();
    let more: String = (0..200).map(|number| format!("X-More-{number}: x\r\n")).collect();
    let request = format!("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    let mut stream = TcpStream::connect(bench.emulator.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("not_found"), "{answer}");
}
