//! An end in good order.

use serde_json::json;

use super::wire::Program;

#[test]
fn a_signal_ends_it_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let bucket = program.client().unwrap().create_bucket("kept-bucket").unwrap();
    assert_eq!(program.terminate(), Some(0));
    let program = Program::start(folder.path());
    let mut client = program.client().unwrap();
    let body = json!({"accountId": client.account, "bucketId": bucket});
    let found = client.call("b2_list_buckets", &body).unwrap().ok();
    assert_eq!(found["buckets"][0]["bucketName"], "kept-bucket");
}
