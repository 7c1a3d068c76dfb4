//! The options that choose how the authenticated format is made.

use b2_crypto::{Aead, Recipient, SealOptions};

use crate::command::encryption::cost::Cost;
use crate::command::encryption::secret::Secret;

/// How content is encrypted, apart from whom for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Sealing {
    /// What seals the content: AES-256-GCM, the default, or XChaCha20-Poly1305
    #[arg(long, value_enum, conflicts_with = "suite")]
    algorithm: Option<Algorithm>,

    /// Make the encrypted file up to 12 % longer, so that its length tells less
    #[arg(long, conflicts_with = "suite")]
    hide_length: bool,

    #[command(flatten)]
    cost: Cost,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Algorithm {
    #[default]
    Aes256Gcm,
    #[value(name = "xchacha20-poly1305")]
    XChaCha20Poly1305,
}

impl Sealing {
    pub(crate) fn options(self) -> SealOptions {
        let aead = match self.algorithm.unwrap_or_default() {
            Algorithm::Aes256Gcm => Aead::Aes256Gcm,
            Algorithm::XChaCha20Poly1305 => Aead::XChaCha20Poly1305,
        };
        SealOptions::default().with_aead(aead).with_hidden_length(self.hide_length)
    }

    /// Whether anything was said about it.
    pub(crate) fn given(self) -> bool {
        self.algorithm.is_some() || self.hide_length || self.cost.given()
    }

    /// Whoever has the secret.
    pub(crate) fn recipient(self, secret: Secret) -> Recipient {
        match secret {
            Secret::Password(password) => Recipient::password(password).with_kdf(self.cost.kdf()),
            Secret::Key(key) => Recipient::raw_key(key),
        }
    }

    pub(crate) fn hides_length(self) -> bool {
        self.hide_length
    }

    pub(crate) fn name(self) -> &'static str {
        match self.algorithm.unwrap_or_default() {
            Algorithm::Aes256Gcm => "aes-256-gcm",
            Algorithm::XChaCha20Poly1305 => "xchacha20-poly1305",
        }
    }
}
