//! Fixed seeds for every test run; `cargo xtask simulate` plays more.

use b2_testing::sim::{World, scenarios, simulate};
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// As above, but a failure is shrunk to the faults that matter.
    #[test]
    fn no_scenario_breaks_a_rule(scenario in scenarios()) {
        let report = World::new(scenario).run();
        prop_assert!(report.violations.is_empty(), "{:?}", report.violations);
    }
}
