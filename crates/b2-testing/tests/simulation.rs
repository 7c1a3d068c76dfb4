//! Fixed seeds for every test run; `cargo xtask simulate` plays more.

use std::time::Duration;

use b2_testing::sim::{Errand, Report, Scenario, World, scenarios, simulate};
use proptest::prelude::*;

#[test]
fn the_first_seeds_break_no_rule() {
    for seed in 0..300 {
        let report = simulate(seed);
        assert!(
            report.violations.is_empty(),
            "seed {seed}: {:?}\nreplay it with: cargo xtask simulate --seed {seed}",
            report.violations
        );
    }
}

/// Plays errands on a line on which each request takes 54 seconds.
fn on_a_slow_line(errands: Vec<Errand>) -> Report {
    let report = World::new(Scenario::quiet(errands)).with_latency(Duration::from_secs(27)).run();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    let hours = report.virtual_time.as_secs() / 3600;
    assert!((49..52).contains(&hours), "{hours} h");
    report
}

/// Ten thousand pieces, three at a time, two days and two hours: each needs the
/// token of the account, and two tokens expire.
#[test]
fn two_days_of_download_cost_two_refreshes() {
    let report = on_a_slow_line(vec![Errand::Upload(5_000_000), Errand::DownloadPieces(500)]);
    assert!(report.books.requests["b2_download_file_by_id"] > 9_990);
    let authorizations = report.books.requests["b2_authorize_account"];
    assert_eq!(authorizations, 1 + 2, "the first, and one for each token that expired");
}

/// Ten thousand parts: they need the token of the account only for their
/// upload URLs, which are renewed before they expire.
#[test]
fn two_days_of_upload_cost_no_more() {
    let report = on_a_slow_line(vec![Errand::UploadLarge { len: 5_000_000, crash_after: None }]);
    assert_eq!(report.books.requests["b2_upload_part"], 10_000);
    let authorizations = report.books.requests["b2_authorize_account"];
    assert!((2..=3).contains(&authorizations), "{authorizations}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// As above, but a failure is shrunk to the faults that matter.
    #[test]
    fn no_scenario_breaks_a_rule(scenario in scenarios()) {
        let report = World::new(scenario).run();
        prop_assert!(report.violations.is_empty(), "{:?}", report.violations);
    }
}
