//! Storing one part of a large file.

use b2_proto::{CustomerKey, LargeFileId};

use crate::account::Account;
use crate::error::{Error, RequestError};
use crate::event::StoredPart;
use crate::op::{Operation, Reply, Step, Ticket};
use crate::time::Instant;
use crate::upload::part::{IdleUrls, PartContext, PartUpload};
use crate::upload::{MAX_PART_SIZE, MAX_PARTS, Slice, in_range};

/// Uploads one part of a large file; the capability is `writeFiles`.
///
/// The digest is computed while the bytes are sent and travels behind them, and
/// B2's answer is compared with it. A part that is sent twice is stored once,
/// so every failure that may pass is met with another attempt, which reads the
/// source again.
///
/// Each part asks for an upload URL of its own: two requests a part. A
/// [`LargeUpload`](crate::LargeUpload) needs one URL for all that it sends one
/// after the other.
#[derive(Debug)]
pub struct UploadPart {
    context: PartContext,
    urls: IdleUrls,
    part: PartUpload,
}

impl UploadPart {
    /// Sends the first `len` bytes of the source as part `number`.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if `number` is not within 1 and [`MAX_PARTS`], or
    /// `len` not within 1 and [`MAX_PART_SIZE`].
    pub fn new(file_id: LargeFileId, number: u32, len: u64) -> Result<Self, Error> {
        let refused = |source: RequestError| {
            let source = Box::new(source);
            Error::Request { operation: "b2_upload_part", source }
        };
        in_range("partNumber", u64::from(number), u64::from(MAX_PARTS)).map_err(refused)?;
        in_range("the length of the part", len, MAX_PART_SIZE).map_err(refused)?;
        Ok(Self {
            context: PartContext { file_id, key: None, origin: None },
            urls: IdleUrls::new(),
            part: PartUpload::new(Slice { number, offset: 0, len }),
        })
    }

    /// The key of a file that was begun with SSE-C.
    #[must_use]
    pub fn with_customer_key(mut self, key: CustomerKey) -> Self {
        self.context.key = Some(key);
        self
    }
}

impl Operation for UploadPart {
    type Output = StoredPart;

    fn poll(&mut self, account: &mut Account, now: Instant) -> Step<StoredPart> {
        let Slice { number, offset, len } = self.part.slice;
        match self.part.poll(&self.context, &mut self.urls, account, now).finished() {
            Err(step) => step,
            Ok(stored) => Step::Done(stored.map(|digest| StoredPart {
                number,
                of: None,
                offset,
                len,
                digest,
                kept: false,
            })),
        }
    }

    fn handle(&mut self, account: &mut Account, ticket: Ticket, reply: Reply, now: Instant) {
        // A reply that is not the part's own belongs to nobody.
        let _unknown = self.part.handle(&mut self.urls, account, ticket, reply, now);
    }

    fn abandon(&mut self, account: &mut Account) {
        self.part.abandon(account);
    }
}
