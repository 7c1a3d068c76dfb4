//! A bucket behind a proxy, for trouble between a client and its server.

use b2::{Bucket, Config, RetryPolicy};

use crate::support::content::pattern;
use crate::support::proxy::Proxy;
use crate::support::recorder::Recorder;
use crate::support::site::{Site, retry};

/// Bytes of the content.
pub(crate) const SIZE: usize = 1 << 20;

pub(crate) struct Scene {
    pub(crate) site: Site,
    pub(crate) proxy: Proxy,
    pub(crate) bucket: Bucket,
    pub(crate) recorder: Recorder,
    pub(crate) content: Vec<u8>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        Self::with_retry(retry()).await
    }

    pub(crate) async fn with_retry(retry: RetryPolicy) -> Self {
        Self::with_config(Config::default().with_retry(retry)).await
    }

    pub(crate) async fn with_config(config: Config) -> Self {
        let site = Site::start().await;
        let proxy = site.proxy();
        let (bucket, recorder) = site.behind(&proxy, config).await;
        Self { site, proxy, bucket, recorder, content: pattern(SIZE) }
    }

    /// With the file `x` on the server.
    pub(crate) async fn with_file() -> Self {
        Self::set().await.and_file().await
    }

    /// The same with the file `x` on the server.
    pub(crate) async fn and_file(self) -> Self {
        self.site.bucket.upload("x", self.content.clone()).await.unwrap();
        self
    }

    /// The one version that there is has the right bytes.
    pub(crate) async fn assert_stored_once(&self) {
        assert_eq!(self.site.versions().await, ["x"]);
        let back = self.site.bucket.download("x").to_bytes().await.unwrap();
        assert!(back.content == self.content, "other bytes were stored");
        assert!(self.proxy.is_spent(), "the trouble never came");
    }

    pub(crate) fn upload(&self) -> b2::Upload {
        self.bucket.upload("x", self.content.clone())
    }
}
