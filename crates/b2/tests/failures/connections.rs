//! Connections that break at the worst moment.

use std::sync::Arc;
use std::time::Duration;

use b2::{
    Bucket, Check, Client, Config, Error, OnAmbiguous, ProtocolEvent, RetryPolicy, Source,
    TransportErrorKind,
};

use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::{Proxy, Trouble};
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, file_capabilities, hasty, retry};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::{api, transport};
use crate::support::{aside, soon, until};

const SIZE: usize = 1 << 20;

/// A bucket behind a proxy.
struct Scene {
    site: Site,
    proxy: Proxy,
    bucket: Bucket,
    recorder: Recorder,
    content: Vec<u8>,
}

impl Scene {
    async fn set() -> Self {
        Self::with_retry(retry()).await
    }

    async fn with_retry(retry: RetryPolicy) -> Self {
        let site = Site::start().await;
        let proxy = site.proxy();
        let config = Config::default().with_retry(retry);
        let (bucket, recorder) = site.behind(&proxy, config).await;
        Self { site, proxy, bucket, recorder, content: pattern(SIZE) }
    }

    /// With the file `x` on the server.
    async fn with_file() -> Self {
        let scene = Self::set().await;
        scene.site.bucket.upload("x", scene.content.clone()).await.unwrap();
        scene
    }

    /// The one version that there is has the right bytes.
    async fn assert_stored_once(&self) {
        assert_eq!(self.site.versions().await, ["x"]);
        let back = self.site.bucket.download("x").to_bytes().await.unwrap();
        assert!(back.content == self.content, "other bytes were stored");
        assert!(self.proxy.is_spent(), "the trouble never came");
    }

    fn upload(&self) -> b2::Upload {
        self.bucket.upload("x", self.content.clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_is_sent_again_to_another_url() {
    let scene = Scene::set().await;
    scene.proxy.expect([Trouble::CutUp(10), Trouble::CutUp(300_000), Trouble::CutUp(900_000)]);
    let uploaded = soon(scene.upload()).await.unwrap();
    assert!(!uploaded.possible_duplicate);
    scene.assert_stored_once().await;
    assert!(scene.recorder.saw(&ProtocolEvent::UrlDropped));
    assert_eq!(scene.recorder.sent("b2_upload_file"), 4);
    assert_eq!(scene.recorder.sent("b2_get_upload_url"), 3, "the first URL was at hand");
    assert_eq!(scene.recorder.sent("b2_authorize_account"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_upload_that_is_cut_is_sent_again() {
    let scene = Scene::set().await;
    scene.proxy.expect([Trouble::CutUp(300_000), Trouble::CutUp(900_000)]);
    let upload = scene.upload();
    aside(move || upload.run_blocking(&UreqTransport::new()).unwrap()).await;
    scene.assert_stored_once().await;
    assert_eq!(scene.recorder.sent("b2_upload_file"), 3);
}

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
async fn a_download_that_is_cut_goes_on_where_it_was() {
    let scene = Scene::with_file().await;
    let folder = Folder::new();
    scene.proxy.expect([Trouble::CutDown(300_000), Trouble::CutDown(400_000)]);
    let downloaded = soon(scene.bucket.download("x").to_file(folder.path("x"))).await.unwrap();
    assert_eq!((downloaded.bytes, downloaded.check), (SIZE as u64, Check::ContentSha1));
    folder.assert_holds_only("x", &scene.content);
    assert_resumed(&scene.recorder, 2);
    assert_eq!(scene.recorder.sent("b2_download_file_by_name"), 1);
    assert_eq!(scene.recorder.sent("b2_download_file_by_id"), 2);
}

/// So many times, further on each time, and never from the start.
#[track_caller]
fn assert_resumed(recorder: &Recorder, times: usize) {
    let resumed = recorder.resumed();
    assert_eq!(resumed.len(), times, "{resumed:?}");
    assert!(resumed.iter().all(|from| (1..SIZE as u64).contains(from)), "{resumed:?}");
    assert!(resumed.is_sorted_by(|a, b| a < b), "{resumed:?}");
    assert!(!recorder.saw(&ProtocolEvent::Restarting));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_destination_can_go_on() {
    let scene = Scene::with_file().await;
    let cuts = [Trouble::CutDown(300_000), Trouble::CutDown(400_000)];

    scene.proxy.expect(cuts);
    let back = soon(scene.bucket.download("x").to_bytes()).await.unwrap();
    assert!(back.content == scene.content);
    assert_eq!(back.check, Check::ContentSha1);

    let writer = Shelf::default();
    scene.proxy.expect(cuts);
    let downloaded = soon(scene.bucket.download("x").to_writer(writer.clone())).await.unwrap();
    assert!(writer.content() == scene.content);
    assert_eq!(downloaded.check, Check::ContentSha1);

    let sink = Shelf::default();
    scene.proxy.expect(cuts);
    let downloaded = soon(scene.bucket.download("x").to_sink(sink.clone())).await.unwrap();
    assert!(sink.content() == scene.content);
    assert_eq!(downloaded.check, Check::ContentSha1);

    let range = b2::ByteRange::inclusive(100_000, 999_999).unwrap();
    scene.proxy.expect(cuts);
    let part = soon(scene.bucket.download("x").with_range(range).to_bytes()).await.unwrap();
    assert!(part.content == scene.content[100_000..1_000_000]);
    assert!(scene.proxy.is_spent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_download_that_is_cut_goes_on() {
    let scene = Scene::with_file().await;
    let folder = Folder::new();
    scene.proxy.expect([Trouble::CutDown(300_000), Trouble::CutDown(400_000)]);
    let download = scene.bucket.download("x").to_file(folder.path("x"));
    let downloaded = aside(move || download.run_blocking(&UreqTransport::new()).unwrap()).await;
    assert_eq!((downloaded.bytes, downloaded.check), (SIZE as u64, Check::ContentSha1));
    folder.assert_holds_only("x", &scene.content);
    assert_resumed(&scene.recorder, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_cut_again_and_again_ends_nevertheless() {
    let scene = Scene::with_file().await;
    // More often than there are attempts for a request that gets nowhere.
    scene.proxy.expect([Trouble::CutDown(50_000); 20]);
    let back = soon(scene.bucket.download("x").to_bytes()).await.unwrap();
    assert!(back.content == scene.content);
    assert_eq!(back.check, Check::ContentSha1);
    assert!(scene.proxy.is_spent());
    assert_resumed(&scene.recorder, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_gets_nowhere_gives_up_and_leaves_nothing() {
    let scene = Scene::with_retry(retry().with_attempts(3)).await;
    scene.site.bucket.upload("x", scene.content.clone()).await.unwrap();
    let folder = Folder::new();
    scene.proxy.expect([Trouble::CutDown(300_000)]);
    scene.proxy.expect([Trouble::CutDown(10); 50]);
    let download = scene.bucket.download("x").to_file(folder.path("x"));
    let error = soon(download).await.unwrap_err();
    assert!(matches!(error, Error::Exhausted { attempts: 3, .. }), "{error:?}");
    assert_eq!(transport(&error), TransportErrorKind::Interrupted);
    assert_eq!(error.advice().as_deref(), Some("try again"));
    folder.assert_empty();

    let download = scene.bucket.download("x").to_file(folder.path("x"));
    let failed = aside(move || download.run_blocking(&UreqTransport::new())).await;
    assert!(matches!(failed, Err(Error::Exhausted { .. })), "{failed:?}");
    folder.assert_empty();
}

/// Stops a download to a file in the middle, lets `change` happen, and lets
/// it go on.
async fn interrupted(
    scene: &Scene,
    folder: &Folder,
    change: impl Future<Output = ()>,
) -> Result<b2::Downloaded, Error> {
    scene.proxy.expect([Trouble::StallDown(300_000)]);
    let download = scene.bucket.download("x").to_file(folder.path("x")).start();
    let under_way = || (download.progress().position_bytes > 200_000).then_some(());
    until("the middle of the download", under_way).await;
    assert_eq!(folder.names().len(), 1, "there is a temporary file");
    change.await;
    scene.proxy.cut_now();
    soon(download.join()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_is_not_mixed_into_a_download() {
    let scene = Scene::with_file().await;
    let folder = Folder::new();
    let change = async {
        let other = scene.content.iter().map(|byte| !byte).collect::<Vec<_>>();
        scene.site.bucket.upload("x", other).await.unwrap();
    };
    let downloaded = interrupted(&scene, &folder, change).await.unwrap();
    assert_eq!(downloaded.check, Check::ContentSha1);
    folder.assert_holds_only("x", &scene.content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_deleted_meanwhile_ends_the_download() {
    let scene = Scene::with_file().await;
    let folder = Folder::new();
    let change = async {
        let version = scene.site.bucket.head("x").await.unwrap().file_id;
        scene.site.bucket.delete_version("x", version).await.unwrap();
    };
    let error = interrupted(&scene, &folder, change).await.unwrap_err();
    assert_eq!(api(&error).status, 404);
    folder.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_goes_away_meanwhile_ends_the_download() {
    let scene = Scene::with_file().await;
    let folder = Folder::new();
    let change = async { std::fs::remove_dir_all(folder.itself()).unwrap() };
    let error = interrupted(&scene, &folder, change).await.unwrap_err();
    assert!(matches!(error, Error::Local(_)), "{error:?}");
    assert!(!folder.itself().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_refused_are_made_again() {
    let site = Site::start().await;
    let proxy = site.proxy();
    let client = Client::builder(credentials(&site.emulator))
        .with_config(hasty(&proxy.url()))
        .build()
        .unwrap();
    proxy.expect([Trouble::Refuse; 3]);
    let bucket = soon(client.bucket(BUCKET)).await.unwrap();
    assert!(proxy.is_spent());
    soon(bucket.upload("x", "content")).await.unwrap();
    assert_eq!(site.versions().await, ["x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_that_were_closed_do_no_harm() {
    let scene = Scene::set().await;
    for round in 0..5 {
        scene.proxy.cut_now();
        let name = format!("x{round}");
        soon(scene.bucket.upload(&name, "content")).await.unwrap();
        scene.proxy.cut_now();
        assert_eq!(soon(scene.bucket.download(&name).to_bytes()).await.unwrap().content, "content");
    }
    assert_eq!(scene.site.versions().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_the_error_says_so() {
    // Bound and given back: nobody else will listen here for a while.
    let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let realm = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    let config = Config::default().with_realm(&realm).with_retry(retry().with_attempts(2));
    let credentials = b2::Credentials::new("id", "key");
    let client = Client::builder(credentials).with_config(config).build().unwrap();
    let error = soon(client.authorize()).await.unwrap_err();
    assert!(matches!(error, Error::Exhausted { attempts: 2, .. }), "{error:?}");
    assert_eq!(transport(&error), TransportErrorKind::Connect);
    assert!(error.advice().unwrap().contains("reachable"));
    let blocking = client.authorize();
    let failed = aside(move || blocking.run_blocking(&UreqTransport::new())).await;
    assert_eq!(transport(&failed.unwrap_err()), TransportErrorKind::Connect);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_transfers_survive_a_line_that_is_cut_all_the_time() {
    let scene = Arc::new(Scene::set().await);
    let cuts = (1..30).flat_map(|cut| [Trouble::CutUp(cut * 7_000), Trouble::CutDown(cut * 900)]);
    scene.proxy.expect(cuts);
    let transfers: Vec<_> = (0..20_usize)
        .map(|number| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                let name = format!("file-{number:02}");
                let content = pattern(50_000 + number);
                let source = Source::bytes(content.clone());
                scene.bucket.upload(&name, source).await.unwrap();
                let back = scene.bucket.download(&name).to_bytes().await.unwrap();
                assert!(back.content == content, "{name} came back differently");
            })
        })
        .collect();
    for transfer in transfers {
        soon(transfer).await.unwrap();
    }
    let wanted: Vec<_> = (0..20).map(|number| format!("file-{number:02}")).collect();
    assert_eq!(scene.site.versions().await, wanted, "one version of each");
}
