//! Facts about error codes. What to do about one is decided elsewhere.

use crate::{ERROR_CODES, ErrorCode, ErrorResponse};

/// A row of [`ERROR_CODES`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCodeInfo {
    /// The code.
    pub code: ErrorCode,
    /// The HTTP statuses it comes with, the usual one first.
    pub statuses: &'static [u16],
}

impl ErrorCode {
    /// The HTTP statuses this code comes with, the usual one first; empty for unknown codes.
    pub fn typical_statuses(&self) -> &'static [u16] {
        let row = ERROR_CODES.iter().find(|row| row.code == *self);
        row.map_or(&[], |row| row.statuses)
    }

    /// Whether the code says that the token itself is no good, and not that it allows too little.
    pub fn is_about_token(&self) -> bool {
        matches!(self, Self::BadAuthToken | Self::ExpiredAuthToken | Self::MissingAuthToken)
    }

    /// Whether the code says that a cap was reached, which only a person can raise.
    pub fn is_about_cap(&self) -> bool {
        matches!(
            self,
            Self::CapExceeded
                | Self::DownloadCapExceeded
                | Self::StorageCapExceeded
                | Self::TransactionCapExceeded
        )
    }
}

impl ErrorResponse {
    /// Whether the message is the one for two uploads at once to one upload URL.
    ///
    /// The code alone does not tell: older servers said `bad_request`, newer ones say
    /// `auth_token_limit`.
    pub fn is_concurrent_upload(&self) -> bool {
        self.code == ErrorCode::AuthTokenLimit
            || self.message.starts_with("more than one upload using auth token ")
    }

    /// The size in bytes of a copy's source, from the message that it is too large.
    pub fn copy_source_bytes(&self) -> Option<u64> {
        let digits = self.message.strip_prefix("Copy source too big: ")?;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_has_a_status() {
        for code in ErrorCode::KNOWN {
            let statuses = code.typical_statuses();
            assert!(!statuses.is_empty(), "{code}");
            assert!(statuses.iter().all(|status| (400..600).contains(status)), "{code}");
        }
        assert!(ErrorCode::from("made_up").typical_statuses().is_empty());
    }

    #[test]
    fn tokens_and_permissions_differ() {
        assert!(ErrorCode::ExpiredAuthToken.is_about_token());
        assert!(!ErrorCode::Unauthorized.is_about_token());
        assert!(ErrorCode::StorageCapExceeded.is_about_cap());
        assert!(!ErrorCode::AccessDenied.is_about_cap());
    }

    #[test]
    fn the_two_messages_worth_reading() {
        let message = "more than one upload using auth token 4_005";
        let older = ErrorResponse::new(ErrorCode::BadRequest, message.to_owned(), 400);
        assert!(older.is_concurrent_upload());
        let newer = ErrorResponse::new(ErrorCode::AuthTokenLimit, String::new(), 400);
        assert!(newer.is_concurrent_upload());
        let other = ErrorResponse::new(ErrorCode::BadRequest, "Invalid fileId".to_owned(), 400);
        assert!(!other.is_concurrent_upload());
        let message = "Copy source too big: 6000000001";
        let large = ErrorResponse::new(ErrorCode::SourceTooLarge, message.to_owned(), 400);
        assert_eq!(large.copy_source_bytes(), Some(6_000_000_001));
        assert_eq!(other.copy_source_bytes(), None);
    }
}
