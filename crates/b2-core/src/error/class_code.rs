//! Errors as the numbers that file-transfer components report.

use b2_proto::ErrorCode;

use super::{
    ApiError, Error, ProtocolError, RequestError, Side, TransportError, TransportErrorKind as Kind,
};

impl Error {
    /// The number under which components with numeric errors report this, for
    /// programs that move from one of them.
    ///
    /// 600 stands for everything without a number of its own. What the
    /// transport says has a number of [its own](TransportError::class_code).
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 152 | a URL is none |
    /// | 155 | the server sent another range than was asked for |
    /// | 600 | the server failed, or made no sense |
    /// | 601 | the operation is not supported |
    /// | 603 | the application key is wrong |
    /// | 604 | there is no such bucket or file, or its name is invalid |
    /// | 605 | a number is out of its range |
    /// | 606 | the caller stopped it |
    /// | 608 | the local file exists |
    /// | 609 | it cannot be resumed |
    /// | 611 | the local source or destination failed |
    /// | 700 | the account token is not valid any more |
    /// | 701 | the token of a download is not valid any more |
    /// | 702 | a failure that may pass |
    ///
    /// ```
    /// assert_eq!(b2_core::Error::Cancelled.class_code(), 606);
    /// ```
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            Self::Api { operation, source } => api(operation, source),
            Self::Transport { source, .. } => source.class_code(),
            Self::Protocol { source, .. } if **source == ProtocolError::OtherBytes => 155,
            Self::Exhausted { last, .. }
            | Self::Unconfirmed { last, .. }
            | Self::Orphaned { last, .. } => last.class_code(),
            Self::Request { source, .. } => request(source),
            Self::Local(local) if exists(local) => 608,
            Self::Local(_) => 611,
            Self::Cancelled => 606,
            _ => 600,
        }
    }
}

impl TransportError {
    /// Says under which number components with numeric errors report this,
    /// where the transport knows more than its [`kind`](Self::kind) tells.
    #[must_use]
    pub fn with_class_code(mut self, code: u32) -> Self {
        self.class_code = Some(code);
        self
    }

    /// The number under which components with numeric errors report this.
    ///
    /// A transport may know one of its own, such as 10054 for a connection
    /// that was reset, or 274 for a certificate of an unknown issuer; else it
    /// is that of the kind:
    ///
    /// | code | kind |
    /// |---|---|
    /// | 151 | [`Protocol`](Kind::Protocol) |
    /// | 276 | [`Tls`](Kind::Tls) |
    /// | 301 | [`Timeout`](Kind::Timeout) |
    /// | 600 | [`Refused`](Kind::Refused), [`Other`](Kind::Other) |
    /// | 1120 | [`Interrupted`](Kind::Interrupted) |
    /// | 10061 | [`Connect`](Kind::Connect) |
    /// | 11001 | [`Resolve`](Kind::Resolve) |
    ///
    /// ```
    /// use b2_core::error::{Sent, TransportError, TransportErrorKind};
    ///
    /// let error = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe);
    /// assert_eq!(error.class_code(), 1120);
    /// assert_eq!(error.with_class_code(10_054).class_code(), 10_054);
    /// ```
    #[must_use]
    pub fn class_code(&self) -> u32 {
        self.class_code.unwrap_or(match self.kind {
            Kind::Protocol => 151,
            Kind::Tls => 276,
            Kind::Timeout => 301,
            Kind::Refused | Kind::Other => 600,
            Kind::Interrupted => 1120,
            Kind::Connect => 10_061,
            Kind::Resolve => 11_001,
        })
    }
}

fn exists(local: &super::LocalError) -> bool {
    local.side == Side::Sink && local.source.kind() == std::io::ErrorKind::AlreadyExists
}

fn api(operation: &str, error: &ApiError) -> u32 {
    match error.code {
        ErrorCode::BadAuthToken | ErrorCode::ExpiredAuthToken
            if operation.starts_with("b2_download_file") =>
        {
            701
        }
        ErrorCode::BadAuthToken | ErrorCode::ExpiredAuthToken => 700,
        ErrorCode::Unauthorized => 603,
        _ => match error.status {
            404 => 604,
            405 => 601,
            408 | 429 | 500..=599 => 702,
            _ if error.code == ErrorCode::FileNotPresent
                || error.code == ErrorCode::BadBucketId =>
            {
                604
            }
            _ => 600,
        },
    }
}

fn request(error: &RequestError) -> u32 {
    match error {
        RequestError::NoSuchBucket { .. }
        | RequestError::OutsideRestriction { .. }
        | RequestError::OutsideBuckets { .. }
        | RequestError::FileName(_)
        | RequestError::BucketName(_) => 604,
        RequestError::Url => 152,
        RequestError::OutOfRange { .. } => 605,
        RequestError::CannotResume(_) => 609,
        RequestError::Lacking(_) => 603,
        _ => 600,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use super::*;
    use crate::error::{LocalError, Remedy, Sent};
    use crate::upload::CannotResume;

    /// The rows that are ours: kind, group, name, layer.
    const ROWS: &str = include_str!("../../fixtures/errors.tsv");

    /// Those that no error of ours maps to.
    const NEVER: &[(u32, &str)] = &[
        (602, "a request can be shown at any time: there is no switch to forget"),
        (607, "B2 has no folders: a name that only begins others is 604"),
        (610, "a resumed download never depends on the name of a temporary file"),
        (612, "a stream fails like a file, with the words of the operating system: 611"),
    ];

    fn refused(operation: &'static str, status: u16, code: ErrorCode) -> Error {
        let source = ApiError {
            status,
            code,
            message: "".into(),
            retry_after: None,
            request_id: None,
            lacking: None,
            restriction: None,
            remedy: Remedy::Never,
        };
        Error::Api { operation, source: Box::new(source) }
    }

    fn request(source: RequestError) -> Error {
        Error::Request { operation: "b2_copy_part", source: Box::new(source) }
    }

    fn of(code: u32) -> Vec<Error> {
        let number = RequestError::OutOfRange { name: "partNumber", value: 0, min: 1, max: 10_000 };
        match code {
            600 => vec![refused("b2_copy_file", 400, ErrorCode::BadRequest), Error::NotModified],
            601 => vec![refused("b2_new_call", 405, ErrorCode::BadRequest)],
            603 => vec![
                refused("b2_authorize_account", 401, ErrorCode::Unauthorized),
                request(RequestError::Lacking(b2_proto::Capability::WriteFiles)),
            ],
            604 => vec![
                refused("b2_get_file_info", 404, ErrorCode::NotFound),
                refused("b2_delete_file_version", 400, ErrorCode::FileNotPresent),
                request(RequestError::NoSuchBucket { name: "x".into(), restriction: None }),
            ],
            605 => vec![request(number)],
            606 => vec![Error::Cancelled],
            608 => vec![Error::Local(LocalError::sink(ErrorKind::AlreadyExists.into()))],
            609 => vec![request(RequestError::CannotResume(CannotResume::Bucket))],
            611 => vec![
                Error::Local(LocalError::source(io::ErrorKind::NotFound.into())),
                Error::Local(LocalError::sink(ErrorKind::PermissionDenied.into())),
            ],
            700 => vec![refused("b2_list_buckets", 401, ErrorCode::ExpiredAuthToken)],
            701 => vec![refused("b2_download_file_by_name", 401, ErrorCode::ExpiredAuthToken)],
            702 => vec![refused("b2_list_buckets", 503, ErrorCode::ServiceUnavailable)],
            _ => Vec::new(),
        }
    }

    /// Under everything that an operation may have tried since.
    #[test]
    fn what_the_transport_says_is_at_the_bottom() {
        let lost = TransportError::new(Kind::Connect, Sent::Maybe);
        let source = Box::new(lost.with_class_code(10_013));
        let mut error = Error::Transport { operation: "b2_finish_large_file", source };
        assert_eq!(error.class_code(), 10_013);
        error = Error::unconfirmed("b2_finish_large_file", error);
        assert_eq!(error.class_code(), 10_013);
        let operation = "b2_finish_large_file";
        let elapsed = crate::time::Duration::ZERO;
        error = Error::Exhausted { operation, attempts: 2, elapsed, last: Box::new(error) };
        assert_eq!(error.class_code(), 10_013);
    }

    #[test]
    fn what_is_wrong_with_http_has_the_numbers_of_http() {
        assert_eq!(request(RequestError::Url).class_code(), 152);
        let source = Box::new(ProtocolError::OtherBytes);
        let error = Error::Protocol { operation: "b2_download_file_by_name", source };
        assert_eq!(error.class_code(), 155);
        let source = Box::new(ProtocolError::Contradiction("no digest"));
        let error = Error::Protocol { operation: "b2_download_file_by_name", source };
        assert_eq!(error.class_code(), 600);
    }

    #[test]
    fn every_row_has_an_error_or_a_reason() {
        let mut seen = 0;
        for row in ROWS.lines().skip(1) {
            let code: u32 = row.split('\t').nth(2).unwrap().parse().unwrap();
            let errors = of(code);
            let never = NEVER.iter().any(|(each, reason)| *each == code && !reason.is_empty());
            assert_eq!(errors.is_empty(), never, "{row}: an error or a reason, not both");
            for error in errors {
                assert_eq!(error.class_code(), code, "{error:?}");
            }
            seen += 1;
        }
        assert_eq!(seen, 16, "the rows of the fixture");
    }
}
