//! Unpredictable-looking bytes from a seed.
//!
//! The rules never ask the system for randomness: the same seed and the same
//! requests mint the same ids, tokens and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// A stream of bytes that depends on nothing but its seed.
#[derive(Clone)]
pub(crate) struct Entropy {
    seed: [u8; 32],
    drawn: u64,
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever knows the seed knows every token made from it.
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

impl Entropy {
    pub(crate) const fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A stream of its own for one request, so requests do not share state.
    pub(crate) fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        Self::from_seed(seed)
    }

    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(20) {
            let mut block = Sha1::new();
            block.update(self.seed);
            block.update(self.drawn.to_be_bytes());
            chunk.copy_from_slice(&block.finalize()[..chunk.len()]);
            self.drawn += 1;
        }
    }

    pub(crate) fn u128(&mut self) -> u128 {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        (self.u128() % u128::from(bound)) as u64
    }

    /// `digits` lower-case hex digits, at most 32.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = format!("{:032x}", self.u128());
        text.truncate(digits);
        text
    }

    /// `len` random bytes in standard base64.
    pub(crate) fn base64(&mut self, len: usize) -> String {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        STANDARD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let draw = |seed: u8| {
            let mut entropy = Entropy::from_seed([seed; 32]);
            (entropy.fork().hex(32), entropy.base64(20), entropy.below(1000))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn consecutive_draws_differ() {
        let mut entropy = Entropy::from_seed([0; 32]);
        assert_ne!(entropy.hex(12), entropy.hex(12));
    }
}
