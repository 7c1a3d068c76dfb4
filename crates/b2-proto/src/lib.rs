//! The wire of the Backblaze B2 Native API: types, names, headers and codes.
//!
//! This crate decides nothing. It knows no retry, no order of calls, no upload URL pool; it reads
//! no clock, no file and no socket. What it does is to say exactly what goes over the wire:
//!
//! - requests and answers of every operation, such as [`GetUploadUrlRequest`] and [`FileVersion`];
//! - open enumerations such as [`Action`] and [`ErrorCode`], which read values of the future;
//! - names that are checked and percent-encoded once: [`FileName`], [`BucketName`];
//! - secrets that do not print: [`AuthToken`], [`ApplicationKey`];
//! - [`header`] names, [`FileInfo`] and the digests, ranges and dates that headers carry.
//!
//! # One call
//!
//! ```
//! use b2_proto::{BucketId, GetUploadUrlRequest, GetUploadUrlResponse};
//!
//! # fn main() -> Result<(), serde_json::Error> {
//! let request = GetUploadUrlRequest::new(BucketId::from("3e9a71c04d8b52f6a0c5d20e"));
//! assert_eq!(serde_json::to_string(&request)?, r#"{"bucketId":"3e9a71c04d8b52f6a0c5d20e"}"#);
//!
//! let answer = r#"{"bucketId": "3e9a71c04d8b52f6a0c5d20e",
//!                  "uploadUrl": "https://pod-050-1007-11.backblaze.com/b2api/v4/b2_upload_file/x",
//!                  "authorizationToken": "4_005c…_upld_Vb6Tq1ZrX9k=",
//!                  "aFieldOfTheFuture": 7}"#;
//! let answer: GetUploadUrlResponse = serde_json::from_str(answer)?;
//! assert_eq!(format!("{:?}", answer.authorization_token), "AuthToken(..)");
//! # Ok(())
//! # }
//! ```
//!
//! # How the types are made
//!
//! Types without suffix are those of API version 4; older forms end in `V3`, `V2` or `V1`.
//! The structures are generated from the JSON samples in the repository's `fixtures` folder, and
//! each sample is read and written back by this crate's tests. A field is an `Option` when the
//! wire may leave it out or send null. Unknown fields are ignored, and unknown values of an
//! enumeration land in its `Other` variant: the service adds both without notice.

mod code;
mod digest;
pub mod encoding;
mod encryption;
mod file_info;
mod generated;
pub mod header;
mod id;
mod leniency;
mod name;
mod open_enum;
mod operation;
mod range;
mod readable;
mod secret;
mod time;

pub use code::ErrorCodeInfo;
pub use digest::{ContentSha1, InvalidSha1, Sha1Digest};
pub use file_info::{FileInfo, InvalidFileInfo};
pub use generated::*;
pub use id::{AccountId, ApplicationKeyId, BucketId, FileId, LargeFileId};
pub use name::{BucketName, FileName, FileNameLint, InvalidBucketName, InvalidFileName};
pub use operation::{HeaderInfo, Host, OperationInfo, TransactionClass};
pub use range::{ByteRange, ContentRange, InvalidRange};
pub use readable::Readable;
pub use secret::{
    ApplicationKey, AuthToken, CustomerKey, InvalidCustomerKey, UploadUrl, WebhookSecret,
};
pub use time::{HttpDate, InvalidHttpDate, retry_after};
