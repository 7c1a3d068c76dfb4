//! Names of content codings.

use ::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE};
use ::http::response::Parts;
use ::http::{HeaderName, StatusCode};

use super::error::ContentError;

/// Headers of answers that carry a file of B2, whose digest is that of the
/// bytes on the wire.
const FILE: [HeaderName; 2] =
    [HeaderName::from_static("x-bz-content-sha1"), HeaderName::from_static("x-bz-file-id")];

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// Meant to be zlib, and the bare stream with some servers.
    Deflate,
}

impl Coding {
    /// How the body of this answer has to be decoded, if at all.
    pub(crate) fn of(head: &Parts) -> Result<Option<Self>, ContentError> {
        let bare = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED, StatusCode::PARTIAL_CONTENT];
        let file = FILE.iter().any(|name| head.headers.contains_key(name));
        if bare.contains(&head.status) || file || head.headers.contains_key(CONTENT_RANGE) {
            return Ok(None);
        }
        let mut codings = head.headers.get_all(CONTENT_ENCODING).iter();
        let (Some(coding), None) = (codings.next(), codings.next()) else {
            let none = !head.headers.contains_key(CONTENT_ENCODING);
            return if none { Ok(None) } else { Err(ContentError::Encoding) };
        };
        match &*coding.to_str().unwrap_or_default().trim().to_ascii_lowercase() {
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "deflate" => Ok(Some(Self::Deflate)),
            "identity" | "" => Ok(None),
            _ => Err(ContentError::Encoding),
        }
    }

    /// Makes the head that of the decoded answer.
    pub(crate) fn undo(head: &mut Parts) {
        head.headers.remove(CONTENT_ENCODING);
        head.headers.remove(CONTENT_LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, headers: &[(&str, &str)]) -> Result<Option<Coding>, ContentError> {
        let mut answer = ::http::Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        Coding::of(&answer.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn files_and_ranges_are_never_decoded() {
        let gzip = ("content-encoding", "GZIP");
        assert_eq!(of(200, &[gzip]).unwrap(), Some(Coding::Gzip));
        assert_eq!(of(200, &[("content-encoding", "deflate")]).unwrap(), Some(Coding::Deflate));
        for (status, header) in [
            (200, ("x-bz-file-id", "4_z")),
            (200, ("x-bz-content-sha1", "none")),
            (200, ("content-range", "bytes 0-1/2")),
            (206, ("x", "y")),
            (204, ("x", "y")),
        ] {
            assert_eq!(of(status, &[gzip, header]).unwrap(), None, "{header:?}");
        }
    }

    #[test]
    fn other_codings_are_errors() {
        assert_eq!(of(200, &[]).unwrap(), None);
        for headers in [
            &[("content-encoding", "br")][..],
            &[("content-encoding", "gzip"); 2],
            &[("content-encoding", "gzip, gzip")],
        ] {
            assert!(matches!(of(200, headers), Err(ContentError::Encoding)), "{headers:?}");
        }
    }
}
