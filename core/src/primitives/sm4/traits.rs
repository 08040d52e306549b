//! The traits of the crate `cipher`, for the modes and constructions of other crates.

use std::{fmt, slice};

use cipher::{
    AlgorithmName, Block, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt,
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, InOut,
    InOutBuf, Key, KeyInit, KeySizeUser, ParBlocks, ParBlocksSizeUser,
    array::Array,
    consts::{U16, U64},
};

use super::{Backend, RoundKeys, Sm4};

impl KeySizeUser for Sm4 {
    type KeySize = U16;
}

impl KeyInit for Sm4 {
    fn new(key: &Key<Self>) -> Self {
        Self::with_backend(&key.0, Backend::default())
    }
}

impl BlockSizeUser for Sm4 {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for Sm4 {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        f.call(&self.keys);
    }
}

impl BlockCipherDecrypt for Sm4 {
    fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U16>) {
        f.call(&self.keys);
    }
}

impl AlgorithmName for Sm4 {
    fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm4")
    }
}

impl BlockSizeUser for RoundKeys {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for RoundKeys {
    /// What the widest kernel takes at a time.
    type ParBlocksSize = U64;
}

impl BlockCipherEncBackend for RoundKeys {
    fn encrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.encrypt(slice::from_mut(&mut block.into_out_with_copied_in().0));
    }

    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.encrypt_tail_blocks(blocks.into_buf());
    }

    fn encrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.encrypt(Array::cast_slice_to_core_mut(blocks.into_out_with_copied_in()));
    }
}

impl BlockCipherDecBackend for RoundKeys {
    fn decrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.decrypt(slice::from_mut(&mut block.into_out_with_copied_in().0));
    }

    fn decrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.decrypt_tail_blocks(blocks.into_buf());
    }

    fn decrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.decrypt(Array::cast_slice_to_core_mut(blocks.into_out_with_copied_in()));
    }
}
