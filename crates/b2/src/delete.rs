//! Deleting all versions of a name.

use b2_core::DeleteAllVersions;
use b2_core::delete_all::Deleted;

use crate::bucket::{Bucket, file_name};
use crate::run::Run;

impl Bucket {
    /// Deletes all versions of `name`, the oldest first: uploads, hide
    /// markers, and large files that nobody finished. If there is none, that
    /// is no error. The capabilities are `listFiles` and `deleteFiles`, for
    /// unfinished large files `writeFiles`.
    ///
    /// Whoever reads the name meanwhile sees the newest version until it is
    /// the last. Versions that are uploaded meanwhile may stay.
    ///
    /// Memory: one page of 1,000 versions, and one id for each thousand.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `access_denied` if a version is
    /// kept by file lock: those that are older are deleted already. Wait for
    /// the end of the retention, lift the legal hold, or see
    /// [`delete_all_versions_bypassing_governance`](Self::delete_all_versions_bypassing_governance).
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.upload("a.txt", "one").await?;
    /// bucket.upload("a.txt", "two").await?;
    /// bucket.hide("a.txt").await?;
    /// assert_eq!(bucket.delete_all_versions("a.txt").await?.versions, 3);
    /// # Ok(()) }
    /// ```
    pub fn delete_all_versions(&self, name: &str) -> Run<DeleteAllVersions, Deleted> {
        self.delete_all(name, false)
    }

    /// As [`delete_all_versions`](Self::delete_all_versions), and deletes
    /// versions under governance too; the capability is `bypassGovernance`.
    pub fn delete_all_versions_bypassing_governance(
        &self,
        name: &str,
    ) -> Run<DeleteAllVersions, Deleted> {
        self.delete_all(name, true)
    }

    fn delete_all(&self, name: &str, bypass: bool) -> Run<DeleteAllVersions, Deleted> {
        let operation = file_name("b2_delete_file_version", name).map(|name| {
            DeleteAllVersions::new(self.id().clone(), name).with_bypass_governance(bypass)
        });
        Run::new(self.context(), operation)
    }
}
