//! Listing: order, visibility, folders, pages.

use b2_emulator::Settings;
use serde_json::{Value, json};

use crate::scenario::{Scenario, assert_refused, text};

/// The bucket of the worked example. Numbers are upload order.
fn worked_example() -> (Scenario, String) {
    let mut s = Scenario::new();
    let bucket = s.bucket("example", &Value::Null);
    s.store(&bucket, "a.txt", b"1");
    s.store(&bucket, "b.txt", b"2");
    s.store(&bucket, "a.txt", b"3");
    s.hide(&bucket, "b.txt");
    s.store(&bucket, "docs/one.txt", b"");
    s.store(&bucket, "docs/sub/x", b"");
    s.store(&bucket, "docs/sub/y", b"");
    s.hide(&bucket, "docs/sub/y");
    s.store(&bucket, "docs0.txt", b"");
    s.store(&bucket, "old/z", b"");
    s.hide(&bucket, "old/z");
    s.store(&bucket, "%CE%B6.txt", b"");
    (s, bucket)
}

fn list(s: &mut Scenario, operation: &str, bucket: &str, more: &Value) -> Value {
    let mut body = json!({"bucketId": bucket});
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    s.get(operation, &body)
}

/// Rows as `name`, with `!` for hidden, `*` for unfinished, `>` for folders.
fn rows(page: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let mark = match row["action"].as_str() {
            Some("hide") => "!",
            Some("start") => "*",
            Some("folder") => ">",
            _ => "",
        };
        format!("{mark}{}", text(&row["fileName"]))
    };
    page["files"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn file_names_of_the_worked_example() {
    let (mut s, bucket) = worked_example();
    let cases: [(Value, &[&str]); 6] = [
        (json!({}), &["a.txt", "docs/one.txt", "docs/sub/x", "docs0.txt", "ζ.txt"]),
        (json!({"delimiter": "/"}), &["a.txt", ">docs/", "docs0.txt", "ζ.txt"]),
        (json!({"prefix": "docs/", "delimiter": "/"}), &["docs/one.txt", ">docs/sub/"]),
        (json!({"prefix": "docs", "delimiter": "/"}), &[">docs/", "docs0.txt"]),
        (json!({"prefix": "docs/sub", "delimiter": "/"}), &[">docs/sub/"]),
        (json!({"prefix": "docs/sub/", "delimiter": "/"}), &["docs/sub/x"]),
    ];
    for (query, expected) in cases {
        let page = list(&mut s, "b2_list_file_names", &bucket, &query);
        assert_eq!(rows(&page), expected, "{query}");
        assert_eq!(page["nextFileName"], Value::Null);
    }
}

#[test]
fn file_versions_of_the_worked_example() {
    let (mut s, bucket) = worked_example();
    let page = list(&mut s, "b2_list_file_versions", &bucket, &json!({}));
    let all = [
        "a.txt",
        "a.txt",
        "!b.txt",
        "b.txt",
        "docs/one.txt",
        "docs/sub/x",
        "!docs/sub/y",
        "docs/sub/y",
        "docs0.txt",
        "!old/z",
        "old/z",
        "ζ.txt",
    ];
    assert_eq!(rows(&page), all);
    let newest_first = page["files"][0]["uploadTimestamp"].as_u64().unwrap()
        > page["files"][1]["uploadTimestamp"].as_u64().unwrap();
    assert!(newest_first);
    let page = list(&mut s, "b2_list_file_versions", &bucket, &json!({"delimiter": "/"}));
    let with_folders =
        ["a.txt", "a.txt", "!b.txt", "b.txt", ">docs/", "docs0.txt", ">old/", "ζ.txt"];
    assert_eq!(rows(&page), with_folders);
    assert_eq!((&page["nextFileName"], &page["nextFileId"]), (&Value::Null, &Value::Null));
}

/// Walks all pages and checks that none is too long or repeats anything.
fn page_through(
    s: &mut Scenario,
    operation: &str,
    bucket: &str,
    query: &Value,
    size: usize,
) -> Vec<String> {
    let mut query = query.clone();
    query["maxFileCount"] = json!(size);
    let mut all = Vec::new();
    for _ in 0..100 {
        let page = list(s, operation, bucket, &query);
        let rows = rows(&page);
        assert!(rows.len() <= size);
        all.extend(rows);
        if page["nextFileName"].is_null() {
            assert!(page["nextFileId"].is_null());
            return all;
        }
        query["startFileName"] = page["nextFileName"].clone();
        query["startFileId"] = page["nextFileId"].clone();
    }
    panic!("the listing does not end");
}

#[test]
fn every_page_size_gives_the_same_rows_once() {
    let (mut s, bucket) = worked_example();
    let queries = [
        json!({}),
        json!({"delimiter": "/"}),
        json!({"prefix": "docs"}),
        json!({"prefix": "docs", "delimiter": "/"}),
        json!({"delimiter": "s/"}),
    ];
    for operation in ["b2_list_file_names", "b2_list_file_versions"] {
        for query in &queries {
            let whole = page_through(&mut s, operation, &bucket, query, 10_000);
            for size in 1..=whole.len() + 1 {
                let paged = page_through(&mut s, operation, &bucket, query, size);
                assert_eq!(paged, whole, "{operation} {query} {size}");
            }
        }
    }
}

#[test]
fn the_second_page_of_the_worked_example_skips_the_whole_folder() {
    let (mut s, bucket) = worked_example();
    let query = json!({"delimiter": "/", "maxFileCount": 2});
    let page = list(&mut s, "b2_list_file_names", &bucket, &query);
    assert_eq!(rows(&page), ["a.txt", ">docs/"]);
    assert_eq!(page["nextFileName"], "docs0.txt");
    let query = json!({"delimiter": "/", "maxFileCount": 2, "startFileName": "docs0"});
    let page = list(&mut s, "b2_list_file_names", &bucket, &query);
    assert_eq!(rows(&page), ["docs0.txt", "ζ.txt"]);
}

#[test]
fn a_page_of_versions_may_begin_inside_a_name_or_at_a_folder() {
    let (mut s, bucket) = worked_example();
    let page = list(&mut s, "b2_list_file_versions", &bucket, &json!({"maxFileCount": 1}));
    assert_eq!(page["nextFileName"], "a.txt");
    let query = json!({"startFileName": "a.txt", "startFileId": page["nextFileId"]});
    let rest = list(&mut s, "b2_list_file_versions", &bucket, &query);
    assert_eq!(rows(&rest)[..2], ["a.txt", "!b.txt"]);

    let query = json!({"maxFileCount": 4, "delimiter": "/"});
    let page = list(&mut s, "b2_list_file_versions", &bucket, &query);
    assert_eq!((&page["nextFileName"], &page["nextFileId"]), (&json!("docs/"), &Value::Null));
}

#[test]
fn a_listing_goes_on_where_a_deleted_version_was() {
    let mut s = Scenario::new();
    let bucket = s.bucket("example", &Value::Null);
    let ids: Vec<_> = (0..3).map(|n| s.store(&bucket, "same", &[n])).collect();
    s.get("b2_delete_file_version", &json!({"fileName": "same", "fileId": ids[1]}));
    let query = json!({"startFileName": "same", "startFileId": ids[1]});
    let page = list(&mut s, "b2_list_file_versions", &bucket, &query);
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
    assert_eq!(page["files"][0]["fileId"], json!(ids[0]));
}

#[test]
fn names_sort_by_their_utf8_bytes() {
    let mut s = Scenario::new();
    let bucket = s.bucket("example", &Value::Null);
    // In UTF-16 the last two would change places.
    let mut names = ["A", "a", "a b", "a!b", "a/b", "\u{e4}", "\u{ff5e}", "\u{10400}"];
    for name in names {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        s.store(&bucket, &encoded, b"");
    }
    names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let page = list(&mut s, "b2_list_file_names", &bucket, &json!({}));
    assert_eq!(rows(&page), names);
}

#[test]
fn start_and_prefix_meet_sensibly() {
    let (mut s, bucket) = worked_example();
    let cases: [(Value, &[&str]); 4] = [
        (json!({"startFileName": "docs/t"}), &["docs0.txt", "ζ.txt"]),
        (json!({"startFileName": "a", "prefix": "docs/"}), &["docs/one.txt", "docs/sub/x"]),
        (json!({"startFileName": "z", "prefix": "docs/"}), &[]),
        (json!({"startFileName": "docs/p", "delimiter": "/"}), &[">docs/", "docs0.txt", "ζ.txt"]),
    ];
    for (query, expected) in cases {
        let page = list(&mut s, "b2_list_file_names", &bucket, &query);
        assert_eq!(rows(&page), expected, "{query}");
    }
}

#[test]
fn an_unfinished_file_shows_among_versions_and_hides_nothing() {
    let mut s = Scenario::new();
    let bucket = s.bucket("example", &Value::Null);
    s.store(&bucket, "big", b"old");
    let start = json!({"bucketId": bucket, "fileName": "big", "contentType": "b2/x-auto"});
    s.get("b2_start_large_file", &start);
    let names = list(&mut s, "b2_list_file_names", &bucket, &json!({}));
    assert_eq!(rows(&names), ["big"]);
    let versions = list(&mut s, "b2_list_file_versions", &bucket, &json!({}));
    assert_eq!(rows(&versions), ["*big", "big"]);
}

#[test]
fn folder_rows_have_the_documented_nulls() {
    let (mut s, bucket) = worked_example();
    let query = json!({"delimiter": "/", "startFileName": "docs/", "maxFileCount": 1});
    let page = list(&mut s, "b2_list_file_names", &bucket, &query);
    let expected = json!({
        "accountId": s.account, "action": "folder", "bucketId": bucket, "contentLength": 0,
        "contentMd5": null, "contentSha1": null, "contentType": null, "fileId": null,
        "fileInfo": {}, "fileName": "docs/", "uploadTimestamp": 0,
    });
    assert_eq!(page["files"][0], expected);
}

#[test]
fn page_sizes_have_bounds() {
    let (mut s, bucket) = worked_example();
    for operation in ["b2_list_file_names", "b2_list_file_versions"] {
        let zero = list(&mut s, operation, &bucket, &json!({"maxFileCount": 0}));
        assert!(zero["files"].as_array().unwrap().len() > 1);
        for count in [-1, 10_001] {
            let body = json!({"bucketId": bucket, "maxFileCount": count});
            assert_refused(&s.call(operation, &body), 400, "out_of_range");
        }
    }
    let body = json!({"bucketId": bucket, "maxFileCount": 101});
    assert_refused(&s.call("b2_list_unfinished_large_files", &body), 400, "out_of_range");
}

#[test]
fn wrong_starts_and_buckets_are_refused() {
    let (mut s, bucket) = worked_example();
    let operation = "b2_list_file_versions";
    let alone = json!({"bucketId": bucket, "startFileId": "4_zx_f10_u1"});
    assert_refused(&s.call(operation, &alone), 400, "bad_request");
    let bad = json!({"bucketId": bucket, "startFileName": "a", "startFileId": "nonsense"});
    assert_refused(&s.call(operation, &bad), 400, "invalid_file_id");
    let unknown = json!({"bucketId": "0123456789abcdef01234567"});
    assert_refused(&s.call(operation, &unknown), 400, "bad_bucket_id");
    let malformed = json!({"bucketId": "pets"});
    assert_refused(&s.call(operation, &malformed), 400, "invalid_bucket_id");
}

#[test]
fn a_page_ends_early_after_too_many_hidden_names_and_goes_on() {
    let mut s = Scenario::with(Settings::default().with_scan_limit(3));
    let bucket = s.bucket("example", &Value::Null);
    for n in 0..10 {
        let name = format!("hidden/{n}");
        s.store(&bucket, &name, b"");
        s.hide(&bucket, &name);
    }
    s.store(&bucket, "visible", b"");
    let first = list(&mut s, "b2_list_file_names", &bucket, &json!({}));
    assert!(rows(&first).is_empty());
    assert_eq!(first["nextFileName"], "hidden/3");
    for query in [json!({}), json!({"delimiter": "/"})] {
        let all = page_through(&mut s, "b2_list_file_names", &bucket, &query, 100);
        assert_eq!(all, ["visible"]);
    }
}

#[test]
fn many_versions_of_one_name_are_leapt_over() {
    let mut s = Scenario::new();
    let bucket = s.bucket("example", &Value::Null);
    for n in 0..20 {
        s.store(&bucket, "often", &[n]);
    }
    s.store(&bucket, "once", b"");
    let page = list(&mut s, "b2_list_file_names", &bucket, &json!({}));
    assert_eq!(rows(&page), ["often", "once"]);
    assert_eq!(page["files"][0]["contentSha1"], json!(crate::scenario::sha1(&[19])));
}

#[test]
fn version_1_rows_carry_size_and_get_works() {
    let (mut s, bucket) = worked_example();
    let token = s.token.clone();
    let body = json!({"bucketId": bucket, "maxFileCount": 1});
    let v1 = s.call_as(&token, 1, "b2_list_file_names", &body);
    let row = crate::scenario::ok(&v1)["files"][0].clone();
    assert_eq!((&row["size"], &row["contentLength"]), (&json!(1), &json!(1)));
    let path = format!("/b2api/v2/b2_list_file_names?bucketId={bucket}&maxFileCount=2");
    let v2 = s.fetch(&path, &[("authorization", &token)]);
    let page = crate::scenario::ok(&v2);
    assert_eq!(page["files"].as_array().unwrap().len(), 2);
    assert!(page["files"][0].get("size").is_none());
}
