//! What observers are told of transfers.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use b2::{LogKind, LogLevel, LogLine, LogObserver, ProgressStep};
use b2_emulator::Settings;

use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::site::{BUCKET, Site};
use crate::support::soon;

const PART: usize = 100_000;

struct Log(Arc<Mutex<Vec<LogLine>>>);

impl Log {
    /// A bucket whose client writes to a log.
    async fn of(site: &Site, level: LogLevel, step: ProgressStep) -> (Self, b2::Bucket) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = LogObserver::new(level, move |line| kept.lock().unwrap().push(line));
        let builder = site.builder().with_observer(log).with_progress_step(step);
        let bucket = soon(builder.build().unwrap().bucket(BUCKET)).await.unwrap();
        lines.lock().unwrap().clear();
        (Self(lines), bucket)
    }

    fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Lines about the transfer itself.
    fn transfer(&self) -> Vec<String> {
        let lines = self.take().into_iter().map(|line| line.message);
        lines
            .filter(|line| line.starts_with("upload: ") || line.starts_with("download: "))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_is_told_from_its_start_to_its_end() {
    let site = Site::start().await;
    let step = ProgressStep::default().with_percent(50);
    let (log, bucket) = Log::of(&site, LogLevel::Verbose, step).await;
    soon(bucket.upload("x", pattern(2 << 20))).await.unwrap();
    let told = log.transfer();
    assert_eq!(told.first().unwrap(), "upload: started");
    assert_eq!(told[told.len() - 2..], ["upload: 2097152 of 2097152 bytes", "upload: done"]);
    assert!(told.len() <= 5, "two steps of 50 percent: {told:?}");

    soon(bucket.download("x").to_bytes()).await.unwrap();
    let told = log.transfer();
    assert_eq!(told.first().unwrap(), "download: started");
    assert_eq!(told.last().unwrap(), "download: done");

    assert!(soon(bucket.download("absent").to_bytes()).await.is_err());
    assert_eq!(log.transfer().last().unwrap(), "download: failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_transfer_counts_as_it_is_told_to() {
    let settings = Settings::default().with_part_sizes(PART as u64, 1_000);
    let site = Site::with_settings(settings).await;
    for (step, first) in [
        (ProgressStep::default().with_percent(0), "of 1000000 bytes"),
        (ProgressStep::default().with_percent(0).with_relative(), "of 600000 bytes"),
    ] {
        let (log, bucket) = Log::of(&site, LogLevel::Verbose, step).await;
        let folder = Folder::new();
        let upload = || {
            let upload = bucket.upload("big", pattern(10 * PART)).with_concurrency(1);
            upload.with_journal(folder.path("journal"))
        };
        let stopped = upload().with_part_callback(|part| match part.number {
            4 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert!(soon(stopped).await.is_err());
        log.take();
        soon(upload()).await.unwrap();
        let told = log.transfer();
        let last = &told[told.len() - 2];
        assert!(last.ends_with(first), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_says_more_and_none_tells_a_secret() {
    let site = Site::start().await;
    let mut lines = Vec::new();
    for level in [LogLevel::None, LogLevel::Info, LogLevel::Verbose, LogLevel::Debug] {
        let (log, bucket) = Log::of(&site, level, ProgressStep::default()).await;
        let key = b2::CustomerKey::new([7; 32]);
        let encryption = b2::EncryptionRequest::sse_c(key.clone());
        soon(bucket.upload("x", "content").with_encryption(encryption)).await.unwrap();
        soon(bucket.download("x").with_customer_key(key.clone()).to_bytes()).await.unwrap();
        let told = log.take();
        for line in &told {
            assert!(line.level <= level && !line.message.contains('\n'), "{line:?}");
            assert!(!line.message.contains(&*key.expose_base64()), "{line:?}");
            assert!(!line.message.contains(site.emulator.application_key()), "{line:?}");
            assert!(!line.message.contains("authorization"), "{line:?}");
        }
        lines.push(told);
    }
    assert!(lines[0].is_empty());
    assert!(lines[1].len() < lines[2].len() && lines[2].len() < lines[3].len());
    let headers = lines[3].iter().filter(|line| line.kind == LogKind::Response);
    assert!(headers.filter(|line| line.message.contains("content-length")).count() > 0);
}
