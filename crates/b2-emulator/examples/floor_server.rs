//! The least work that keeping an upload forces on a server, to measure the
//! emulator by.
//!
//! ```text
//! floor_server FOLDER [md5]
//! ```
//!
//! Prints its port. Answers `POST` by reading the body from the socket into
//! 256 KiB, SHA-1 over it, and MD5 if asked, writing it to a file, and
//! flushing that; answers `GET` by reading that file and writing it to the socket. One thread,
//! blocking calls, no rules. It is a yardstick, not a server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use md5::Md5;
use sha1::{Digest as _, Sha1};

const CHUNK: usize = 256 * 1024;

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let folder = words.next().unwrap_or_else(|| ".".to_owned());
    let with_md5 = words.next().is_some_and(|word| word == "md5");
    let socket = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", socket.local_addr()?.port());
    for stream in socket.incoming() {
        // A client that goes away has had enough.
        let _ = serve(stream?, Path::new(&folder), with_md5);
    }
    Ok(())
}

fn serve(mut stream: TcpStream, folder: &Path, with_md5: bool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let path = folder.join("body");
    loop {
        let (method, length) = head(&stream)?;
        if method == "POST" {
            let digest = take(&mut stream, &path, length, with_md5)?;
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{digest}", digest.len())?;
        } else {
            give(&mut stream, &path)?;
        }
    }
}

/// The method and the announced length; reads nothing of the body.
fn head(stream: &TcpStream) -> io::Result<(String, u64)> {
    // A reader that takes one byte at a time would take more calls than the
    // body does; one that takes more would take from the body.
    let mut ahead = vec![0; 4096];
    let end = loop {
        let seen = stream.peek(&mut ahead)?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = ahead[..seen].windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let mut head = vec![0; end];
    (&*stream).read_exact(&mut head)?;
    let mut lines = BufReader::new(&head[..]).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok((first.split(' ').next().unwrap_or_default().to_owned(), length.unwrap_or(0)))
}

fn take(stream: &mut TcpStream, path: &Path, length: u64, with_md5: bool) -> io::Result<String> {
    let (mut file, mut sha1, mut chunk) = (File::create(path)?, Sha1::new(), vec![0; CHUNK]);
    let (mut left, mut md5) = (length, with_md5.then(Md5::new));
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let read = stream.read(&mut chunk[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sha1.update(&chunk[..read]);
        if let Some(md5) = &mut md5 {
            md5.update(&chunk[..read]);
        }
        file.write_all(&chunk[..read])?;
        left -= read as u64;
    }
    file.sync_all()?;
    let digests = [sha1.finalize().to_vec(), md5.map_or(Vec::new(), |md5| md5.finalize().to_vec())];
    Ok(digests.concat().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn give(stream: &mut TcpStream, path: &Path) -> io::Result<()> {
    let (mut file, mut chunk) = (File::open(path)?, vec![0; CHUNK]);
    let length = file.metadata()?.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")?;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&chunk[..read])?;
    }
}
