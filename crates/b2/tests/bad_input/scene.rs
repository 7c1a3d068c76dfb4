//! A server with something in it, and what it looks like.

use b2::{Bucket, Client, FileId, Source};

use crate::support::recorder::Recorder;
use crate::support::site::{BUCKET, Site};

pub(crate) struct Scene {
    pub(crate) site: Site,
    /// Watched: what it sends is counted.
    pub(crate) client: Client,
    pub(crate) bucket: Bucket,
    pub(crate) recorder: Recorder,
    /// Of the file `file`.
    pub(crate) file: FileId,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let site = Site::start().await;
        site.bucket.upload("file", "content").await.unwrap();
        site.bucket.upload("hidden", "content").await.unwrap();
        site.bucket.hide("hidden").await.unwrap();
        let file = site.bucket.head("file").await.unwrap().file_id;
        let recorder = Recorder::default();
        let client = site.builder().with_observer(recorder.clone()).build().unwrap();
        let bucket = client.bucket(BUCKET).await.unwrap();
        recorder.clear();
        Self { site, client, bucket, recorder, file }
    }

    /// Everything that the server can be asked to show, in words.
    pub(crate) async fn everything(&self) -> String {
        let (client, bucket) = (&self.site.client, &self.site.bucket);
        let mut seen = format!("{:#?}\n", client.buckets().await.unwrap());
        macro_rules! rows {
            ($rows:expr) => {
                let mut rows = $rows;
                while let Some(row) = rows.next().await {
                    seen.push_str(&format!("{:#?}\n", row.unwrap()));
                }
            };
        }
        rows!(client.keys());
        rows!(bucket.versions().stream());
        rows!(bucket.unfinished());
        seen.push_str(&format!("{:#?}\n", bucket.notification_rules().await.unwrap()));
        seen
    }
}

pub(crate) fn content() -> Source {
    Source::bytes("new content")
}
