//! Each row of the transport has an error of ours, or a reason.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use b2_core::error::{
    Error as CoreError, ProtocolError, Sent, TransportError, TransportErrorKind as Kind,
};

use super::*;
use crate::error::failed;

/// The rows that are ours: kind, group, name, layer.
const ROWS: &str = include_str!("../../fixtures/errors.tsv");

const NO_STATES: &str = "settings are made before a transport, which has no states";
const HIDDEN: &str = "sockets are not handed out, and connect and carry one stream only";
const ASYNCHRONOUS: &str = "what would block waits for the reactor";
const ONE_PROTOCOL: &str = "TCP is the only protocol";
const FILES: &str = "this is about files, and sockets have none";
const STARTED: &str = "the standard library has started Winsock";

/// Those that no error of ours maps to: group, code, reason.
const NEVER: &[(&str, u32, &str)] = &[
    ("HTTP", 143, "a transport is never busy: any number of requests may run"),
    ("HTTP", 156, "no cookies are kept; B2 sets none"),
    ("HTTP", 302, "no file is attached; one that cannot be sent is 611"),
    ("TCPClient", 100, NO_STATES),
    ("TCPClient", 101, NO_STATES),
    ("TCPClient", 104, NO_STATES),
    ("TCPClient", 106, NO_STATES),
    ("TCPClient", 107, NO_STATES),
    ("TCPClient", 112, NO_STATES),
    ("TCPClient", 117, NO_STATES),
    ("TCPClient", 135, ASYNCHRONOUS),
    ("TCPClient", 211, NO_STATES),
    ("TCPClient", 212, NO_STATES),
    ("TCPClient", 213, NO_STATES),
    ("TCPClient", 434, "texts are UTF-8"),
    ("TCPClient", 1105, NO_STATES),
    ("TCPClient", 1117, NO_STATES),
    ("TCPClient", 1119, NO_STATES),
    ("SSL", 282, "for servers only"),
    ("TCP/IP", 10_004, "a system call that is interrupted is made again"),
    ("TCP/IP", 10_009, HIDDEN),
    ("TCP/IP", 10_014, HIDDEN),
    ("TCP/IP", 10_035, ASYNCHRONOUS),
    ("TCP/IP", 10_036, ASYNCHRONOUS),
    ("TCP/IP", 10_037, ASYNCHRONOUS),
    ("TCP/IP", 10_038, HIDDEN),
    ("TCP/IP", 10_039, HIDDEN),
    ("TCP/IP", 10_040, "a stream has no messages"),
    ("TCP/IP", 10_041, ONE_PROTOCOL),
    ("TCP/IP", 10_042, ONE_PROTOCOL),
    ("TCP/IP", 10_043, ONE_PROTOCOL),
    ("TCP/IP", 10_044, ONE_PROTOCOL),
    ("TCP/IP", 10_045, ONE_PROTOCOL),
    ("TCP/IP", 10_046, ONE_PROTOCOL),
    ("TCP/IP", 10_056, HIDDEN),
    ("TCP/IP", 10_059, HIDDEN),
    ("TCP/IP", 10_062, FILES),
    ("TCP/IP", 10_063, FILES),
    ("TCP/IP", 10_066, FILES),
    ("TCP/IP", 10_067, "no process is begun"),
    ("TCP/IP", 10_068, "no user is logged in"),
    ("TCP/IP", 10_069, FILES),
    ("TCP/IP", 10_070, FILES),
    ("TCP/IP", 10_071, FILES),
    ("TCP/IP", 10_091, STARTED),
    ("TCP/IP", 10_092, STARTED),
    ("TCP/IP", 10_093, STARTED),
];

/// What the system says for a number of Winsock.
#[cfg(unix)]
const SYSTEM: &[(u32, &[i32])] = &[
    (10_013, &[libc::EACCES, libc::EPERM]),
    (10_022, &[libc::EINVAL]),
    (10_024, &[libc::EMFILE, libc::ENFILE]),
    (10_047, &[libc::EAFNOSUPPORT]),
    (10_048, &[libc::EADDRINUSE]),
    (10_049, &[libc::EADDRNOTAVAIL]),
    (10_050, &[libc::ENETDOWN]),
    (10_051, &[libc::ENETUNREACH]),
    (10_052, &[libc::ENETRESET]),
    (10_053, &[libc::ECONNABORTED]),
    (10_054, &[libc::ECONNRESET]),
    (10_055, &[libc::ENOBUFS, libc::ENOMEM]),
    (10_057, &[libc::ENOTCONN]),
    (10_058, &[libc::EPIPE, libc::ESHUTDOWN]),
    (10_060, &[libc::ETIMEDOUT]),
    (10_061, &[libc::ECONNREFUSED]),
    (10_064, &[libc::EHOSTDOWN]),
    (10_065, &[libc::EHOSTUNREACH]),
];

/// An error and its number.
type Found = (String, u32);

fn found(error: &dyn Debug, code: u32) -> Found {
    (format!("{error:?}"), code)
}

/// As the caller of an operation sees it.
fn sent(error: impl Into<TransportError>) -> Found {
    let source = Box::new(error.into());
    let error = CoreError::Transport { operation: "b2_list_buckets", source };
    let code = error.class_code();
    found(&error, code)
}

/// On a connection that stands.
fn broken(kind: Kind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Found {
    sent(failed(kind, Sent::Maybe, io::Error::other(error)))
}

fn late(late: Late) -> Found {
    sent(late.into_error(Sent::Maybe))
}

fn plain(kind: Kind) -> Found {
    sent(TransportError::new(kind, Sent::Maybe))
}

fn tls(error: TlsError) -> Found {
    sent(ConnectError::Tls(error))
}

fn certificate(fault: CertificateFault) -> Found {
    tls(TlsError::Certificate(fault))
}

fn identity(error: IdentityError) -> Found {
    let error = SettingsError::Identity(error);
    found(&error, error.class_code())
}

fn build(error: BuildError) -> Found {
    let error = SettingsError::Build(error);
    found(&error, error.class_code())
}

fn http(code: u32) -> Vec<Found> {
    match code {
        118 => vec![
            sent(ConnectError::Proxy(ProxyError::Status(403))),
            sent(ConnectError::Proxy(ProxyError::Credentials { offered: "Basic".into() })),
            sent(ConnectError::Proxy(io::Error::from(io::ErrorKind::ConnectionReset).into())),
            build(BuildError::ProxyUrl),
        ],
        151 => vec![
            plain(Kind::Protocol),
            sent(RedirectError::TooMany { limit: 1 }),
            sent(ContentError::Damaged(io::ErrorKind::UnexpectedEof.into())),
        ],
        152 => vec![sent(Refusal::Server)],
        153 => vec![sent(Refusal::Scheme)],
        155 => {
            let source = Box::new(ProtocolError::OtherBytes);
            let error = CoreError::Protocol { operation: "b2_download_file_by_id", source };
            vec![found(&error, error.class_code())]
        }
        301 => vec![late(Late::Interrupted)],
        _ => Vec::new(),
    }
}

fn tcp_client(code: u32) -> Vec<Found> {
    match code {
        102 => vec![sent(ConnectError::Unspecified(io::ErrorKind::ConnectionRefused.into()))],
        116 => vec![sent(Refusal::Port)],
        201 => vec![late(Late::Silence(Duration::from_secs(60)))],
        301 => vec![
            late(Late::Connect(Duration::from_secs(60))),
            late(Late::Deadline),
            plain(Kind::Timeout),
        ],
        302 => {
            let (path, source) = ("roots.pem".into(), io::ErrorKind::NotFound.into());
            vec![build(BuildError::File { path, source })]
        }
        1120 => vec![
            plain(Kind::Interrupted),
            sent(failed(
                Kind::Interrupted,
                Sent::Maybe,
                io::Error::from(io::ErrorKind::UnexpectedEof),
            )),
        ],
        _ => Vec::new(),
    }
}

fn ssl(code: u32) -> Vec<Found> {
    use rustls::Error as E;
    match code {
        270 => vec![tls(TlsError::NoProvider), identity(IdentityError::Token("lost".into()))],
        271 => vec![
            tls(TlsError::NoRoots),
            identity(IdentityError::File(io::ErrorKind::NotFound.into())),
            identity(IdentityError::Format("PKCS #12 store")),
            build(BuildError::Pem("not PEM".into())),
        ],
        272 => vec![identity(IdentityError::NoCertificate), build(BuildError::NoCertificate)],
        273 => vec![
            identity(IdentityError::Password),
            identity(IdentityError::Mismatch),
            identity(IdentityError::NoKey),
        ],
        274 => vec![certificate(CertificateFault::UnknownIssuer)],
        275 => vec![
            certificate(CertificateFault::Chain("a name that is not allowed".into())),
            certificate(CertificateFault::BadSignature),
            certificate(CertificateFault::WeakKey),
            certificate(CertificateFault::Authority),
        ],
        276 => vec![
            tls(TlsError::Protocol(E::HandshakeNotComplete)),
            tls(TlsError::Refused(Alert::ProtocolVersion)),
            tls(TlsError::Broken(Arc::new(io::ErrorKind::UnexpectedEof.into()))),
            sent(ConnectError::NoHttp2),
            plain(Kind::Tls),
            broken(Kind::Tls, E::AlertReceived(Alert::InternalError)),
        ],
        280 => vec![
            certificate(CertificateFault::Expired),
            certificate(CertificateFault::WrongName),
            certificate(CertificateFault::Revoked),
        ],
        281 => vec![
            tls(TlsError::Refused(Alert::CertificateRequired)),
            broken(Kind::Tls, E::AlertReceived(Alert::CertificateRequired)),
            identity(IdentityError::KeyAlone),
        ],
        283 => vec![
            broken(Kind::Tls, E::EncryptError),
            broken(Kind::Tls, E::AlertReceived(Alert::BadRecordMac)),
        ],
        284 => vec![broken(Kind::Tls, E::DecryptError)],
        _ => Vec::new(),
    }
}

fn resolve(error: ResolveError) -> Vec<Found> {
    vec![sent(ConnectError::Resolve(error.into()))]
}

fn tcp_ip(code: u32) -> Vec<Found> {
    match code {
        11_001 => [
            resolve(ResolveError::NoHost),
            vec![sent(ConnectError::Proxy(ProxyError::Resolve(ResolveError::NoHost.into())))],
        ]
        .concat(),
        11_002 => resolve(ResolveError::NoAnswer),
        11_003 => resolve(ResolveError::Failed),
        11_004 => resolve(ResolveError::NoAddress("the name has no address")),
        _ => {
            let mut found = Vec::new();
            for number in numbers(code) {
                let error = || io::Error::from_raw_os_error(number);
                found.push(sent(ConnectError::Dial(error())));
                found.push(sent(failed(Kind::Interrupted, Sent::Maybe, error())));
                found.push(broken(Kind::Interrupted, error()));
            }
            found
        }
    }
}

#[cfg(unix)]
fn numbers(code: u32) -> Vec<i32> {
    let row = SYSTEM.iter().find(|(each, _)| *each == code);
    row.map_or_else(Vec::new, |(_, numbers)| numbers.to_vec())
}

#[cfg(windows)]
fn numbers(code: u32) -> Vec<i32> {
    let never = NEVER.iter().any(|(_, each, _)| *each == code);
    if never { Vec::new() } else { vec![i32::try_from(code).unwrap()] }
}

#[test]
fn every_row_has_an_error_or_a_reason() {
    let mut seen = 0;
    for row in ROWS.lines().skip(1) {
        let [_, group, name, _] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not a row: {row}");
        };
        let code: u32 = name.parse().unwrap();
        let found = match group {
            "HTTP" => http(code),
            "TCPClient" => tcp_client(code),
            "SSL" => ssl(code),
            "TCP/IP" => tcp_ip(code),
            _ => panic!("nothing is known of {group}"),
        };
        let never = NEVER
            .iter()
            .any(|(of, each, reason)| (*of, *each) == (group, code) && !reason.is_empty());
        assert_eq!(found.is_empty(), never, "{row}: an error or a reason, not both");
        for (error, number) in found {
            assert_eq!(number, code, "{error}");
        }
        seen += 1;
    }
    assert_eq!(seen, 92, "the rows of the fixture");
}

/// A reason for a row that is none would hide that it was never looked at.
#[test]
fn every_reason_has_a_row() {
    for (group, code, _) in NEVER {
        let row = format!("error\t{group}\t{code}\tb2-hyper");
        assert_eq!(ROWS.lines().filter(|line| *line == row).count(), 1, "{row}");
    }
}

/// A body that cannot be read is no fault of the connection.
#[test]
fn what_has_no_number_is_600() {
    use Refusal::{Chunked, Length, NoRuntime, PlainHttp2, Policy};
    let refused = [Length, Chunked, Policy, PlainHttp2, NoRuntime];
    let refused = refused.map(sent);
    let settings = SettingError::unknown("cipher suite", "x");
    for (error, code) in
        refused.into_iter().chain([plain(Kind::Other), found(&settings, settings.class_code())])
    {
        assert_eq!(code, 600, "{error}");
    }
    assert_eq!(SettingError::unsupported("x", "y").class_code(), 601);
}
