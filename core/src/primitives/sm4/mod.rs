//! SM4, the block cipher of GB/T 32907-2016, and its modes of GB/T 17964-2021.

pub mod cbc;

pub use sm4::Sm4;
