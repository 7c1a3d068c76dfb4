//! CORS: what a page from elsewhere may do with the files of a bucket.

use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use serde_json::Value;

use super::answer::Answer;
use super::head::{Head, Route};
use super::operation::Operation;
use super::record::{Bucket, Grant, Token};
use super::refusal::{Outcome, refuse};
use super::tables::Table;
use super::{buckets, ids::FileId};
use crate::store::Transaction;

/// Answers an `OPTIONS` request, which browsers send before the real one.
pub(crate) fn preflight(tx: &Transaction<'_>, head: &Head, route: &Route) -> Outcome<Answer> {
    let denied = || refuse(403, "access_denied", "no CORS rule of the bucket allows this");
    let origin = head.header("origin").ok_or_else(denied)?;
    let method = head.header("access-control-request-method").ok_or_else(denied)?;
    if carries_account_token(tx, head)? {
        return Err(refuse(403, "access_denied", "an account token cannot be used with CORS"));
    }
    let bucket = bucket(tx, head, route)?.ok_or_else(denied)?;
    let wanted: Vec<String> = head
        .header("access-control-request-headers")
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let rule = rule(&bucket, route.operation(), origin);
    let rule = rule.filter(|rule| wanted.iter().all(|name| allows_header(rule, name)));
    let rule = rule.ok_or_else(denied)?;
    let mut answer = Answer::plain(StatusCode::OK, bytes::Bytes::new());
    answer.set(ACCESS_CONTROL_ALLOW_METHODS, method);
    if !wanted.is_empty() {
        answer.set(ACCESS_CONTROL_ALLOW_HEADERS, wanted.join(", "));
    }
    answer.set(ACCESS_CONTROL_MAX_AGE, rule["maxAgeSeconds"].to_string());
    allow(&mut answer, rule, origin);
    Ok(answer)
}

/// Adds what a browser needs to hand the answer to the page that asked.
pub(crate) fn decorate(
    tx: &Transaction<'_>,
    head: &Head,
    route: &Route,
    answer: &mut Answer,
) -> Outcome<()> {
    let Some(origin) = head.header("origin") else {
        return Ok(());
    };
    let bucket = bucket(tx, head, route)?;
    let rule = bucket.as_ref().and_then(|bucket| rule(bucket, route.operation(), origin));
    if let Some(rule) = rule {
        allow(answer, rule, origin);
    }
    Ok(())
}

fn allow(answer: &mut Answer, rule: &Value, origin: &str) {
    let allows_all = texts(rule, "allowedOrigins").any(|allowed| allowed == "*");
    answer.set(ACCESS_CONTROL_ALLOW_ORIGIN, if allows_all { "*" } else { origin });
    answer.set(VARY, "Origin");
    let exposed: Vec<&str> = texts(rule, "exposeHeaders").collect();
    if !exposed.is_empty() {
        answer.set(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.join(", "));
    }
}

/// The token of a link, which is all that a preflight can carry.
fn carries_account_token(tx: &Transaction<'_>, head: &Head) -> Outcome<bool> {
    let Some(text) = head.query("Authorization") else {
        return Ok(false);
    };
    // An unencoded plus arrives as a space.
    let text = text.replace(' ', "+");
    let token: Option<Token> = tx.load(Table::Token, text.as_bytes())?;
    Ok(token.is_some_and(|token| token.grant == Grant::Account))
}

/// The bucket whose rules count; the JSON calls have none.
fn bucket(tx: &Transaction<'_>, head: &Head, route: &Route) -> Outcome<Option<Bucket>> {
    let id = match (route, route.operation()) {
        (Route::File { bucket, .. }, _) => return buckets::find(tx, bucket),
        (_, Operation::DownloadFileById) => head.query("fileId").and_then(|id| bucket_of(&id)),
        (_, Operation::UploadFile) => head.query("bucket"),
        (_, Operation::UploadPart) => head.uri.path().split('/').nth(4).and_then(bucket_of),
        _ => None,
    };
    match id {
        Some(id) => Ok(tx.load(Table::Bucket, id.as_bytes())?),
        None => Ok(None),
    }
}

fn bucket_of(file_id: &str) -> Option<String> {
    FileId::parse(file_id).map(|id| id.bucket)
}

fn rule<'b>(bucket: &'b Bucket, operation: Operation, origin: &str) -> Option<&'b Value> {
    bucket.cors_rules.iter().find(|rule| {
        texts(rule, "allowedOperations").any(|name| name == operation.name())
            && texts(rule, "allowedOrigins").any(|allowed| allows_origin(allowed, origin))
    })
}

/// `*`, a bare scheme, an origin, or one with a `*` in it.
fn allows_origin(allowed: &str, origin: &str) -> bool {
    if allowed == "*" || allowed.eq_ignore_ascii_case(origin) {
        return true;
    }
    if !allowed.contains("://") {
        let scheme = origin.split_once("://").map(|(scheme, _)| scheme);
        return scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(allowed));
    }
    let (allowed, origin) = (allowed.to_ascii_lowercase(), origin.to_ascii_lowercase());
    allowed.split_once('*').is_some_and(|(before, after)| {
        origin.len() >= before.len() + after.len()
            && origin.starts_with(before)
            && origin.ends_with(after)
    })
}

fn allows_header(rule: &Value, name: &str) -> bool {
    texts(rule, "allowedHeaders").any(|allowed| {
        let allowed = allowed.to_ascii_lowercase();
        match allowed.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => allowed == name,
        }
    })
}

fn texts<'v>(rule: &'v Value, name: &str) -> impl Iterator<Item = &'v str> {
    rule[name].as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (allowed, origin) in [
            ("*", "http://a.test"),
            ("https", "https://a.test"),
            ("https://a.test", "https://A.test"),
            ("https://*.a.test", "https://x.y.a.test"),
        ] {
            assert!(allows_origin(allowed, origin), "{allowed} {origin}");
        }
        for (allowed, origin) in [
            ("https", "http://a.test"),
            ("https://a.test", "https://a.test.evil"),
            ("https://*.a.test", "https://a.test"),
            ("https://*.a.test", "http://x.a.test"),
        ] {
            assert!(!allows_origin(allowed, origin), "{allowed} {origin}");
        }
    }
}
