//! Layer 3: a presented identity to a verdict.

pub mod token;
