//! Layer 3: sealed documents to a verdict.

pub mod identifier;
pub mod issue;
pub mod metadata;
pub mod ofd;
pub mod seal;
pub mod verify;
