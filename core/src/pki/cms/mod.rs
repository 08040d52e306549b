//! SignedData of GB/T 35275.
