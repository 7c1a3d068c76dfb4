//! CORS: preflights and the headers of the answers.

use serde_json::json;

use crate::scenario::{Scenario, assert_refused, header};

fn scenario() -> Scenario {
    let mut s = Scenario::new();
    let rules = json!([{
        "corsRuleName": "downloads", "allowedOrigins": ["https://*.a.test"],
        "allowedOperations": ["b2_download_file_by_name"], "allowedHeaders": ["range", "x-mine-*"],
        "exposeHeaders": ["x-bz-content-sha1"], "maxAgeSeconds": 60,
    }]);
    let bucket = s.bucket("shared-1", &json!({"corsRules": rules, "bucketType": "allPublic"}));
    s.store(&bucket, "a", b"x");
    s
}

const ORIGIN: (&str, &str) = ("origin", "https://www.a.test");
const METHOD: (&str, &str) = ("access-control-request-method", "GET");

#[test]
fn a_preflight_is_answered_by_the_rules_of_the_bucket() {
    let mut s = scenario();
    let wanted = ("access-control-request-headers", "Range, X-Mine-1");
    let answer = s.request("OPTIONS", "/file/shared-1/a", &[ORIGIN, METHOD, wanted]);
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://www.a.test"));
    assert_eq!(header(&answer, "access-control-allow-headers"), Some("range, x-mine-1"));
    assert_eq!(header(&answer, "access-control-max-age"), Some("60"));
}

#[test]
fn what_no_rule_allows_is_denied() {
    let mut s = scenario();
    let foreign = ("origin", "https://b.test");
    let header = ("access-control-request-headers", "cookie");
    for headers in [&[foreign, METHOD][..], &[ORIGIN, METHOD, header], &[METHOD], &[ORIGIN]] {
        let answer = s.request("OPTIONS", "/file/shared-1/a", headers);
        assert_refused(&answer, 403, "access_denied");
    }
    let answer = s.request("OPTIONS", "/b2api/v4/b2_list_buckets", &[ORIGIN, METHOD]);
    assert_refused(&answer, 403, "access_denied");
    let token = format!("/file/shared-1/a?Authorization={}", s.token);
    assert_refused(&s.request("OPTIONS", &token, &[ORIGIN, METHOD]), 403, "access_denied");
}

#[test]
fn answers_say_who_may_read_them() {
    let mut s = scenario();
    let answer = s.fetch("/file/shared-1/a", &[ORIGIN]);
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://www.a.test"));
    assert_eq!(header(&answer, "access-control-expose-headers"), Some("x-bz-content-sha1"));
    let missing = s.fetch("/file/shared-1/none", &[ORIGIN]);
    assert_eq!(header(&missing, "access-control-allow-origin"), Some("https://www.a.test"));
    let answer = s.fetch("/file/shared-1/a", &[("origin", "https://b.test")]);
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
}
