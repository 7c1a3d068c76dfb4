//! Requests that no other command makes.

use crate::scene::Scene;

fn account(scene: &Scene) -> String {
    let row = scene.b2(["account", "get", "--json"]).ok().json();
    row["accountId"].as_str().unwrap().to_owned()
}

#[test]
fn any_call_gives_its_answer_or_an_element_of_it() {
    let scene = Scene::with_bucket("first-bucket");
    let query = format!("accountId={}", account(&scene));
    let body = scene.b2(["call", "--query", &query, "b2_list_buckets"]).ok().text();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["buckets"][0]["bucketName"], "first-bucket");

    let path = "/json/buckets/[last()]/bucketName";
    let name = scene.b2(["call", "--query", &query, "--path", path, "b2_list_buckets"]).ok();
    assert_eq!(name.text(), "first-bucket\n");

    let data = format!("{{\"accountId\": \"{}\"}}", account(&scene));
    let whole = scene.b2(["call", "--json", "--data", &data, "b2_list_keys"]).ok().json();
    assert_eq!(whole["status"], 200);
    assert!(whole["body"]["keys"].is_array(), "{whole}");
}

#[test]
fn what_is_no_call_is_refused() {
    let scene = Scene::with_bucket("first-bucket");
    scene.b2(["call", "--method", "GET", "--data", "{}", "b2_list_buckets"]).exits(2);
    scene.b2(["call", "--method", "PUT", "b2_list_buckets"]).exits(2);
    let ran = scene.b2(["call", "//elsewhere.test/x"]).exits(2);
    assert!(ran.stderr.contains("neither the name of a call nor a path"), "{}", ran.stderr);
    let query = format!("accountId={}", account(&scene));
    let ran =
        scene.b2(["call", "--query", &query, "--path", "/json/[", "b2_list_buckets"]).exits(2);
    assert!(ran.stderr.contains("--path"), "{}", ran.stderr);
}
