//! `b2 bucket notification-rule`

use serde_json::{Value, json};

use crate::scene::Scene;

/// Signs deliveries; no output may show it unasked.
const SECRET: &str = "CanaryOfTheSigningSecret00000000";
const TOKEN: &str = "CanaryOfAHeader";

fn rule() -> Value {
    json!({
        "name": "tell-the-index", "isEnabled": true, "objectNamePrefix": "photos/",
        "eventTypes": ["b2:ObjectCreated:*"],
        "targetConfiguration": {
            "targetType": "webhook", "url": "https://127.0.0.1/index",
            "hmacSha256SigningSecret": SECRET,
            "customHeaders": [{ "name": "X-Token", "value": TOKEN }],
        },
    })
}

#[test]
fn rules_are_set_listed_and_set_again() {
    let scene = Scene::with_bucket("the-bucket");
    scene.write("rules.json", json!([rule()]).to_string());
    let set = ["bucket", "notification-rule", "set", "the-bucket"];
    let list = ["bucket", "notification-rule", "list", "the-bucket"];
    let line = "tell-the-index  enabled  photos/  b2:ObjectCreated:*  https://127.0.0.1/index\n";
    assert_eq!(scene.b2(set.iter().chain(&["rules.json"])).ok().text(), line);
    assert_eq!(scene.b2(list).ok().text(), line);

    let hidden = scene.b2(list.iter().chain(&["--json"])).ok().text();
    assert!(!hidden.contains(SECRET) && !hidden.contains(TOKEN), "{hidden}");
    let refused = scene.b2_reading(format!("[{hidden}]"), set.iter().chain(&["-"])).exits(2);
    assert!(refused.stderr.contains("--show-secrets"), "{}", refused.stderr);

    let mut whole = scene.b2(list.iter().chain(&["--json", "--show-secrets"])).ok().json();
    assert_eq!(whole["targetConfiguration"]["hmacSha256SigningSecret"], SECRET);
    whole["isEnabled"] = json!(false);
    let again = scene.b2_reading(json!([whole]).to_string(), set.iter().chain(&["-"])).ok();
    assert_eq!(again.text(), line.replace("enabled", "disabled"));

    assert_eq!(scene.b2(set.iter().chain(&["[]"])).ok().text(), "");
    assert_eq!(scene.b2(list).ok().text(), "");
}

#[test]
fn a_rule_that_cannot_be_changes_nothing() {
    let scene = Scene::with_bucket("the-bucket");
    let set = ["bucket", "notification-rule", "set", "the-bucket"];
    let mut bad = rule();
    bad["eventTypes"] = json!(["b2:Flown:*"]);
    let refused = scene.b2_reading(json!([bad]).to_string(), set.iter().chain(&["-"])).exits(1);
    assert!(!refused.stderr.contains(SECRET), "{}", refused.stderr);
    scene.b2(set.iter().chain(&["[{}]"])).exits(2);
    scene.b2(["bucket", "notification-rule", "list", "no-such-bucket"]).exits(3);
    assert_eq!(scene.b2(["bucket", "notification-rule", "list", "the-bucket"]).ok().text(), "");
}
