//! What is going on right now, and need not survive a restart.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Uploads in progress and the counters of test mode.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    busy: HashSet<String>,
    test_uploads: u64,
    test_authorizations: u64,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The set holds tokens.
        f.debug_struct("State").field("busy", &self.busy.len()).finish_non_exhaustive()
    }
}

impl Flights {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the token's upload URL for one upload; `None` if it is taken.
    pub(crate) fn board(self: &Arc<Self>, token: &str) -> Option<Lease> {
        let boarded = self.state().busy.insert(token.to_owned());
        boarded.then(|| Lease { flights: Arc::clone(self), token: token.to_owned() })
    }

    /// Makes a token's upload URL look taken, or free again.
    pub(crate) fn set_busy(&self, token: &str, busy: bool) {
        if busy {
            self.state().busy.insert(token.to_owned());
        } else {
            self.state().busy.remove(token);
        }
    }

    pub(crate) fn is_busy(&self, token: &str) -> bool {
        self.state().busy.contains(token)
    }

    /// Counts an upload under `fail_some_uploads`; every third one fails.
    pub(crate) fn test_upload_fails(&self) -> bool {
        let mut state = self.state();
        state.test_uploads += 1;
        state.test_uploads.is_multiple_of(3)
    }

    /// Counts an authorization under `expire_some_account_authorization_tokens`;
    /// the first and every second one after it gives a short-lived token.
    pub(crate) fn test_token_is_short(&self) -> bool {
        let mut state = self.state();
        state.test_authorizations += 1;
        !state.test_authorizations.is_multiple_of(2)
    }
}

/// An upload URL in use; dropping it frees the URL.
pub(crate) struct Lease {
    flights: Arc<Flights>,
    token: String,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

impl Lease {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.flights.set_busy(&self.token, false);
    }
}
