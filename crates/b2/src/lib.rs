//! Backblaze B2 for Rust: upload, list and download, fast and honestly.
//!
//! This crate is the facade. It owns no protocol rule and no socket: the
//! rules are in `b2-core`, the sockets behind its ports. Without its default
//! feature `hyper` it names no runtime, and runs on whatever transport and
//! timer you bring.
//!
//! ```
//! use b2::{BucketType, Client, Credentials, Source};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A B2 that runs inside this program; leave it out to talk to the real one.
//! let emulator = b2_emulator::Emulator::start().await?;
//! let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
//! let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
//!
//! let bucket = client.create_bucket("my-first-bucket", BucketType::AllPrivate).await?;
//! bucket.upload("notes/hello.txt", Source::bytes("hello")).await?;
//!
//! let mut files = bucket.files().with_prefix("notes/").stream();
//! while let Some(file) = files.next().await {
//!     println!("{}", file?.file_name);
//! }
//!
//! let back = bucket.download("notes/hello.txt").to_bytes().await?;
//! assert_eq!(back.content, "hello");
//! # Ok(()) }
//! ```
//!
//! # Contracts
//!
//! - **It never hangs.** Every call has a deadline, every transfer a rule of
//!   least progress, and every wait can say what it waits for
//!   ([`Handle::waiting_for`]).
//! - **Memory is bounded**: about 2 MiB for a transfer, one page for a
//!   listing, whatever the size of a file or a bucket.
//! - **Nothing is lost or half-written**: a download appears under its name
//!   only when it is complete and checked; an existing file is not replaced
//!   unless told.
//! - **Secrets stay secret**: no key or token is in any error, event or
//!   `Debug` output.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `aws-lc-rs` | yes | encryption on this side at its fastest, by the library that TLS uses too |
//! | `bundled-roots` | no | the root certificates of Mozilla, built in, for that transport |
//! | `encryption` | yes | encryption on this side (`encryption`, `crypto`) |
//! | `hyper` | yes | [`Client::new`] and a transport, timer and spawner on hyper, rustls and tokio |
//! | `openssl` | no | the system's OpenSSL for old servers, for that transport |
//! | `pac` | no | scripts that choose proxies, for that transport |
//! | `pkcs11` | no | client certificates whose keys are in security tokens, for that transport |
//! | `x448` | no | the group X448 for the key exchange of TLS 1.3, for that transport |
//!
//! # Where next
//!
//! [`Run`] explains the four ways to run anything; [`Observer`] shows what
//! happens inside; `b2-core` is for those who drive the machines themselves.

mod bucket;
mod buffer;
mod client;
mod control;
mod copy;
mod custom;
mod delete;
mod download;
mod drive;
#[cfg(feature = "encryption")]
pub mod encryption;
mod folder;
mod journal;
mod key;
mod large_file;
mod list;
mod lock;
mod locked;
mod log;
mod object;
mod observer;
mod progress;
mod report;
mod run;
mod settings;
mod share;
mod sink;
mod source;
mod unfinished;
mod upload;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use b2_core::Call;
pub use b2_core::account::{Config, Credentials, Session, TestMode, Timeouts};
pub use b2_core::custom::{CustomAnswer, CustomRequest};
pub use b2_core::delete_all::Deleted;
pub use b2_core::download::{Check, DownloadAccess, Downloaded, FileHeaders, Override};
pub use b2_core::endpoint;
pub use b2_core::error::{
    ApiError, ClientEncryptionError, ClientEncryptionErrorKind, Error, IntegrityError, LocalError,
    ProtocolError, Remedy, RequestError, Side, TransportError, TransportErrorKind,
};
pub use b2_core::event::Event as ProtocolEvent;
pub use b2_core::event::StoredPart;
pub use b2_core::op::{Slot, WaitReason};
pub use b2_core::port;
pub use b2_core::retry::{OnAmbiguous, RetryPolicy};
pub use b2_core::upload::{
    CannotResume, Resume, SIMPLE_UPLOAD_LIMIT, StoredFile, UploadHeaders, WholeDigest,
};
pub use b2_core::webhook;
pub use b2_proto::{
    Action, AllowedBucket, ApplicationKey, ApplicationKeyId, Bucket as BucketInfo, BucketId,
    BucketName, BucketType, ByteRange, Capability, ContentSha1, ErrorCode, FileId, FileInfo,
    FileName, FileVersion,
};
pub use b2_proto::{
    ApplicationKeyInfo, AuthToken, EncryptionMode, FileLockConfiguration, InvalidCustomerKey,
    LargeFileId, Part, Readable, RetentionMode, RetentionPeriod, RetentionUnit, Sha1Digest,
    WebhookSecret,
};
pub use b2_proto::{
    CorsRule, CustomerKey, DefaultRetention, EncryptionRequest, FileRetention, LegalHold,
    LifecycleRule, NotificationRule, ReplicationConfiguration,
};
pub use bucket::Bucket;
pub use client::{BuildError, Client, ClientBuilder};
pub use copy::CopyFile;
pub use download::{Download, DownloadedBytes};
pub use key::NewKey;
pub use large_file::LargeFile;
pub use list::{FileList, Listing, VersionList};
pub use log::{LogKind, LogLevel, LogLine, LogObserver};
pub use observer::{Direction, Event, Observer, Scope};
pub use progress::Progress;
pub use report::ProgressStep;
pub use run::{Handle, Monitor, Run};
pub use settings::UpdateBucket;
pub use share::{Share, SharedLink};
pub use sink::Durability;
pub use source::Source;
pub use upload::Upload;

#[cfg(feature = "encryption")]
pub use b2_crypto as crypto;
#[cfg(feature = "document")]
pub use b2_document as document;
#[cfg(feature = "hyper")]
pub use b2_hyper as hyper;

/// Compiles the examples of the guide.
#[cfg(all(doctest, feature = "hyper"))]
#[doc = include_str!("../../../docs/guide/connections.md")]
struct ConnectionsGuide;
