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
    pub fn update(&self) -> UpdateBucket {
        let request = UpdateBucketRequest::new(AccountId::from(""), self.id().clone());
        UpdateBucket { context: Arc::clone(self.context()), request }
    }

    /// What happens when files come and go. The capability is
    /// `readBucketNotifications`.
    pub fn notification_rules(
        &self,
    ) -> Run<Call<endpoint::GetBucketNotificationRules>, Vec<NotificationRule>> {
        let request = GetBucketNotificationRulesRequest::new(self.id().clone());
        let call = Call::<endpoint::GetBucketNotificationRules>::new(request);
        Run::<Call<endpoint::GetBucketNotificationRules>>::new(self.context(), Ok(call))
            .then(|answer, _| Ok(answer.event_notification_rules))
    }

    /// Replaces all notification rules. The capability is
    /// `writeBucketNotifications`.
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
        /// The user's own pairs, in place of all there are.
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

    /// Makes the changes.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `conflict` if the bucket is at
    /// another revision: read it, and decide again.
    pub fn run(self) -> Run<Call<endpoint::UpdateBucket>, BucketInfo> {
        Run::new(&self.context, Ok(Call::new(self.request)))
    }
}
