//! The derivation of keys of PKCS#12: RFC 7292, B.2.

use digest::{Digest, common::BlockSizeUser};
use zeroize::{Zeroize as _, Zeroizing};

/// What is derived (B.3): the same password gives different bytes for each.
#[derive(Clone, Copy)]
pub(in crate::pki) enum Purpose {
    /// A key to encrypt with.
    Key,
    /// An initial vector.
    Iv,
    /// A key for the MAC.
    Mac,
}

/// Fills `out`, derived with hash `D` from `password`, the contents of a BMPString, and `salt`.
/// Constant time in the password, not in its length.
pub(in crate::pki) fn derive<D: Digest + BlockSizeUser>(
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    out: &mut [u8],
) {
    let block = D::block_size();
    let id = match purpose {
        Purpose::Key => 1,
        Purpose::Iv => 2,
        Purpose::Mac => 3,
    };
    // 1: D.
    let diversifier = vec![id; block];
    // 2 to 4: I = S ‖ P, each repeated to whole blocks.
    let whole = |bytes: &[u8]| bytes.len().div_ceil(block) * block;
    let mut input = Zeroizing::new(Vec::with_capacity(whole(salt) + whole(password)));
    input.extend(salt.iter().cycle().take(whole(salt)));
    input.extend(password.iter().cycle().take(whole(password)));
    for part in out.chunks_mut(<D as Digest>::output_size()) {
        // 6A: A(i) = H^r(D ‖ I).
        let mut value = D::new().chain_update(&diversifier).chain_update(&*input).finalize();
        for _ in 1..iterations {
            value = D::digest(&value);
        }
        // 6B, 6C: I(j) = I(j) + B + 1 modulo 2^v, where B is A(i) repeated.
        let addend: Zeroizing<Vec<u8>> =
            Zeroizing::new(value.iter().copied().cycle().take(block).collect());
        for number in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (byte, add) in number.iter_mut().zip(addend.iter()).rev() {
                carry += u16::from(*byte) + u16::from(*add);
                let [high, low] = carry.to_be_bytes();
                (*byte, carry) = (low, high.into());
            }
        }
        part.iter_mut().zip(&value).for_each(|(out, byte)| *out = *byte);
        value.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use sha1::Sha1;
    use sha2::{Sha224, Sha256, Sha384, Sha512};
    use yinxin_vectors::load;

    use super::*;
    use crate::{pki::keys::pbes::Password, primitives::sm3::Sm3};

    #[test]
    fn as_openssl_derives() {
        for case in load("pkcs12/kdf.json") {
            let purpose = match case.number("purpose") {
                1 => Purpose::Key,
                2 => Purpose::Iv,
                _ => Purpose::Mac,
            };
            let derive = match case.text("hash") {
                "SM3" => derive::<Sm3>,
                "SHA1" => derive::<Sha1>,
                "SHA224" => derive::<Sha224>,
                "SHA256" => derive::<Sha256>,
                "SHA384" => derive::<Sha384>,
                "SHA512" => derive::<Sha512>,
                other => panic!("{case}: {other}"),
            };
            let (password, salt) = (case.bytes("password_text"), case.bytes("salt"));
            let password = Password::new(&password).bmp().unwrap();
            let expected = case.bytes("out");
            let mut out = vec![0; expected.len()];
            let iterations = u32::try_from(case.number("iterations")).unwrap();
            derive(purpose, &password, &salt, iterations, &mut out);
            assert_eq!(out, expected, "{case}");
        }
    }
}
