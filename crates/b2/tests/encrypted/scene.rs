//! Keys, small frames, and a server.

use b2::crypto::{PasswordKdf, RawKey, Recipient, SealOptions};
use b2::encryption::{ClientDecryption, ClientEncryption};
use b2::{ClientEncryptionErrorKind, Error};
use b2_emulator::Settings;

use crate::support::site::Site;

/// Bytes of a part in these tests.
pub(crate) const PART: usize = 100_000;
/// Bytes of content in a frame.
pub(crate) const FRAME: usize = 4096;
/// Bytes that a frame takes.
pub(crate) const SEALED: usize = FRAME + 32;
/// Bytes of a header for one recipient.
pub(crate) const HEADER: usize = 1024;

pub(crate) async fn site() -> Site {
    Site::with_settings(Settings::default().with_part_sizes(PART as u64, 1_000)).await
}

pub(crate) fn key() -> RawKey {
    RawKey::new([7; 32])
}

/// A password whose derivation costs next to nothing.
pub(crate) fn password(text: &str) -> Recipient {
    let cheap = PasswordKdf::Argon2id { memory_kib: 32, passes: 1, lanes: 1 };
    Recipient::password(text.into()).with_kdf(cheap)
}

pub(crate) fn frames() -> SealOptions {
    SealOptions::default().with_frame_size(FRAME as u64)
}

pub(crate) fn encryption() -> ClientEncryption {
    ClientEncryption::key(key()).with_options(frames())
}

pub(crate) fn decryption() -> ClientDecryption {
    ClientDecryption::key(key())
}

#[track_caller]
pub(crate) fn kind<T>(result: Result<T, Error>) -> ClientEncryptionErrorKind {
    match result.map(|_| ()) {
        Err(Error::ClientEncryption(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}
