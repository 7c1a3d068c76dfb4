//! From encrypted files to content that was verified.

mod decrypted;
mod decryptor;
mod frames;
mod open_file;
mod range;

pub use self::decrypted::{Decrypted, DecryptedError};
pub use self::decryptor::Decryptor;
pub use self::frames::FrameDecryptor;
pub use self::open_file::OpenFile;
pub use self::range::RangeDecryptor;
