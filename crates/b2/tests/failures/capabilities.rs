//! A key that lacks one capability: the error names it.

use b2::{Bucket, BucketType, Capability, Client, CustomRequest, Error, FileId, RequestError};

use crate::support::site::{BUCKET, Site};
use crate::support::soon;
use crate::support::verdict::api;

/// What every test has to work on.
struct Case {
    site: Site,
    /// Lacks one capability.
    client: Client,
    /// The bucket as that client sees it.
    bucket: Bucket,
    file: FileId,
}

/// All capabilities but one.
fn all_but(lacking: &Capability) -> Vec<Capability> {
    use Capability::{
        DeleteBuckets, DeleteFiles, DeleteKeys, ListBuckets, ListFiles, ListKeys, ReadFiles,
        ShareFiles, WriteBuckets, WriteFiles, WriteKeys,
    };
    let all = [
        DeleteBuckets,
        DeleteFiles,
        DeleteKeys,
        ListBuckets,
        ListFiles,
        ListKeys,
        ReadFiles,
        ShareFiles,
        WriteBuckets,
        WriteFiles,
        WriteKeys,
    ];
    all.into_iter().filter(|capability| capability != lacking).collect()
}

impl Case {
    async fn lacking(capability: &Capability) -> Self {
        let site = Site::start().await;
        let uploaded = site.bucket.upload("file", "content").await.unwrap();
        let client = site.client_with(site.key(all_but(capability)).await);
        let bucket = match capability {
            // The bucket has to come from somebody who may list.
            Capability::ListBuckets => site.bucket.clone(),
            _ => client.bucket(BUCKET).await.unwrap(),
        };
        Self { site, client, bucket, file: uploaded.file.file_id.unwrap() }
    }
}

/// The capability that an error names; it was found missing before anything
/// was sent, or by B2.
fn told(error: &Error) -> Option<Capability> {
    if let Error::Request { source, .. } = error
        && let RequestError::Lacking(capability) = &**source
    {
        return Some(capability.clone());
    }
    assert_eq!(api(error).status, 401, "{error:?}");
    api(error).lacking.clone()
}

macro_rules! lacking {
    ($($test:ident: $capability:ident, |$case:ident| $work:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let capability = Capability::$capability;
                let $case = Case::lacking(&capability).await;
                let error = soon($work).await.map(drop).unwrap_err();
                assert!(!error.retryable(), "{error:?}");
                assert_eq!(told(&error), Some(capability.clone()), "{error:?}");
                let advice = error.advice().unwrap();
                assert!(advice.contains(&format!("`{}`", capability.as_str())), "{advice}");
                assert_eq!($case.site.versions().await, ["file"], "nothing has changed");
            }
        )*
    };
}

lacking! {
    finding_a_bucket_needs_list_buckets: ListBuckets, |case| case.client.bucket(BUCKET);
    listing_buckets_needs_list_buckets: ListBuckets, |case| case.client.buckets();
    describing_a_bucket_needs_list_buckets: ListBuckets, |case| case.client.bucket_info(BUCKET);
    making_a_bucket_needs_write_buckets: WriteBuckets,
        |case| case.client.create_bucket("another-bucket", BucketType::AllPrivate);
    deleting_a_bucket_needs_delete_buckets: DeleteBuckets,
        |case| case.client.delete_bucket(&case.bucket);
    listing_files_needs_list_files: ListFiles,
        |case| async { case.bucket.files().stream().next().await.unwrap() };
    listing_versions_needs_list_files: ListFiles,
        |case| async { case.bucket.versions().stream().next().await.unwrap() };
    downloading_needs_read_files: ReadFiles, |case| case.bucket.download("file").to_bytes();
    downloading_a_version_needs_read_files: ReadFiles,
        |case| case.bucket.download_version(case.file.clone()).to_bytes();
    asking_for_headers_needs_read_files: ReadFiles, |case| case.bucket.head("file");
    describing_a_file_needs_read_files: ReadFiles, |case| case.bucket.file_info(case.file.clone());
    uploading_needs_write_files: WriteFiles, |case| case.bucket.upload("new", "content");
    hiding_needs_write_files: WriteFiles, |case| case.bucket.hide("file");
    deleting_a_version_needs_delete_files: DeleteFiles,
        |case| case.bucket.delete_version("file", case.file.clone());
    sharing_needs_share_files: ShareFiles, |case| case.bucket.download_authorization("", 60);
    making_a_key_needs_write_keys: WriteKeys,
        |case| case.client.create_key("name", vec![Capability::ListFiles]);
    deleting_a_key_needs_delete_keys: DeleteKeys, |case| case.client.delete_key("0123".into());
    asking_freely_needs_what_the_call_needs: ListBuckets, |case| {
        case.client.custom(CustomRequest::post("b2_list_buckets", r#"{"accountId":"x"}"#))
    };
    listing_keys_needs_list_keys: ListKeys,
        |case| async { case.client.keys().next().await.unwrap() };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_list_does_not_look() {
    let case = Case::lacking(&Capability::ListFiles).await;
    let recorder = crate::support::recorder::Recorder::default();
    let client = case.site.builder_with(case.site.key(all_but(&Capability::ListFiles)).await);
    let client = client.with_observer(recorder.clone()).build().unwrap();
    let bucket = client.bucket(BUCKET).await.unwrap();
    soon(bucket.hide("file")).await.unwrap();
    let error = soon(bucket.hide("file")).await.unwrap_err();
    assert_eq!(api(&error).code.as_str(), "already_hidden");
    assert_eq!(recorder.sent("b2_hide_file"), 2);
    assert_eq!(recorder.sent("b2_list_file_versions"), 0, "B2 would refuse it");
}
