//! Connections that break at the worst moment.

use std::sync::Arc;

use b2::{Check, Client, Config, Error, ProtocolEvent, Source, TransportErrorKind};

use crate::scene::{SIZE, Scene};
use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::proxy::Trouble;
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, hasty, retry};
use crate::support::ureq_transport::UreqTransport;
use crate::support::verdict::{api, transport};
use crate::support::{aside, soon, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_is_sent_again_to_another_url() {
    let scene = Scene::set().await;
    scene.proxy.expect([Trouble::CutUp(10), Trouble::CutUp(300_000), Trouble::CutUp(900_000)]);
    let uploaded = soon(scene.upload()).await.unwrap();
    // The last cut may come when all bytes have left this side.
    let doubt = scene.recorder.saw(&ProtocolEvent::PossibleDuplicate);
    assert_eq!(uploaded.possible_duplicate, doubt);
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
    let scene = Scene::with_retry(retry().with_attempts(3)).await.and_file().await;
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
