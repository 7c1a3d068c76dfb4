//! What somebody wants to be encrypted or decrypted with.

use b2_crypto::{Limits, Password, RawKey, Recipient, SealOptions, Unlock};

use crate::encryption::classic::ClassicCipher;

/// How an upload is encrypted on this side, and who can open it.
///
/// The default is the authenticated format of [`crypto`](crate::crypto): every
/// change of what is stored is noticed, and ranges can be read alone.
#[derive(Clone, Debug)]
pub struct ClientEncryption(pub(crate) Cipher);

#[derive(Clone, Debug)]
pub(crate) enum Cipher {
    Framed { recipients: Vec<Recipient>, options: SealOptions },
    Classic(ClassicCipher),
}

impl ClientEncryption {
    /// For whoever knows the password. To derive a key from it takes some
    /// 0.1 s and 64 MiB.
    #[must_use]
    pub fn password(password: impl Into<Password>) -> Self {
        Self::recipients(vec![Recipient::password(password.into())])
    }

    /// For whoever has the key.
    #[must_use]
    pub fn key(key: RawKey) -> Self {
        Self::recipients(vec![Recipient::raw_key(key)])
    }

    /// For several, each of whom can open it; 1 to 64.
    #[must_use]
    pub fn recipients(recipients: Vec<Recipient>) -> Self {
        Self(Cipher::Framed { recipients, options: SealOptions::default() })
    }

    /// With a classic cipher, for other programs that know nothing better.
    ///
    /// **Warning:** none of these ciphers notices that what is stored was
    /// changed, and some are broken; see [`legacy`](b2_crypto::legacy). The
    /// whole content goes through a temporary file.
    #[must_use]
    pub fn classic(cipher: ClassicCipher) -> Self {
        Self(Cipher::Classic(cipher))
    }

    /// Chooses algorithm and frames, or hides the length. Nothing for a
    /// classic cipher.
    #[must_use]
    pub fn with_options(mut self, chosen: SealOptions) -> Self {
        if let Cipher::Framed { options, .. } = &mut self.0 {
            *options = chosen;
        }
        self
    }
}

/// How a download is decrypted on this side.
#[derive(Clone, Debug)]
pub struct ClientDecryption(pub(crate) Opener);

#[derive(Clone, Debug)]
pub(crate) enum Opener {
    Framed { unlock: Unlock, limits: Limits },
    Classic(ClassicCipher),
}

impl ClientDecryption {
    /// With a password.
    #[must_use]
    pub fn password(password: impl Into<Password>) -> Self {
        Self::unlock(Unlock::Password(password.into()))
    }

    /// With a key.
    #[must_use]
    pub fn key(key: RawKey) -> Self {
        Self::unlock(Unlock::RawKey(key))
    }

    /// With either.
    #[must_use]
    pub fn unlock(unlock: Unlock) -> Self {
        Self(Opener::Framed { unlock, limits: Limits::default() })
    }

    /// With a classic cipher. All of the file goes through a temporary one;
    /// nobody notices whether it was changed.
    #[must_use]
    pub fn classic(cipher: ClassicCipher) -> Self {
        Self(Opener::Classic(cipher))
    }

    /// How much a header may make this machine compute. Nothing for a classic
    /// cipher.
    #[must_use]
    pub fn with_limits(mut self, chosen: Limits) -> Self {
        if let Opener::Framed { limits, .. } = &mut self.0 {
            *limits = chosen;
        }
        self
    }
}
