//! HTTP/2 by hand: frames as they are on the wire (RFC 9113).

use std::io::{self, Read, Write};
use std::sync::Arc;

use rcgen::CertificateParams;

use super::authority::{Authority, Session, serve};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GO_AWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

/// Of `DATA` and `HEADERS`; of `SETTINGS` and `PING` it is the answer.
pub(crate) const END: u8 = 1;
pub(crate) const END_OF_HEADERS: u8 = 4;

/// `:status: 200` and `:status: 401` as HPACK has them.
pub(crate) const STATUS_200: &[u8] = &[0x88];
pub(crate) const STATUS_401: &[u8] = b"\x08\x03401";

/// The first stream of a client.
pub(crate) const FIRST: u32 = 1;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `content-length` as HPACK has it.
pub(crate) fn content_length(text: &str) -> Vec<u8> {
    let mut field = vec![0x0f, 0x0d, u8::try_from(text.len()).unwrap()];
    field.extend(text.as_bytes());
    field
}

/// The whole answer `ok`.
pub(crate) fn ok(stream: u32) -> Vec<u8> {
    let head = frame(HEADERS, END_OF_HEADERS, stream, STATUS_200);
    [head, frame(DATA, END, stream, b"ok")].concat()
}

/// A last frame from a peer that has looked at streams up to `last`.
pub(crate) fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(GO_AWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

/// Begins a connection: our settings, and what the client says of itself.
pub(crate) fn begin(session: &mut Session) -> io::Result<()> {
    let mut preface = [0; 24];
    session.read_exact(&mut preface)?;
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    session.write_all(&frame(SETTINGS, 0, 0, &[]))
}

/// Reads until a request is there as a whole, or its head alone; gives its
/// stream.
pub(crate) fn request(session: &mut Session, whole: bool) -> io::Result<u32> {
    loop {
        let mut head = [0; 9];
        session.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        session.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & END == 0 => session.write_all(&frame(SETTINGS, END, 0, &[]))?,
            HEADERS | DATA if flags & END != 0 || !whole => return Ok(u32::from_be_bytes(stream)),
            _ => {}
        }
    }
}

/// A server of HTTP/2 that runs `script` on the first connection, and answers
/// on all others.
pub(crate) fn server<F>(authority: &Authority, script: F) -> u16
where
    F: Fn(&mut Session) -> io::Result<()> + Send + Sync + 'static,
{
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let mut config = (*authority.server(params)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let port = serve(Arc::new(config), move |number, session| {
        if number == 0 {
            return script(session);
        }
        begin(session)?;
        loop {
            let stream = request(session, true)?;
            session.write_all(&ok(stream))?;
        }
    });
    port.port()
}
