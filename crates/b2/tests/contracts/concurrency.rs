//! Many at once on one client.

use std::sync::{Arc, OnceLock};

use b2::{Bucket, Client, Event, Observer, Scope};

use crate::support::content::pattern;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site};
use crate::support::soon;

const MANY: usize = 20;

async fn watched() -> (Site, Client, Recorder) {
    let site = Site::start().await;
    let recorder = Recorder::default();
    let client = site.builder().with_observer(recorder.clone()).build().unwrap();
    (site, client, recorder)
}

fn name(number: usize) -> String {
    format!("file-{number:02}")
}

/// Different lengths, so that no file can be taken for another.
fn content(number: usize) -> Vec<u8> {
    pattern(100_000 + number * 1000)
}

async fn upload_all(bucket: &Bucket) {
    let upload = |number| bucket.upload(&name(number), content(number)).start();
    let uploads: Vec<_> = (0..MANY).map(upload).collect();
    for (number, upload) in uploads.into_iter().enumerate() {
        let uploaded = soon(upload.join()).await.unwrap();
        assert_eq!(uploaded.file.file_name, name(number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_uploads_at_once_cost_one_authorization() {
    let (site, client, recorder) = watched().await;
    // A bucket of somebody else, so that this client is not yet authorized.
    let info = site.client.bucket_info(BUCKET).await.unwrap();
    let uploads: Vec<_> = (0..MANY)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                let bucket = client.bucket(BUCKET).await.unwrap();
                bucket.upload(&name(number), content(number)).await.unwrap()
            })
        })
        .collect();
    for upload in uploads {
        assert_eq!(soon(upload).await.unwrap().file.bucket_id, info.bucket_id);
    }
    assert_eq!(recorder.sent("b2_authorize_account"), 1);
    assert!(recorder.sent("b2_get_upload_url") <= MANY);
    assert_eq!(recorder.sent("b2_upload_file"), MANY);
    assert_eq!(recorder.retries(), 0);
    assert_eq!(site.versions().await, (0..MANY).map(name).collect::<Vec<_>>());
    for number in 0..MANY {
        let back = soon(client.download(BUCKET, &name(number)).to_bytes()).await.unwrap();
        assert!(back.content == content(number), "{number} came back differently");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_urls_are_used_again() {
    let (site, client, recorder) = watched().await;
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    upload_all(&bucket).await;
    let fetched = recorder.sent("b2_get_upload_url");
    assert!((1..=MANY).contains(&fetched), "{fetched}");
    for _ in 0..2 * MANY {
        soon(bucket.upload("again", "content")).await.unwrap();
    }
    assert_eq!(recorder.sent("b2_get_upload_url"), fetched, "one after the other needs no more");
    upload_all(&bucket).await;
    assert!(recorder.sent("b2_get_upload_url") <= MANY);
    assert_eq!(recorder.retries(), 0);
    assert_eq!(site.versions().await.len(), 4 * MANY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_downloads_at_once_are_all_right() {
    let (site, client, recorder) = watched().await;
    upload_all(&site.bucket).await;
    let downloads: Vec<_> =
        (0..MANY).map(|n| client.download(BUCKET, &name(n)).to_bytes().start()).collect();
    for (number, download) in downloads.into_iter().enumerate() {
        let back = soon(download.join()).await.unwrap();
        assert!(back.content == content(number), "{number} came back differently");
    }
    assert_eq!(recorder.sent("b2_authorize_account"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_has_a_number_of_its_own() {
    let (_site, client, recorder) = watched().await;
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    upload_all(&bucket).await;
    let text = recorder.text();
    for id in 1..=MANY + 1 {
        assert!(text.contains(&format!("Scope {{ id: {id} }}")), "nothing is said of {id}");
    }
    assert!(!text.contains(&format!("Scope {{ id: {} }}", MANY + 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_before_the_first_call() {
    let site = Site::start().await;
    let proxy = site.proxy();
    let recorder = Recorder::default();
    let builder = site.builder().with_realm(&proxy.url()).with_observer(recorder.clone());
    let client = builder.build().unwrap();
    drop(client.bucket(BUCKET));
    drop(client.authorize().into_future());
    drop(client.keys());
    assert_eq!(recorder.requests(), [""; 0]);
    assert_eq!(proxy.connections(), 0);
}

/// Forgets everything as often as it can.
#[derive(Clone, Default)]
struct Meddler(Arc<OnceLock<Client>>, Recorder);

impl Observer for Meddler {
    fn on_event(&self, scope: &Scope, event: &Event<'_>) {
        self.1.on_event(scope, event);
        if let (Some(client), Event::ResponseHead { operation, .. }) = (self.0.get(), event)
            && *operation != "b2_authorize_account"
        {
            client.forget();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_may_use_the_client_that_it_watches() {
    let site = Site::start().await;
    let meddler = Meddler::default();
    let client = site.builder().with_observer(meddler.clone()).build().unwrap();
    assert!(meddler.0.set(client.clone()).is_ok());
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    upload_all(&bucket).await;
    assert_eq!(site.versions().await.len(), MANY);
    assert!(meddler.1.sent("b2_authorize_account") > 1, "everything was forgotten");
}

/// More at once than there are threads that may block for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_downloads_at_once_do_not_block_each_other() {
    let (site, client, _) = watched().await;
    soon(site.bucket.upload("x", pattern(300_000))).await.unwrap();
    let downloads: Vec<_> =
        (0..1000).map(|_| client.download(BUCKET, "x").to_bytes().start()).collect();
    for download in downloads {
        assert_eq!(soon(download.join()).await.unwrap().content.len(), 300_000);
    }
}
