//! What programs that say the same name of a cipher may mean by it.

use alloc::vec;
use alloc::vec::Vec;

use super::{Algorithm, Suite};
use crate::cipher::ByteOrder;

impl Suite {
    /// This suite, and what else software that calls it the same is known to do: TEA with other
    /// words or half the cycles, RC2 with other effective bits, RC4 that drops its first bytes,
    /// ChaCha20 and XSalsa20 with another nonce or first counter. What fits is for a
    /// [search](super::ProfileSearch) to find out.
    #[must_use]
    pub fn variants(self) -> Vec<Self> {
        match self.algorithm {
            Algorithm::Tea => {
                let orders = [ByteOrder::Big, ByteOrder::Little].into_iter();
                orders
                    .flat_map(|order| [32, 16].map(|cycles| self.with_tea(order, cycles)))
                    .collect()
            }
            Algorithm::Rc2 => {
                let own = 8 * self.key_len();
                let others = [40, 56, 64, 128, 1024].into_iter().filter(|bits| *bits != own);
                let others = others.map(|bits| self.with_rc2_effective_bits(bits));
                [self].into_iter().chain(others).collect()
            }
            Algorithm::Rc4 => {
                [0, 256, 512, 768, 1024, 3072].map(|bytes| self.with_rc4_drop(bytes)).to_vec()
            }
            Algorithm::ChaCha => {
                let nonces = [12, 8].into_iter().map(|len| self.with_nonce_len(len));
                nonces.flat_map(|suite| [0, 1].map(|first| suite.with_counter(first))).collect()
            }
            Algorithm::XSalsa20 => [0, 1].map(|first| self.with_counter(first)).to_vec(),
            _ => vec![self],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of them are different, and the first is what the name alone means.
    #[test]
    fn the_usual_comes_first_and_nothing_twice() {
        for name in Suite::names() {
            let suite = Suite::from_name(name).unwrap();
            let (key, iv) = ([7; 256], [9; 32]);
            let sealed: Vec<Vec<u8>> = [suite]
                .into_iter()
                .chain(suite.variants())
                .map(|suite| {
                    let (key, iv) = (&key[..suite.key_len()], &iv[..suite.iv_len()]);
                    let mut sealed = Vec::new();
                    suite.encryptor(key, iv).unwrap().update(&[0; 64], &mut sealed).unwrap();
                    sealed
                })
                .collect();
            assert_eq!(sealed[0], sealed[1], "{name}");
            for (at, one) in sealed.iter().enumerate().skip(1) {
                assert!(!sealed[at + 1..].contains(one), "{name} {at}");
            }
        }
    }
}
