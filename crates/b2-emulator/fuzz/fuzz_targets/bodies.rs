//! JSON bodies from somebody who is logged in, to every operation.
//!
//! The first byte chooses the operation, the second the version; the rest is
//! the body, in which `BUCKET`, `FILE`, `LARGE` and `ACCOUNT` stand for ids
//! that exist.

#![no_main]

#[path = "scene.rs"]
mod scene;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use scene::Scene;

const OPERATIONS: &[&str] = &[
    "b2_authorize_account",
    "b2_cancel_large_file",
    "b2_copy_file",
    "b2_copy_part",
    "b2_create_bucket",
    "b2_create_key",
    "b2_delete_bucket",
    "b2_delete_file_version",
    "b2_delete_key",
    "b2_download_file_by_id",
    "b2_finish_large_file",
    "b2_get_bucket_notification_rules",
    "b2_get_download_authorization",
    "b2_get_file_info",
    "b2_get_upload_part_url",
    "b2_get_upload_url",
    "b2_hide_file",
    "b2_list_buckets",
    "b2_list_file_names",
    "b2_list_file_versions",
    "b2_list_keys",
    "b2_list_parts",
    "b2_list_unfinished_large_files",
    "b2_set_bucket_notification_rules",
    "b2_start_large_file",
    "b2_update_bucket",
    "b2_update_file_legal_hold",
    "b2_update_file_retention",
];

fuzz_target!(|data: &[u8]| {
    let [operation, version, body @ ..] = data else { return };
    let operation = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
    let mut scene = Scene::new();
    let target = format!("http://b2.test/b2api/v{}/{operation}", version % 4 + 1);
    let request = http::Request::post(target)
        .header("authorization", scene.token())
        .body(Bytes::from(scene.fill(body)));
    if let Ok(request) = request {
        scene.play(request);
    }
    // Whatever that did, the rules go on.
    scene.list();
});
