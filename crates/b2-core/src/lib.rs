//! The protocol of Backblaze B2 as values: build requests, take replies,
//! decide what comes next, without performing any I/O.
//!
//! This crate opens no socket, reads no clock and no file, starts no thread
//! and names no runtime. It never holds file content: a body is a *plan*
//! ([`plan`]) that a driver carries out. If you want to upload a file and not
//! to write a driver, use the crate `b2`.
//!
//! # The loop
//!
//! An [`Operation`] says what to do next; a driver does it. This is the whole
//! contract (its fine print is in [`op`]), here for one operation on one
//! thread:
//!
//! ```
//! use b2_core::{Account, Error, Operation, Reply, Step, Ticket};
//! use b2_core::op::{DigestRequest, Transmit, Wait};
//! use std::time::Instant;
//!
//! fn drive<O: Operation>(
//!     account: &mut Account,
//!     mut operation: O,
//!     perform: impl Fn(Transmit) -> (Ticket, Reply),
//!     hash: impl Fn(DigestRequest) -> (Ticket, Reply),
//!     pause: impl Fn(Wait),
//! ) -> Result<O::Output, Error> {
//!     loop {
//!         match operation.poll(account, Instant::now()) {
//!             Step::Send(transmit) => {
//!                 let (ticket, reply) = perform(*transmit);
//!                 operation.handle(account, ticket, reply, Instant::now());
//!             }
//!             Step::Digest(request) => {
//!                 let (ticket, reply) = hash(request);
//!                 operation.handle(account, ticket, reply, Instant::now());
//!             }
//!             Step::Prefetch(request) => {
//!                 // Only a source of unknown length is asked.
//!                 let reply = Reply::Prefetched { len: 0 };
//!                 operation.handle(account, request.ticket, reply, Instant::now());
//!             }
//!             Step::Event(event) => println!("{event:?}"),
//!             Step::Wait(wait) => pause(wait),
//!             Step::Done(result) => return result,
//!         }
//!     }
//! }
//! # use b2_core::{Authorize, Config, Credentials};
//! # let mut account = Account::new(Config::default(), Credentials::new("id", "key"), 1);
//! # let answer = r#"{"accountId":"c5d20e7718af","authorizationToken":"t","applicationKeyExpirationTimestamp":null,
//! #   "apiInfo":{"storageApi":{"absoluteMinimumPartSize":5000000,"recommendedPartSize":100000000,
//! #   "allowed":{"buckets":null,"capabilities":["listFiles"],"namePrefix":null},
//! #   "apiUrl":"https://a.test","downloadUrl":"https://d.test","s3ApiUrl":"https://s.test"}}}"#;
//! # let perform = |transmit: Transmit| {
//! #     let head = Box::new(http::Response::new(()).into_parts().0);
//! #     (transmit.ticket, Reply::Response { head, body: answer.into(), sent: None })
//! # };
//! # let hash = |_| unreachable!();
//! # let session = drive(&mut account, Authorize::new(), perform, hash, |wait| unreachable!("{wait:?}")).unwrap();
//! # assert_eq!(session.account_id.as_str(), "c5d20e7718af");
//! ```
//!
//! # What it offers
//!
//! | you want | operation |
//! |---|---|
//! | one JSON call | [`Call`] over an [`endpoint`] |
//! | any other request | [`CustomCall`] |
//! | a call whose lost answer is looked up | [`Reconciled`] |
//! | to check an application key | [`Authorize`] |
//! | a bucket's id | [`FindBucket`] |
//! | the buckets that the key may see | [`ListAllowedBuckets`] |
//! | a download token, and where it is good | [`ShareFiles`] |
//! | a listing | [`Pager`], which makes a [`Call`] for each page |
//! | to copy inside B2, whatever the length | [`FileCopy`] |
//! | to delete all versions of a name | [`DeleteAllVersions`] |
//! | to upload a file of any size | [`Upload`], which chooses one of the next two |
//! | to upload up to 5 GB in one request | [`SmallUpload`] |
//! | to upload in parts, to be resumed | [`LargeUpload`] |
//! | to send and finish parts by hand | the operations of [`multipart`] |
//! | to download, checked and resumed | [`Download`] |
//! | to download in pieces, to be resumed | [`ParallelDownload`] |
//!
//! All of them share one [`Account`]: one token refresh serves all, an upload
//! URL serves one upload at a time, a rate limit slows everything and nothing
//! else does.
//!
//! # Memory
//!
//! A machine holds its request, at most one bounded JSON answer and a few
//! hundred bytes of state, whatever the size of the file.
//!
//! # Where next
//!
//! [`port`] has the traits that connect sockets, timers and files;
//! [`error`] says what can go wrong and what helps; [`retry`] is the table of
//! B2's rules.

mod answer;
mod request;

pub mod account;
pub mod body;
pub mod bucket;
pub mod call;
pub mod copy;
pub mod custom;
pub mod delete_all;
pub mod download;
pub mod encryption;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod list;
pub mod mark;
pub mod multipart;
pub mod op;
pub mod plan;
pub mod port;
pub mod reconcile;
pub mod retry;
pub mod session;
pub mod share;
pub mod time;
pub mod upload;
pub mod webhook;

pub use account::{Account, Config, Credentials};
pub use bucket::{FindBucket, ListAllowedBuckets};
pub use call::Call;
pub use copy::FileCopy;
pub use custom::CustomCall;
pub use delete_all::DeleteAllVersions;
pub use download::{Download, ParallelDownload};
pub use error::{Error, Remedy};
pub use event::Event;
pub use list::Pager;
pub use op::{Operation, Reply, Step, Stop, Ticket};
pub use reconcile::Reconciled;
pub use session::Authorize;
pub use share::ShareFiles;
pub use upload::{LargeUpload, SmallUpload, Upload};
