//! Fixed seeds for every test run; `cargo xtask simulate` plays more.

use std::time::Duration;

use b2_testing::sim::{Errand, Scenario, World, scenarios, simulate};
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

/// Ten thousand parts, three at a time, 54 seconds each: two days and two
/// hours.
#[test]
fn two_days_cost_two_refreshes() {
    let errands = vec![Errand::UploadLarge { len: 5_000_000, crash_after: None }];
    let scenario = Scenario::quiet(errands);
    let report = World::new(scenario).with_latency(Duration::from_secs(27)).run();
    assert!(report.violations.is_empty(), "{:?}", report.violations);
    let hours = report.virtual_time.as_secs() / 3600;
    assert!((49..52).contains(&hours), "{hours} h");
    let authorizations = report.books.requests["b2_authorize_account"];
    assert_eq!(authorizations, 1 + 2, "the first, and one for each token that expired");
    assert_eq!(report.books.requests["b2_upload_part"], 10_000);
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
