//! What the transport costs beside the least that hyper can do.
//!
//! ```text
//! transport serve     CERTIFICATE          a server; prints its two URLs, http and https
//! transport ours MOVE URL CERTIFICATE REPORT
//! transport bare MOVE URL CERTIFICATE REPORT
//! ```
//!
//! `MOVE` is `upload` or `download`, of one GiB. `bare` is hyper on a socket or
//! on rustls, on one connection, with no deadline, no pool and no proxy. Each
//! writes the allocations that the move made to the file `REPORT`, as their
//! number and their bytes.

mod bare;
mod body;
mod ours;
mod serve;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Bytes that are moved.
pub(crate) const SIZE: u64 = 1 << 30;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Upload,
    Download,
}

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &words[..] {
        ["serve", certificate] => serve::serve(certificate),
        [who @ ("ours" | "bare"), way @ ("upload" | "download"), url, certificate, report] => {
            let way = if *way == "upload" { Move::Upload } else { Move::Download };
            let certificate = std::fs::read(certificate)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let region = Region::new(ALLOCATOR);
            let moved = if *who == "ours" {
                runtime.block_on(ours::go(way, url, &certificate))?
            } else {
                runtime.block_on(bare::go(way, url, &certificate))?
            };
            let change = region.change();
            if moved != SIZE {
                return Err(format!("{moved} bytes were moved").into());
            }
            let text = format!("{} {}\n", change.allocations, change.bytes_allocated);
            Ok(std::fs::write(report, text)?)
        }
        _ => Err("usage: transport serve|ours|bare …".into()),
    }
}
