//! What the file information says about encrypted files.

use std::collections::BTreeMap;

use b2_crypto::Keyring;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The entry of file information that marks an encrypted file: `b2e-1` for the
/// authenticated format, `classic` for any other cipher.
pub const CLIENT_ENCRYPTION: &str = "client_encryption";
/// The entry that tells how long the content is, in bytes, unless that is
/// hidden.
pub const PLAINTEXT_LENGTH: &str = "plaintext_length";
/// The entry with the recipients of a file, if they are not those that it was
/// made with: a keyring in the URL alphabet of base64.
pub const CLIENT_KEYRING: &str = "client_keyring";

pub(crate) const FRAMED: &str = "b2e-1";
pub(crate) const CLASSIC: &str = "classic";

/// How long the content of an encrypted file is, in bytes, as its uploader
/// said; `None` if the file is not encrypted, or its length is hidden.
///
/// Nobody has checked it: the header of the file knows the length for certain.
///
/// ```
/// # use std::collections::BTreeMap;
/// use b2::encryption::{CLIENT_ENCRYPTION, PLAINTEXT_LENGTH, plaintext_len};
///
/// let info = BTreeMap::from([
///     (CLIENT_ENCRYPTION.to_owned(), "b2e-1".to_owned()),
///     (PLAINTEXT_LENGTH.to_owned(), "42".to_owned()),
/// ]);
/// assert_eq!(plaintext_len(&info), Some(42));
/// assert_eq!(plaintext_len(&BTreeMap::new()), None);
/// ```
#[must_use]
pub fn plaintext_len(info: &BTreeMap<String, String>) -> Option<u64> {
    info.get(CLIENT_ENCRYPTION)?;
    info.get(PLAINTEXT_LENGTH)?.parse().ok()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The recipients that the file information tells of. `Err`: it cannot be read.
pub(crate) fn keyring(
    info: &BTreeMap<String, String>,
) -> Result<Option<Keyring>, b2_crypto::OpenError> {
    let Some(text) = info.get(CLIENT_KEYRING) else {
        return Ok(None);
    };
    let bytes = decode(text).ok_or(b2_crypto::OpenError::Malformed("its keyring is no base64"))?;
    Keyring::parse(&bytes).map(Some)
}
