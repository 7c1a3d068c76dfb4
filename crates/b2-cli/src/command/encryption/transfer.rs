//! The options of uploads and downloads that encrypt on this machine.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use b2::encryption::{ClassicCipher, ClientDecryption, ClientEncryption};
use b2_crypto::NameCipher;

use crate::command::encryption::classic::{Chosen, Classic};
use crate::command::encryption::sealing::Sealing;
use crate::command::encryption::secret::{self, SecretSource};
use crate::failure::Failure;
use crate::output::Output;
use crate::uri::{FileUri, NameUri};

/// Whether and how an upload is encrypted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Encryption on this machine")]
pub(crate) struct Encryption {
    /// Encrypt on this machine, so that B2 cannot read the content
    #[arg(long)]
    encrypt: bool,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    sealing: Sealing,

    #[command(flatten)]
    names: Names,

    #[command(flatten)]
    classic: Classic,
}

/// Whether and how a download is decrypted.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Encryption on this machine")]
pub(crate) struct Decryption {
    /// Decrypt what was encrypted on the machine of whoever uploaded it
    #[arg(long)]
    decrypt: bool,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    names: Names,

    #[command(flatten)]
    classic: Classic,
}

/// The key of encrypted names.
#[derive(Debug, clap::Args)]
pub(crate) struct Names {
    /// Names are encrypted with the key in this file, 64 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    name_key_file: Option<PathBuf>,
}

impl Encryption {
    pub(crate) async fn get(&self, output: &Output) -> Result<Option<ClientEncryption>, Failure> {
        if !self.encrypt {
            let given = self.secret.given() || self.classic.given() || self.sealing.given();
            return unasked(given, "--encrypt");
        }
        if let Some(chosen) = self.classic.chosen(&self.secret, true, output).await? {
            return Ok(Some(ClientEncryption::classic(cipher(&chosen))));
        }
        let recipient = self.sealing.recipient(self.secret.get(true).await?);
        let encryption = ClientEncryption::recipients(vec![recipient]);
        Ok(Some(encryption.with_options(self.sealing.options())))
    }

    /// Whether all of the content has to be there first.
    pub(crate) fn wants_all(&self) -> bool {
        self.encrypt && (self.classic.given() || self.sealing.hides_length())
    }

    /// What B2 shall call the file.
    pub(crate) fn name(&self, name: &str) -> Result<String, Failure> {
        self.names.encrypt(name)
    }
}

impl Decryption {
    pub(crate) async fn get(&self, output: &Output) -> Result<Option<ClientDecryption>, Failure> {
        if !self.decrypt {
            return unasked(self.secret.given() || self.classic.given(), "--decrypt");
        }
        if let Some(chosen) = self.classic.chosen(&self.secret, false, output).await? {
            return Ok(Some(ClientDecryption::classic(cipher(&chosen))));
        }
        let unlock = self.secret.get(false).await?;
        Ok(Some(ClientDecryption::unlock(unlock.into())))
    }

    /// What B2 calls the file.
    pub(crate) fn stored(&self, uri: &FileUri) -> Result<FileUri, Failure> {
        self.names.stored_file(uri)
    }
}

impl Names {
    /// The cipher for names, if they are encrypted.
    pub(crate) fn cipher(&self) -> Result<Option<NameCipher>, Failure> {
        let key = self.name_key_file.as_deref().map(secret::key).transpose()?;
        Ok(key.as_ref().map(NameCipher::new))
    }

    /// The address that B2 knows.
    pub(crate) fn stored(&self, uri: &NameUri) -> Result<NameUri, Failure> {
        Ok(NameUri { bucket: uri.bucket.clone(), name: self.encrypt(&uri.name)? })
    }

    /// As [`stored`](Self::stored); an id is what it is.
    pub(crate) fn stored_file(&self, uri: &FileUri) -> Result<FileUri, Failure> {
        match uri {
            FileUri::Name(uri) => Ok(FileUri::Name(self.stored(uri)?)),
            FileUri::Id(_) => Ok(uri.clone()),
        }
    }

    /// What names are shown as.
    pub(crate) fn shown(&self) -> Result<Shown, Failure> {
        Ok(Shown(self.cipher()?.map(Arc::new)))
    }

    pub(crate) fn encrypt(&self, name: &str) -> Result<String, Failure> {
        match self.cipher()? {
            None => Ok(name.to_owned()),
            Some(cipher) => cipher.encrypt(name).map_err(|error| Failure::Usage(error.to_string())),
        }
    }
}

/// Names as they were before they were encrypted, where they are shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown(Option<Arc<NameCipher>>);

impl Shown {
    /// The name that B2 has, decrypted; as it is if it was not encrypted with this key.
    pub(crate) fn name<'a>(&self, stored: &'a str) -> Cow<'a, str> {
        let decrypted = self.0.as_ref().and_then(|cipher| cipher.decrypt(stored).ok());
        decrypted.map_or(Cow::Borrowed(stored), Cow::Owned)
    }
}

/// A key that would not be used is a misunderstanding that could cost dear.
fn unasked<T>(given: bool, option: &str) -> Result<Option<T>, Failure> {
    if !given {
        return Ok(None);
    }
    Err(Failure::Usage(format!("options say how to encrypt, but {option} is missing")))
}

fn cipher(chosen: &Chosen) -> ClassicCipher {
    ClassicCipher::with_key(chosen.suite, &chosen.key, &chosen.iv)
}
