//! What the kernel of Linux says of a connection in its own table.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The timer that runs on a connection: its kind, and when it goes off in
/// hundredths of a second. 2 is the one that asks an idle peer whether it is
/// still there.
pub(crate) fn timer(ends: [SocketAddr; 2]) -> (u8, u64) {
    let [here, there] = ends.map(|end| format!(":{:04X}", end.port()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    // Others may have the same port here, to somewhere else.
    let own = |line: &Vec<String>| line[1].ends_with(&here) && line[2].ends_with(&there);
    let line = table.lines().map(fields).find(own).unwrap();
    let (kind, when) = line[5].split_once(':').unwrap();
    (kind.parse().unwrap(), u64::from_str_radix(when, 16).unwrap())
}

/// Waits until the next question to the peer is as many hundredths of a second
/// away as `expected` says; gives what was seen last if that never happens.
pub(crate) async fn question(
    ends: [SocketAddr; 2],
    expected: impl Fn(u64) -> bool,
) -> Result<(), (u8, u64)> {
    let begun = Instant::now();
    loop {
        // What was sent last may not be acknowledged yet, which has a timer too.
        let (kind, when) = timer(ends);
        if kind == 2 && expected(when) {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(5) {
            return Err((kind, when));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
