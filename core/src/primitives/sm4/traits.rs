//! The traits of the crate `cipher`, for the modes and constructions of other crates.

use std::{fmt, slice};

use cipher::{
    AlgorithmName, Block, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt,
    BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockModeDecBackend,
    BlockModeDecClosure, BlockModeDecrypt, BlockModeEncBackend, BlockModeEncClosure,
    BlockModeEncrypt, BlockSizeUser, InOut, InOutBuf, InnerIvInit, Iv, IvSizeUser, Key, KeyInit,
    KeySizeUser, ParBlocks, ParBlocksSizeUser, StreamCipher, StreamCipherError,
    array::Array,
    common::InnerUser,
    consts::{U16, U64},
};

use super::{Backend, Chain, RoundKeys, Sm4, cbc, ctr::Ctr, ofb::Ofb};

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

/// What each mode with an IV has: it is made of an expanded key and a block.
macro_rules! of_key_and_block {
    ($($mode:ty),+) => {
        $(
            impl InnerUser for $mode {
                type Inner = Sm4;
            }

            impl IvSizeUser for $mode {
                type IvSize = U16;
            }

            impl InnerIvInit for $mode {
                fn inner_iv_init(cipher: Sm4, iv: &Iv<Self>) -> Self {
                    Self::new(cipher, &iv.0)
                }
            }
        )+
    };
}

of_key_and_block!(cbc::Encryptor, cbc::Decryptor, Ctr, Ofb);

impl BlockSizeUser for cbc::Encryptor {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for cbc::Encryptor {
    /// One call takes a whole chain: the more the better.
    type ParBlocksSize = U64;
}

impl BlockModeEncrypt for cbc::Encryptor {
    fn encrypt_with_backend(&mut self, f: impl BlockModeEncClosure<BlockSize = U16>) {
        f.call(self);
    }
}

impl BlockModeEncBackend for cbc::Encryptor {
    fn encrypt_block(&mut self, block: InOut<'_, '_, Block<Self>>) {
        let block = slice::from_mut(&mut block.into_out_with_copied_in().0);
        self.cipher.keys.chain(Chain::Cbc, &mut self.previous, block);
    }

    fn encrypt_par_blocks(&mut self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.encrypt_tail_blocks(blocks.into_buf());
    }

    fn encrypt_tail_blocks(&mut self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        let blocks = Array::cast_slice_to_core_mut(blocks.into_out_with_copied_in());
        self.cipher.keys.chain(Chain::Cbc, &mut self.previous, blocks);
    }
}

impl BlockSizeUser for cbc::Decryptor {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for cbc::Decryptor {
    /// What the widest kernel takes at a time.
    type ParBlocksSize = U64;
}

impl BlockModeDecrypt for cbc::Decryptor {
    fn decrypt_with_backend(&mut self, f: impl BlockModeDecClosure<BlockSize = U16>) {
        f.call(self);
    }
}

impl BlockModeDecBackend for cbc::Decryptor {
    fn decrypt_block(&mut self, block: InOut<'_, '_, Block<Self>>) {
        let block = slice::from_mut(&mut block.into_out_with_copied_in().0);
        self.cipher.keys.cbc_decrypt(&mut self.previous, block);
    }

    fn decrypt_par_blocks(&mut self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.decrypt_tail_blocks(blocks.into_buf());
    }

    fn decrypt_tail_blocks(&mut self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        let blocks = Array::cast_slice_to_core_mut(blocks.into_out_with_copied_in());
        self.cipher.keys.cbc_decrypt(&mut self.previous, blocks);
    }
}

/// The trait of keystreams. Theirs come back after 2^128 blocks: no data has that many.
macro_rules! stream_cipher {
    ($($mode:ty),+) => {
        $(
            impl StreamCipher for $mode {
                fn check_remaining(&self, _: usize) -> Result<(), StreamCipherError> {
                    Ok(())
                }

                fn unchecked_apply_keystream_inout(&mut self, data: InOutBuf<'_, '_, u8>) {
                    self.xor_in_place(data.into_out_with_copied_in());
                }

                fn unchecked_write_keystream(&mut self, data: &mut [u8]) {
                    data.fill(0);
                    self.xor_in_place(data);
                }
            }
        )+
    };
}

stream_cipher!(Ctr, Ofb);
