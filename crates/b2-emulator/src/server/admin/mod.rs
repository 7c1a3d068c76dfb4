//! `/_emulator/`: what testers read and turn over HTTP.
//!
//! Nothing here is of B2. It needs no token, so it is for this machine only:
//! see `guard`.

mod guard;
mod routes;

pub(super) use guard::guard;
pub(super) use routes::answer;

use crate::model::Head;

/// The largest body, in bytes.
pub(super) const LARGEST_BODY: u64 = 64 * 1024;

const ROOT: &str = "/_emulator";

/// Whether a request is not for B2 but for the emulator itself.
pub(super) fn is_meant(head: &Head) -> bool {
    segments(head).is_some()
}

/// What follows the root; `None` outside of it.
fn segments(head: &Head) -> Option<Vec<&str>> {
    let rest = head.uri.path().strip_prefix(ROOT)?;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
    Some(rest.split('/').filter(|segment| !segment.is_empty()).collect())
}
