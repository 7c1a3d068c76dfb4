//! The first bytes that somebody says.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use super::named::{SOON, get, with};
use super::server;

/// A server that answers everything and tells the first bytes of connections.
pub(crate) fn telling() -> (SocketAddr, Receiver<Vec<u8>>) {
    let (told, firsts) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        let mut first = vec![0; 10_000];
        let len = stream.read(&mut first)?;
        first.truncate(len);
        let _ = told.lock().unwrap().send(first);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        stream.read(&mut [0]).map(drop)
    });
    (address, firsts)
}

/// The first bytes that a server at `%` gets, with settings in which `%` is
/// its port, for a request to that server or else to `url`.
pub(crate) async fn first_bytes(texts: &[&str], url: &str) -> String {
    let (server, firsts) = telling();
    let fill = |text: &str| text.replace('%', &server.port().to_string());
    let texts: Vec<_> = texts.iter().map(|text| fill(text)).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let _ = get(&with(&texts), &fill(url)).await;
    String::from_utf8_lossy(&firsts.recv_timeout(SOON).unwrap()).into_owned()
}
