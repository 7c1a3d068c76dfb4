//! Which suite is compared with whom, as data.

/// Somebody else's implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oracle {
    OpenSsl,
    LibTomCrypt,
    Botan,
    Mcrypt,
    /// The only one that has TEA.
    CryptoPp,
    /// What .NET has, by other people.
    Mono,
}

impl Oracle {
    pub(crate) const ALL: [Self; 6] =
        [Self::OpenSsl, Self::LibTomCrypt, Self::Botan, Self::Mcrypt, Self::CryptoPp, Self::Mono];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::LibTomCrypt => "libtomcrypt",
            Self::Botan => "botan",
            Self::Mcrypt => "libmcrypt",
            Self::CryptoPp => "crypto++",
            Self::Mono => "mono",
        }
    }
}

/// A suite and who has it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suite {
    /// Its name with us, and behind a colon what the name leaves open.
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

use Oracle::{Botan, CryptoPp, LibTomCrypt, Mcrypt, Mono, OpenSsl};

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
    suite(("aes-192-ctr", "aes-192-ctr"), (16, 16), &[24], &[24], &[OpenSsl, LibTomCrypt]),
    suite(("aes-256-ctr", "aes-256-ctr"), (16, 16), &[32], &[32], &[OpenSsl, LibTomCrypt]),
    suite(("blowfish-cbc", "bf-cbc"), (8, 8), &[8, 16, 33, 56], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("blowfish-cbc", ""), (8, 8), &[4, 5, 7], &[], &[CryptoPp]),
    suite(("cast5-cbc", "cast5-cbc"), (8, 8), &[11, 16], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("des-cbc", "des-cbc"), (8, 8), &[8], &[8], &[OpenSsl, LibTomCrypt]),
    suite(("idea-cbc", ""), (8, 8), &[16], &[], &[LibTomCrypt]),
    suite(("rc2-cbc", "rc2-cbc"), (8, 8), &[8, 16, 31, 128], &[16], &[OpenSsl, LibTomCrypt]),
    suite(("rc4", "rc4"), (1, 0), &[5, 16, 256], &[16], &[OpenSsl, LibTomCrypt, Botan]),
    suite(("rc2-40-cbc", "rc2-40-cbc"), (8, 8), &[5], &[5], &[OpenSsl]),
    suite(("rc2-64-cbc", "rc2-64-cbc"), (8, 8), &[8], &[8], &[OpenSsl]),
    suite(("rc4-40", "rc4-40"), (1, 0), &[5], &[5], &[OpenSsl]),
    suite(("tea-cbc", ""), (8, 8), &[16], &[], &[CryptoPp]),
    suite(("tripledes-cbc", "des-ede3-cbc"), (8, 8), &[24], &[24], &[OpenSsl, LibTomCrypt]),
    suite(("des-ede-cbc", "des-ede-cbc"), (8, 8), &[16], &[16], &[OpenSsl]),
    suite(("twofish-cbc", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-cbc", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-192-cbc", ""), (24, 24), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("rijndael-256-cbc", ""), (32, 32), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("chacha", "chacha20"), (1, 12), &[32], &[32], &[OpenSsl, LibTomCrypt, Botan]),
    // Nonces as the original has them, and where RFC 8439 begins in its AEAD.
    suite(("chacha", "chacha20"), (1, 8), &[32], &[], &[LibTomCrypt, Botan]),
    suite(("chacha:counter=1", ""), (1, 12), &[32], &[], &[LibTomCrypt]),
    suite(("chacha:counter=1", ""), (1, 8), &[32], &[], &[LibTomCrypt]),
    suite(("xsalsa20", ""), (1, 24), &[32], &[], &[Botan]),
    suite(("xsalsa20:counter=1", ""), (1, 24), &[32], &[], &[CryptoPp]),
    suite(("blowfish-ctr", ""), (8, 8), &[8, 16, 33, 56], &[], &[LibTomCrypt]),
    suite(("cast5-ctr", ""), (8, 8), &[11, 16], &[], &[LibTomCrypt]),
    suite(("des-ctr", ""), (8, 8), &[8], &[], &[LibTomCrypt]),
    suite(("idea-ctr", ""), (8, 8), &[16], &[], &[LibTomCrypt]),
    suite(("rc2-ctr", ""), (8, 8), &[8, 16, 31, 128], &[], &[LibTomCrypt]),
    suite(("tripledes-ctr", ""), (8, 8), &[24], &[], &[LibTomCrypt]),
    suite(("des-ede-ctr", ""), (8, 8), &[16], &[], &[LibTomCrypt]),
    suite(("twofish-ctr", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-ctr", ""), (16, 16), &[16, 24, 32], &[], &[LibTomCrypt]),
    suite(("rijndael-192-ctr", ""), (24, 24), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("rijndael-256-ctr", ""), (32, 32), &[16, 24, 32], &[], &[Mcrypt]),
    suite(("tea-ctr", ""), (8, 8), &[16], &[], &[CryptoPp]),
    suite(("tea-cbc:little", ""), (8, 8), &[16], &[], &[CryptoPp]),
    suite(("tea-cbc:little,cycles=16", ""), (8, 8), &[16], &[], &[CryptoPp]),
    suite(("rc4:drop=768", ""), (1, 0), &[16, 256], &[], &[Botan]),
    suite(("rc2-cbc:bits=40", ""), (8, 8), &[8, 16], &[], &[Mono]),
    suite(("rc2-cbc:bits=63", ""), (8, 8), &[8, 16], &[], &[Mono, CryptoPp]),
    suite(("rc2-cbc:bits=64", ""), (8, 8), &[1, 7, 8, 16, 128], &[], &[CryptoPp]),
    suite(("rc2-cbc:bits=1024", ""), (8, 8), &[5, 16], &[], &[CryptoPp]),
    suite(("aes-256-cbc:padding=ansi-x923", ""), (16, 16), &[32], &[], &[Mono]),
    suite(("aes-256-cbc:padding=zeros", ""), (16, 16), &[32], &[], &[Mono]),
    suite(("tripledes-cbc:padding=ansi-x923", ""), (8, 8), &[24], &[], &[Mono]),
    suite(("rijndael-256-cbc:padding=ansi-x923", ""), (32, 32), &[32], &[], &[Mono]),
    suite(("rijndael-192-cbc:padding=zeros", ""), (24, 24), &[16], &[], &[Mono]),
    suite(("aes-256-cbc:padding=iso-10126", ""), (16, 16), &[32], &[], &[Mono]),
    suite(("tripledes-cbc:padding=iso-10126", ""), (8, 8), &[24], &[], &[Mono]),
];

impl Suite {
    pub(crate) fn keys_for(&self, oracle: Oracle) -> &'static [usize] {
        if oracle == OpenSsl { self.openssl_keys } else { self.keys }
    }

    /// OpenSSL puts ChaCha20's counter in front of the nonce.
    pub(crate) fn iv_for(&self, oracle: Oracle) -> usize {
        if oracle == OpenSsl && self.name == "chacha" { 16 } else { self.iv }
    }

    /// Whether ours is another one with the feature `aws-lc-rs`.
    pub(crate) fn has_two(&self) -> bool {
        self.counts() && (self.name.starts_with("aes-") || self.name == "rijndael-ctr")
    }

    /// How much of a ciphertext is not the same in every implementation: what random bytes are in.
    pub(crate) fn random_end(&self) -> usize {
        if self.name.ends_with("padding=iso-10126") { self.block } else { 0 }
    }

    /// Whether it counts blocks, so that its IV should come to its end too.
    pub(crate) fn counts(&self) -> bool {
        self.name.ends_with("-ctr")
    }

    /// Around edges of blocks and of what is handled at once, from nothing to a megabyte.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let edges = [self.block, 2 * self.block, 8 * self.block, 256, 4096, 65_536, 1 << 20];
        let around = edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1]);
        let mut sizes: Vec<usize> = around.chain([0, 1, 1_000_000]).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}
