//! Password-based encryption: which scheme an AlgorithmIdentifier names, and what the schemes share.
//!
//! PBES2 ([`pbes2`]) is read always and written; the schemes before it ([`pbes1`]: PBES1, and those of
//! PKCS#12) are read only, and only where the caller says [`Legacy::Allowed`].

use const_oid::ObjectIdentifier;
use der::asn1::AnyRef;
use spki::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::{pbes1, pbes2};
use crate::{
    error::{Code, Error},
    limits,
};

/// Whether encryption that is broken by today's measure is opened: DES, RC2 and Triple DES with keys
/// made by PKCS#5 version 1 or PKCS#12.
///
/// Files from before about 2020 have it, and Java and Windows wrote it for longer. Whoever holds such a
/// file finds its password, or with RC2-40 its key, far too fast: open it, and write it anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Legacy {
    /// The error is [`Code::LegacyEncryption`].
    #[default]
    Refused,
    /// It is opened.
    Allowed,
}

/// A password in the forms that the schemes take.
#[derive(Clone, Copy)]
pub(in crate::pki) struct Password<'a> {
    bytes: &'a [u8],
    is_absent: bool,
}

impl<'a> Password<'a> {
    /// A password; it may be empty.
    pub(in crate::pki) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, is_absent: false }
    }

    /// No password: some writers tell it from an empty one in [`bmp`](Self::bmp), by no zeros at all.
    pub(in crate::pki) const fn absent() -> Self {
        Self { bytes: &[], is_absent: true }
    }

    /// As it was given, for the schemes of PKCS#5.
    pub(in crate::pki) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// As the contents of a BMPString with a final NUL, for those of PKCS#12 (RFC 7292, B.1). Characters
    /// beyond the first plane become two units, as Java, OpenSSL and Windows write them.
    ///
    /// # Errors
    /// [`Code::BadUtf8`] if the password is no UTF-8.
    pub(in crate::pki) fn bmp(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        if self.is_absent {
            return Ok(Zeroizing::new(Vec::new()));
        }
        let bad = |_| Error::new(Code::BadUtf8).field("password");
        let text = std::str::from_utf8(self.bytes).map_err(bad)?;
        // UTF-16 has at most two bytes for each of UTF-8: the buffer never moves.
        let mut bmp = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        text.encode_utf16().chain([0]).for_each(|unit| bmp.extend(unit.to_be_bytes()));
        Ok(bmp)
    }
}

/// What is left of the iterations that a file may ask for in all.
pub(in crate::pki) struct Work {
    left: u64,
}

impl Work {
    /// For a file with one derivation, which has a ceiling of its own.
    pub(in crate::pki) const fn once() -> Self {
        Self { left: u64::MAX }
    }

    /// For a PKCS#12 file.
    pub(in crate::pki) const fn pkcs12() -> Self {
        Self { left: limits::PKCS12_ITERATIONS_MAX }
    }

    /// Takes `iterations` from it.
    ///
    /// # Errors
    /// [`Code::LimitReached`] if not so many are left.
    pub(in crate::pki) fn spend(&mut self, iterations: u64) -> Result<(), Error> {
        let left = self.left.checked_sub(iterations);
        self.left = left.ok_or_else(|| Error::limit("PKCS12_ITERATIONS_MAX"))?;
        Ok(())
    }
}

/// Decrypts `data` as `algorithm` says.
///
/// # Errors
/// [`Code::WrongPassword`] if the padding is wrong: with a wrong password it is right once in 256
/// times, so that the caller has to look at what comes out. [`Code::UnsupportedAlgorithm`],
/// [`Code::LegacyEncryption`], [`Code::BadKey`] for parameters, [`Code::LimitReached`].
pub(in crate::pki) fn decrypt(
    algorithm: &AlgorithmIdentifier<AnyRef<'_>>,
    data: &[u8],
    password: &Password<'_>,
    legacy: Legacy,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if pbes2::names(algorithm.oid) {
        return pbes2::Scheme::of(algorithm)?.decrypt(data, password, work);
    }
    let scheme = pbes1::Scheme::of(algorithm)?;
    match legacy {
        Legacy::Allowed => scheme.decrypt(data, password, work),
        Legacy::Refused => Err(Error::new(Code::LegacyEncryption).field("encryptionAlgorithm")),
    }
}

/// The number of iterations, if it is one that may be asked for; `bad` if there are none.
pub(in crate::pki) fn iterations(asked: u32, bad: Error) -> Result<u32, Error> {
    match asked {
        0 => Err(bad),
        1..=limits::PBKDF2_ITERATIONS_MAX => Ok(asked),
        _ => Err(Error::limit("PBKDF2_ITERATIONS_MAX")),
    }
}

pub(super) fn unsupported(field: &'static str) -> Error {
    Error::new(Code::UnsupportedAlgorithm).field(field)
}

/// An object identifier from its dotted form, at compile time.
pub(in crate::pki) const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_utf_16() {
        let bmp = |password: &str| Password::new(password.as_bytes()).bmp().unwrap().to_vec();
        assert_eq!(bmp(""), [0, 0]);
        assert_eq!(bmp("a口"), [0, 0x61, 0x53, 0xe3, 0, 0]);
        // U+20BB7, beyond the first plane: two units.
        assert_eq!(bmp("𠮷"), [0xd8, 0x42, 0xdf, 0xb7, 0, 0]);
        assert_eq!(Password::absent().bmp().unwrap().len(), 0);
        // 口令 in GBK.
        let gbk = Password::new(&[0xbf, 0xda, 0xc1, 0xee]).bmp();
        assert_eq!(gbk.unwrap_err().code(), Code::BadUtf8);
    }

    #[test]
    fn iterations_are_bounded_one_by_one_and_in_all() {
        let bad = || Error::new(Code::BadKey);
        let most = limits::PBKDF2_ITERATIONS_MAX;
        assert_eq!(iterations(most, bad()), Ok(most));
        assert_eq!(iterations(0, bad()), Err(bad()));
        let over = iterations(most + 1, bad()).unwrap_err();
        assert_eq!(over.field_name(), Some("PBKDF2_ITERATIONS_MAX"));
        let mut work = Work::pkcs12();
        work.spend(limits::PKCS12_ITERATIONS_MAX - 1).unwrap();
        work.spend(1).unwrap();
        assert_eq!(work.spend(1).unwrap_err().field_name(), Some("PKCS12_ITERATIONS_MAX"));
    }
}
