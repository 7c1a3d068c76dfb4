//! Which suite is compared with whom, as data.

/// Somebody else's implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oracle {
    OpenSsl,
    LibTomCrypt,
    Botan,
    Mcrypt,
    /// TEA in a dozen lines of Python; no library of Debian's has it.
    Paper,
}

impl Oracle {
    pub(crate) const ALL: [Self; 5] =
        [Self::OpenSsl, Self::LibTomCrypt, Self::Botan, Self::Mcrypt, Self::Paper];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::LibTomCrypt => "libtomcrypt",
            Self::Botan => "botan",
            Self::Mcrypt => "libmcrypt",
            Self::Paper => "the paper",
        }
    }
}

/// A suite and who has it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suite {
    /// Its name with us.
    pub(crate) name: &'static str,
    /// Its name with OpenSSL.
    pub(crate) openssl: &'static str,
    pub(crate) block: usize,
    pub(crate) iv: usize,
    /// The lengths of keys that are tried; OpenSSL's command line takes only the second list.
    pub(crate) keys: &'static [usize],
    pub(crate) openssl_keys: &'static [usize],
    pub(crate) oracles: &'static [Oracle],
}

use Oracle::{Botan, LibTomCrypt, Mcrypt, OpenSsl, Paper};

const fn suite(
    names: (&'static str, &'static str),
    (block, iv): (usize, usize),
    keys: &'static [usize],
    openssl_keys: &'static [usize],
    oracles: &'static [Oracle],
) -> Suite {
    Suite { name: names.0, openssl: names.1, block, iv, keys, openssl_keys, oracles }
}

pub(crate) const SUITES: &[Suite] = &[
    suite(("aes-128-cbc", "aes-128-cbc"), (16, 16), &[16], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("aes-192-cbc", "aes-192-cbc"), (16, 16), &[24], &[24], &[OpenSsl, LibTomCrypt]),
    suite(("aes-256-cbc", "aes-256-cbc"), (16, 16), &[32], &[32], &[OpenSsl, LibTomCrypt]),
    suite(("aes-128-ctr", "aes-128-ctr"), (16, 16), &[16], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("aes-256-ctr", "aes-256-ctr"), (16, 16), &[32], &[32], &[OpenSsl, LibTomCrypt]),
    suite(("blowfish-cbc", "bf-cbc"), (8, 8), &[8, 16, 33, 56], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("cast5-cbc", "cast5-cbc"), (8, 8), &[11, 16], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("des-cbc", "des-cbc"), (8, 8), &[8], &[8], &[OpenSsl, LibTomCrypt]),
    suite(("idea-cbc", ""), (8, 8), &[16], &[], &[LibTomCrypt]),
    suite(("rc2-cbc", "rc2-cbc"), (8, 8), &[8, 16, 31, 128], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("rc4", "rc4"), (1, 0), &[5, 16, 256], &[16], &[OpenSsl, LibTomCrypt, Botan]),
    suite(("tea-cbc", ""), (8, 8), &[16], &[], &[Paper]),
    suite(("tripledes-cbc", "des-ede3-cbc"), (8, 8), &[24], &[24], &[OpenSsl, LibTomCrypt]),
    suite(("des-ede-cbc", "des-ede-cbc"), (8, 8), &[16], &[16], &[OpenSsl]),
    suite(("twofish-cbc", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-cbc", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-192-cbc", ""), (24, 24), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("rijndael-256-cbc", ""), (32, 32), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("chacha", "chacha20"), (1, 12), &[32], &[32], &[OpenSsl, LibTomCrypt, Botan]),
    suite(("xsalsa20", ""), (1, 24), &[32], &[], &[Botan]),
];

impl Suite {
    pub(crate) fn keys_for(&self, oracle: Oracle) -> &'static [usize] {
        if oracle == OpenSsl { self.openssl_keys } else { self.keys }
    }

    /// OpenSSL puts ChaCha20's counter in front of the nonce.
    pub(crate) fn iv_for(&self, oracle: Oracle) -> usize {
        if oracle == OpenSsl && self.name == "chacha" { 16 } else { self.iv }
    }

    /// Around edges of blocks and of what is handled at once, from nothing to a megabyte.
    pub(crate) fn sizes_for(&self, oracle: Oracle) -> Vec<usize> {
        let edges = [self.block, 2 * self.block, 8 * self.block, 256, 4096, 65_536, 1 << 20];
        let around = edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1]);
        let mut sizes: Vec<usize> = around.chain([0, 1, 1_000_000]).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if oracle == Paper {
            // A megabyte takes Python half a minute.
            sizes.retain(|size| *size < 70_000);
        }
        sizes
    }
}
