//! What encryption changes of an upload before it begins.

use std::io::{self, Read};
use std::sync::Arc;

use b2_core::error::Error;
use b2_core::upload::WholeDigest;
use b2_proto::header;

use crate::drive::{Context, Ends};
use crate::encryption::{CLIENT_ENCRYPTION, PLAINTEXT_LENGTH};
use crate::source::Source;
use crate::upload::Upload;

/// What nobody takes for a picture.
const CONTENT_TYPE: &str = "application/octet-stream";

impl Upload {
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Tells in the file information that the file is encrypted.
    pub(crate) fn mark(&mut self, format: &str, plaintext_len: Option<u64>) -> Result<(), Error> {
        let none = Err(Error::Cancelled);
        let mut headers = std::mem::replace(&mut self.headers, none)?;
        // The name tells B2 what the content is, and the ciphertext is not.
        if headers.content_type() == header::CONTENT_TYPE_AUTO {
            headers = headers.with_content_type(CONTENT_TYPE);
        }
        self.headers = Ok(headers);
        let len = plaintext_len.map(|len| (PLAINTEXT_LENGTH, len.to_string()));
        for (name, value) in [(CLIENT_ENCRYPTION, format.to_owned())].into_iter().chain(len) {
            let headers = std::mem::replace(&mut self.headers, Err(Error::Cancelled));
            self.headers = headers.and_then(|headers| {
                let marked = headers.with_file_info(name, &value);
                marked.map_err(super::invalid_info)
            });
        }
        Ok(())
    }

    /// Sends other bytes in place of those of the source. What was sent of
    /// them is recognized by the digest of the whole, so a journal needs it;
    /// one that the caller knows is that of the content.
    pub(crate) fn replace_source(&mut self, change: impl FnOnce(Source) -> Source) {
        let source = std::mem::replace(&mut self.source, Source::bytes(Vec::new()));
        self.source = change(source);
        self.whole_digest = match self.whole_digest {
            Some(WholeDigest::Compute) => Some(WholeDigest::Compute),
            _ if self.journal.is_some() => Some(WholeDigest::Recorded),
            Some(WholeDigest::Known(_)) => Some(WholeDigest::Compute),
            chosen => chosen,
        };
    }

    /// Reads what the stream gives through something else. A digest that the
    /// caller knows is that of the content, and of no use.
    pub(crate) fn seal_stream<R: Read + Send + 'static>(
        &mut self,
        seal: impl FnOnce(Box<dyn Read + Send>) -> R,
    ) -> io::Result<()> {
        if let Some(WholeDigest::Known(_)) = self.whole_digest {
            self.whole_digest = None;
        }
        self.source.seal(seal)
    }

    /// The operation, whatever the source is.
    pub(crate) fn complete_any(self) -> Result<(b2_core::Upload, Ends), Error> {
        match self.source.len() {
            Some(_) => self.complete(),
            None => self.assemble_stream(),
        }
    }

    /// The digest of what is sent is known.
    pub(crate) fn know_digest(&mut self, digest: WholeDigest) {
        self.whole_digest = Some(digest);
    }
}
