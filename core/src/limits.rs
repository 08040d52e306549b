//! Every ceiling of the crate, each with its reason. Reaching one is an [`Error`](crate::Error) with
//! [`Code::LimitReached`](crate::Code::LimitReached) that names the constant.
//!
//! Whoever adds a loop over input adds its ceiling here and tests it at the limit and one past.

/// An OFD package as a file: 256 MiB. Real licences are below 1 MiB; scanned volumes reach 100 MiB.
pub const PACKAGE_BYTES_MAX: usize = 256 << 20;

/// A token as text: 16 KiB. It travels in an HTTP header, and servers refuse header lines beyond
/// 8 to 16 KiB.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;

/// Values of `aud` in a token: 16. A token for more services than that is for none in particular.
pub const TOKEN_AUDIENCES_MAX: usize = 16;

/// `alg`, `kid` and `typ` in a token's header, each: 128 bytes. Key ids are thumbprints
/// or short names.
pub const TOKEN_HEADER_TEXT_BYTES_MAX: usize = 128;

/// `iss`, `sub`, `jti` and each `aud` of a token: 512 bytes, room for a long address or
/// a directory name.
pub const TOKEN_CLAIM_TEXT_BYTES_MAX: usize = 512;

/// Nesting of arrays and objects in a token's header and claims: 16. Real ones stay below 5.
pub const TOKEN_JSON_DEPTH_MAX: usize = 16;

/// Difference of clocks that a token policy may forgive: 300 s. More would hide a broken clock.
pub const TOKEN_LEEWAY_S_MAX: u32 = 300;
