//! What follows when B2 refuses a download.

use super::{Download, State};
use crate::account::{Account, Session};
use crate::download::access::lacking;
use crate::error::{Error, Remedy};
use crate::time::Instant;

impl Download {
    pub(super) fn refused(
        &mut self,
        account: &mut Account,
        session: Option<&Session>,
        (error, remedy): (Error, Remedy),
        now: Instant,
    ) -> State {
        // A token of the caller's own cannot be replaced; and the answer to
        // HEAD does not say what is wrong, so one fresh token has to do.
        let own = self.access.token.is_some();
        let in_vain = own || (self.headers_only && self.attempts.refreshed());
        let (error, remedy) = match remedy {
            Remedy::Reauthorize if in_vain => (error.finally(), Remedy::Never),
            _ => (error, remedy),
        };
        let Some(session) = session else {
            return self.again(account, remedy, error, now);
        };
        if remedy == Remedy::Reauthorize {
            account.expire(&session.token);
        }
        let error = if own { error } else { lacking(error, session) };
        self.again(account, remedy, error, now)
    }
}
