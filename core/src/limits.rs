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

/// An electronic seal: 10 MiB, that is one picture of the largest size with room for its certificates.
pub const SEAL_BYTES_MAX: usize = 10 << 20;

/// A seal's picture: 8 MiB. Pictures in use have 5 to 300 KiB; some are whole OFD packages.
pub const SEAL_PICTURE_BYTES_MAX: usize = 8 << 20;

/// Certificates or digests in a seal's list: 256. A seal shared by an office lists tens.
pub const SEAL_LIST_MAX: usize = 256;

/// Extensions of a seal or of a sealed signature: 64. Four are the most that was met.
pub const SEAL_EXTENSIONS_MAX: usize = 64;

/// One text of a seal (identifier, name, vendor, kind of picture): 4 KiB.
pub const SEAL_TEXT_BYTES_MAX: usize = 4 << 10;

/// One certificate inside a seal, sealed signature or SignedData: 64 KiB. Real ones have 0.5 to 2 KiB.
pub const EMBEDDED_CERTIFICATE_BYTES_MAX: usize = 64 << 10;

/// A sealed signature: 12 MiB, that is the largest seal and what surrounds it.
pub const SIGNED_VALUE_BYTES_MAX: usize = 12 << 20;

/// The property of a sealed signature: 64 KiB. It holds one path, or a path in a little JSON.
pub const SIGNED_VALUE_PROPERTY_BYTES_MAX: usize = 64 << 10;

/// A time stamp inside a seal or sealed signature: 64 KiB, a token with the chain of its authority.
pub const TIME_STAMP_BYTES_MAX: usize = 64 << 10;
/// A licence identifier: 128 bytes, the length of the metadata element ZZBS (GB/T 36903-2018).
pub const IDENTIFIER_BYTES_MAX: usize = 128;
