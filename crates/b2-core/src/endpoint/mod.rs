//! Which calls there are, and whether each may be repeated.
//!
//! Shapes and capabilities come from `b2-proto`; whether a call may be
//! repeated, and what completes its request, are decisions and so are written
//! by hand.

mod limits;
pub(crate) mod needs;

use b2_proto::{self as proto, AccountId, Capability};

use crate::account::Session;
use crate::error::RequestError;
use crate::time::Duration;

/// A JSON call of the Native API.
pub trait Endpoint {
    /// B2's name of the call.
    const NAME: &'static str;
    /// What happens if it is made twice.
    const REPEAT: Repeat;
    /// The time B2 may need for it, if that is more than
    /// [`Timeouts`](crate::account::Timeouts) grants.
    const PATIENCE: Option<Duration> = None;
    /// The request.
    type Request: serde::Serialize + std::fmt::Debug;
    /// The answer.
    type Response: serde::de::DeserializeOwned + std::fmt::Debug;

    /// Completes a request with what only the session knows: the account id,
    /// and the prefix that a restricted key has to name.
    fn complete(_request: &mut Self::Request, _session: &Session) {}

    /// Refuses a request that B2 cannot accept, before anything is sent.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn check(_request: &Self::Request) -> Result<(), RequestError> {
        Ok(())
    }

    /// What the application key must be allowed for this request, the
    /// capability of the call first.
    fn needs(_request: &Self::Request) -> Vec<Capability> {
        needs::call(Self::NAME)
    }

    /// The answer that a lost one must have been, if `code` on a second
    /// attempt shows that the first took effect.
    fn already_done(_request: &Self::Request, _code: &proto::ErrorCode) -> Option<Self::Response> {
        None
    }
}

/// What happens if a call is made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a call is harmless to repeat or it is not")]
pub enum Repeat {
    /// Nothing different.
    Safe,
    /// It takes effect twice, or fails because it took effect before.
    Once,
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident = $wire:literal: $request:ident => $response:ident, $repeat:ident
        $(, { $($body:tt)* })?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            #[non_exhaustive]
            pub struct $name;

            impl Endpoint for $name {
                const NAME: &'static str = $wire;
                const REPEAT: Repeat = Repeat::$repeat;
                type Request = proto::$request;
                type Response = proto::$response;
                $($($body)*)?
            }
        )*
    };
}

endpoints! {
    /// Makes a bucket.
    CreateBucket = "b2_create_bucket": CreateBucketRequest => CreateBucketResponse, Once, {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }

        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::create_bucket(request)
        }
    };
    /// Deletes an empty bucket.
    DeleteBucket = "b2_delete_bucket": DeleteBucketRequest => DeleteBucketResponse, Once, {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Lists buckets, all in one page.
    ListBuckets = "b2_list_buckets": ListBucketsRequest => ListBucketsResponse, Safe, {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Changes a bucket.
    UpdateBucket = "b2_update_bucket": UpdateBucketRequest => UpdateBucketResponse, Once, {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }

        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::update_bucket(request)
        }
    };
    /// Makes an application key. The secret is shown only in this answer.
    CreateKey = "b2_create_key": CreateKeyRequest => CreateKeyResponse, Once, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::key_duration(request.valid_duration_in_seconds)
        }

        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Deletes an application key.
    DeleteKey = "b2_delete_key": DeleteKeyRequest => DeleteKeyResponse, Once;
    /// Lists application keys, page by page.
    ListKeys = "b2_list_keys": ListKeysRequest => ListKeysResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::page("maxKeyCount", request.max_key_count, 10_000)
        }

        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Asks for an upload URL.
    GetUploadUrl = "b2_get_upload_url": GetUploadUrlRequest => GetUploadUrlResponse, Safe;
    /// Begins a large file. Its file information cannot be changed later.
    StartLargeFile = "b2_start_large_file": StartLargeFileRequest => StartLargeFileResponse, Once, {
        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::start_large_file(request)
        }
    };
    /// Asks for an upload URL for parts of one large file.
    GetUploadPartUrl = "b2_get_upload_part_url": GetUploadPartUrlRequest => GetUploadPartUrlResponse, Safe;
    /// Lists the parts of an unfinished large file, page by page.
    ListParts = "b2_list_parts": ListPartsRequest => ListPartsResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::page("maxPartCount", request.max_part_count, 1_000)
        }
    };
    /// Lists the large files that were begun and not finished, page by page.
    ListUnfinishedLargeFiles = "b2_list_unfinished_large_files": ListUnfinishedLargeFilesRequest => ListUnfinishedLargeFilesResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::page("maxFileCount", request.max_file_count, 100)
        }

        fn complete(request: &mut Self::Request, session: &Session) {
            narrow(&mut request.name_prefix, session);
        }
    };
    /// Makes one file of the parts.
    FinishLargeFile = "b2_finish_large_file": FinishLargeFileRequest => FinishLargeFileResponse, Once, {
        // B2 puts up to 10,000 parts together before it answers.
        const PATIENCE: Option<Duration> = Some(Duration::from_secs(1200));
    };
    /// Gives up a large file and removes its parts.
    CancelLargeFile = "b2_cancel_large_file": CancelLargeFileRequest => CancelLargeFileResponse, Safe;
    /// Lists the newest version of each visible file, page by page.
    ListFileNames = "b2_list_file_names": ListFileNamesRequest => ListFileNamesResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::page("maxFileCount", request.max_file_count, 10_000)
        }

        fn complete(request: &mut Self::Request, session: &Session) {
            narrow(&mut request.prefix, session);
        }
    };
    /// Lists every version of every file, page by page.
    ListFileVersions = "b2_list_file_versions": ListFileVersionsRequest => ListFileVersionsResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::page("maxFileCount", request.max_file_count, 10_000)
        }

        fn complete(request: &mut Self::Request, session: &Session) {
            narrow(&mut request.prefix, session);
        }
    };
    /// Describes one file version.
    GetFileInfo = "b2_get_file_info": GetFileInfoRequest => GetFileInfoResponse, Safe;
    /// Hides a file behind a marker.
    HideFile = "b2_hide_file": HideFileRequest => HideFileResponse, Safe;
    /// Deletes one file version.
    DeleteFileVersion = "b2_delete_file_version": DeleteFileVersionRequest => DeleteFileVersionResponse, Safe, {
        fn already_done(request: &Self::Request, code: &proto::ErrorCode) -> Option<Self::Response> {
            (*code == proto::ErrorCode::FileNotPresent).then(|| {
                proto::DeleteFileVersionResponse::new(request.file_id.clone(), request.file_name.clone())
            })
        }

        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::delete_file_version(request)
        }
    };
    /// Copies a file, or a range of it, to a new version: at most 5 GB.
    CopyFile = "b2_copy_file": CopyFileRequest => CopyFileResponse, Once, {
        // B2 copies all bytes before it answers.
        const PATIENCE: Option<Duration> = Some(Duration::from_secs(1200));
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::copy(request)
        }

        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::copy_file(request)
        }
    };
    /// Copies a range of a file to a part; a second time replaces the part by
    /// the same bytes.
    CopyPart = "b2_copy_part": CopyPartRequest => CopyPartResponse, Safe, {
        const PATIENCE: Option<Duration> = Some(Duration::from_secs(1200));
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::part_number(request.part_number)
        }

        fn needs(_request: &Self::Request) -> Vec<Capability> {
            needs::copy_part()
        }
    };
    /// Sets or lifts the retention of one file version.
    UpdateFileRetention = "b2_update_file_retention": UpdateFileRetentionRequest => UpdateFileRetentionResponse, Safe, {
        fn needs(request: &Self::Request) -> Vec<Capability> {
            needs::update_file_retention(request)
        }
    };
    /// Sets or lifts the legal hold of one file version.
    UpdateFileLegalHold = "b2_update_file_legal_hold": UpdateFileLegalHoldRequest => UpdateFileLegalHoldResponse, Safe;
    /// Gives all notification rules of a bucket.
    GetBucketNotificationRules = "b2_get_bucket_notification_rules": GetBucketNotificationRulesRequest => GetBucketNotificationRulesResponse, Safe;
    /// Replaces all notification rules of a bucket.
    SetBucketNotificationRules = "b2_set_bucket_notification_rules": SetBucketNotificationRulesRequest => SetBucketNotificationRulesResponse, Safe;
    /// Makes a token that may download files under a prefix.
    GetDownloadAuthorization = "b2_get_download_authorization": GetDownloadAuthorizationRequest => GetDownloadAuthorizationResponse, Safe, {
        fn check(request: &Self::Request) -> Result<(), RequestError> {
            limits::download_token(request.valid_duration_in_seconds)
        }
    };
}

/// Requests are made before the account id is known; an empty one is filled.
fn account(id: &mut AccountId, session: &Session) {
    if id.as_str().is_empty() {
        id.clone_from(&session.account_id);
    }
}

/// A key that is restricted to a prefix must name one at least as narrow.
fn narrow(prefix: &mut Option<String>, session: &Session) {
    if let Some(own) = &session.name_prefix
        && own.starts_with(prefix.as_deref().unwrap_or_default())
    {
        *prefix = Some(own.to_string());
    }
}
