//! Large files by hand.

use std::fmt;
use std::sync::Arc;

use b2_core::call::Call;
use b2_core::multipart::{FinishUpload, StartUpload, UploadPart};
use b2_core::upload::UploadHeaders;
use b2_core::{Pager, endpoint};
use b2_proto::{
    ByteRange, CancelLargeFileRequest, CancelLargeFileResponse, CopyPartRequest, CustomerKey,
    EncryptionRequest, FileId, LargeFileId, ListPartsRequest, Part, Sha1Digest,
};

use crate::bucket::Bucket;
use crate::client::Client;
use crate::drive::{Context, Ends};
use crate::list::Listing;
use crate::run::Run;
use crate::source::Source;
use crate::upload::not_a_stream;

/// An unfinished large file whose parts are stored one by one.
///
/// [`Bucket::upload`] and [`Bucket::copy`] do all of this by themselves, and
/// resume. By hand it is done where parts come from several processes or
/// machines, or where some are uploaded and some are copied. They are numbered
/// from 1 to 10,000 without a gap, two at the least; each but the last is at least 5,000,000
/// bytes long, none longer than 5 GB. They may be stored in any order and
/// several at a time. They cost money until the file is
/// [finished](Self::finish) or [cancelled](Self::cancel).
///
/// The capability is `writeFiles`.
///
/// ```
/// # use b2::{BucketType, Client, Credentials};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let emulator = b2_emulator::Emulator::start().await?;
/// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
/// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
/// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
/// use b2::{FileName, UploadHeaders};
///
/// let file = bucket.start_large_file(UploadHeaders::new(FileName::new("two-parts")?)).await?;
/// let first = file.upload_part(1, vec![1; 5_000_000]).await?;
/// let second = file.upload_part(2, "the end").await?;
/// let stored = file.finish_with(vec![first.digest, second.digest]).await?;
/// assert_eq!(stored.content_length, 5_000_007);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LargeFile {
    context: Arc<Context>,
    id: LargeFileId,
    key: Option<CustomerKey>,
    possible_orphan: bool,
}

impl Bucket {
    /// Begins a large file. A lost answer is looked up, so that none is left
    /// behind, if the key has `listFiles`. The capability is `writeFiles`.
    ///
    /// # Errors
    ///
    /// [`Error::Request`](crate::Error::Request) if the file information
    /// breaks B2's rules, or the key lacks a capability or may not write the
    /// name; nothing was begun.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave an unfinished file without parts;
    /// [`unfinished`](Self::unfinished) finds it.
    pub fn start_large_file(&self, headers: UploadHeaders) -> Run<StartUpload, LargeFile> {
        let key = headers.customer_key().cloned();
        let context = Arc::clone(self.context());
        let operation = StartUpload::new(self.id().clone(), headers);
        Run::new(self.context(), operation).then(move |started, _| {
            let (id, possible_orphan) = (started.file_id, started.possible_orphan);
            Ok(LargeFile { context, id, key, possible_orphan })
        })
    }
}

impl Client {
    /// A large file that was begun before, perhaps by another process. Nothing
    /// is sent.
    #[must_use]
    pub fn large_file(&self, id: LargeFileId) -> LargeFile {
        LargeFile { context: Arc::clone(&self.context), id, key: None, possible_orphan: false }
    }
}

impl LargeFile {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &LargeFileId {
        &self.id
    }

    /// Whether the answer that would have begun it was lost and not found: then
    /// another file without parts may be left unfinished.
    #[must_use]
    pub fn possible_orphan(&self) -> bool {
        self.possible_orphan
    }

    /// The key, if the file was begun with SSE-C;
    /// [`Bucket::start_large_file`] knows it already.
    #[must_use]
    pub fn with_customer_key(mut self, key: CustomerKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Uploads one part and compares B2's digest with what was sent. A part
    /// that is stored already under this number is replaced.
    ///
    /// Memory: up to 1.25 MiB, within the budget of the client.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`](crate::Error::Request): the number is not within 1
    ///   and 10,000, the source is empty, longer than 5 GB, or a
    ///   [stream](Source::stream); nothing was sent.
    /// - [`Error::Local`](crate::Error::Local): the source could not be read.
    /// - [`Error::Api`](crate::Error::Api) with `bad_request`: the file was
    ///   finished or cancelled, or the part is too small.
    ///
    /// # Cancel safety
    ///
    /// B2 stores a part when it is complete, or not at all.
    pub fn upload_part(&self, number: u32, source: impl Into<Source>) -> Run<UploadPart> {
        let source = source.into();
        let operation = source.len().ok_or_else(not_a_stream).and_then(|len| {
            let part = UploadPart::new(self.id.clone(), number, len)?;
            Ok(match &self.key {
                Some(key) => part.with_customer_key(key.clone()),
                None => part,
            })
        });
        let ends = Ends::default();
        ends.meter.set_total(source.len().unwrap_or(0));
        let ends = Ends { source: Some(source.into_bytes()), ..ends };
        Run::new(&self.context, operation).with_ends(ends)
    }

    /// Copies one part from a file of the same account, all of it or a range.
    /// The key needs `readFiles` too. A source under SSE-C needs its key: make
    /// a [`call`](Client::call) with a `CopyPartRequest` then.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api): there is no such source, or the range
    /// lies outside of it.
    pub fn copy_part(
        &self,
        number: u32,
        source: FileId,
        range: Option<ByteRange>,
    ) -> Run<Call<endpoint::CopyPart>, Part> {
        let mut request = CopyPartRequest::new(self.id.clone(), number, source);
        request.range = range;
        request.destination_server_side_encryption = self.key.clone().map(EncryptionRequest::sse_c);
        Run::new(&self.context, Ok(Call::new(request)))
    }

    /// Lists the parts that B2 has, by number.
    pub fn parts(&self) -> Listing<endpoint::ListParts> {
        let request = ListPartsRequest::new(self.id.clone()).with_max_part_count(1000);
        Listing::new(&self.context, Ok(Pager::new(request)))
    }

    /// Makes one file of the parts that B2 has, whoever stored them.
    /// [`finish_with`](Self::finish_with) is safer where the digests are known.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`](crate::Error::Request): a number is missing.
    /// - [`Error::Unconfirmed`](crate::Error::Unconfirmed): the answer was lost,
    ///   and the key lacks `readFiles`, with which the file is looked up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cuts the request; the file may be finished.
    pub fn finish(&self) -> Run<FinishUpload> {
        Run::new(&self.context, Ok(FinishUpload::new(self.id.clone())))
    }

    /// Makes one file of the parts with these digests, from part 1 on. B2
    /// refuses, and changes nothing, if it has others.
    ///
    /// # Errors
    ///
    /// - [`Error::Request`](crate::Error::Request): there is no digest, or there
    ///   are more than 10,000; nothing was sent.
    /// - [`Error::Api`](crate::Error::Api) with `bad_request`: digests and parts
    ///   differ.
    /// - [`Error::Unconfirmed`](crate::Error::Unconfirmed): as for
    ///   [`finish`](Self::finish).
    pub fn finish_with(&self, digests: Vec<Sha1Digest>) -> Run<FinishUpload> {
        Run::new(&self.context, FinishUpload::with_digests(self.id.clone(), digests))
    }

    /// Gives it up and removes its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with `bad_request`: it is not
    /// unfinished any more.
    pub fn cancel(&self) -> Run<Call<endpoint::CancelLargeFile>, CancelLargeFileResponse> {
        Run::new(&self.context, Ok(Call::new(CancelLargeFileRequest::new(self.id.clone()))))
    }
}

impl fmt::Debug for LargeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeFile").field("id", &self.id).finish_non_exhaustive()
    }
}
