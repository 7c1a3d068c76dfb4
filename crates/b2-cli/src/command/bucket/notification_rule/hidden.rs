//! The secrets in notification rules: what signs deliveries, and the values of
//! headers, which often are tokens.

use b2::NotificationRule;

/// What is printed in place of a secret. It is no valid signing secret, so it
/// cannot become one by accident.
const HIDDEN: &str = "(hidden)";

/// Puts a mark in place of every secret.
pub(super) fn hide(rule: &mut NotificationRule) {
    let target = &mut rule.target_configuration;
    if let Some(secret) = &mut target.hmac_sha256_signing_secret {
        *secret = HIDDEN.into();
    }
    for header in target.custom_headers.iter_mut().flatten() {
        HIDDEN.clone_into(&mut header.value);
    }
}

/// Whether a mark stands where a secret should.
pub(super) fn is_hidden(rule: &NotificationRule) -> bool {
    let target = &rule.target_configuration;
    let secret = target.hmac_sha256_signing_secret.as_ref();
    secret.is_some_and(|secret| secret.expose() == HIDDEN)
        || target.custom_headers.iter().flatten().any(|header| header.value == HIDDEN)
}
