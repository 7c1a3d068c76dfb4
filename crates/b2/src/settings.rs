//! Changing a bucket.

use std::collections::BTreeMap;
use std::sync::Arc;

use b2_core::call::Call;
use b2_core::endpoint;
use b2_proto::{
    AccountId, Bucket as BucketInfo, BucketType, CorsRule, DefaultRetention, EncryptionRequest,
    GetBucketNotificationRulesRequest, LifecycleRule, NotificationRule, ReplicationConfiguration,
    SetBucketNotificationRulesRequest, UpdateBucketRequest,
};

use crate::bucket::Bucket;
use crate::drive::Context;
use crate::run::Run;

impl Bucket {
    /// Changes the bucket; what is not named stays as it is. The capability
    /// is `writeBuckets`, for some settings one of their own besides.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials, EncryptionRequest, LifecycleRule};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// // Read, decide, and change nothing that someone else changed meanwhile.
    /// let seen = client.bucket_info("example-bucket").await?;
    /// let mut rules = seen.lifecycle_rules;
    /// rules.push(LifecycleRule::new("tmp/".to_owned()).with_days_from_hiding_to_deleting(1));
    /// let changed = bucket
    ///     .update()
    ///     .with_lifecycle_rules(rules)
    ///     .with_default_encryption(EncryptionRequest::sse_b2())
    ///     .with_if_revision_is(seen.revision)
    ///     .run()
    ///     .await?;
    /// assert!(changed.revision > seen.revision);
    /// # Ok(()) }
    /// ```
    pub fn update(&self) -> UpdateBucket {
        let request = UpdateBucketRequest::new(AccountId::from(""), self.id().clone());
        UpdateBucket { context: Arc::clone(self.context()), request }
    }

    /// Who is told when files come and go. The capability is
    /// `readBucketNotifications`. The answer contains the secrets that sign
    /// deliveries; `Debug` does not print them.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with status 401: the key lacks the
    /// capability, or is restricted to other buckets;
    /// [`Error::advice`](crate::Error::advice) says which.
    pub fn notification_rules(
        &self,
    ) -> Run<Call<endpoint::GetBucketNotificationRules>, Vec<NotificationRule>> {
        let request = GetBucketNotificationRulesRequest::new(self.id().clone());
        let call = Call::<endpoint::GetBucketNotificationRules>::new(request);
        Run::<Call<endpoint::GetBucketNotificationRules>>::new(self.context(), Ok(call))
            .then(|answer, _| Ok(answer.event_notification_rules))
    }

    /// Replaces all notification rules by these, at most 25. The capability
    /// is `writeBucketNotifications`. A rule without a signing secret gets one
    /// from B2, which the answer tells.
    ///
    /// # Errors
    ///
    /// - [`Error::Api`](crate::Error::Api) with `bad_request`: a rule breaks
    ///   one of B2's own; its words say which. Nothing was changed.
    /// - [`Error::Api`](crate::Error::Api) with status 401, as for
    ///   [`notification_rules`](Self::notification_rules).
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials, NotificationRule};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// let rule: NotificationRule = serde_json::from_str(
    ///     r#"{
    ///         "name": "tell-the-index", "isEnabled": true, "objectNamePrefix": "photos/",
    ///         "eventTypes": ["b2:ObjectCreated:*"],
    ///         "targetConfiguration": { "targetType": "webhook", "url": "https://127.0.0.1/index" }
    ///     }"#,
    /// )?;
    /// bucket.set_notification_rules(vec![rule]).await?;
    /// assert_eq!(bucket.notification_rules().await?[0].name, "tell-the-index");
    /// # Ok(()) }
    /// ```
    pub fn set_notification_rules(
        &self,
        rules: Vec<NotificationRule>,
    ) -> Run<Call<endpoint::SetBucketNotificationRules>, Vec<NotificationRule>> {
        let request = SetBucketNotificationRulesRequest::new(self.id().clone(), rules);
        let call = Call::<endpoint::SetBucketNotificationRules>::new(request);
        Run::<Call<endpoint::SetBucketNotificationRules>>::new(self.context(), Ok(call))
            .then(|answer, _| Ok(answer.event_notification_rules))
    }
}

/// Changes to a bucket; [`run`](Self::run) makes them all at once.
#[derive(Clone, Debug)]
#[must_use = "call `run` to make the changes"]
pub struct UpdateBucket {
    context: Arc<Context>,
    request: UpdateBucketRequest,
}

macro_rules! setting {
    ($(#[$doc:meta])* $with:ident, $field:ident: $type:ty) => {
        $(#[$doc])*
        pub fn $with(mut self, value: $type) -> Self {
            self.request.$field = Some(value);
            self
        }
    };
}

impl UpdateBucket {
    setting! {
        /// Who may read the files.
        with_type, bucket_type: BucketType
    }
    setting! {
        /// The user's own pairs, at most 10, in place of all there are.
        with_info, bucket_info: BTreeMap<String, String>
    }
    setting! {
        /// What scripts of other origins may do, at most 100 rules.
        with_cors_rules, cors_rules: Vec<CorsRule>
    }
    setting! {
        /// What B2 deletes by itself, at most 100 rules.
        with_lifecycle_rules, lifecycle_rules: Vec<LifecycleRule>
    }
    setting! {
        /// How new files are encrypted. The capability is
        /// `writeBucketEncryption`.
        with_default_encryption, default_server_side_encryption: EncryptionRequest
    }
    setting! {
        /// How long new files are retained. The capability is
        /// `writeBucketRetentions`; the bucket must have file lock.
        with_default_retention, default_retention: DefaultRetention
    }
    setting! {
        /// Enables file lock; it cannot be disabled again.
        with_file_lock, file_lock_enabled: bool
    }
    setting! {
        /// Where files are replicated. The capability is
        /// `writeBucketReplications`.
        with_replication, replication_configuration: ReplicationConfiguration
    }
    setting! {
        /// Changes nothing if the bucket is at another revision by now, so
        /// that nobody else's change is lost.
        with_if_revision_is, if_revision_is: u64
    }

    /// Makes the changes, all or none, and gives the bucket as it is then.
    ///
    /// # Errors
    ///
    /// - [`Error::Api`](crate::Error::Api) with `conflict` if the bucket is at
    ///   another revision: read it, and decide again.
    /// - [`Error::Api`](crate::Error::Api) with `bad_request` if a value breaks
    ///   one of B2's rules; its words say which.
    /// - [`Error::Api`](crate::Error::Api) with `bucket_missing_file_lock` for
    ///   a default retention without file lock, `file_lock_conflict` for file
    ///   lock that is to be disabled: neither is possible.
    /// - [`Error::Api`](crate::Error::Api) with status 401: the key lacks a
    ///   capability; [`Error::advice`](crate::Error::advice) names it.
    /// - [`Error::Unconfirmed`](crate::Error::Unconfirmed) if the answer was
    ///   lost: read the bucket, its revision tells.
    pub fn run(self) -> Run<Call<endpoint::UpdateBucket>, BucketInfo> {
        Run::new(&self.context, Ok(Call::new(self.request)))
    }
}
