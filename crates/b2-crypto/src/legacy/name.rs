//! Suites by name, as on a command line.

use alloc::borrow::ToOwned as _;

use super::{Algorithm, Mode, RijndaelBlock, Suite, SuiteError};

/// The names without their mode, and what OpenSSL and others call the same.
const NAMES: &[(&str, Algorithm, Option<usize>)] = &[
    ("aes", Algorithm::Aes, None),
    ("aes-128", Algorithm::Aes, Some(16)),
    ("aes-192", Algorithm::Aes, Some(24)),
    ("aes-256", Algorithm::Aes, Some(32)),
    ("blowfish", Algorithm::Blowfish, None),
    ("bf", Algorithm::Blowfish, None),
    ("cast5", Algorithm::Cast, None),
    ("cast", Algorithm::Cast, None),
    ("des", Algorithm::Des, None),
    ("idea", Algorithm::Idea, None),
    ("rc2", Algorithm::Rc2, None),
    ("rc2-40", Algorithm::Rc2, Some(5)),
    ("rc2-64", Algorithm::Rc2, Some(8)),
    ("tea", Algorithm::Tea, None),
    ("tripledes", Algorithm::TripleDes, None),
    ("des-ede3", Algorithm::TripleDes, Some(24)),
    ("des-ede", Algorithm::TripleDes, Some(16)),
    ("twofish", Algorithm::Twofish, None),
    ("rijndael", Algorithm::Rijndael, None),
];

/// The names of all suites that [`Suite::from_name`] is sure to know, one for each.
const LISTED: &[&str] = &[
    "aes-128-cbc",
    "aes-192-cbc",
    "aes-256-cbc",
    "blowfish-cbc",
    "cast5-cbc",
    "des-cbc",
    "idea-cbc",
    "rc2-cbc",
    "rc4",
    "tea-cbc",
    "tripledes-cbc",
    "twofish-cbc",
    "rijndael-cbc",
    "rijndael-192-cbc",
    "rijndael-256-cbc",
    "chacha",
    "xsalsa20",
    "aes-128-ctr",
    "aes-192-ctr",
    "aes-256-ctr",
    "blowfish-ctr",
    "cast5-ctr",
    "des-ctr",
    "idea-ctr",
    "rc2-ctr",
    "tea-ctr",
    "tripledes-ctr",
    "twofish-ctr",
    "rijndael-ctr",
    "rijndael-192-ctr",
    "rijndael-256-ctr",
];

impl Suite {
    /// The suite with this name: an algorithm and, for block ciphers, `-cbc` or `-ctr`.
    ///
    /// `rijndael-cbc` has blocks of 128 bits, `rijndael-192-cbc` and `rijndael-256-cbc` have
    /// blocks of as many bits as they say. OpenSSL's names of them are understood too, with their mode;
    /// `rc2-40-cbc`, `rc2-64-cbc` and `rc4-40` have keys of 5, 8 and 5 bytes, and those of the others
    /// are not made longer or shorter as OpenSSL's command line does.
    ///
    /// ```
    /// use b2_crypto::legacy::{Algorithm, Suite};
    ///
    /// assert_eq!(Suite::from_name("bf-cbc").unwrap().algorithm(), Algorithm::Blowfish);
    /// assert_eq!(Suite::from_name("rc2-40-cbc").unwrap().key_len(), 5);
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no such suite, or if it is one in ECB mode.
    pub fn from_name(name: &str) -> Result<Self, SuiteError> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "rc4" => return Ok(Self::new(Algorithm::Rc4)),
            "rc4-40" => return Ok(Self::new(Algorithm::Rc4).with_key_len(5)),
            "chacha" | "chacha20" => return Ok(Self::new(Algorithm::ChaCha)),
            "xsalsa20" => return Ok(Self::new(Algorithm::XSalsa20)),
            "des3" => return Ok(Self::new(Algorithm::TripleDes).with_key_len(24)),
            _ => {}
        }
        let unknown = || SuiteError::UnknownName(name.to_owned());
        let (cipher, mode) = lower.rsplit_once('-').ok_or_else(unknown)?;
        let mode = match mode {
            "cbc" => Mode::Cbc,
            "ctr" => Mode::Ctr,
            "ecb" => return Err(SuiteError::Ecb),
            _ => return Err(unknown()),
        };
        let wide = |block| Self::new(Algorithm::Rijndael).with_rijndael_block(block);
        let suite = match cipher {
            "rijndael-128" => wide(RijndaelBlock::Bits128),
            "rijndael-192" => wide(RijndaelBlock::Bits192),
            "rijndael-256" => wide(RijndaelBlock::Bits256),
            _ => {
                let found = NAMES.iter().find(|known| known.0 == cipher).ok_or_else(unknown)?;
                Self { key_len: found.2, ..Self::new(found.1) }
            }
        };
        Ok(suite.with_mode(mode))
    }

    /// Names that [`from_name`](Self::from_name) knows: each suite once, without other spellings.
    pub fn names() -> &'static [&'static str] {
        LISTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_is_known() {
        for name in LISTED {
            let suite = Suite::from_name(name).unwrap();
            let key = [1; 256];
            let iv = [2; 32];
            suite.encryptor(&key[..suite.key_len()], &iv[..suite.iv_len()]).unwrap();
        }
    }

    #[test]
    fn other_names_are_refused_in_words() {
        assert_eq!(Suite::from_name("aes-256-ecb"), Err(SuiteError::Ecb));
        for name in ["", "-", "aes-256", "rot13-cbc", "cbc", "aes-256-gcm", "rc4-cbc"] {
            let expected = SuiteError::UnknownName(name.to_owned());
            assert_eq!(Suite::from_name(name), Err(expected), "{name}");
        }
    }
}
