//! Names that B2 cannot read either.

use b2_core::endpoint::ListFileNames;
use b2_core::error::Error;
use b2_crypto::{NameCipher, RawKey};
use b2_proto::{Action, FileVersion};

use crate::bucket::Bucket;
use crate::download::Download;
use crate::encryption::failure;
use crate::list::Listing;
use crate::source::Source;
use crate::upload::Upload;

/// A bucket whose file names are encrypted. Folders stay folders, and names
/// are encrypted to the same text each time, so that they can be found.
///
/// It encrypts names only; [`ClientEncryption`](super::ClientEncryption)
/// encrypts content. Made by [`Bucket::with_encrypted_names`].
///
/// ```
/// # use b2::{BucketType, Client, Credentials};
/// use b2::crypto::RawKey;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let emulator = b2_emulator::Emulator::start().await?;
/// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
/// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
/// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
/// let names = bucket.with_encrypted_names(&RawKey::new([7; 32]));
/// names.upload("2026/cat.jpg", "meow")?.await?;
/// let mut folder = names.list("2026/")?;
/// assert_eq!(folder.next().await.expect("a row")?.file_name, "2026/cat.jpg");
/// assert_eq!(names.download("2026/cat.jpg")?.to_bytes().await?.content, "meow");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct EncryptedNames {
    bucket: Bucket,
    cipher: NameCipher,
}

impl Bucket {
    /// The bucket, as whoever has the key for its names sees it.
    #[must_use]
    pub fn with_encrypted_names(&self, key: &RawKey) -> EncryptedNames {
        EncryptedNames { bucket: self.clone(), cipher: NameCipher::new(key) }
    }
}

impl EncryptedNames {
    /// What B2 calls the file, or the folder if it ends with a slash.
    ///
    /// # Errors
    ///
    /// [`Error::ClientEncryption`] if a folder or the file's own name is
    /// longer than 171 bytes, or the whole is too long.
    pub fn encrypt(&self, name: &str) -> Result<String, Error> {
        Ok(self.cipher.encrypt(name).map_err(failure::name)?)
    }

    /// As [`Bucket::upload`].
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn upload(&self, name: &str, source: impl Into<Source>) -> Result<Upload, Error> {
        Ok(self.bucket.upload(&self.encrypt(name)?, source))
    }

    /// As [`Bucket::download`].
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn download(&self, name: &str) -> Result<Download, Error> {
        Ok(self.bucket.download(&self.encrypt(name)?))
    }

    /// Lists the visible files below a folder, which ends with a slash; an
    /// empty text stands for the bucket. They come in the order of what B2
    /// calls them, which says nothing.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn list(&self, folder: &str) -> Result<DecryptedNames, Error> {
        let prefix = self.encrypt(folder)?;
        let rows = self.bucket.files().with_prefix(&prefix).stream();
        Ok(DecryptedNames { rows, cipher: self.cipher.clone() })
    }

    /// As [`list`](Self::list), with one row for each folder in it.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn list_folder(&self, folder: &str) -> Result<DecryptedNames, Error> {
        let prefix = self.encrypt(folder)?;
        let rows = self.bucket.files().with_prefix(&prefix).with_delimiter("/").stream();
        Ok(DecryptedNames { rows, cipher: self.cipher.clone() })
    }
}

/// A listing whose names are decrypted.
#[derive(Debug)]
#[must_use = "a listing is fetched row by row"]
pub struct DecryptedNames {
    rows: Listing<ListFileNames>,
    cipher: NameCipher,
}

impl DecryptedNames {
    /// The next row, under its real name; `None` after the last.
    ///
    /// # Errors
    ///
    /// Those of [`Listing`], and [`Error::ClientEncryption`] for a file whose
    /// name was not encrypted with this key: the listing goes on after it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no row.
    pub async fn next(&mut self) -> Option<Result<FileVersion, Error>> {
        let row = self.rows.next().await?;
        Some(row.and_then(|row| self.decrypted(row)))
    }

    fn decrypted(&self, mut row: FileVersion) -> Result<FileVersion, Error> {
        debug_assert!(row.action != Action::Folder || row.file_name.ends_with('/'));
        row.file_name = self.cipher.decrypt(&row.file_name).map_err(failure::name)?;
        Ok(row)
    }
}
