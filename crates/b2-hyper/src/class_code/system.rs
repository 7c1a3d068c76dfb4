//! Errors of the system, by the numbers that Winsock gives them.

use std::io::{self, ErrorKind};

use super::DROPPED;

/// The number of an error of a socket.
pub(super) fn of(error: &io::Error) -> Option<u32> {
    error.raw_os_error().and_then(of_number).or_else(|| of_kind(error.kind()))
}

/// What the standard library has a name for.
fn of_kind(kind: ErrorKind) -> Option<u32> {
    Some(match kind {
        ErrorKind::PermissionDenied => 10_013,
        ErrorKind::AddrInUse => 10_048,
        ErrorKind::AddrNotAvailable => 10_049,
        ErrorKind::NetworkDown => 10_050,
        ErrorKind::NetworkUnreachable => 10_051,
        ErrorKind::ConnectionAborted => 10_053,
        ErrorKind::ConnectionReset => 10_054,
        ErrorKind::NotConnected => 10_057,
        ErrorKind::BrokenPipe => 10_058,
        ErrorKind::TimedOut => 10_060,
        ErrorKind::ConnectionRefused => 10_061,
        ErrorKind::HostUnreachable => 10_065,
        ErrorKind::UnexpectedEof => DROPPED,
        _ => return None,
    })
}

/// What it has none for.
#[cfg(unix)]
fn of_number(number: i32) -> Option<u32> {
    Some(match number {
        libc::EINVAL => 10_022,
        libc::EMFILE | libc::ENFILE => 10_024,
        libc::EAFNOSUPPORT => 10_047,
        libc::ENETRESET => 10_052,
        libc::ENOBUFS | libc::ENOMEM => 10_055,
        libc::ESHUTDOWN => 10_058,
        libc::EHOSTDOWN => 10_064,
        _ => return None,
    })
}

/// These are the system's own.
#[cfg(windows)]
fn of_number(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| (10_000..12_000).contains(number))
}

#[cfg(not(any(unix, windows)))]
fn of_number(_: i32) -> Option<u32> {
    None
}
