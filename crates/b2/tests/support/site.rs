//! A server with a bucket, and clients for it.

use std::time::Duration;

use b2::{
    Bucket, BucketId, BucketType, Capability, Client, ClientBuilder, Config, Credentials,
    RetryPolicy, endpoint,
};
use b2_emulator::{Emulator, Settings};
use b2_proto::{AccountId, CreateKeyRequest};

use super::proxy::Proxy;
use super::recorder::Recorder;

/// Name of the bucket that every site has.
pub(crate) const BUCKET: &str = "the-bucket";

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    /// May do everything and goes to the server directly.
    pub(crate) client: Client,
    pub(crate) bucket: Bucket,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with_settings(Settings::default()).await
    }

    pub(crate) async fn with_settings(settings: Settings) -> Self {
        Self::of(Emulator::builder().settings(settings).start().await.unwrap()).await
    }

    pub(crate) async fn of(emulator: Emulator) -> Self {
        let mut builder = builder(&emulator, hasty(emulator.base_url()));
        if let Some(pem) = emulator.certificate_pem() {
            builder = builder.with_root_certificates_pem(pem.as_bytes());
        }
        let client = builder.build().unwrap();
        let bucket = client.create_bucket(BUCKET, BucketType::AllPrivate).await.unwrap();
        Self { emulator, client, bucket }
    }

    /// A proxy in front of the server.
    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::before(self.emulator.address())
    }

    /// Another client, with the master key.
    pub(crate) fn builder(&self) -> ClientBuilder {
        builder(&self.emulator, hasty(self.emulator.base_url()))
    }

    /// A watched client behind a proxy, with the bucket as it sees it. It is
    /// authorized and has an upload URL at hand, so that its next request is
    /// the one that a test is about.
    pub(crate) async fn behind(&self, proxy: &Proxy, config: Config) -> (Bucket, Recorder) {
        let config = config.with_realm(&proxy.url());
        let recorder = Recorder::default();
        let client =
            builder(&self.emulator, config).with_observer(recorder.clone()).build().unwrap();
        let bucket = client.bucket(BUCKET).await.unwrap();
        let warm = bucket.upload("warm-up", "warm").await.unwrap();
        bucket.delete_version("warm-up", warm.file.file_id.unwrap()).await.unwrap();
        recorder.clear();
        (bucket, recorder)
    }

    /// A key with these capabilities.
    pub(crate) async fn key(&self, capabilities: Vec<Capability>) -> Credentials {
        self.restricted_key(capabilities, None, None).await
    }

    /// A key with these capabilities, for these buckets and this prefix only.
    pub(crate) async fn restricted_key(
        &self,
        capabilities: Vec<Capability>,
        buckets: Option<Vec<BucketId>>,
        prefix: Option<&str>,
    ) -> Credentials {
        let mut request =
            CreateKeyRequest::new(AccountId::from(""), capabilities, "made-for-a-test".into());
        request.bucket_ids = buckets;
        request.name_prefix = prefix.map(str::to_owned);
        let key = self.client.call::<endpoint::CreateKey>(request).await.unwrap();
        Credentials::new(key.application_key_id, key.application_key)
    }

    /// A client with another key.
    pub(crate) fn client_with(&self, credentials: Credentials) -> Client {
        self.builder_with(credentials).build().unwrap()
    }

    /// A client with another key, to be configured.
    pub(crate) fn builder_with(&self, credentials: Credentials) -> ClientBuilder {
        Client::builder(credentials).with_config(hasty(self.emulator.base_url()))
    }

    /// Names of all versions that are stored, hide markers included.
    pub(crate) async fn versions(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut rows = self.bucket.versions().stream();
        while let Some(row) = rows.next().await {
            names.push(row.unwrap().file_name);
        }
        names
    }

    /// Names of the visible files.
    pub(crate) async fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut rows = self.bucket.files().stream();
        while let Some(row) = rows.next().await {
            names.push(row.unwrap().file_name);
        }
        names
    }
}

fn builder(emulator: &Emulator, config: Config) -> ClientBuilder {
    Client::builder(credentials(emulator)).with_config(config)
}

/// The master key.
pub(crate) fn credentials(emulator: &Emulator) -> Credentials {
    Credentials::new(emulator.application_key_id(), emulator.application_key())
}

/// A configuration that does not let a test wait.
pub(crate) fn hasty(realm: &str) -> Config {
    Config::default().with_realm(realm).with_retry(retry())
}

/// Pauses of milliseconds instead of seconds.
pub(crate) fn retry() -> RetryPolicy {
    RetryPolicy::default().with_pauses(Duration::from_millis(5), Duration::from_millis(40))
}

/// Everything that a key can be allowed to do with files and buckets.
pub(crate) fn file_capabilities() -> Vec<Capability> {
    use Capability::{DeleteFiles, ListBuckets, ListFiles, ReadFiles, ShareFiles, WriteFiles};
    vec![ListBuckets, ListFiles, ReadFiles, WriteFiles, DeleteFiles, ShareFiles]
}
