//! What goes over the wire, seen from between.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use super::server;

/// The bytes of all connections, by direction.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<(Vec<u8>, Vec<u8>)>>);

impl Seen {
    /// What was sent, and what was received.
    pub(crate) fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        self.0.lock().unwrap().clone()
    }
}

/// A relay to a port of this machine, and what it sees.
pub(crate) fn relay(port: u16) -> (u16, Seen) {
    let seen = Seen::default();
    let keep = seen.clone();
    let address = server::listen(move |_, near| {
        let far = TcpStream::connect(("127.0.0.1", port))?;
        let (near_back, far_back, back) = (near.try_clone()?, far.try_clone()?, keep.clone());
        let backward = std::thread::spawn(move || {
            copy(far_back, near_back, |bytes| back.0.lock().unwrap().1.extend_from_slice(bytes));
        });
        copy(near, far, |bytes| keep.0.lock().unwrap().0.extend_from_slice(bytes));
        backward.join().unwrap();
        Ok(())
    });
    (address.port(), seen)
}

fn copy(mut from: TcpStream, mut to: TcpStream, see: impl Fn(&[u8])) {
    let mut bytes = [0; 4096];
    while let Ok(len @ 1..) = from.read(&mut bytes) {
        see(&bytes[..len]);
        if to.write_all(&bytes[..len]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// What a client offers in its first message.
#[derive(Debug, Default)]
pub(crate) struct Hello {
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) key_shares: Vec<u16>,
    pub(crate) signatures: Vec<u16>,
}

impl Hello {
    /// Reads the first record of a stream.
    pub(crate) fn read(stream: &[u8]) -> Self {
        // The heads of record and message, version and random.
        let mut bytes = Bytes(&stream[5 + 4 + 2 + 32..]);
        bytes.short();
        let mut hello = Self { suites: bytes.long().numbers(), ..Self::default() };
        bytes.short();
        let mut extensions = bytes.long();
        while !extensions.0.is_empty() {
            let kind = extensions.number();
            let mut content = extensions.long();
            match kind {
                0x000a => hello.groups = content.long().numbers(),
                0x000d => hello.signatures = content.long().numbers(),
                0x0033 => {
                    let mut shares = content.long();
                    while !shares.0.is_empty() {
                        hello.key_shares.push(shares.number());
                        shares.long();
                    }
                }
                _ => {}
            }
        }
        hello
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    /// Bytes with their length in one byte before them.
    fn short(&mut self) -> Self {
        let len = self.take(1)[0];
        Self(self.take(len.into()))
    }

    /// Bytes with their length in two bytes before them.
    fn long(&mut self) -> Self {
        let len = self.number();
        Self(self.take(len.into()))
    }

    fn numbers(&self) -> Vec<u16> {
        self.0.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }
}
