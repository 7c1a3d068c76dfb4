//! Servers of a few lines, each connection on a thread of its own.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// Runs `script` for each connection with its number.
pub(crate) fn listen<F>(script: F) -> SocketAddr
where
    F: Fn(usize, TcpStream) -> io::Result<()> + Send + Sync + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            // A server that closes at once must not lose what it has written.
            stream.set_nodelay(true).unwrap();
            let script = Arc::clone(&script);
            // What a script could not finish, the test sees from its end.
            std::thread::spawn(move || drop(script(number, stream)));
        }
    });
    address
}

/// Reads a request head; `None` if the client closed instead.
pub(crate) fn head(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Reads a request with its body; `None` if the client closed instead.
pub(crate) fn request(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(head) = head(stream)? else { return Ok(None) };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}
