//! The metadata of GB/T 36903-2018.
