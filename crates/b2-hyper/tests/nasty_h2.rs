//! Peers that misbehave in HTTP/2: each ends by its deadline with the right
//! error, and no connection is used again that should not be.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod authority;
mod fate;
mod frames;
mod server;

use std::io::{self, Read, Write};
use std::time::Duration;

use authority::{Authority, Session};
use b2_core::error::{Sent, TransportErrorKind as Kind};
use b2_hyper::{HttpVersion, HyperTransport};
use fate::{DEADLINE, Fate, SLACK, meets, reset};
use frames::{
    CONTINUATION, DATA, END, END_OF_HEADERS, FIRST, HEADERS, PING, PROMISE, RESET, SETTINGS,
    STATUS_200, STATUS_401, begin, content_length, frame, go_away, ok, request,
};

struct Case {
    name: &'static str,
    /// Bytes of the body of the request; more than 65,535 need leave.
    body: usize,
    script: fn(&mut Session) -> io::Result<()>,
    fate: Fate,
}

const fn case(
    name: &'static str,
    body: usize,
    script: fn(&mut Session) -> io::Result<()>,
    fate: Fate,
) -> Case {
    Case { name, body, script, fate }
}

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

/// Hears a whole request, and says the beginning of an answer.
fn answer(session: &mut Session, beginning: &[u8]) -> io::Result<()> {
    begin(session)?;
    request(session, true)?;
    session.write_all(beginning)
}

/// The head of an answer, and the first half of its body.
fn half() -> Vec<u8> {
    let fields = [STATUS_200, &content_length("8")].concat();
    [frame(HEADERS, END_OF_HEADERS, FIRST, &fields), frame(DATA, 0, FIRST, b"half")].concat()
}

/// A head that goes on.
fn open_head() -> Vec<u8> {
    frame(HEADERS, 0, FIRST, STATUS_200)
}

/// Reads until the client is gone.
fn wait(session: &mut Session) -> io::Result<()> {
    io::copy(session, &mut io::sink()).map(drop)
}

/// Reads no more than the first words of the client, and says nothing.
fn silence(session: &mut Session) -> io::Result<()> {
    session.read_exact(&mut [0; 24])?;
    std::thread::sleep(DEADLINE + SLACK);
    Ok(())
}

fn drip(session: &mut Session, piece: &[u8]) -> io::Result<()> {
    loop {
        std::thread::sleep(Duration::from_millis(20));
        session.write_all(piece)?;
    }
}

fn forever(session: &mut Session, piece: &[u8]) -> io::Result<()> {
    let many = piece.repeat(100);
    loop {
        session.write_all(&many)?;
    }
}

fn cases_of_heads() -> Vec<Case> {
    let interrupted = Fate::NoHead(Kind::Interrupted, Sent::Maybe);
    let late = Fate::NoHead(Kind::Timeout, Sent::Maybe);
    let wrong = Fate::NoHead(Kind::Protocol, Sent::Maybe);
    vec![
        case("nobody says anything", 10, silence, late),
        case("nobody makes room", 100_000, silence, Fate::NoHead(Kind::Timeout, Sent::Nothing)),
        case(
            "a head that is never finished",
            10,
            |session| {
                answer(session, &open_head())?;
                wait(session)
            },
            late,
        ),
        case(
            "settings that are never confirmed",
            10,
            |session| {
                begin(session)?;
                wait(session)
            },
            late,
        ),
        case(
            "a reset before the head",
            10,
            |session| {
                answer(session, &[])?;
                reset(&session.sock)
            },
            interrupted,
        ),
        case(
            "a reset within the head",
            10,
            |session| {
                answer(session, &open_head())?;
                reset(&session.sock)
            },
            interrupted,
        ),
        case(
            "a reset within the request",
            100_000,
            |session| {
                begin(session)?;
                request(session, false)?;
                reset(&session.sock)
            },
            Fate::NoHead(Kind::Interrupted, Sent::Nothing),
        ),
        case(
            "a stream that is reset before the head",
            10,
            |session| {
                answer(session, &frame(RESET, 0, FIRST, &INTERNAL_ERROR.to_be_bytes()))?;
                wait(session)
            },
            interrupted,
        ),
        case(
            "the head comes a byte at a time",
            10,
            |session| {
                // It would be long, and at last wrong.
                let head = frame(HEADERS, END_OF_HEADERS, FIRST, &[STATUS_200[0]; 10_000]);
                answer(session, &head[..10])?;
                drip(session, b"x")
            },
            late,
        ),
        case(
            "endless continuations",
            10,
            |session| {
                answer(session, &open_head())?;
                forever(session, &frame(CONTINUATION, 0, FIRST, b"\x00\x01x\x01y"))
            },
            wrong,
        ),
        case(
            "endless empty continuations",
            10,
            |session| {
                answer(session, &open_head())?;
                forever(session, &frame(CONTINUATION, 0, FIRST, b""))
            },
            wrong,
        ),
        case(
            "endless promises of an answer",
            10,
            |session| {
                answer(session, &[])?;
                forever(session, &frame(HEADERS, END_OF_HEADERS, FIRST, b"\x08\x03103"))
            },
            late,
        ),
        case(
            "endless questions whether we are there",
            10,
            |session| {
                answer(session, &[])?;
                forever(session, &frame(PING, 0, 0, &[7; 8]))
            },
            late,
        ),
        case(
            "endless settings",
            10,
            |session| {
                answer(session, &[])?;
                forever(session, &frame(SETTINGS, 0, 0, &[]))
            },
            late,
        ),
        case(
            "a pushed answer",
            10,
            |session| {
                let promised = [&2_u32.to_be_bytes()[..], STATUS_200].concat();
                answer(session, &frame(PROMISE, END_OF_HEADERS, FIRST, &promised))?;
                wait(session)
            },
            wrong,
        ),
        case(
            "another protocol",
            10,
            |session| {
                answer(session, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
                wait(session)
            },
            wrong,
        ),
        case(
            "a stream that nobody has opened",
            10,
            |session| {
                answer(session, &ok(FIRST + 6))?;
                wait(session)
            },
            wrong,
        ),
    ]
}

fn cases_of_bodies() -> Vec<Case> {
    let interrupted = Fate::Broken(200, Kind::Interrupted);
    let wrong = Fate::Broken(200, Kind::Protocol);
    vec![
        case(
            "a reset within the body",
            10,
            |session| {
                answer(session, &half())?;
                // Without waiting the system would throw the head away.
                std::thread::sleep(Duration::from_millis(200));
                reset(&session.sock)
            },
            interrupted,
        ),
        case("closed within the body", 10, |session| answer(session, &half()), interrupted),
        case(
            "a stream that is reset within the body",
            10,
            |session| {
                answer(session, &half())?;
                session.write_all(&frame(RESET, 0, FIRST, &INTERNAL_ERROR.to_be_bytes()))?;
                wait(session)
            },
            interrupted,
        ),
        case(
            "the body comes a byte at a time",
            10,
            |session| {
                answer(session, &frame(HEADERS, END_OF_HEADERS, FIRST, STATUS_200))?;
                drip(session, &frame(DATA, 0, FIRST, b"x"))
            },
            Fate::Broken(200, Kind::Timeout),
        ),
        case(
            "a body of nothing without end",
            10,
            |session| {
                answer(session, &frame(HEADERS, END_OF_HEADERS, FIRST, STATUS_200))?;
                drip(session, &frame(DATA, 0, FIRST, b""))
            },
            Fate::Broken(200, Kind::Timeout),
        ),
        case(
            "a body that is shorter than it should be",
            10,
            |session| {
                answer(session, &[half(), frame(DATA, END, FIRST, b"")].concat())?;
                wait(session)
            },
            wrong,
        ),
        case(
            "a body that is longer than it should be",
            10,
            |session| {
                answer(session, &[half(), frame(DATA, END, FIRST, b"and more")].concat())?;
                wait(session)
            },
            wrong,
        ),
        case(
            "endless trailers",
            10,
            |session| {
                answer(session, &[half(), frame(DATA, 0, FIRST, b"half")].concat())?;
                session.write_all(&frame(HEADERS, END, FIRST, b"\x00\x01x\x01y"))?;
                forever(session, &frame(CONTINUATION, 0, FIRST, b"\x00\x01x\x01y"))
            },
            wrong,
        ),
        case(
            "a refusal while the body is sent",
            100_000,
            |session| {
                begin(session)?;
                request(session, false)?;
                session.write_all(&frame(HEADERS, END_OF_HEADERS | END, FIRST, STATUS_401))?;
                wait(session)
            },
            Fate::Whole(401),
        ),
    ]
}

/// A peer that says it is about to go takes no other request.
fn cases_of_farewells() -> Vec<Case> {
    vec![
        case(
            "a farewell within the body",
            10,
            |session| {
                answer(session, &[half(), go_away(FIRST, NO_ERROR)].concat())?;
                std::thread::sleep(Duration::from_millis(50));
                session.write_all(&frame(DATA, END, FIRST, b"half"))?;
                wait(session)
            },
            Fate::Whole(200),
        ),
        case(
            "a farewell and the end within the body",
            10,
            |session| answer(session, &[half(), go_away(FIRST, NO_ERROR)].concat()),
            Fate::Broken(200, Kind::Interrupted),
        ),
        case(
            "an error of the peer within the body",
            10,
            |session| answer(session, &[half(), go_away(FIRST, INTERNAL_ERROR)].concat()),
            Fate::Broken(200, Kind::Interrupted),
        ),
        case(
            "a farewell behind the answer",
            10,
            |session| {
                answer(session, &[ok(FIRST), go_away(FIRST, NO_ERROR)].concat())?;
                wait(session)
            },
            Fate::Whole(200),
        ),
        case(
            "a farewell a little later",
            10,
            |session| {
                answer(session, &ok(FIRST))?;
                std::thread::sleep(Duration::from_millis(50));
                session.write_all(&go_away(FIRST, NO_ERROR))?;
                wait(session)
            },
            Fate::Whole(200),
        ),
        case(
            "a farewell to whom it has not listened",
            10,
            |session| {
                answer(session, &go_away(0, NO_ERROR))?;
                wait(session)
            },
            Fate::NoHead(Kind::Interrupted, Sent::Nothing),
        ),
        case(
            "a stream that is refused",
            10,
            |session| {
                answer(session, &frame(RESET, 0, FIRST, &REFUSED_STREAM.to_be_bytes()))?;
                wait(session)
            },
            Fate::NoHead(Kind::Interrupted, Sent::Nothing),
        ),
        case(
            "an answer that nobody asked for behind the answer",
            10,
            |session| {
                answer(session, &[ok(FIRST), ok(FIRST + 6)].concat())?;
                wait(session)
            },
            Fate::Whole(200),
        ),
    ]
}

async fn meet(cases: Vec<Case>) {
    for case in cases {
        let authority = Authority::new();
        let port = frames::server(&authority, case.script);
        let transport = HyperTransport::builder()
            .with_platform_roots(false)
            .with_root_certificates_pem(&authority.pem)
            .with_http_version(HttpVersion::Http2Only)
            .build()
            .unwrap();
        let url = format!("https://localhost:{port}/");
        meets(&transport, &url, case.body, case.fate, case.name).await;
    }
}

#[tokio::test]
async fn heads_that_never_come_end_with_their_error_and_leave_no_connection() {
    meet(cases_of_heads()).await;
}

#[tokio::test]
async fn bodies_that_break_off_end_with_their_error_and_leave_no_connection() {
    meet(cases_of_bodies()).await;
}

#[tokio::test]
async fn nobody_goes_back_to_a_peer_that_is_about_to_leave() {
    meet(cases_of_farewells()).await;
}
