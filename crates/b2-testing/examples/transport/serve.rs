//! A server that takes and gives one GiB, on threads.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{Failure, SIZE};

const PIECE: usize = 64 * 1024;

/// Serves until it is killed; writes the certificate that it shows.
pub(crate) fn serve(certificate: &str) -> Result<(), Failure> {
    let key = KeyPair::generate()?;
    let shown = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    std::fs::write(certificate, shown.pem())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![shown.der().clone()], der)?;
    let config = Arc::new(config);
    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let encrypted = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("http://localhost:{}/", plain.local_addr()?.port());
    println!("https://localhost:{}/", encrypted.local_addr()?.port());
    std::thread::spawn(move || {
        for tcp in plain.incoming().flatten() {
            std::thread::spawn(move || answer(tcp));
        }
    });
    for tcp in encrypted.incoming().flatten() {
        let config = Arc::clone(&config);
        std::thread::spawn(move || -> io::Result<()> {
            let session = ServerConnection::new(config).map_err(io::Error::other)?;
            answer(StreamOwned::<_, TcpStream>::new(session, tcp))
        });
    }
    Ok(())
}

fn answer<S: Read + Write>(mut stream: S) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let mut space = vec![b'x'; PIECE];
    if head.starts_with(b"POST") {
        let mut left = SIZE;
        while left > 0 {
            let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let read = stream.read(&mut space[..most])?;
            if read == 0 {
                return Ok(());
            }
            left -= read as u64;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")?;
        for _ in 0..SIZE / PIECE as u64 {
            stream.write_all(&space)?;
        }
    }
    stream.flush()?;
    // Whoever keeps the connection hangs up by himself.
    stream.read(&mut byte).map(drop)
}
