//! Calls that are one request and one answer, to no lasting effect.

use b2_core::custom::CustomRequest;
use b2_core::endpoint::{
    CreateKey, DeleteKey, GetBucketNotificationRules, GetDownloadAuthorization, ListBuckets,
    ListKeys, SetBucketNotificationRules, UpdateBucket, UpdateFileLegalHold,
};
use b2_core::{Call, CustomCall};
use b2_proto::{
    AccountId, ApplicationKeyId, BucketId, Capability, CreateKeyRequest, DeleteKeyRequest, FileId,
    GetBucketNotificationRulesRequest, GetDownloadAuthorizationRequest, LegalHold,
    ListBucketsRequest, ListKeysRequest, SetBucketNotificationRulesRequest, UpdateBucketRequest,
    UpdateFileLegalHoldRequest,
};

use crate::sim::actor::Outcome;
use crate::sim::erased::{Erased, erase};

/// Kinds of calls there are.
const KINDS: u8 = 10;

/// Whom the calls are about.
pub(crate) struct About<'a> {
    pub(crate) bucket: &'a BucketId,
    pub(crate) name: &'a str,
    pub(crate) newest: Option<&'a FileId>,
    pub(crate) key: Option<&'a ApplicationKeyId>,
}

/// Whether an answer that is lost cannot be looked up.
pub(crate) fn unrepeatable(kind: u8) -> bool {
    matches!(kind % KINDS, 4 | 7 | 8)
}

/// The call of this kind; `None` if there is nothing that it could be about.
pub(crate) fn call(kind: u8, about: &About<'_>) -> Option<Box<dyn Erased<Outcome>>> {
    let account = || AccountId::from("");
    let bucket = || about.bucket.clone();
    Some(match kind % KINDS {
        0 => asked(Call::<ListBuckets>::new(
            ListBucketsRequest::new(account()).with_bucket_id(bucket()),
        )),
        1 => {
            let request = GetDownloadAuthorizationRequest::new(bucket(), about.name.to_owned(), 60);
            asked(Call::<GetDownloadAuthorization>::new(request))
        }
        2 => {
            let request = GetBucketNotificationRulesRequest::new(bucket());
            asked(Call::<GetBucketNotificationRules>::new(request))
        }
        3 => {
            let request = SetBucketNotificationRulesRequest::new(bucket(), Vec::new());
            asked(Call::<SetBucketNotificationRules>::new(request))
        }
        4 => {
            let request =
                UpdateBucketRequest::new(account(), bucket()).with_lifecycle_rules(Vec::new());
            asked(Call::<UpdateBucket>::new(request))
        }
        5 => {
            let id = about.newest?.clone();
            let request =
                UpdateFileLegalHoldRequest::new(id, about.name.to_owned(), LegalHold::Off);
            asked(Call::<UpdateFileLegalHold>::new(request))
        }
        6 => asked(Call::<ListKeys>::new(ListKeysRequest::new(account()))),
        7 => {
            let may = vec![Capability::ReadFiles];
            let request = CreateKeyRequest::new(account(), may, "simulated".to_owned());
            erase(Call::<CreateKey>::new(request), |made| Outcome::Key(made.application_key_id))
        }
        8 => {
            let request = DeleteKeyRequest::new(about.key?.clone());
            erase(Call::<DeleteKey>::new(request), |_| Outcome::KeyDeleted)
        }
        _ => {
            let request =
                CustomRequest::get("b2_get_file_info").with_query("fileId", about.newest?.as_str());
            let call = CustomCall::new(request).expect("the name of a call");
            erase(call, |answer| Outcome::Document(answer.body))
        }
    })
}

fn asked<O: b2_core::Operation + 'static>(operation: O) -> Box<dyn Erased<Outcome>> {
    erase(operation, |_| Outcome::Asked)
}
