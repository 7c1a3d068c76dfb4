//! Large files in trouble: what is known about them is told.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use b2::{Config, Error, FileName, Slot, Timeouts, Upload, UploadHeaders, WaitReason};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::proxy::{Pace, Proxy, Trouble};
use crate::support::site::{Site, retry};
use crate::support::{soon, until};

/// Bytes of a part.
const PART: usize = 100_000;

struct Parts {
    site: Site,
    proxy: Arc<Proxy>,
    upload: Upload,
}

/// A file in four parts, with trouble once so many are stored.
async fn trouble_after(parts: u32, trouble: fn(&Proxy)) -> Parts {
    let settings = Settings::default().with_part_sizes(PART as u64, 1_000);
    let site = Site::with_settings(settings).await;
    let proxy = Arc::new(site.proxy());
    let timeouts = Timeouts::default().with_call(Duration::from_secs(10));
    let retry = retry().with_attempts(2);
    let config = Config::default().with_timeouts(timeouts).with_retry(retry);
    let (bucket, _) = site.behind(&proxy, config).await;
    let (troubled, stored) = (Arc::clone(&proxy), AtomicU32::new(0));
    let upload = bucket.upload("big", pattern(4 * PART)).with_concurrency(2);
    let upload = upload.with_part_callback(move |_| {
        if stored.fetch_add(1, Ordering::Relaxed) + 1 == parts {
            trouble(&troubled);
        }
        ControlFlow::Continue(())
    });
    Parts { site, proxy, upload }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_under_way_says_what_it_waits_for() {
    let Parts { proxy, upload, site } =
        trouble_after(1, |proxy| proxy.set_pace(Pace::Silent)).await;
    let handle = upload.start();
    let both = || Some(handle.slots()).filter(|slots| slots.len() == 2);
    let slots: Vec<Slot> = until("two parts under way", both).await;
    let mut offsets: Vec<_> = slots.iter().map(|slot| slot.offset).collect();
    offsets.dedup();
    assert_eq!(offsets.len(), 2, "{slots:?}");
    for slot in &slots {
        assert_eq!(slot.len, PART as u64);
        assert!(matches!(slot.reason, WaitReason::Reply(_)), "{slot:?}");
    }
    proxy.set_pace(Pace::Free);
    handle.abort();
    let error = soon(handle.join()).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    assert!(site.versions().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finish_whose_answer_stays_lost_names_the_file() {
    // The answer to the finish, and to each look for the file.
    let lost = |proxy: &Proxy| proxy.expect([Trouble::CutDown(0); 3]);
    let Parts { proxy, upload, site } = trouble_after(4, lost).await;
    let error = soon(upload).await.unwrap_err();
    let Error::Unconfirmed { file_id: Some(file_id), .. } = &error else { panic!("{error:?}") };
    assert!(error.advice().unwrap().contains(file_id.as_str()));
    assert!(proxy.is_spent());
    let stored = soon(site.bucket.head("big")).await.unwrap();
    assert_eq!(stored.file_id.as_str(), file_id.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_begun_and_finished_by_hand_survives_lost_answers() {
    let settings = Settings::default().with_part_sizes(PART as u64, 1_000);
    let site = Site::with_settings(settings).await;
    let proxy = site.proxy();
    let (bucket, recorder) = site.behind(&proxy, Config::default().with_retry(retry())).await;
    soon(bucket.head("none")).await.unwrap_err();

    proxy.expect([Trouble::CutDown(0)]);
    let headers = UploadHeaders::new(FileName::new("x").unwrap());
    let file = soon(bucket.start_large_file(headers)).await.unwrap();
    assert!(proxy.is_spent() && !file.possible_orphan());
    assert_eq!(recorder.sent("b2_start_large_file"), 1);
    let part = soon(file.upload_part(1, pattern(PART))).await.unwrap();
    let end = soon(file.upload_part(2, "end")).await.unwrap();
    proxy.expect([Trouble::CutDown(0)]);
    let stored = soon(file.finish_with(vec![part.digest, end.digest])).await.unwrap();
    assert!(proxy.is_spent());
    assert_eq!(recorder.sent("b2_finish_large_file"), 1);
    assert_eq!(stored.file_id.as_ref().map(|id| id.as_str()), Some(file.id().as_str()));
    assert_eq!(site.versions().await, ["x"]);
}
