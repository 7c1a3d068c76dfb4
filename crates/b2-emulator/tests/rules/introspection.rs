//! Looking into the value and turning its knobs; and that it repeats itself.

use b2_emulator::{InMemory, UploadUrl, operation_name};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::scenario::{HOST, Scenario, assert_refused, ok, text};

#[test]
fn calls_are_counted_by_operation() {
    let mut s = Scenario::new();
    let bucket = s.bucket("counted", &Value::Null);
    s.store(&bucket, "a", b"x");
    s.store(&bucket, "b", b"x");
    let _ = s.fetch("/file/counted/a", &[]);
    let calls = s.b2.calls();
    assert_eq!(calls["b2_upload_file"], 2);
    assert_eq!(calls["b2_get_upload_url"], 2);
    assert_eq!(calls["b2_download_file_by_name"], 1);
    assert!(!calls.contains_key("b2_list_buckets"));
}

#[test]
fn objects_show_names_and_bytes() {
    let mut s = Scenario::new();
    let bucket = s.bucket("objects", &Value::Null);
    s.store(&bucket, "b", b"bytes");
    s.store(&bucket, "a", b"old");
    s.hide(&bucket, "a");
    let objects = s.b2.objects();
    let seen: Vec<_> = objects
        .iter()
        .map(|object| (object.file_name.as_str(), object.is_hidden, &object.bytes[..]))
        .collect();
    assert_eq!(seen, [("a", true, &b""[..]), ("a", false, b"old"), ("b", false, b"bytes")]);
    assert!(objects.iter().all(|object| object.bucket_id == bucket));
}

#[test]
fn upload_urls_can_be_seen_closed_and_made_busy() {
    let mut s = Scenario::new();
    let bucket = s.bucket("urls-1", &Value::Null);
    let (url, token) = s.upload_url(&bucket);
    let target = url.strip_prefix(HOST).unwrap().to_owned();
    let urls = s.b2.upload_urls(s.now);
    assert_eq!(urls.len(), 1);
    assert_eq!((&urls[0].target, &urls[0].token), (&target, &token));
    assert_eq!((&urls[0].destination, urls[0].is_busy), (&bucket, false));
    assert!(!format!("{:?}", urls[0]).contains(&token));

    assert!(s.b2.set_upload_url_busy(&target, true));
    assert!(s.b2.upload_urls(s.now)[0].is_busy);
    assert_refused(&s.upload_to(&url, &token, "a", b"x").send(), 400, "auth_token_limit");
    assert!(s.b2.set_upload_url_busy(&target, false));
    ok(&s.upload_to(&url, &token, "a", b"x").send());

    assert!(s.b2.close_upload_url(&target));
    assert!(!s.b2.close_upload_url(&target));
    assert!(s.b2.upload_urls(s.now).is_empty());
    assert_refused(&s.upload_to(&url, &token, "a", b"x").send(), 401, "bad_auth_token");
}

#[test]
fn unfinished_files_show_their_parts() {
    let mut s = Scenario::new();
    let bucket = s.bucket("begun-1", &Value::Null);
    let start = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    let id = text(&s.get("b2_start_large_file", &start)["fileId"]);
    let unfinished = s.b2.unfinished_files();
    assert_eq!((&unfinished[0].file_id, &unfinished[0].part_numbers), (&id, &vec![]));
}

#[test]
fn the_same_seed_gives_the_same_answers_byte_for_byte() {
    let run = |seed: u64| {
        let mut b2 = InMemory::new(seed);
        let mut transcript = Vec::new();
        for step in 0..3 {
            let request = Request::get(format!("{HOST}/b2api/v4/b2_authorize_account"))
                .header("authorization", b2.basic_authorization())
                .body(Bytes::new())
                .unwrap();
            transcript.push(b2.handle(request, step).into_body());
        }
        transcript
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let transcript = run(1);
    assert_ne!(transcript[0], transcript[1], "every token is new");
}

#[test]
fn operations_can_be_told_from_the_url() {
    let name = |url: &str| operation_name(&url.parse().unwrap());
    assert_eq!(name("http://x/b2api/v4/b2_list_keys"), Some("b2_list_keys"));
    assert_eq!(name("/b2api/v2/b2_upload_part/4_z1_f2/0018"), Some("b2_upload_part"));
    assert_eq!(name("/file/bucket/a/b"), Some("b2_download_file_by_name"));
    assert_eq!(name("/b2api/v4/b2_fly"), None);
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let mut s = Scenario::new();
    let bucket = s.bucket("secrets", &Value::Null);
    let (_, token) = s.upload_url(&bucket);
    let (request, now) = s.upload(&bucket, "a", b"x").request();
    let flight = s.b2.begin(request, now);
    let shown = format!("{:?}{:?}{flight:?}", s.b2, s.b2.upload_urls(now));
    assert!(shown.contains("Uploading"));
    let Some(UploadUrl { token: flying, .. }) = s.b2.upload_urls(now).into_iter().next_back()
    else {
        panic!("an upload is under way")
    };
    for secret in [s.b2.application_key(), &s.token, &token, &flying] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
