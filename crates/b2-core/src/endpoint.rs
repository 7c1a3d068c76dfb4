//! Which calls there are, what each needs and whether it may be repeated.
//!
//! The shapes come from `b2-proto`; the columns of this table are decisions
//! and so are written by hand.

use b2_proto::{self as proto, AccountId, Capability};

use crate::account::Session;
use crate::time::Duration;

/// A JSON call of the Native API.
pub trait Endpoint {
    /// B2's name of the call.
    const NAME: &'static str;
    /// What happens if it is made twice.
    const REPEAT: Repeat;
    /// The capability it needs; `None`: it depends on the request.
    const CAPABILITY: Option<Capability>;
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
    ($($(#[$doc:meta])* $name:ident = $wire:literal: $request:ident => $response:ident, $repeat:ident, $capability:expr
        $(, { $($body:tt)* })?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            #[non_exhaustive]
            pub struct $name;

            impl Endpoint for $name {
                const NAME: &'static str = $wire;
                const REPEAT: Repeat = Repeat::$repeat;
                const CAPABILITY: Option<Capability> = $capability;
                type Request = proto::$request;
                type Response = proto::$response;
                $($($body)*)?
            }
        )*
    };
}

endpoints! {
    /// Makes a bucket.
    CreateBucket = "b2_create_bucket": CreateBucketRequest => CreateBucketResponse, Once, Some(Capability::WriteBuckets), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Deletes an empty bucket.
    DeleteBucket = "b2_delete_bucket": DeleteBucketRequest => DeleteBucketResponse, Once, Some(Capability::DeleteBuckets), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Lists buckets, all in one page.
    ListBuckets = "b2_list_buckets": ListBucketsRequest => ListBucketsResponse, Safe, Some(Capability::ListBuckets), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Changes a bucket.
    UpdateBucket = "b2_update_bucket": UpdateBucketRequest => UpdateBucketResponse, Once, Some(Capability::WriteBuckets), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Makes an application key. The secret is shown only in this answer.
    CreateKey = "b2_create_key": CreateKeyRequest => CreateKeyResponse, Once, Some(Capability::WriteKeys), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Deletes an application key.
    DeleteKey = "b2_delete_key": DeleteKeyRequest => DeleteKeyResponse, Once, Some(Capability::DeleteKeys);
    /// Lists application keys, page by page.
    ListKeys = "b2_list_keys": ListKeysRequest => ListKeysResponse, Safe, Some(Capability::ListKeys), {
        fn complete(request: &mut Self::Request, session: &Session) {
            account(&mut request.account_id, session);
        }
    };
    /// Asks for an upload URL.
    GetUploadUrl = "b2_get_upload_url": GetUploadUrlRequest => GetUploadUrlResponse, Safe, Some(Capability::WriteFiles);
    /// Lists the newest version of each visible file, page by page.
    ListFileNames = "b2_list_file_names": ListFileNamesRequest => ListFileNamesResponse, Safe, Some(Capability::ListFiles), {
        fn complete(request: &mut Self::Request, session: &Session) {
            narrow(&mut request.prefix, session);
        }
    };
    /// Lists every version of every file, page by page.
    ListFileVersions = "b2_list_file_versions": ListFileVersionsRequest => ListFileVersionsResponse, Safe, Some(Capability::ListFiles), {
        fn complete(request: &mut Self::Request, session: &Session) {
            narrow(&mut request.prefix, session);
        }
    };
    /// Describes one file version.
    GetFileInfo = "b2_get_file_info": GetFileInfoRequest => GetFileInfoResponse, Safe, Some(Capability::ReadFiles);
    /// Hides a file behind a marker.
    HideFile = "b2_hide_file": HideFileRequest => HideFileResponse, Safe, Some(Capability::WriteFiles);
    /// Deletes one file version.
    DeleteFileVersion = "b2_delete_file_version": DeleteFileVersionRequest => DeleteFileVersionResponse, Safe, Some(Capability::DeleteFiles), {
        fn already_done(request: &Self::Request, code: &proto::ErrorCode) -> Option<Self::Response> {
            (*code == proto::ErrorCode::FileNotPresent).then(|| {
                proto::DeleteFileVersionResponse::new(request.file_id.clone(), request.file_name.clone())
            })
        }
    };
    /// Makes a token that may download files under a prefix.
    GetDownloadAuthorization = "b2_get_download_authorization": GetDownloadAuthorizationRequest => GetDownloadAuthorizationResponse, Safe, Some(Capability::ShareFiles);
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
