//! From content to encrypted files.

mod encrypted;
mod encryptor;
mod new_file;
mod pins;
mod reader;
mod reseal;

pub use self::encrypted::{Encrypted, EncryptedError};
pub use self::encryptor::Encryptor;
pub use self::new_file::{NewFile, SealOptions};
pub use self::reader::EncryptedReader;
pub use self::reseal::Reseal;
