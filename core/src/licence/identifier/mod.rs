//! The licence identifier of GB/T 36904-2018.
