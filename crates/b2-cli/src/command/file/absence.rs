//! Telling a missing file from a missing bucket.

use b2::{Client, Error, ErrorCode, RequestError};

use crate::failure::Failure;
use crate::uri::FileUri;

/// What is to be said about an error of a call that names a file.
///
/// B2 answers a download by name alike, whether it is the file or the bucket
/// that does not exist, so the bucket is looked for, if the key may.
pub(super) async fn explained(client: &Client, uri: &FileUri, error: Error) -> Failure {
    let FileUri::Name(uri) = uri else {
        return error.into();
    };
    if error.code() != Some(&ErrorCode::NotFound) {
        return error.into();
    }
    match client.bucket_info(&uri.bucket).await {
        Err(Error::Request { operation, source })
            if matches!(*source, RequestError::NoSuchBucket { .. }) =>
        {
            Error::Request { operation, source }.into()
        }
        _ => error.into(),
    }
}
