//! `cargo xtask simulate`: seeds of the whole client, played on virtual time and judged.
//!
//! The simulator itself is `b2_testing::sim`. `campaign` spreads seeds over the cores, `tally`
//! adds up what happened, `report` prints it, and `rebuild` starts this program again as an
//! optimised one, since a debug build plays a tenth of the seeds in the same time.

#[cfg(any(test, feature = "simulate"))]
mod campaign;
#[cfg(feature = "simulate")]
mod play;
#[cfg(not(feature = "simulate"))]
mod rebuild;
#[cfg(any(test, feature = "simulate"))]
mod report;
#[cfg(any(test, feature = "simulate"))]
mod tally;

#[cfg(feature = "simulate")]
pub(crate) use play::run;
#[cfg(not(feature = "simulate"))]
pub(crate) use rebuild::run;

/// The options of `cargo xtask simulate`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many seeds to play.
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    seeds: u64,
    /// The first seed; the others follow it.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    first: u64,
    /// Plays only this seed and tells more about it.
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
}
