//! The options that ask for a classic cipher.

use b2_crypto::legacy::Suite;

use crate::command::encryption::failure::EncryptionFailure;
use crate::failure::Failure;
use crate::output::Output;

/// A classic cipher with its key, as for `openssl enc -K -iv`.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Classic ciphers, for data of other programs only")]
pub(crate) struct Classic {
    /// Use this cipher without any authentication, such as aes-256-cbc
    #[arg(long, value_name = "NAME", requires = "key", conflicts_with_all = ["password_file", "key_file"])]
    suite: Option<String>,

    /// The key in hexadecimal; others on this machine may see it
    #[arg(long, value_name = "HEX", requires = "suite")]
    key: Option<String>,

    /// The initialization vector or nonce in hexadecimal
    #[arg(long, value_name = "HEX", requires = "suite")]
    iv: Option<String>,
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
    pub(crate) key: Vec<u8>,
    pub(crate) iv: Vec<u8>,
}

impl Classic {
    /// The cipher, if one was asked for. Warns about it.
    pub(crate) fn chosen(&self, output: &Output) -> Result<Option<Chosen>, Failure> {
        let Some(name) = &self.suite else {
            return Ok(None);
        };
        let suite = Suite::from_name(name).map_err(EncryptionFailure::from)?;
        let key = bytes("--key", self.key.as_deref().unwrap_or_default())?;
        let iv = match &self.iv {
            Some(iv) => bytes("--iv", iv)?,
            None if suite.iv_len() == 0 => Vec::new(),
            None => {
                let wanted = suite.iv_len();
                let usage = format!("{name} needs --iv with {wanted} bytes in hexadecimal");
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
        Ok(Some(Chosen { suite, name: name.clone(), key, iv }))
    }
}

/// Hexadecimal digits; the text is not repeated in the error, as it is a secret.
fn bytes(option: &str, hex: &str) -> Result<Vec<u8>, Failure> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0);
    let digits = digits
        .ok_or_else(|| Failure::Usage(format!("{option} is not an even number of hex digits")))?;
    // Two digits are at most 255.
    Ok(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}
