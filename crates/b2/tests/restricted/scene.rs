//! Three buckets, each with something in the folder `in/` and in `out/`.

use std::ops::ControlFlow;

use b2::{Bucket, BucketId, BucketType, Capability, Client, FileId, Source};

use crate::support::site::{BUCKET, Site};

/// The smallest part.
pub(crate) const PART: usize = 5_000_000;

pub(crate) const BUCKETS: [&str; 3] = [BUCKET, "second-bucket", "third-bucket"];

pub(crate) const FOLDERS: [&str; 2] = ["in/", "out/"];

/// What a key is restricted to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restriction {
    /// How many of [`BUCKETS`]; 0 for all.
    pub(crate) buckets: usize,
    pub(crate) prefix: Option<&'static str>,
}

pub(crate) const RESTRICTIONS: [Restriction; 4] = [
    Restriction { buckets: 1, prefix: None },
    Restriction { buckets: 2, prefix: None },
    Restriction { buckets: 0, prefix: Some("in/") },
    Restriction { buckets: 1, prefix: Some("in/") },
];

impl Restriction {
    pub(crate) fn allows_bucket(self, name: &str) -> bool {
        self.buckets == 0 || BUCKETS[..self.buckets].contains(&name)
    }

    pub(crate) fn allows_name(self, name: &str) -> bool {
        self.prefix.is_none_or(|prefix| name.starts_with(prefix))
    }

    /// What an error has to say about it.
    pub(crate) fn in_words(self) -> Vec<String> {
        let mut words = Vec::new();
        if self.buckets > 0 {
            words.push(format!("the buckets {}", BUCKETS[..self.buckets].join(", ")));
        }
        words.extend(self.prefix.map(|prefix| format!("names that begin with {prefix:?}")));
        words
    }
}

/// All that a key for some buckets can be allowed, which is all that has to
/// do with files and with one bucket.
pub(crate) fn capabilities() -> Vec<Capability> {
    use Capability::{
        BypassGovernance, DeleteFiles, ListBuckets, ListFiles, ReadBucketEncryption,
        ReadBucketNotifications, ReadBucketRetentions, ReadFileLegalHolds, ReadFileRetentions,
        ReadFiles, ShareFiles, WriteBucketNotifications, WriteFileLegalHolds, WriteFileRetentions,
        WriteFiles,
    };
    vec![
        BypassGovernance,
        DeleteFiles,
        ListBuckets,
        ListFiles,
        ReadBucketEncryption,
        ReadBucketNotifications,
        ReadBucketRetentions,
        ReadFileLegalHolds,
        ReadFileRetentions,
        ReadFiles,
        ShareFiles,
        WriteBucketNotifications,
        WriteFileLegalHolds,
        WriteFileRetentions,
        WriteFiles,
    ]
}

pub(crate) struct Scene {
    pub(crate) site: Site,
    ids: Vec<BucketId>,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let site = Site::start().await;
        let mut ids = Vec::new();
        for name in BUCKETS {
            let bucket = match name {
                BUCKET => site.bucket.clone(),
                _ => site.client.create_bucket(name, BucketType::AllPrivate).await.unwrap(),
            };
            bucket.update().with_file_lock(true).run().await.unwrap();
            for folder in FOLDERS {
                bucket.upload(&format!("{folder}file"), "content").await.unwrap();
            }
            ids.push(bucket.id().clone());
        }
        Self { site, ids }
    }

    /// A client with a key that is restricted so.
    pub(crate) async fn client(&self, restriction: Restriction, may: Vec<Capability>) -> Client {
        let buckets = (restriction.buckets > 0).then(|| self.ids[..restriction.buckets].to_vec());
        let credentials = self.site.restricted_key(may, buckets, restriction.prefix).await;
        self.site.client_with(credentials)
    }

    /// The bucket as the master key sees it.
    pub(crate) async fn bucket(&self, name: &str) -> Bucket {
        self.site.client.bucket(name).await.unwrap()
    }

    /// The id of a file, whoever may see it.
    pub(crate) async fn file(&self, bucket: &str, name: &str) -> FileId {
        self.site.client.head(bucket, name).await.unwrap().file_id
    }

    /// A large file with one part, which nobody finishes.
    pub(crate) async fn begun(&self, bucket: &str, name: &str) -> FileId {
        let bucket = self.bucket(bucket).await;
        begin(&bucket, name).await;
        let mut files = bucket.unfinished_under(name);
        files.next().await.unwrap().unwrap().file_id.unwrap()
    }
}

/// Begins a large file and leaves it.
async fn begin(bucket: &Bucket, name: &str) {
    let upload = bucket
        .upload(name, Source::bytes(vec![7; 2 * PART]))
        .with_simple_limit(1)
        .with_part_size(PART as u64)
        .with_concurrency(1)
        .with_keep_unfinished(true)
        .with_part_callback(|_| ControlFlow::Break(()));
    upload.await.unwrap_err();
}
