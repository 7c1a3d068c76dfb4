//! Encryption on this side: what B2 stores it cannot read.
//!
//! Not to be confused with the encryption that B2 does itself
//! ([`Upload::with_encryption`](crate::Upload::with_encryption)).
//! [`Upload::with_client_encryption`](crate::Upload::with_client_encryption)
//! encrypts on the way out,
//! [`Download::with_client_decryption`](crate::Download::with_client_decryption)
//! decrypts and verifies on the way in, and [`crypto`](crate::crypto) has what
//! they are made of.
//!
//! ```
//! # use b2::{BucketType, ByteRange, Client, Credentials};
//! use b2::encryption::{ClientDecryption, ClientEncryption};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let emulator = b2_emulator::Emulator::start().await?;
//! # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
//! # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
//! # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
//! let encryption = ClientEncryption::password("correct horse battery staple");
//! bucket.upload("diary.txt", "dear diary").with_client_encryption(encryption).await?;
//!
//! let decryption = ClientDecryption::password("correct horse battery staple");
//! let download = bucket.download("diary.txt").with_client_decryption(decryption.clone());
//! assert_eq!(download.to_bytes().await?.content, "dear diary");
//! // Of a range only the frames that hold it are fetched.
//! let download = bucket.download("diary.txt").with_range(ByteRange::inclusive(5, 9)?);
//! let diary = download.with_client_decryption(decryption).to_bytes().await?;
//! assert_eq!(diary.content, "diary");
//! # Ok(()) }
//! ```

mod choice;
mod classic;
mod deriving;
mod download;
mod failure;
mod frames;
mod info;
mod late;
mod names;
mod opening;
mod recipients;
mod source;
mod stream;
mod upload;

pub use choice::{ClientDecryption, ClientEncryption};
pub use classic::ClassicCipher;
pub use download::DecryptedDownload;
pub use info::{CLIENT_ENCRYPTION, CLIENT_KEYRING, PLAINTEXT_LENGTH, plaintext_len};
pub use names::{DecryptedNames, EncryptedNames};
pub use recipients::ChangeRecipients;

pub(crate) use failure::told;
pub(crate) use stream::Sealed;
pub(crate) use upload::run as upload;
