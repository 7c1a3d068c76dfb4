//! `b2_get_download_authorization`.

use std::collections::BTreeMap;

use serde_json::json;

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::overrides;
use super::record::Grant;
use super::refusal::{Outcome, bad_request};
use super::{buckets, token};

/// A week.
const LONGEST_DURATION_S: i64 = 604_800;

pub(crate) fn get_download_authorization(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "shareFiles")?;
    let bucket = call.params.text("bucketId")?;
    let prefix = call.params.text("fileNamePrefix")?;
    caller.require_bucket(&bucket)?;
    caller.require_name(&prefix)?;
    let seconds = call.params.integer("validDurationInSeconds")?;
    if !(1..=LONGEST_DURATION_S).contains(&seconds) {
        return Err(bad_request(format!("validDurationInSeconds out of range: {seconds}")));
    }
    let bucket = buckets::load(call.tx, &bucket)?;
    let mut fixed = BTreeMap::new();
    for name in overrides::NAMES {
        if let Some(value) = call.params.optional_text(name)? {
            overrides::check(name, &value)?;
            fixed.insert(name.to_owned(), value);
        }
    }
    let grant =
        Grant::Download { bucket: bucket.id.clone(), prefix: prefix.clone(), overrides: fixed };
    let lifetime = seconds.unsigned_abs() * 1000;
    let token = token::issue(call, &caller.key, grant, lifetime)?;
    Ok(Answer::json(&json!({
        "authorizationToken": token,
        "bucketId": bucket.id,
        "fileNamePrefix": prefix,
    })))
}
