//! The blocking example keeps its duties, except those that it admits.

#[path = "../examples/blocking_ureq/transport.rs"]
mod transport;

use b2_testing::conformance;

#[test]
fn ureq_keeps_all_but_its_exceptions() {
    let report =
        conformance::run_blocking(&transport::UreqTransport::new(), &transport::exceptions());
    report.assert();
    assert_eq!(report.needless_exceptions(), [""; 0], "these can go");
}
