//! Bytes on a socket, from strangers: framing, chunks, lengths, pipelines.
//!
//! The server is a real one; each input is a connection of its own, closed on
//! this side when it has been sent.

#![no_main]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use b2_emulator::Emulator;
use libfuzzer_sys::fuzz_target;

static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| {
    let patience = Duration::from_secs(1);
    Emulator::builder().inactivity_limit(patience).start_blocking().unwrap()
});

fuzz_target!(|data: &[u8]| {
    let mut stream = connect();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may have had enough in the middle.
    let _ = stream.write_all(data);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it neither answers nor ends");
    }
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
});

/// The system may be out of ports for a while.
fn connect() -> TcpStream {
    for _ in 0..600 {
        if let Ok(stream) = TcpStream::connect(EMULATOR.address()) {
            return stream;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it takes no connections any more");
}
