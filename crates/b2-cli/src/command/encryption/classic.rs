//! The options that ask for a classic cipher.

use b2_crypto::legacy::{Padding, Profile, Suite};
use zeroize::Zeroizing;

use crate::command::encryption::derivation::Derivation;
use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::openssl;
use crate::command::encryption::secret::SecretSource;
use crate::command::encryption::variant::Variant;
use crate::failure::Failure;
use crate::output::Output;

/// A classic cipher with its key, as for `openssl enc -K -iv`, or with a password.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Classic ciphers, for data of other programs only")]
pub(crate) struct Classic {
    /// Use this cipher without any authentication, such as aes-256-cbc
    #[arg(long, value_name = "NAME", conflicts_with = "key_file")]
    suite: Option<String>,

    /// The key in hexadecimal; others on this machine may see it. For blowfish, cast5, rc2 and rc4
    /// openssl takes 16 bytes: pad with zeros, or cut
    #[arg(
        long,
        value_name = "HEX",
        requires = "suite",
        conflicts_with_all = ["kdf", "password_file"]
    )]
    key: Option<String>,

    /// The initialization vector or nonce in hexadecimal
    #[arg(long, value_name = "HEX", requires = "suite")]
    iv: Option<String>,

    /// What fills the last block; pkcs7 if nothing is said
    #[arg(long, value_enum, requires = "suite")]
    padding: Option<Filling>,

    #[command(flatten)]
    variant: Variant,

    #[command(flatten)]
    derivation: Derivation,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Filling {
    /// The number of missing bytes
    Pkcs7,
    /// Zeros; those at the end of the content are lost
    Zeros,
    /// Nothing: the content has to fit
    None,
    /// Zeros and their number
    #[value(name = "ansi-x923")]
    AnsiX923,
    /// Anything and its number
    Iso10126,
}

impl std::fmt::Debug for Classic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classic").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// A classic cipher that was asked for.
pub(crate) struct Chosen {
    pub(crate) suite: Suite,
    pub(crate) name: String,
    pub(crate) key: Zeroizing<Vec<u8>>,
    pub(crate) iv: Zeroizing<Vec<u8>>,
}

impl Classic {
    /// Whether a classic cipher is asked for.
    pub(crate) fn given(&self) -> bool {
        self.suite.is_some()
    }

    /// The cipher, if one was asked for. Warns about it, and asks for the password if there is to
    /// be one, `twice` if it encrypts.
    pub(crate) async fn chosen(
        &self,
        secret: &SecretSource,
        twice: bool,
        output: &Output,
    ) -> Result<Option<Chosen>, Failure> {
        let Some(name) = &self.suite else {
            return Ok(None);
        };
        let suite = Suite::from_name(name).map_err(EncryptionFailure::from)?;
        let suite = self.variant.of(suite)?;
        let suite = suite.with_padding(self.padding.map_or(Padding::Pkcs7, Padding::from));
        let iv = self.iv.as_deref().map(|iv| bytes("--iv", iv)).transpose()?;
        let (key, iv) = match (&self.key, self.derivation.profile(iv.is_some())?) {
            (Some(key), _) => (bytes("--key", key)?, iv_or_none(iv, name, &suite)?),
            (None, Some(profile)) => derived(profile, suite, iv, secret, twice).await?,
            (None, None) => {
                let usage = format!(
                    "{name} needs a --key, or --kdf, --kdf-hash and --kdf-iterations to make one \
                     of a password"
                );
                return Err(Failure::Usage(usage));
            }
        };
        // Said before anything is opened.
        suite.encryptor(&key, &iv).map_err(EncryptionFailure::from)?;
        let cipher = suite.algorithm();
        output.say(&format!("warning: {name} does not notice whether the file was changed"));
        if let Some(weakness) = cipher.weakness() {
            output.say(&format!("warning: do not use {cipher} for new data: {weakness}"));
        }
        let given = self.key.as_ref().and_then(|_| openssl::warning(name, key.len()));
        given.iter().for_each(|warning| output.say(warning));
        Ok(Some(Chosen { suite, name: name.clone(), key, iv }))
    }
}

type Bytes = Zeroizing<Vec<u8>>;

fn iv_or_none(iv: Option<Bytes>, name: &str, suite: &Suite) -> Result<Bytes, Failure> {
    match iv {
        Some(iv) => Ok(iv),
        None if suite.iv_len() == 0 => Ok(Bytes::default()),
        None => {
            let wanted = suite.iv_len();
            Err(Failure::Usage(format!("{name} needs --iv with {wanted} bytes in hexadecimal")))
        }
    }
}

/// Key and IV of a password; `iv` counts instead of a derived one. On a thread of its own, as it
/// may take a while.
async fn derived(
    profile: Profile,
    suite: Suite,
    iv: Option<Bytes>,
    secret: &SecretSource,
    twice: bool,
) -> Result<(Bytes, Bytes), Failure> {
    let password = secret.password(twice).await?;
    let derive = move || profile.derive(password.expose(), &suite);
    let derived = tokio::task::spawn_blocking(derive).await;
    let derived = derived.map_err(|error| Failure::local("no key was derived", error.into()))?;
    let derived = derived.map_err(EncryptionFailure::from)?;
    let own = || Zeroizing::new(derived.expose_iv().to_vec());
    Ok((Zeroizing::new(derived.expose_key().to_vec()), iv.unwrap_or_else(own)))
}

/// Hexadecimal digits; the text is not repeated in the error, as it is a secret.
pub(crate) fn bytes(option: &str, hex: &str) -> Result<Bytes, Failure> {
    let unfit = || Failure::Usage(format!("{option} is not an even number of hex digits"));
    // All of it at once, since a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(vec![0; hex.len() / 2]);
    digits(hex, &mut bytes).ok_or_else(unfit)?;
    Ok(bytes)
}

/// Fills all of `bytes` from twice as many hexadecimal digits; nothing else keeps any of them.
pub(crate) fn digits(hex: &str, bytes: &mut [u8]) -> Option<()> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        // Two digits are at most 255.
        *byte = (high? << 4 | low?) as u8;
    }
    Some(())
}

impl From<Filling> for Padding {
    fn from(filling: Filling) -> Self {
        match filling {
            Filling::Pkcs7 => Self::Pkcs7,
            Filling::Zeros => Self::Zeros,
            Filling::None => Self::None,
            Filling::AnsiX923 => Self::AnsiX923,
            Filling::Iso10126 => Self::Iso10126,
        }
    }
}
