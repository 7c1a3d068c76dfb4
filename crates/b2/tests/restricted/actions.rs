//! Everything that can be done to a file of a bucket.

use b2::{Client, DownloadAccess, Error, FileRetention, LegalHold, RetentionMode, Source};

use crate::scene::{PART, Scene};

/// Where something is done: to a name in a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) bucket: &'static str,
    pub(crate) folder: &'static str,
}

impl Place {
    fn name(self, of: &str) -> String {
        format!("{}{of}", self.folder)
    }
}

/// One thing to do. What it needs has been prepared with the master key, so
/// that the restricted one is refused for its restriction and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Upload,
    UploadInParts,
    DownloadByName,
    DownloadById,
    Head,
    FileInfo,
    Hide,
    Copy,
    CopyHere,
    Delete,
    Hold,
    Retain,
    Token,
    Share,
    ListFiles,
    ListVersions,
    ListUnfinished,
    ListParts,
    Cancel,
}

pub(crate) const ACTIONS: [Action; 19] = [
    Action::Upload,
    Action::UploadInParts,
    Action::DownloadByName,
    Action::DownloadById,
    Action::Head,
    Action::FileInfo,
    Action::Hide,
    Action::Copy,
    Action::CopyHere,
    Action::Delete,
    Action::Hold,
    Action::Retain,
    Action::Token,
    Action::Share,
    Action::ListFiles,
    Action::ListVersions,
    Action::ListUnfinished,
    Action::ListParts,
    Action::Cancel,
];

impl Action {
    /// Does it as `client`.
    pub(crate) async fn run(
        self,
        scene: &Scene,
        client: &Client,
        place: Place,
    ) -> Result<(), Error> {
        match self {
            Self::Upload | Self::UploadInParts => self.upload(client, place).await,
            Self::DownloadByName | Self::DownloadById | Self::Head | Self::FileInfo => {
                self.read(scene, client, place).await
            }
            Self::Hide | Self::Copy | Self::CopyHere | Self::Delete => {
                self.change(scene, client, place).await
            }
            Self::Hold | Self::Retain => self.lock(scene, client, place).await,
            Self::Token | Self::Share => self.share(client, place).await,
            Self::ListFiles | Self::ListVersions | Self::ListUnfinished => {
                self.list(client, place).await
            }
            Self::ListParts | Self::Cancel => self.unfinished(scene, client, place).await,
        }
    }

    async fn upload(self, client: &Client, place: Place) -> Result<(), Error> {
        let bucket = client.bucket(place.bucket).await?;
        match self {
            Self::Upload => bucket.upload(&place.name("new"), "new").await.map(drop),
            _ => {
                let source = Source::bytes(vec![5; PART + 1]);
                let upload = bucket.upload(&place.name("large"), source).with_simple_limit(1);
                upload.with_part_size(PART as u64).await.map(drop)
            }
        }
    }

    async fn read(self, scene: &Scene, client: &Client, place: Place) -> Result<(), Error> {
        let name = place.name("file");
        let id = scene.file(place.bucket, &name).await;
        match self {
            Self::DownloadByName => {
                let bytes = client.download(place.bucket, &name).to_bytes().await?;
                assert_eq!(bytes.content, "content");
                Ok(())
            }
            Self::DownloadById => client.download_version(id).to_bytes().await.map(drop),
            Self::Head => client.head(place.bucket, &name).await.map(drop),
            _ => client.file_info(id).await.map(drop),
        }
    }

    async fn change(self, scene: &Scene, client: &Client, place: Place) -> Result<(), Error> {
        let there = scene.bucket(place.bucket).await;
        let name = place.name("changed");
        there.upload(&name, "content").await?;
        let id = scene.file(place.bucket, &name).await;
        match self {
            Self::Hide => client.bucket(place.bucket).await?.hide(&name).await.map(drop),
            Self::Copy => {
                let bucket = client.bucket(place.bucket).await?;
                bucket.copy(id, &place.name("copy")).run().await.map(drop)
            }
            // From there to where the key may write.
            Self::CopyHere => {
                let bucket = client.bucket(crate::scene::BUCKETS[0]).await?;
                bucket.copy(id, "in/copied-here").run().await.map(drop)
            }
            _ => client.delete_version(&name, id).await.map(drop),
        }
    }

    async fn lock(self, scene: &Scene, client: &Client, place: Place) -> Result<(), Error> {
        let name = place.name("file");
        let id = scene.file(place.bucket, &name).await;
        match self {
            Self::Hold => client.set_legal_hold(&name, id, LegalHold::Off).await.map(drop),
            _ => {
                let retention = FileRetention::new()
                    .with_mode(RetentionMode::Governance)
                    .with_retain_until_timestamp(4_070_908_800_000);
                client.set_retention(&name, id, retention, true).await.map(drop)
            }
        }
    }

    async fn share(self, client: &Client, place: Place) -> Result<(), Error> {
        let bucket = client.bucket(place.bucket).await?;
        if self == Self::Share {
            return bucket.share(&place.name("file")).run().await.map(drop);
        }
        let token = bucket.download_authorization(place.folder, 60).await?.authorization_token;
        let access = DownloadAccess::default().with_token(token);
        bucket.download(&place.name("file")).with_access(access).to_bytes().await.map(drop)
    }

    async fn list(self, client: &Client, place: Place) -> Result<(), Error> {
        let bucket = client.bucket(place.bucket).await?;
        let row = match self {
            Self::ListFiles => bucket.files().with_prefix(place.folder).stream().next().await,
            Self::ListVersions => bucket.versions().with_prefix(place.folder).stream().next().await,
            _ => bucket.unfinished_under(place.folder).next().await,
        };
        row.transpose().map(drop)
    }

    async fn unfinished(self, scene: &Scene, client: &Client, place: Place) -> Result<(), Error> {
        let id = scene.begun(place.bucket, &place.name("begun")).await;
        match self {
            Self::ListParts => client.parts(id.into()).next().await.transpose().map(drop),
            _ => client.cancel_unfinished(id.into()).await.map(drop),
        }
    }
}
