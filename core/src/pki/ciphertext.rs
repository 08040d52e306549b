//! The layouts in which SM2 ciphertexts travel, each under its name, and the one function that guesses.

use zeroize::Zeroizing;

use super::{custody::Decrypter, keys, text::Coding};
use crate::{
    error::{Code, Error},
    primitives::sm2::Ciphertext,
};

/// The layout of a ciphertext. Nothing in the bytes of the four raw ones tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// SM2Cipher, DER (GB/T 35276-2017, 7.2; GM/T 0009-2012, 7.2).
    Asn1,
    /// 04 ‖ x ‖ y ‖ C3 ‖ C2 (GB/T 32918.4-2016, 6.1).
    C1C3C2,
    /// 04 ‖ x ‖ y ‖ C2 ‖ C3, the order before 2012.
    C1C2C3,
    /// x ‖ y ‖ C3 ‖ C2: some libraries leave out 04.
    C1C3C2Without04,
    /// x ‖ y ‖ C2 ‖ C3.
    C1C2C3Without04,
    /// ECCCIPHERBLOB of GM/T 0016-2012; ECCCipher of GM/T 0018-2012 has the same bytes.
    EccCipherBlob,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 6] = [
        Self::Asn1,
        Self::C1C3C2,
        Self::C1C2C3,
        Self::C1C3C2Without04,
        Self::C1C2C3Without04,
        Self::EccCipherBlob,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asn1 => "ASN.1",
            Self::C1C3C2 => "C1C3C2",
            Self::C1C2C3 => "C1C2C3",
            Self::C1C3C2Without04 => "C1C3C2 without 04",
            Self::C1C2C3Without04 => "C1C2C3 without 04",
            Self::EccCipherBlob => "ECCCIPHERBLOB",
        }
    }

    /// Reads a ciphertext that has this layout, written in `coding`.
    ///
    /// # Errors
    /// Those of [`Coding::decode`] and of the reader of the layout:
    /// [`Code::BadCiphertext`] or, for a blob, [`Code::BadLength`].
    pub fn read(self, input: &[u8], coding: Coding) -> Result<Ciphertext, Error> {
        let bytes = coding.decode(input)?;
        match self {
            Self::Asn1 => Ciphertext::from_der(&bytes),
            Self::C1C3C2 => Ciphertext::from_c1c3c2(&bytes),
            Self::C1C2C3 => Ciphertext::from_c1c2c3(&bytes),
            Self::C1C3C2Without04 => Ciphertext::from_c1c3c2(&[&[4], &**bytes].concat()),
            Self::C1C2C3Without04 => Ciphertext::from_c1c2c3(&[&[4], &**bytes].concat()),
            Self::EccCipherBlob => keys::ciphertext_from_blob(&bytes),
        }
    }

    /// Writes `ciphertext` in this layout and `coding`.
    #[must_use]
    pub fn write(self, ciphertext: &Ciphertext, coding: Coding) -> Vec<u8> {
        let bytes = match self {
            Self::Asn1 => ciphertext.to_der(),
            Self::C1C3C2 => ciphertext.to_c1c3c2(),
            Self::C1C2C3 => ciphertext.to_c1c2c3(),
            Self::C1C3C2Without04 => ciphertext.to_c1c3c2().split_off(1),
            Self::C1C2C3Without04 => ciphertext.to_c1c2c3().split_off(1),
            Self::EccCipherBlob => keys::ciphertext_to_blob(ciphertext),
        };
        coding.encode(&bytes).to_vec()
    }
}

/// Guesses the layout of `bytes` by decrypting: that whose C3 fits is the right one, and its plaintext
/// comes with it. It costs one decryption for each layout in which `bytes` can be read, six at most.
///
/// # Errors
/// [`Code::BadCiphertext`] if none fits: the bytes were changed or are for another key; the errors of
/// a device.
pub fn guess_layout(
    bytes: &[u8],
    key: &dyn Decrypter,
) -> Result<(Layout, Zeroizing<Vec<u8>>), Error> {
    for layout in Layout::ALL {
        let Ok(ciphertext) = layout.read(bytes, Coding::Binary) else { continue };
        match key.decrypt(&ciphertext) {
            Ok(plaintext) => return Ok((layout, plaintext)),
            Err(error) if error.code() == Code::BadCiphertext => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(Code::BadCiphertext).field("ciphertext"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::sm2::PrivateKey;

    #[test]
    fn each_layout_is_written_read_and_guessed() {
        let key = PrivateKey::generate().unwrap();
        // 32 bytes, so that C2 and C3 have one length, and some that have not.
        for length in [1, 16, 32, 100] {
            let plaintext = vec![7; length];
            let ciphertext = key.public().encrypt(&plaintext).unwrap();
            for layout in Layout::ALL {
                for coding in [Coding::Binary, Coding::Hex, Coding::Base64] {
                    let text = layout.write(&ciphertext, coding);
                    assert_eq!(layout.read(&text, coding), Ok(ciphertext.clone()), "{layout:?}");
                }
                let bytes = layout.write(&ciphertext, Coding::Binary);
                let (found, read) = guess_layout(&bytes, &key).unwrap();
                assert_eq!((found, &*read), (layout, &plaintext), "{length}");
                let mut changed = bytes;
                *changed.last_mut().unwrap() ^= 1;
                assert_eq!(guess_layout(&changed, &key).unwrap_err().code(), Code::BadCiphertext);
            }
        }
    }
}
