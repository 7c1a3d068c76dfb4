//! Answers in compressed form.

mod body;
mod coding;
mod error;
mod reader;

pub(crate) use body::Decoded;
pub(crate) use coding::Coding;
pub use error::ContentError;

use ::http::header::{ACCEPT_ENCODING, RANGE};
use ::http::{Extensions, HeaderMap, HeaderValue, Method};
use b2_core::mark::Document;

use crate::settings::SettingError;

/// Whether answers may come compressed, and what may become of them.
///
/// Only documents may: requests that bear the mark
/// [`Document`], as all JSON calls of `b2-core` do.
/// Files never, whether B2 stores them with a `Content-Encoding` or not, for
/// their digests, lengths and ranges are those of the stored bytes. Neither a
/// request with a range nor one with an `Accept-Encoding` of its own is
/// touched.
///
/// The answer then has no `Content-Encoding` and no `Content-Length`, and
/// reads as if it had come plain. It is held in pieces of 16 KiB and is an
/// error if it grows beyond the limit, or beyond 1 MiB and 200 times what came
/// over the wire.
///
/// ```
/// use b2_hyper::{Decompression, HyperTransport};
///
/// let transport = HyperTransport::builder()
///     .with_decompression(Decompression::new().with_limit(8 << 20))
///     .build()?;
/// # Ok::<(), b2_hyper::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decompression {
    accept: HeaderValue,
    limit: u64,
}

impl Default for Decompression {
    fn default() -> Self {
        Self::new()
    }
}

impl Decompression {
    /// Asks for gzip and deflate, and takes documents of 64 MiB.
    pub fn new() -> Self {
        Self { accept: HeaderValue::from_static("gzip, deflate"), limit: 64 << 20 }
    }

    /// The value of `Accept-Encoding`, in place of `gzip, deflate`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if it names something that is neither `gzip`
    /// nor `deflate` nor `identity`: a server may choose whatever is named.
    pub fn with_accept(mut self, text: &str) -> Result<Self, SettingError> {
        let expected = "gzip, deflate or both, perhaps with weights, such as `gzip;q=1.0`";
        let wrong = SettingError::Value { name: "AcceptEncoding", expected };
        let known = |name: &str| ["gzip", "x-gzip", "deflate", "identity"].contains(&name);
        let names = text.split(',').map(|each| each.split(';').next().unwrap_or_default().trim());
        if !names.map(str::to_ascii_lowercase).all(|name| known(&name)) {
            return Err(wrong);
        }
        self.accept = HeaderValue::try_from(text).map_err(|_| wrong)?;
        Ok(self)
    }

    /// The longest document in bytes, decompressed; 64 MiB unless told.
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Asks for a compressed answer if it may be one; says whether it did.
    pub(crate) fn ask(&self, method: &Method, marks: &Extensions, headers: &mut HeaderMap) -> bool {
        let fit = marks.get::<Document>().is_some()
            && *method != Method::HEAD
            && !headers.contains_key(RANGE)
            && !headers.contains_key(ACCEPT_ENCODING);
        if fit {
            headers.insert(ACCEPT_ENCODING, self.accept.clone());
        }
        fit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_opened_is_accepted() {
        for text in ["gzip", "deflate;q=0.5, gzip", "identity", "GZIP"] {
            assert!(Decompression::new().with_accept(text).is_ok(), "{text}");
        }
        for text in ["br", "gzip, br", "*", "", "gzip\r\nx: y"] {
            assert!(Decompression::new().with_accept(text).is_err(), "{text}");
        }
    }
}
