//! The OFD container of GB/T 33190-2016: packages, documents, what a document renders, signature
//! files and what they cover, the integrity list of GM/T 0099-2020, and writing all of it.
//!
//! Nothing here judges keys or trust: the values that are signed come out as their original bytes, with
//! the digests that were stated and found.

mod append;
mod closure;
mod coverage;
mod document;
mod integrity;
mod path;
mod signature;
mod write;
pub(crate) mod xml;
mod zip;

pub use append::{NewSignature, SignedParts, Stamp, add_signature};
pub use closure::Closure;
pub use coverage::{Coverage, FileCoverage, Mismatch, coverage};
pub use document::{DocInfo, Document, MAIN_FILE, Page, PageText, Version};
pub use integrity::{INTEGRITY_FILE, Integrity};
pub use path::resolve;
pub use signature::{
    CheckMethod, DateTime, Provider, Rectangle, Reference, SignatureEntry, SignatureFile,
    SignatureKind, SignatureList, StampAnnot, Zone,
};
pub use write::PackageWriter;
pub use zip::Package;

#[cfg(test)]
mod tests;
