//! Fields of a request that need a capability beside that of the call.

use std::future::IntoFuture;

use b2::{
    Capability, Client, DefaultRetention, EncryptionRequest, Error, FileRetention, LegalHold,
    ReplicationConfiguration, RetentionMode, RetentionPeriod, RetentionUnit,
};

use crate::scene::{BUCKETS, Scene};
use crate::support::soon;

/// A client that lacks one capability of all, and what stands around it.
async fn lacking(scene: &Scene, lacking: &Capability) -> Client {
    let may = Capability::KNOWN.iter().filter(|capability| *capability != lacking);
    let credentials = scene.site.key(may.cloned().collect()).await;
    scene.site.client_with(credentials)
}

async fn refused<T>(capability: Capability, work: impl IntoFuture<Output = Result<T, Error>>) {
    let error = soon(work).await.map(drop).unwrap_err();
    let api = error.api().unwrap_or_else(|| panic!("no answer of B2: {error:?}"));
    assert_eq!(api.lacking, Some(capability.clone()), "{error:?}");
    let advice = error.advice().unwrap();
    assert!(advice.contains(&format!("`{}`", capability.as_str())), "{advice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_a_bucket_name_theirs() {
    let scene = Scene::set().await;
    let before = scene.site.client.bucket_info(BUCKETS[0]).await.unwrap();
    let period = RetentionPeriod::new(1, RetentionUnit::Days);
    let retention =
        DefaultRetention::new().with_mode(RetentionMode::Governance).with_period(period);
    let update = |client: Client| async move { client.bucket(BUCKETS[0]).await.unwrap().update() };
    let needed = Capability::WriteBucketEncryption;
    let change = update(lacking(&scene, &needed).await).await;
    refused(needed, change.with_default_encryption(EncryptionRequest::sse_b2()).run()).await;
    let needed = Capability::WriteBucketRetentions;
    let change = update(lacking(&scene, &needed).await).await;
    refused(needed.clone(), change.clone().with_default_retention(retention).run()).await;
    refused(needed, change.with_file_lock(true).run()).await;
    let needed = Capability::WriteBucketReplications;
    let change = update(lacking(&scene, &needed).await).await;
    let destination = serde_json::json!({ "asReplicationDestination": {
        "sourceToDestinationKeyMapping": { "004a": "004b" },
    }});
    let replication: ReplicationConfiguration = serde_json::from_value(destination).unwrap();
    refused(needed, change.with_replication(replication).run()).await;
    assert_eq!(scene.site.client.bucket_info(BUCKETS[0]).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_name_theirs() {
    let scene = Scene::set().await;
    let id = scene.file(BUCKETS[0], "in/file").await;
    let kept = FileRetention::new()
        .with_mode(RetentionMode::Governance)
        .with_retain_until_timestamp(4_070_908_800_000);
    let needed = Capability::WriteFileRetentions;
    let client = lacking(&scene, &needed).await;
    refused(needed, client.set_retention("in/file", id.clone(), kept.clone(), false)).await;
    let needed = Capability::WriteFileLegalHolds;
    let client = lacking(&scene, &needed).await;
    refused(needed, client.set_legal_hold("in/file", id.clone(), LegalHold::On)).await;

    scene.site.client.set_retention("in/file", id.clone(), kept, false).await.unwrap();
    let needed = Capability::BypassGovernance;
    let client = lacking(&scene, &needed).await;
    let lifted = client.set_retention("in/file", id.clone(), FileRetention::new(), true);
    refused(needed.clone(), lifted).await;
    refused(needed, client.delete_version_bypassing_governance("in/file", id.clone())).await;
    // A lock is no lack.
    let error = soon(scene.site.client.delete_version("in/file", id)).await.unwrap_err();
    assert_eq!(error.api().unwrap().lacking, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_and_large_files_name_theirs() {
    let scene = Scene::set().await;
    let id = scene.file(BUCKETS[0], "in/file").await;
    for needed in [Capability::ReadFiles, Capability::WriteFiles] {
        let bucket = lacking(&scene, &needed).await.bucket(BUCKETS[0]).await.unwrap();
        refused(needed, bucket.copy(id.clone(), "in/copy").run()).await;
    }
    let begun = scene.begun(BUCKETS[0], "in/begun").await;
    let needed = Capability::WriteFiles;
    let client = lacking(&scene, &needed).await;
    refused(needed.clone(), async { client.parts(begun.clone().into()).next().await.unwrap() })
        .await;
    refused(needed, client.cancel_unfinished(begun.into())).await;
    let needed = Capability::ListFiles;
    let bucket = lacking(&scene, &needed).await.bucket(BUCKETS[0]).await.unwrap();
    refused(needed, async { bucket.unfinished().next().await.unwrap() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_and_links_name_theirs() {
    let scene = Scene::set().await;
    let needed = Capability::ReadBucketNotifications;
    let bucket = lacking(&scene, &needed).await.bucket(BUCKETS[0]).await.unwrap();
    refused(needed, bucket.notification_rules()).await;
    let needed = Capability::WriteBucketNotifications;
    let bucket = lacking(&scene, &needed).await.bucket(BUCKETS[0]).await.unwrap();
    refused(needed, bucket.set_notification_rules(Vec::new())).await;
    let needed = Capability::ShareFiles;
    let bucket = lacking(&scene, &needed).await.bucket(BUCKETS[0]).await.unwrap();
    refused(needed, bucket.share("in/file").run()).await;
}
