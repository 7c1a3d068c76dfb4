//! The rules of B2.
//!
//! Nothing in here reads a clock, draws randomness, opens a file or knows a
//! socket. A request is judged in two steps, because the second needs the
//! body and the body may be gigabytes:
//!
//! ```text
//! admit(head) ---- Refuse: answer at once, the body is not wanted
//!             ---- Collect: bring the body, it is small -------- conclude(body)
//!             ---- Receive: store exactly this many bytes ------ conclude_upload(receipt)
//! conclude ------- Answer
//!          ------- Copy: write these stored bytes anew --------- conclude_copy(receipt)
//! ```

mod answer;
#[cfg(feature = "server")]
mod audit;
mod authorize;
mod bucket_rules;
mod buckets;
mod calendar;
mod call;
mod caller;
mod capability;
mod content;
mod content_type;
mod copy;
mod cors;
mod download;
mod encryption;
mod entropy;
mod event;
mod file_info;
mod file_json;
mod files;
mod flights;
mod head;
mod ids;
mod keys;
mod large;
mod lifecycle;
mod listing;
mod lock;
mod meter;
mod name;
mod notification;
mod operation;
mod overrides;
mod paging;
mod params;
mod percent;
mod range;
mod record;
mod refusal;
mod replication;
mod retention;
mod rules;
mod secret;
mod settings;
mod setup;
mod share;
mod strict;
mod tables;
mod tending;
mod token;
mod upload;
mod upload_head;
mod versions;
mod walk;

pub(crate) use answer::{Answer, Payload, REQUEST_ID};
#[cfg(feature = "server")]
pub(crate) use audit::{Audit, Audited, audit};
pub(crate) use content::stored_segments;
pub(crate) use copy::CopyTicket;
pub(crate) use entropy::Entropy;
pub(crate) use event::Delivery;
#[cfg(feature = "server")]
pub(crate) use event::next_due as next_delivery;
pub(crate) use event::{due as due_deliveries, settle as settle_delivery};
pub(crate) use head::Head;
pub(crate) use large::part_numbers;
pub(crate) use lifecycle::Place;
pub use meter::Caps;
#[cfg(feature = "server")]
pub(crate) use meter::{Counts, Meter};
#[cfg(feature = "server")]
pub(crate) use notification::is_loopback;
#[cfg(feature = "server")]
pub(crate) use record::Key;
pub(crate) use record::{Action, Content, File, Grant, Token};
pub(crate) use replication::ReplicaTicket;
#[cfg(feature = "server")]
pub(crate) use replication::first_due as first_replica;
pub(crate) use replication::{next_due as next_replica, postpone as postpone_replica};
pub(crate) use rules::{Admission, Conclusion, Rules, Visit};
pub use settings::Settings;
pub(crate) use setup::{Credentials, Identity, set_up};
pub(crate) use tables::{Table, decode};
#[cfg(feature = "server")]
pub(crate) use token::shorten_all;
pub(crate) use token::{revoke, shorten};
pub(crate) use upload::UploadTicket;

/// Text as it stands in a URL or a header.
#[cfg(feature = "server")]
pub(crate) fn percent_encode(text: &str) -> String {
    percent::encode(text)
}

/// Whether B2 has an operation of this name.
#[cfg(feature = "server")]
pub(crate) fn is_operation(name: &str) -> bool {
    operation::Operation::parse(name).is_some()
}
