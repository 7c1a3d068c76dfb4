//! Keeping versions from being deleted.
//!
//! All of it needs a bucket with file lock, which
//! [`UpdateBucket::with_file_lock`](crate::UpdateBucket::with_file_lock)
//! enables for good.

use b2_core::call::Call;
use b2_core::endpoint;
use b2_proto::{
    DeleteFileVersionRequest, DeleteFileVersionResponse, FileId, FileRetention, LegalHold,
    UpdateFileLegalHoldRequest, UpdateFileLegalHoldResponse, UpdateFileRetentionRequest,
    UpdateFileRetentionResponse,
};

use crate::client::Client;
use crate::run::Run;

impl Client {
    /// Sets how long a version must be kept. The capability is
    /// `writeFileRetentions`; with `bypass_governance`, which shortens or
    /// lifts governance, also `bypassGovernance`. Compliance can only be
    /// prolonged.
    ///
    /// `name` is the name of the version `id`; the time is in ms since 1970.
    /// [`FileRetention::new`] lifts the retention.
    ///
    /// # Errors
    ///
    /// - [`Error::Api`](crate::Error::Api) with `access_denied`: the version
    ///   is under a retention that this change would weaken. Governance gives
    ///   way to `bypass_governance`, compliance to nothing.
    /// - [`Error::Api`](crate::Error::Api) with `bucket_missing_file_lock`:
    ///   enable file lock for the bucket first.
    /// - [`Error::Api`](crate::Error::Api) with `bad_request`: the time is in
    ///   the past, or the mode has no time.
    /// - [`Error::Api`](crate::Error::Api) with status 401: the key lacks a
    ///   capability; [`Error::advice`](crate::Error::advice) names it.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials, FileRetention, LegalHold, RetentionMode};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// bucket.update().with_file_lock(true).run().await?;
    /// bucket.upload("ledger", "paid").await?;
    /// let id = bucket.head("ledger").await?.file_id;
    /// # let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    /// # let tomorrow = now.as_millis() as i64 + 86_400_000;
    /// let kept = FileRetention::new()
    ///     .with_mode(RetentionMode::Governance)
    ///     .with_retain_until_timestamp(tomorrow);
    /// client.set_retention("ledger", id.clone(), kept, false).await?;
    /// assert!(client.delete_version("ledger", id.clone()).await.is_err());
    ///
    /// client.set_legal_hold("ledger", id.clone(), LegalHold::On).await?;
    /// client.set_legal_hold("ledger", id.clone(), LegalHold::Off).await?;
    /// client.delete_version_bypassing_governance("ledger", id).await?;
    /// # Ok(()) }
    /// ```
    pub fn set_retention(
        &self,
        name: &str,
        id: FileId,
        retention: FileRetention,
        bypass_governance: bool,
    ) -> Run<Call<endpoint::UpdateFileRetention>, UpdateFileRetentionResponse> {
        let mut request = UpdateFileRetentionRequest::new(id, name.to_owned(), retention);
        if bypass_governance {
            request = request.with_bypass_governance(true);
        }
        self.call(request)
    }

    /// Holds a version until the hold is lifted, whatever its retention. The
    /// capability is `writeFileLegalHolds`. `name` is the name of the version
    /// `id`.
    ///
    /// # Errors
    ///
    /// - [`Error::Api`](crate::Error::Api) with `bucket_missing_file_lock`:
    ///   enable file lock for the bucket first.
    /// - [`Error::Api`](crate::Error::Api) with status 401: the key lacks a
    ///   capability; [`Error::advice`](crate::Error::advice) names it.
    pub fn set_legal_hold(
        &self,
        name: &str,
        id: FileId,
        hold: LegalHold,
    ) -> Run<Call<endpoint::UpdateFileLegalHold>, UpdateFileLegalHoldResponse> {
        self.call(UpdateFileLegalHoldRequest::new(id, name.to_owned(), hold))
    }

    /// Deletes one version although it is retained in governance mode. The
    /// capabilities are `deleteFiles` and `bypassGovernance`. `name` is the
    /// name of the version `id`.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `access_denied`: a legal hold or
    /// compliance keeps it. Lift the hold; compliance has to run out.
    pub fn delete_version_bypassing_governance(
        &self,
        name: &str,
        id: FileId,
    ) -> Run<Call<endpoint::DeleteFileVersion>, DeleteFileVersionResponse> {
        let request = DeleteFileVersionRequest::new(id, name.to_owned());
        self.call(request.with_bypass_governance(true))
    }
}
