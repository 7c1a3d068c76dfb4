//! What turns two functions on one block into a cipher that modes can use.

/// Implements the traits of `cipher` for a type with the methods `encrypt` and `decrypt`, which
/// take and give one block as an array; or, with a number of lanes, as many blocks as there are.
macro_rules! block_cipher {
    ($name:ident, $size:ty, $lanes:ty) => {
        impl cipher::BlockSizeUser for $name {
            type BlockSize = $size;
        }

        impl cipher::ParBlocksSizeUser for $name {
            type ParBlocksSize = $lanes;
        }

        block_cipher!(@whole $name);

        impl cipher::BlockCipherEncBackend for $name {
            #[inline]
            fn encrypt_block(&self, mut block: cipher::InOut<'_, '_, cipher::Block<Self>>) {
                let [done] = self.encrypt([(*block.get_in()).into()]);
                *block.get_out() = done.into();
            }

            #[inline]
            fn encrypt_par_blocks(
                &self,
                mut blocks: cipher::InOut<'_, '_, cipher::ParBlocks<Self>>,
            ) {
                let given: [cipher::Block<Self>; <$lanes as cipher::typenum::Unsigned>::USIZE] =
                    (*blocks.get_in()).into();
                let done = self.encrypt(given.map(Into::into));
                *blocks.get_out() = done.map(Into::into).into();
            }
        }

        impl cipher::BlockCipherDecBackend for $name {
            #[inline]
            fn decrypt_block(&self, mut block: cipher::InOut<'_, '_, cipher::Block<Self>>) {
                let [done] = self.decrypt([(*block.get_in()).into()]);
                *block.get_out() = done.into();
            }

            #[inline]
            fn decrypt_par_blocks(
                &self,
                mut blocks: cipher::InOut<'_, '_, cipher::ParBlocks<Self>>,
            ) {
                let given: [cipher::Block<Self>; <$lanes as cipher::typenum::Unsigned>::USIZE] =
                    (*blocks.get_in()).into();
                let done = self.decrypt(given.map(Into::into));
                *blocks.get_out() = done.map(Into::into).into();
            }
        }
    };
    ($name:ident, $size:ty) => {
        impl cipher::BlockSizeUser for $name {
            type BlockSize = $size;
        }

        impl cipher::ParBlocksSizeUser for $name {
            type ParBlocksSize = cipher::consts::U1;
        }

        block_cipher!(@whole $name);

        impl cipher::BlockCipherEncBackend for $name {
            #[inline]
            fn encrypt_block(&self, mut block: cipher::InOut<'_, '_, cipher::Block<Self>>) {
                let done = self.encrypt((*block.get_in()).into());
                *block.get_out() = done.into();
            }
        }

        impl cipher::BlockCipherDecBackend for $name {
            #[inline]
            fn decrypt_block(&self, mut block: cipher::InOut<'_, '_, cipher::Block<Self>>) {
                let done = self.decrypt((*block.get_in()).into());
                *block.get_out() = done.into();
            }
        }
    };
    (@whole $name:ident) => {
        impl cipher::BlockCipherEncrypt for $name {
            #[inline]
            fn encrypt_with_backend(
                &self,
                f: impl cipher::BlockCipherEncClosure<BlockSize = Self::BlockSize>,
            ) {
                f.call(self);
            }
        }

        impl cipher::BlockCipherDecrypt for $name {
            #[inline]
            fn decrypt_with_backend(
                &self,
                f: impl cipher::BlockCipherDecClosure<BlockSize = Self::BlockSize>,
            ) {
                f.call(self);
            }
        }

        impl zeroize::ZeroizeOnDrop for $name {}
    };
}
