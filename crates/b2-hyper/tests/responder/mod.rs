//! Servers of an authority: of lists, and of answers about revocation.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, CustomExtension};

use super::server;

/// One element of DER.
pub(crate) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let head = match content.len() {
        len @ 0..=0x7f => vec![tag, u8::try_from(len).unwrap()],
        len @ 0x80..=0xff => vec![tag, 0x81, u8::try_from(len).unwrap()],
        len => {
            let len = u16::try_from(len).unwrap().to_be_bytes();
            vec![tag, 0x82, len[0], len[1]]
        }
    };
    [head, content].concat()
}

/// A certificate names this responder.
pub(crate) fn names_responder(params: &mut CertificateParams, url: &str) {
    let oid = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    let access = der(0x30, &[&der(0x30, &[&oid, &der(0x86, &[url.as_bytes()])])]);
    let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access);
    params.custom_extensions.push(extension);
}

/// What a server of an authority was asked.
pub(crate) type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// An HTTP server that answers each request, of which it gets the body, with
/// a status and a body.
pub(crate) fn answering<F>(answer: F) -> (SocketAddr, Asked)
where
    F: Fn(&[u8]) -> (u16, Vec<u8>) + Send + Sync + 'static,
{
    let asked = Asked::default();
    let keep = Arc::clone(&asked);
    let address = server::listen(move |_, mut stream| {
        let Some(head) = server::head(&mut stream)? else { return Ok(()) };
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
        stream.read_exact(&mut body)?;
        let (status, answer) = answer(&body);
        let kind = if body.is_empty() { "pkix-crl" } else { "ocsp-response" };
        keep.lock().unwrap().push((head, body));
        send(&mut stream, status, kind, &answer)
    });
    (address, asked)
}

fn send(stream: &mut impl Write, status: u16, kind: &str, body: &[u8]) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status} X\r\nContent-Type: application/{kind}\r\n")?;
    write!(stream, "Content-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(body)
}
