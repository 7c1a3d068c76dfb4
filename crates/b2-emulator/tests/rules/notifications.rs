//! Event notification rules: what may be set, and which events come of them.

use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, text};

fn rule(name: &str, types: &[&str]) -> Value {
    json!({
        "eventTypes": types, "isEnabled": true, "name": name, "objectNamePrefix": "",
        "targetConfiguration": {"targetType": "webhook", "url": "http://127.0.0.1:9/hook"},
    })
}

fn set(bucket: &str, rules: &[Value]) -> Value {
    json!({"bucketId": bucket, "eventNotificationRules": rules})
}

#[test]
fn rules_are_shown_in_full_and_in_order_of_name() {
    let mut s = Scenario::new();
    let bucket = s.bucket("notified", &Value::Null);
    let rules =
        [rule("second", &["b2:ObjectCreated:*"]), rule("another", &["b2:ObjectDeleted:Delete"])];
    let shown = s.get("b2_set_bucket_notification_rules", &set(&bucket, &rules));
    let first = &shown["eventNotificationRules"][0];
    assert_eq!(first["name"], "another");
    assert_eq!((&first["isSuspended"], &first["suspensionReason"]), (&json!(false), &json!("")));
    assert_eq!(first["maxEventsPerBatch"], 1);
    assert_eq!(first["targetConfiguration"]["customHeaders"], Value::Null);
    assert_eq!(s.get("b2_get_bucket_notification_rules", &json!({"bucketId": bucket})), shown);
    let shown = s.get("b2_set_bucket_notification_rules", &set(&bucket, &[]));
    assert_eq!(shown["eventNotificationRules"], json!([]));
}

#[test]
fn wrong_event_types_have_codes_of_their_own() {
    let mut s = Scenario::new();
    let bucket = s.bucket("notified", &Value::Null);
    let cases: [(&[&str], &str); 4] = [
        (&[], "event_types_empty"),
        (&["b2:ObjectCreated:Teleport"], "event_type_invalid"),
        (&["b2:ObjectCreated:Upload", "b2:ObjectDeleted:Delete"], "event_type_categories"),
        (&["b2:ObjectCreated:*", "b2:ObjectCreated:Copy"], "event_type_overlap"),
    ];
    for (types, code) in cases {
        let answer =
            s.call("b2_set_bucket_notification_rules", &set(&bucket, &[rule("a-rule", types)]));
        assert_refused(&answer, 400, code);
    }
}

#[test]
fn malformed_rules_are_refused() {
    let mut s = Scenario::new();
    let bucket = s.bucket("notified", &Value::Null);
    let good = rule("a-rule", &["b2:ObjectCreated:*"]);
    let with = |path: &str, value: Value| {
        let mut rule = good.clone();
        *rule.pointer_mut(path).unwrap() = value;
        rule
    };
    let mut secret = good.clone();
    secret["targetConfiguration"]["hmacSha256SigningSecret"] = json!("short");
    let mut header = good.clone();
    header["targetConfiguration"]["customHeaders"] = json!([{"name": "X-Bz-A", "value": "1"}]);
    let bad = [
        vec![with("/name", json!("short"))],
        vec![with("/isEnabled", json!("yes"))],
        vec![with("/objectNamePrefix", Value::Null)],
        vec![with("/targetConfiguration/url", json!("http://example.com/hook"))],
        vec![with("/targetConfiguration/targetType", json!("pigeon"))],
        vec![secret],
        vec![header],
        vec![good.clone(), good.clone()],
        vec![good; 26],
    ];
    for rules in bad {
        let answer = s.call("b2_set_bucket_notification_rules", &set(&bucket, &rules));
        assert_refused(&answer, 400, "bad_request");
    }
}

#[test]
fn rules_need_their_capabilities() {
    let mut s = Scenario::new();
    let bucket = s.bucket("notified", &Value::Null);
    let key = s.key(&["readBucketNotifications"], &Value::Null);
    let token = s.log_in(&key);
    let get =
        s.call_as(&token, 4, "b2_get_bucket_notification_rules", &json!({"bucketId": bucket}));
    assert_eq!(get.status(), 200);
    let answer = s.call_as(&token, 4, "b2_set_bucket_notification_rules", &set(&bucket, &[]));
    assert_refused(&answer, 401, "unauthorized");
}

#[test]
fn what_happens_to_a_file_becomes_events() {
    let mut s = Scenario::new();
    let bucket = s.bucket("notified", &Value::Null);
    let rules = [
        rule("created", &["b2:ObjectCreated:*"]),
        rule("deleted", &["b2:ObjectDeleted:Delete"]),
        rule("hidden", &["b2:HideMarkerCreated:Hide"]),
    ];
    s.get("b2_set_bucket_notification_rules", &set(&bucket, &[]));
    s.store(&bucket, "before", b"x");
    let named = rules.map(|mut rule| {
        rule["name"] = json!(format!("{}-rule", text(&rule["name"])));
        rule
    });
    s.get("b2_set_bucket_notification_rules", &set(&bucket, &named));
    let id = s.store(&bucket, "a", b"abc");
    s.hide(&bucket, "a");
    s.get("b2_delete_file_version", &json!({"fileName": "a", "fileId": id}));
    let now = s.now;
    let events: Vec<Value> =
        s.b2.take_events(now)
            .iter()
            .map(|(url, body)| {
                assert_eq!(url, "http://127.0.0.1:9/hook");
                serde_json::from_str::<Value>(body).unwrap()["events"][0].clone()
            })
            .collect();
    let kinds: Vec<_> = events.iter().map(|event| text(&event["eventType"])).collect();
    let expected =
        ["b2:ObjectCreated:Upload", "b2:HideMarkerCreated:Hide", "b2:ObjectDeleted:Delete"];
    assert_eq!(kinds, expected);
    assert_eq!(events[0]["objectVersionId"], json!(id));
    assert_eq!(events[0]["objectSize"], 3);
    assert_eq!(events[0]["matchedRuleName"], "created-rule");
    assert!(s.b2.take_events(now).is_empty());
}
