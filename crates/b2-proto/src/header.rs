//! Names of headers, in lower case, and the fixed values some of them take.

/// Percent-encoded name of the file.
pub const FILE_NAME: &str = "x-bz-file-name";
/// SHA-1 of the content: digits, or one of [`HEX_DIGITS_AT_END`] and [`DO_NOT_VERIFY`] in
/// requests.
pub const CONTENT_SHA1: &str = "x-bz-content-sha1";
/// Number of the part: 1 to 10000.
pub const PART_NUMBER: &str = "x-bz-part-number";
/// What the names of file-info headers start with.
pub const INFO_PREFIX: &str = "x-bz-info-";
/// Upload time chosen by the uploader, in milliseconds since the Unix epoch.
pub const CUSTOM_UPLOAD_TIMESTAMP: &str = "x-bz-custom-upload-timestamp";
/// `on` or `off`.
pub const FILE_LEGAL_HOLD: &str = "x-bz-file-legal-hold";
/// `governance` or `compliance`.
pub const FILE_RETENTION_MODE: &str = "x-bz-file-retention-mode";
/// End of the retention, in milliseconds since the Unix epoch.
pub const FILE_RETENTION_RETAIN_UNTIL_TIMESTAMP: &str =
    "x-bz-file-retention-retain-until-timestamp";
/// Algorithm of encryption with a key that the service manages.
pub const SERVER_SIDE_ENCRYPTION: &str = "x-bz-server-side-encryption";
/// Algorithm of encryption with the customer's own key.
pub const CUSTOMER_ALGORITHM: &str = "x-bz-server-side-encryption-customer-algorithm";
/// Base64 of the customer's own key. The value is a secret.
pub const CUSTOMER_KEY: &str = "x-bz-server-side-encryption-customer-key";
/// Base64 of the MD5 of the customer's own key.
pub const CUSTOMER_KEY_MD5: &str = "x-bz-server-side-encryption-customer-key-md5";
/// Makes the service fail on purpose; see the `TEST_MODE_*` values.
pub const TEST_MODE: &str = "x-bz-test-mode";
/// Identifier of the file version that is downloaded.
pub const FILE_ID: &str = "x-bz-file-id";
/// Upload time of the file version that is downloaded, in milliseconds since the Unix epoch.
pub const UPLOAD_TIMESTAMP: &str = "x-bz-upload-timestamp";
/// How far replication is.
pub const REPLICATION_STATUS: &str = "x-bz-replication-status";
/// Names of headers that the key may not see, separated by commas.
pub const CLIENT_UNAUTHORIZED_TO_READ: &str = "x-bz-client-unauthorized-to-read";
/// Signatures of a delivery to a webhook, such as `v1=<hex>`, separated by commas.
pub const EVENT_NOTIFICATION_SIGNATURE: &str = "x-bz-event-notification-signature";
/// Names the request for support. Unconfirmed: undocumented, read where present.
pub const REQUEST_ID: &str = "x-bz-request-id";

/// Value of [`CONTENT_SHA1`]: the last 40 bytes of the body are the digest of those before.
pub const HEX_DIGITS_AT_END: &str = "hex_digits_at_end";
/// Value of [`CONTENT_SHA1`]: the service compares nothing.
pub const DO_NOT_VERIFY: &str = "do_not_verify";
/// Value of `Content-Type` and of `contentType`: choose the type from the name's extension.
pub const CONTENT_TYPE_AUTO: &str = "b2/x-auto";
/// Content type of a hide marker.
pub const CONTENT_TYPE_HIDE_MARKER: &str = "application/x-bz-hide-marker";
/// The one value of the algorithm headers.
pub const AES256: &str = "AES256";

/// Value of [`TEST_MODE`]: some uploads fail.
pub const TEST_MODE_FAIL_SOME_UPLOADS: &str = "fail_some_uploads";
/// Value of [`TEST_MODE`]: some account tokens expire early.
pub const TEST_MODE_EXPIRE_SOME_TOKENS: &str = "expire_some_account_authorization_tokens";
/// Value of [`TEST_MODE`]: uploads fail as if a cap were reached.
pub const TEST_MODE_FORCE_CAP_EXCEEDED: &str = "force_cap_exceeded";

/// Every header of the `X-Bz-` family but those of file info.
pub const ALL: &[&str] = &[
    FILE_NAME,
    CONTENT_SHA1,
    PART_NUMBER,
    CUSTOM_UPLOAD_TIMESTAMP,
    FILE_LEGAL_HOLD,
    FILE_RETENTION_MODE,
    FILE_RETENTION_RETAIN_UNTIL_TIMESTAMP,
    SERVER_SIDE_ENCRYPTION,
    CUSTOMER_ALGORITHM,
    CUSTOMER_KEY,
    CUSTOMER_KEY_MD5,
    TEST_MODE,
    FILE_ID,
    UPLOAD_TIMESTAMP,
    REPLICATION_STATUS,
    CLIENT_UNAUTHORIZED_TO_READ,
    EVENT_NOTIFICATION_SIGNATURE,
    REQUEST_ID,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        DOWNLOAD_REQUEST_HEADERS, DOWNLOAD_RESPONSE_HEADERS, UPLOAD_FILE_REQUEST_HEADERS,
        UPLOAD_PART_REQUEST_HEADERS,
    };

    #[test]
    fn every_header_of_the_tables_has_a_constant() {
        let tables = [
            DOWNLOAD_REQUEST_HEADERS,
            DOWNLOAD_RESPONSE_HEADERS,
            UPLOAD_FILE_REQUEST_HEADERS,
            UPLOAD_PART_REQUEST_HEADERS,
        ];
        for header in tables.into_iter().flatten() {
            let own = header.name.starts_with("x-bz-") && !header.name.starts_with(INFO_PREFIX);
            assert!(!own || ALL.contains(&header.name), "{}", header.name);
        }
    }

    #[test]
    fn required_headers_are_marked() {
        let required = |table: &[crate::HeaderInfo]| {
            let required = table.iter().filter(|header| header.required);
            required.map(|header| header.name).collect::<Vec<_>>()
        };
        assert_eq!(
            required(UPLOAD_PART_REQUEST_HEADERS),
            ["authorization", "content-length", CONTENT_SHA1, PART_NUMBER]
        );
        assert_eq!(required(DOWNLOAD_REQUEST_HEADERS), [""; 0]);
    }
}
