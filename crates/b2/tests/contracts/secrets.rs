//! No key, token or upload URL is ever printed.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::{Debug, Display};

use b2::{BucketType, Capability, Client, Credentials, Error, Source};
use b2_core::Account;

use crate::support::aside;
use crate::support::by_hand::ByHand;
use crate::support::content::{Full, Unreadable};
use crate::support::folder::Folder;
use crate::support::proxy::{Proxy, Trouble};
use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site, credentials, file_capabilities, hasty};
use crate::support::spy::{BlockingSpy, Spy};

/// Everything that somebody might have logged.
#[derive(Default)]
struct Printed(String);

impl Printed {
    fn value(&mut self, value: &impl Debug) {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn error<T>(&mut self, outcome: Result<T, Error>) {
        let error = outcome.map(drop).unwrap_err();
        self.value(&error);
        self.0.push_str(&format!("{error}\n{:?}\n", error.advice()));
        let mut cause = error.source();
        while let Some(inner) = cause {
            self.both(inner);
            cause = inner.source();
        }
    }

    fn both(&mut self, value: &(impl Debug + Display + ?Sized)) {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n{value}\n"));
    }

    #[track_caller]
    fn assert_without(&self, secrets: &BTreeSet<String>) {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            assert!(secret.len() >= 20, "too short to be a canary: {secret}");
            if let Some(at) = self.0.find(secret.as_str()) {
                let from = self.0[..at].rfind('\n').map_or(0, |line| line + 1);
                let line = self.0[from..].lines().next().unwrap_or_default();
                panic!("a secret was printed: {line}");
            }
        }
    }
}

/// A client whose every word is noted down.
struct Stage {
    site: Site,
    proxy: Proxy,
    spy: Spy,
    recorder: Recorder,
    client: Client,
    printed: Printed,
}

impl Stage {
    async fn set() -> Self {
        let site = Site::start().await;
        let proxy = site.proxy();
        let (spy, recorder, mut printed) = (Spy::new(), Recorder::default(), Printed::default());
        let credentials = credentials(&site.emulator);
        printed.value(&credentials);
        let builder = Client::builder(credentials)
            .with_config(hasty(&proxy.url()))
            .with_transport(spy.clone())
            .with_timer(b2::hyper::TokioTimer::default())
            .with_observer(recorder.clone());
        printed.value(&builder);
        let client = builder.build().unwrap();
        Self { site, proxy, spy, recorder, client, printed }
    }

    /// Nothing that was printed holds a secret, `more` included.
    fn judge(mut self, more: impl IntoIterator<Item = String>) {
        self.printed.0.push_str(&self.recorder.text());
        let mut secrets = self.spy.secrets();
        assert!(secrets.iter().any(|secret| secret.contains("_acct_")), "no account token");
        secrets.insert(self.site.emulator.application_key().to_owned());
        secrets.extend(more);
        self.printed.assert_without(&secrets);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_without_failures_prints_no_secret() {
    let mut stage = Stage::set().await;
    let (client, printed, folder) = (&stage.client, &mut stage.printed, Folder::new());
    printed.value(client);
    printed.value(&client.authorize());
    printed.value(&client.authorize().await.unwrap());
    let bucket = client.bucket(BUCKET).await.unwrap();
    printed.value(&bucket);
    printed.value(&client.buckets().await.unwrap());

    let source = Source::bytes("content");
    printed.value(&source);
    let upload = bucket.upload("x", source);
    printed.value(&upload);
    let upload = upload.start();
    printed.value(&upload);
    printed.value(&upload.monitor());
    let uploaded = upload.join().await.unwrap();
    printed.value(&uploaded);
    printed.value(&bucket.upload("y", "content").into_operation());

    let download = bucket.download("x");
    printed.value(&download);
    let run = download.to_file(folder.path("x"));
    printed.value(&run);
    printed.value(&run.await.unwrap());
    printed.value(&bucket.download("x").to_bytes().await.unwrap());
    printed.value(&bucket.head("x").await.unwrap());
    let mut files = bucket.files().stream();
    printed.value(&files.next().await);
    printed.value(&files);
    printed.value(client);

    let key = client.create_key("a-key", vec![Capability::ListFiles]).await.unwrap();
    printed.value(&key);
    let share = bucket.download_authorization("x", 60).await.unwrap();
    printed.value(&share);
    let secrets = stage.spy.secrets();
    assert!(secrets.iter().any(|secret| secret.contains("_upld_")), "no upload token");
    assert!(secrets.iter().any(|secret| secret.contains("b2_upload_file?")), "no upload URL");
    stage.judge([
        key.application_key.expose().to_owned(),
        share.authorization_token.expose().to_owned(),
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_full_of_failures_prints_no_secret() {
    let mut stage = Stage::set().await;
    let bucket = stage.client.bucket(BUCKET).await.unwrap();
    bucket.upload("x", vec![7; 1 << 20]).await.unwrap();
    let (client, printed, folder) = (&stage.client, &mut stage.printed, Folder::new());

    // Connections that break, on the way up and down and after the last byte.
    stage.proxy.expect([Trouble::CutUp(100_000), Trouble::CutDown(0), Trouble::CutDown(100_000)]);
    printed.value(&bucket.upload("y", vec![8; 1 << 20]).await.unwrap());
    bucket.download("x").to_bytes().await.unwrap();
    assert!(stage.proxy.is_spent());

    printed.error(bucket.download("nothing").to_file(folder.path("x")).await);
    printed.error(bucket.head("nothing").await);
    printed.error(bucket.download("x").to_sink(Full(10)).await);
    printed.error(bucket.download("x").to_file(folder.path("a/b")).await);
    let kind = std::io::ErrorKind::Other;
    let broken = Source::custom(Unreadable { len: 100, from: 10, kind }).unwrap();
    printed.error(bucket.upload("z", broken).await);
    printed.error(bucket.upload("/", "content").await);
    printed.error(client.bucket("no-such-bucket").await);
    printed.error(client.create_bucket(BUCKET, BucketType::AllPrivate).await);

    // Refused keys.
    let key = "K004canarycanarycanarycanary";
    printed.error(stage.site.client_with(Credentials::new("0042", key)).authorize().await);
    let lacking = stage.site.client_with(stage.site.key(vec![Capability::ListBuckets]).await);
    let barred = lacking.bucket(BUCKET).await.unwrap();
    printed.error(barred.upload("x", "content").await);
    printed.error(barred.download("x").to_bytes().await);
    stage.judge([key.to_owned()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_repeats_a_token_does_not_make_it_known() {
    let mut stage = Stage::set().await;
    let bucket = stage.client.bucket(BUCKET).await.unwrap();
    let (client, printed) = (&stage.client, &mut stage.printed);
    bucket.upload("x", "content").await.unwrap();

    // In B2's own words.
    let busy = |token: &str| {
        let message = format!("more than one upload using auth token {token}");
        (400, format!(r#"{{"status":400,"code":"auth_token_limit","message":"{message}"}}"#))
    };
    stage.spy.answer("b2_upload_file", busy);
    bucket.upload("x", "content").await.unwrap();

    // In the words of anyone: here an error, there a proxy's page.
    let echo = |token: &str| {
        (400, format!(r#"{{"status":400,"code":"{token}","message":"bad ({token})"}}"#))
    };
    let page = |token: &str| (502, format!("<h1>{token}</h1>"));
    let odd = |token: &str| (200, format!(r#"{{"authorizationToken":"{token}"}}"#));
    for operation in ["b2_upload_file", "b2_list_file_names", "b2_get_file_info"] {
        for retort in [echo, page, odd] as [fn(&str) -> (u16, String); 3] {
            stage.spy.answer(operation, retort);
        }
    }
    for _ in 0..4 {
        let uploaded = bucket.upload("x", "content").await;
        printed.value(&uploaded);
        printed.value(&bucket.files().stream().next().await);
        printed.value(&bucket.file_info("4_z0".into()).await);
    }
    client.forget();
    stage.spy.answer("b2_authorize_account", echo);
    printed.error(client.authorize().await);
    stage.judge([]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_driven_by_hand_prints_no_secret() {
    let stage = Stage::set().await;
    let bucket = stage.client.bucket(BUCKET).await.unwrap();
    let account = Account::new(hasty(&stage.proxy.url()), credentials(&stage.site.emulator), 1);
    let client = stage.client.clone();
    let (text, secrets) = aside(move || {
        let spy = BlockingSpy::new();
        let mut hand = ByHand::new(account, &spy);
        hand.source = b"content".to_vec();
        let upload = bucket.upload("x", "content").into_operation().unwrap();
        hand.drive(upload).unwrap();
        let download = bucket.download("x").to_bytes().into_operation().unwrap();
        hand.drive(download).unwrap();
        let key = client.create_key("a-key", file_capabilities()).into_operation().unwrap();
        let key = hand.drive(key).unwrap();
        let mut secrets = spy.secrets();
        secrets.insert(key.application_key.expose().to_owned());
        (hand.text, secrets)
    })
    .await;
    assert!(secrets.iter().any(|secret| secret.contains("b2_upload_file?")), "no upload URL");
    Printed(text).assert_without(&secrets);
    stage.judge([]);
}
