//! How to run the conformance suite against a transport of one's own.
//!
//! `cargo run -p b2-testing --example blocking_ureq` prints the table.

mod transport;

use b2_testing::conformance;

fn main() {
    let transport = transport::UreqTransport::new();
    conformance::run_blocking(&transport, &transport::exceptions()).assert();
}
