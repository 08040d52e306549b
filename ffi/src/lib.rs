//! The C interface of `yinxin`: it converts arguments and results, and holds no logic of its own.
//!
//! Its manual is the header `include/yinxin.h`, which `tests/header.rs` makes from the sources of
//! this folder and from the table of error codes; the documentation of a function here is written
//! for the reader of that header. `boundary` keeps what all functions share: pointers are
//! checked, a panic becomes a status, an out-parameter is written on success only.

// C names, and contracts that stand in the text of each function rather than under a heading.
#![allow(non_camel_case_types, clippy::missing_safety_doc)]

mod boundary;
pub mod error;
pub mod report;
pub mod sm2;
pub mod sm3;
pub mod verify;

/// The modules whose items make the header, in its order.
pub const HEADER_SOURCES: [&str; 5] = ["error", "sm3", "sm2", "verify", "report"];
