//! Every ceiling of the crate, each with its reason. Reaching one is an [`Error`](crate::Error) with
//! [`Code::LimitReached`](crate::Code::LimitReached) that names the constant.
//!
//! Whoever adds a loop over input adds its ceiling here and tests it at the limit and one past.

/// An OFD package as a file: 256 MiB. Real licences are below 1 MiB; scanned volumes reach 100 MiB.
pub const PACKAGE_BYTES_MAX: usize = 256 << 20;
