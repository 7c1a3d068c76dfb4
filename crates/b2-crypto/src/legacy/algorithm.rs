//! The thirteen algorithms and what can be said about each without a key.

use core::fmt;

/// A cipher. The numbers are those of the class's `encryption_algorithm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES (FIPS 197).
    Aes = 0,
    /// Blowfish (Schneier, 1993).
    Blowfish = 1,
    /// CAST-128 (RFC 2144), also called CAST5.
    Cast = 2,
    /// DES (FIPS 46-3).
    Des = 3,
    /// IDEA (Lai and Massey, 1991).
    Idea = 4,
    /// RC2 (RFC 2268).
    Rc2 = 5,
    /// RC4, a stream cipher.
    Rc4 = 6,
    /// TEA (Wheeler and Needham, 1994).
    Tea = 7,
    /// DES three times with three keys, or with two.
    TripleDes = 8,
    /// Twofish (Schneier and others, 1998).
    Twofish = 9,
    /// Rijndael with a choice of block sizes.
    Rijndael = 10,
    /// ChaCha20, a stream cipher (RFC 8439, and its original form with 8 bytes of nonce).
    ChaCha = 11,
    /// XSalsa20, a stream cipher (Bernstein, 2008).
    XSalsa20 = 12,
}

/// How a block cipher is applied to more than a block.
///
/// There is no ECB: it shows which blocks of the plaintext are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Mode {
    /// Cipher block chaining.
    #[default]
    Cbc,
    /// Counter mode; the whole block is one big-endian counter that starts at the IV. Needs no
    /// padding. A key and IV used twice give both plaintexts away.
    Ctr,
}

impl Algorithm {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Aes,
        Self::Blowfish,
        Self::Cast,
        Self::Des,
        Self::Idea,
        Self::Rc2,
        Self::Rc4,
        Self::Tea,
        Self::TripleDes,
        Self::Twofish,
        Self::Rijndael,
        Self::ChaCha,
        Self::XSalsa20,
    ];

    /// The algorithm with this number in the class's `encryption_algorithm`.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| *algorithm as u32 == number)
    }

    /// The length in bytes of the keys that the class always uses: the largest that it knows.
    pub fn default_key_len(self) -> usize {
        match self {
            Self::Des => 8,
            Self::Cast | Self::Idea | Self::Rc2 | Self::Tea => 16,
            Self::TripleDes => 24,
            Self::Aes | Self::Twofish | Self::Rijndael | Self::ChaCha | Self::XSalsa20 => 32,
            Self::Blowfish => 56,
            Self::Rc4 => 256,
        }
    }

    /// Whether the algorithm takes a key of this many bytes.
    pub fn takes_key_of(self, len: usize) -> bool {
        match self {
            Self::Aes | Self::Twofish | Self::Rijndael => [16, 24, 32].contains(&len),
            Self::Blowfish => (4..=56).contains(&len),
            Self::Cast => (5..=16).contains(&len),
            Self::Des => len == 8,
            Self::Idea | Self::Tea => len == 16,
            Self::Rc2 => (1..=128).contains(&len),
            Self::Rc4 => (1..=256).contains(&len),
            Self::TripleDes => len == 16 || len == 24,
            Self::ChaCha | Self::XSalsa20 => len == 32,
        }
    }

    /// The lengths that [`takes_key_of`](Self::takes_key_of) accepts, in words.
    pub fn key_lengths(self) -> &'static str {
        match self {
            Self::Aes | Self::Twofish | Self::Rijndael => "16, 24 or 32",
            Self::Blowfish => "4 to 56",
            Self::Cast => "5 to 16",
            Self::Des => "8",
            Self::Idea | Self::Tea => "16",
            Self::Rc2 => "1 to 128",
            Self::Rc4 => "1 to 256",
            Self::TripleDes => "24, or 16 for two keys",
            Self::ChaCha | Self::XSalsa20 => "32",
        }
    }

    /// Whether it encrypts bytes instead of blocks and therefore has no mode and no padding.
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Rc4 | Self::ChaCha | Self::XSalsa20)
    }

    /// What is wrong with the algorithm itself, if anything is; a clause for a warning.
    ///
    /// That nothing here is authenticated holds for all of them and is not repeated.
    pub fn weakness(self) -> Option<&'static str> {
        match self {
            Self::Des => Some("its keys of 56 bits are found by trying all of them"),
            Self::Rc4 => Some("its output is biased and gives plaintext away"),
            Self::Rc2 => Some("it falls to related keys, and short effective keys are tried out"),
            Self::Tea => Some("its keys come in equivalent fours and it falls to related keys"),
            Self::TripleDes | Self::Blowfish | Self::Cast | Self::Idea => {
                Some("its blocks of 64 bits repeat after some 32 GiB and give plaintext away")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes => "AES",
            Self::Blowfish => "Blowfish",
            Self::Cast => "CAST-128",
            Self::Des => "DES",
            Self::Idea => "IDEA",
            Self::Rc2 => "RC2",
            Self::Rc4 => "RC4",
            Self::Tea => "TEA",
            Self::TripleDes => "3DES",
            Self::Twofish => "Twofish",
            Self::Rijndael => "Rijndael",
            Self::ChaCha => "ChaCha20",
            Self::XSalsa20 => "XSalsa20",
        })
    }
}
