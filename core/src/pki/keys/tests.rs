//! Key files of other implementations, and what is written read back.
