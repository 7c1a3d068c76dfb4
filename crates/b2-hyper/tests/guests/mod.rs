//! A server that tells who came, and how each left.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::server;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(crate) fn telling() -> (SocketAddr, Receiver<SocketAddr>, Receiver<Option<ErrorKind>>) {
    let ((came, who), (left, how)) = (channel(), channel());
    let (came, left) = (Mutex::new(came), Mutex::new(left));
    let address = server::listen(move |_, mut stream| {
        let _ = came.lock().unwrap().send(stream.peer_addr()?);
        let ended = loop {
            match server::request(&mut stream) {
                Ok(Some(_)) => stream.write_all(OK)?,
                Ok(None) => break None,
                Err(error) => break Some(error.kind()),
            }
        };
        let _ = left.lock().unwrap().send(ended);
        Ok(())
    });
    (address, who, how)
}

/// Asks `watch` without blocking the runtime.
pub(crate) async fn hear<T: Send + 'static>(watch: Receiver<T>) -> T {
    let heard = move || watch.recv_timeout(Duration::from_secs(10)).unwrap();
    tokio::task::spawn_blocking(heard).await.unwrap()
}
