//! How many rows a page holds.

use super::params::Params;
use super::refusal::{Outcome, refuse};

/// The page size asked for; 0 and nothing mean the default.
pub(crate) fn page_size(
    params: &Params,
    name: &str,
    default: usize,
    largest: usize,
) -> Outcome<usize> {
    match params.optional_integer(name)? {
        None | Some(0) => Ok(default),
        Some(count) => usize::try_from(count)
            .ok()
            .filter(|count| *count <= largest)
            .ok_or_else(|| refuse(400, "out_of_range", format!("{name} out of range: {count}"))),
    }
}
