//! Answers that are lost after the server has acted. Nothing happens twice.

use std::time::Duration;

use b2::{Client, Error, OnAmbiguous, ProtocolEvent};

use crate::scene::{SIZE, Scene};
use crate::support::proxy::Trouble;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, file_capabilities, hasty, retry};
use crate::support::ureq_transport::UreqTransport;
use crate::support::{aside, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_answer_is_lost_is_looked_for_and_not_repeated() {
    let scene = Scene::set().await;
    scene.proxy.expect([Trouble::CutDown(0)]);
    let uploaded = soon(scene.upload()).await.unwrap();
    assert!(!uploaded.possible_duplicate);
    assert!(scene.recorder.saw(&ProtocolEvent::Reconciling));
    assert_eq!(scene.recorder.sent("b2_upload_file"), 1);
    assert_eq!(scene.recorder.sent("b2_list_file_versions"), 1);
    let head = scene.site.bucket.head("x").await.unwrap();
    assert_eq!(uploaded.file.file_id, Some(head.file_id));
    scene.assert_stored_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_upload_whose_answer_is_lost_is_looked_for() {
    let scene = Scene::set().await;
    scene.proxy.expect([Trouble::CutDown(0)]);
    let upload = scene.upload();
    aside(move || upload.run_blocking(&UreqTransport::new()).unwrap()).await;
    assert_eq!(scene.recorder.sent("b2_upload_file"), 1);
    scene.assert_stored_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_version_of_the_same_bytes_is_not_taken_for_the_lost_one() {
    let scene = Scene::with_file().await;
    let old = scene.site.bucket.head("x").await.unwrap().file_id;
    // The clock of the search is coarse; the old version has to be old.
    tokio::time::sleep(Duration::from_millis(3100)).await;
    scene.proxy.expect([Trouble::CutUp(SIZE as u64 - 1000)]);
    let uploaded = soon(scene.upload()).await.unwrap();
    assert_ne!(uploaded.file.file_id, Some(old));
    assert_eq!(scene.site.versions().await, ["x", "x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_it_decides_about_a_lost_answer_himself() {
    let scene = Scene::with_retry(retry().with_on_ambiguous(OnAmbiguous::Fail)).await;
    scene.proxy.expect([Trouble::CutDown(0)]);
    let error = soon(scene.upload()).await.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed { .. }), "{error:?}");
    assert!(error.advice().unwrap().contains("look whether b2_upload_file took effect"));
    scene.assert_stored_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_repeated_blindly_may_be_there_twice() {
    let scene = Scene::with_retry(retry().with_on_ambiguous(OnAmbiguous::Repeat)).await;
    scene.proxy.expect([Trouble::CutDown(0)]);
    let uploaded = soon(scene.upload()).await.unwrap();
    assert!(uploaded.possible_duplicate);
    assert!(scene.recorder.saw(&ProtocolEvent::PossibleDuplicate));
    assert_eq!(scene.site.versions().await, ["x", "x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_may_not_list_repeats_and_says_so() {
    let site = Site::start().await;
    let proxy = site.proxy();
    let mut capabilities = file_capabilities();
    capabilities.retain(|capability| *capability != b2::Capability::ListFiles);
    let credentials = site.key(capabilities).await;
    let config = hasty(&proxy.url());
    let client = Client::builder(credentials).with_config(config).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    bucket.upload("warm-up", "").await.unwrap();
    proxy.expect([Trouble::CutDown(0)]);
    let uploaded = soon(bucket.upload("x", "content")).await.unwrap();
    assert!(uploaded.possible_duplicate);
    assert_eq!(site.versions().await, ["warm-up", "x", "x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_bucket_whose_answer_is_lost_is_found() {
    let scene = Scene::set().await;
    let config = hasty(&scene.proxy.url());
    let recorder = Recorder::default();
    let client = Client::builder(credentials(&scene.site.emulator))
        .with_config(config)
        .with_observer(recorder.clone())
        .build()
        .unwrap();
    client.authorize().await.unwrap();
    scene.proxy.expect([Trouble::CutDown(0)]);
    let made = soon(client.create_bucket("lost-bucket", b2::BucketType::AllPrivate)).await.unwrap();
    let found = scene.site.client.bucket("lost-bucket").await.unwrap();
    assert_eq!(made.id(), found.id());
    assert_eq!(recorder.sent("b2_create_bucket"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_key_whose_answer_is_lost_is_not_made_twice() {
    let scene = Scene::set().await;
    let client = Client::builder(credentials(&scene.site.emulator))
        .with_config(hasty(&scene.proxy.url()))
        .build()
        .unwrap();
    client.authorize().await.unwrap();
    scene.proxy.expect([Trouble::CutDown(0)]);
    let error = soon(client.create_key("name", file_capabilities())).await.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed { .. }), "{error:?}");
    let mut keys = scene.site.client.keys();
    assert_eq!(keys.next().await.unwrap().unwrap().key_name, "name");
    assert!(keys.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_whose_answer_is_lost_have_succeeded() {
    let scene = Scene::with_file().await;
    let version = scene.site.bucket.head("x").await.unwrap().file_id;
    scene.proxy.expect([Trouble::CutDown(0)]);
    soon(scene.bucket.delete_version("x", version)).await.unwrap();
    assert_eq!(scene.site.versions().await, [""; 0]);
    assert_eq!(scene.recorder.sent("b2_delete_file_version"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hiding_whose_answer_is_lost_leaves_one_marker() {
    let scene = Scene::with_file().await;
    scene.proxy.expect([Trouble::CutDown(0)]);
    soon(scene.bucket.hide("x")).await.unwrap();
    assert_eq!(scene.site.versions().await, ["x", "x"], "the file and one marker");
}
