//! Who asks, and what they may.

use super::call::Call;
use super::record::{Account, Grant, Key};
use super::refusal::{Outcome, bad_auth_token, bad_request, refuse, unauthorized};
use super::token;

/// The holder of an account token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) key: Key,
}

impl Caller {
    /// Reads the `Authorization` header of a JSON call.
    pub(crate) fn authenticate(call: &Call<'_, '_>) -> Outcome<Self> {
        let text = authorization(call)?;
        let (token, key) = token::look_up(call.tx, text, call.now)?;
        if token.grant != Grant::Account {
            return Err(bad_auth_token("Not an account authorization token"));
        }
        Ok(Self { account: call.account()?, key })
    }

    /// As [`Caller::authenticate`], for a call that needs one capability.
    pub(crate) fn with(call: &Call<'_, '_>, capability: &str) -> Outcome<Self> {
        let caller = Self::authenticate(call)?;
        caller.require(capability)?;
        Ok(caller)
    }

    pub(crate) fn may(&self, capability: &str) -> bool {
        debug_assert!(super::capability::exists(capability), "{capability}");
        self.key.capabilities.iter().any(|held| held == capability)
    }

    pub(crate) fn require(&self, capability: &str) -> Outcome<()> {
        if self.may(capability) { Ok(()) } else { Err(unauthorized()) }
    }

    /// Whether the key is limited to buckets that do not include this one.
    pub(crate) fn is_barred_from(&self, bucket: &str) -> bool {
        self.key.buckets.as_ref().is_some_and(|allowed| !allowed.iter().any(|id| id == bucket))
    }

    pub(crate) fn require_bucket(&self, bucket: &str) -> Outcome<()> {
        if self.is_barred_from(bucket) { Err(unauthorized()) } else { Ok(()) }
    }

    /// A name, or the prefix of a listing, must lie within the key's prefix.
    pub(crate) fn require_name(&self, name: &str) -> Outcome<()> {
        let prefix = self.key.name_prefix.as_deref().unwrap_or_default();
        if name.starts_with(prefix) { Ok(()) } else { Err(unauthorized()) }
    }

    /// The `accountId` parameter must be the account's, not the key's.
    pub(crate) fn require_account_id(&self, call: &Call<'_, '_>) -> Outcome<()> {
        if call.params.text("accountId")? == self.account.id {
            Ok(())
        } else {
            Err(bad_request("accountId invalid"))
        }
    }
}

/// The raw token in the `Authorization` header.
pub(crate) fn authorization<'c>(call: &Call<'c, '_>) -> Outcome<&'c str> {
    call.head
        .header("authorization")
        .ok_or_else(|| refuse(401, "missing_auth_token", "No authorization header"))
}
