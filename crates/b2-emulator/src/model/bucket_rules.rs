//! Checks of what a bucket may be called and carry.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::refusal::{Outcome, bad_request, refuse};

/// 6 to 63 letters, digits and dashes, not beginning with `b2-`.
pub(crate) fn check_name(name: &str) -> Outcome<()> {
    let is_legal = (6..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.to_ascii_lowercase().starts_with("b2-");
    if is_legal {
        Ok(())
    } else {
        Err(refuse(400, "invalid_bucket_name", format!("Invalid bucket name: {name}")))
    }
}

pub(crate) fn check_kind(kind: &str) -> Outcome<()> {
    if matches!(kind, "allPublic" | "allPrivate") {
        Ok(())
    } else {
        Err(bad_request(format!("invalid bucketType: {kind}")))
    }
}

/// At most ten short names of letters, digits, `-` and `_`.
pub(crate) fn check_info(info: &BTreeMap<String, String>) -> Outcome<()> {
    let is_name = |name: &str| {
        (1..=50).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let size: usize = info.iter().map(|(name, value)| name.len() + value.len()).sum();
    if info.len() > 10 || size > 550 {
        return Err(bad_request("bucketInfo is too large"));
    }
    match info.keys().find(|name| !is_name(name)) {
        Some(name) => Err(bad_request(format!("invalid bucketInfo name: {name}"))),
        None => Ok(()),
    }
}

const LIFECYCLE_DAYS: [&str; 3] = [
    "daysFromHidingToDeleting",
    "daysFromUploadingToHiding",
    "daysFromStartingToCancelingUnfinishedLargeFiles",
];

/// Checked lifecycle rules with every documented field present.
pub(crate) fn lifecycle_rules(rules: Vec<Value>) -> Outcome<Vec<Value>> {
    if rules.len() > 100 {
        return Err(bad_request("too many lifecycle rules"));
    }
    let rules: Vec<Value> = rules.iter().map(lifecycle_rule).collect::<Outcome<_>>()?;
    let mut prefixes: Vec<&str> =
        rules.iter().filter_map(|rule| rule["fileNamePrefix"].as_str()).collect();
    prefixes.sort_unstable();
    // Sorted, a prefix of another stands before it with nothing foreign between.
    match prefixes.windows(2).find(|pair| pair[1].starts_with(pair[0])) {
        Some(pair) => {
            let message = format!("lifecycle rules overlap: '{}' and '{}'", pair[0], pair[1]);
            Err(bad_request(message))
        }
        None => Ok(rules),
    }
}

fn lifecycle_rule(rule: &Value) -> Outcome<Value> {
    let prefix = rule.get("fileNamePrefix").and_then(Value::as_str);
    let prefix = prefix.ok_or_else(|| bad_request("a lifecycle rule needs fileNamePrefix"))?;
    let mut checked = json!({"fileNamePrefix": prefix});
    let mut is_empty = true;
    for name in LIFECYCLE_DAYS {
        let days = match rule.get(name) {
            None | Some(Value::Null) => None,
            Some(days) => Some(
                days.as_u64()
                    .filter(|days| (1..=i32::MAX as u64).contains(days))
                    .ok_or_else(|| bad_request(format!("invalid {name}: {days}")))?,
            ),
        };
        is_empty &= days.is_none();
        checked[name] = json!(days);
    }
    if is_empty { Err(bad_request("a lifecycle rule must do something")) } else { Ok(checked) }
}

const CORS_OPERATIONS: [&str; 9] = [
    "b2_download_file_by_id",
    "b2_download_file_by_name",
    "b2_upload_file",
    "b2_upload_part",
    "s3_delete",
    "s3_get",
    "s3_head",
    "s3_post",
    "s3_put",
];

/// Checked CORS rules with every documented field present.
pub(crate) fn cors_rules(rules: Vec<Value>) -> Outcome<Vec<Value>> {
    if rules.len() > 100 {
        return Err(bad_request("too many CORS rules"));
    }
    let mut names = HashSet::new();
    rules
        .iter()
        .map(|rule| {
            let rule = rule.as_object().ok_or_else(|| bad_request("a CORS rule is an object"))?;
            let checked = cors_rule(rule)?;
            let name = checked["corsRuleName"].to_string();
            if names.insert(name) {
                Ok(checked)
            } else {
                Err(bad_request("corsRuleName must be unique"))
            }
        })
        .collect()
}

fn cors_rule(rule: &Map<String, Value>) -> Outcome<Value> {
    let name = rule.get("corsRuleName").and_then(Value::as_str).unwrap_or_default();
    check_name(name).map_err(|_| bad_request(format!("invalid corsRuleName: {name}")))?;
    let origins = required_list(rule, "allowedOrigins")?;
    let operations = required_list(rule, "allowedOperations")?;
    if let Some(unknown) = operations.iter().find(|name| !CORS_OPERATIONS.contains(&name.as_str()))
    {
        return Err(bad_request(format!("invalid CORS operation: {unknown}")));
    }
    let allowed = list(rule, "allowedHeaders")?;
    let exposed = list(rule, "exposeHeaders")?;
    let age = rule.get("maxAgeSeconds").and_then(Value::as_u64).filter(|age| *age <= 86_400);
    let age = age.ok_or_else(|| bad_request("maxAgeSeconds must be 0 to 86400"))?;
    let lists = [Some(&origins), Some(&operations), allowed.as_ref(), exposed.as_ref()];
    let size: usize = lists.into_iter().flatten().flatten().map(String::len).sum();
    if name.len() + size >= 1000 {
        return Err(bad_request("a CORS rule must be smaller than 1000 bytes"));
    }
    Ok(json!({
        "allowedHeaders": allowed,
        "allowedOperations": operations,
        "allowedOrigins": origins,
        "corsRuleName": name,
        "exposeHeaders": exposed,
        "maxAgeSeconds": age,
    }))
}

fn required_list(rule: &Map<String, Value>, name: &str) -> Outcome<Vec<String>> {
    list(rule, name)?
        .filter(|list| !list.is_empty() && list.iter().all(|item| !item.is_empty()))
        .ok_or_else(|| bad_request(format!("a CORS rule needs {name}")))
}

fn list(rule: &Map<String, Value>, name: &str) -> Outcome<Option<Vec<String>>> {
    let text = |item: &Value| item.as_str().map(str::to_owned);
    match rule.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(text)
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(|| bad_request(format!("{name} must hold strings"))),
        Some(_) => Err(bad_request(format!("{name} must be an array"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        for name in ["abcdef", "Team-Photos-2024", &"x".repeat(63)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["abcde", &"x".repeat(64), "b2-photos", "B2-photos", "under_score", "dot.dot"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn lifecycle_rules_must_do_something_and_not_overlap() {
        let rule = |prefix: &str, days: Value| json!({"fileNamePrefix": prefix, "daysFromHidingToDeleting": days});
        assert!(lifecycle_rules(vec![rule("a/", json!(1)), rule("b/", json!(2))]).is_ok());
        assert!(lifecycle_rules(vec![rule("a", json!(1)), rule("a/b", json!(2))]).is_err());
        assert!(lifecycle_rules(vec![rule("", json!(1)), rule("z", json!(2))]).is_err());
        assert!(lifecycle_rules(vec![rule("a", json!(0))]).is_err());
        assert!(lifecycle_rules(vec![rule("a", Value::Null)]).is_err());
        assert!(lifecycle_rules(vec![json!({"daysFromHidingToDeleting": 1})]).is_err());
        assert!(lifecycle_rules(vec![rule("a", json!(1)); 101]).is_err());
    }

    #[test]
    fn cors_rules_are_checked_field_by_field() {
        let good = json!({
            "corsRuleName": "any-origin",
            "allowedOrigins": ["https://*.example.com"],
            "allowedOperations": ["b2_download_file_by_name"],
            "maxAgeSeconds": 3600,
        });
        let checked = cors_rules(vec![good.clone()]).unwrap();
        assert_eq!(checked[0]["allowedHeaders"], Value::Null);
        assert!(cors_rules(vec![good.clone(), good.clone()]).is_err());
        for (field, value) in [
            ("corsRuleName", json!("b2-x-rule")),
            ("allowedOrigins", json!([])),
            ("allowedOrigins", json!([""])),
            ("allowedOperations", json!(["b2_fly"])),
            ("maxAgeSeconds", json!(86_401)),
            ("allowedHeaders", json!([7])),
            ("exposeHeaders", json!(["x".repeat(1000)])),
        ] {
            let mut bad = good.clone();
            bad[field] = value.clone();
            assert!(cors_rules(vec![bad]).is_err(), "{field}: {value}");
        }
    }
}
