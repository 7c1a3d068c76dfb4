//! How many pieces of a download are under way at the same time.

use std::collections::VecDeque;
use std::time::Duration;

use b2_core::download::{Object, ParallelOptions};
use b2_core::op::{Ticket, Transmit};
use b2_core::{Operation as _, ParallelDownload, Reply, Step};
use b2_proto::{BucketName, FileName};

use crate::stage::{SESSION, Stage, answer, head};

const MIB: u64 = 1 << 20;
const WHOLE: u64 = 256 * MIB;

/// Downloads 256 MiB, each piece at so many bytes a second, and gives for each
/// piece how many were under way when it was answered.
fn under_way(options: ParallelOptions, rate: impl Fn(u64) -> u64) -> Vec<usize> {
    let object = Object::Name {
        bucket: BucketName::new("bucket").unwrap(),
        file: FileName::new("x").unwrap(),
    };
    let mut download = ParallelDownload::new(object, options);
    let Stage { mut account, mut now, .. } = Stage::new();
    let (mut asked, mut counts) = (VecDeque::<(Ticket, u64, u64)>::new(), Vec::new());
    loop {
        match download.poll(&mut account, now) {
            Step::Send(transmit) if transmit.operation == "b2_authorize_account" => {
                // Slow, but no piece's fault.
                now += Duration::from_secs(9);
                download.handle(&mut account, transmit.ticket, answer(200, &[], SESSION), now);
            }
            Step::Send(transmit) => {
                let (first, last) = range(&transmit);
                asked.push_back((transmit.ticket, first, last.min(WHOLE - 1)));
            }
            Step::Wait(_) => {
                let (ticket, first, last) = asked.pop_front().expect("nothing is under way");
                counts.push(asked.len() + 1);
                let bytes = last + 1 - first;
                now += Duration::from_nanos(bytes * 1_000_000_000 / rate(first));
                let reply = Reply::Delivered { head: partial(first, last), bytes, digest: None };
                download.handle(&mut account, ticket, reply, now);
            }
            Step::Event(_) => {}
            Step::Done(result) => {
                assert_eq!(result.unwrap().bytes, WHOLE);
                return counts;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn range(transmit: &Transmit) -> (u64, u64) {
    let text = transmit.request.headers()["range"].to_str().unwrap();
    let (first, last) = text.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

fn partial(first: u64, last: u64) -> Box<http::response::Parts> {
    head(
        206,
        &[
            ("x-bz-file-id", "4_z1"),
            ("x-bz-file-name", "x"),
            ("x-bz-content-sha1", "none"),
            ("content-length", &(last + 1 - first).to_string()),
            ("content-range", &format!("bytes {first}-{last}/{WHOLE}")),
        ],
    )
}

#[test]
fn a_fast_line_is_left_to_one_request() {
    let counts = under_way(ParallelOptions::default(), |_| 256 * MIB);
    assert_eq!(counts, [1; 9]);
}

#[test]
fn a_slower_line_has_as_many_as_allowed() {
    let counts = under_way(ParallelOptions::default(), |_| 255 * MIB);
    assert_eq!(counts, [1, 4, 4, 4, 4, 4, 3, 2, 1]);
}

#[test]
fn a_line_that_becomes_slow_gets_company() {
    let counts =
        under_way(ParallelOptions::default(), |first| if first < 72 * MIB { 1 << 30 } else { MIB });
    assert_eq!(counts, [1, 1, 1, 1, 4, 4, 3, 2, 1]);
}

#[test]
fn whoever_wants_them_gets_several_always() {
    let options = ParallelOptions::default().with_concurrency(2).with_enough(u64::MAX);
    assert_eq!(under_way(options, |_| u64::MAX / 2), [1, 2, 2, 2, 2, 2, 2, 2, 1]);
}
