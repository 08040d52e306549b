//! Every vector of the neighbouring ../shared, and how a vector is checked on every backend.

use yinxin_vectors::{Case, published::compare_folder};
use zeroize::Zeroizing;

use super::{
    super::{ccm::Ccm, key_wrap, xts},
    *,
};

#[test]
fn every_shared_vector() {
    compare_folder("sm4", |case, found| {
        let field = if case.get("alg").is_some() { "alg" } else { "mode" };
        let agrees = match case.text(field) {
            "GCM" => agrees_gcm(case, "iv"),
            "CCM" => agrees_ccm(case),
            "XTS-GB" => agrees_xts(case, xts::Order::Gbt17964),
            "XTS-IEEE" => agrees_xts(case, xts::Order::Ieee1619),
            "CMAC" => agrees_mac(case, cmac::tag),
            "CBCMAC" | "CBCMACWithPadding" => agrees_cbc_mac(case),
            "KW (RFC 3394 with SM4)" => agrees_wrap(case, key_wrap::wrap, key_wrap::unwrap),
            "KWP (RFC 5649 with SM4)" => {
                agrees_wrap(case, key_wrap::wrap_padded, key_wrap::unwrap_padded)
            }
            mode @ ("ECB" | "CBC" | "CTR" | "OFB" | "CFB128") => agrees_mode(case, mode),
            other => return found.refuse(format!("{other} is not offered")),
        };
        found.valid(agrees);
    });
}

/// Whether all backends say that a case is right, or all that it is not.
fn together(case: &Case, verdicts: impl Iterator<Item = bool>) -> bool {
    let verdicts: BTreeSet<bool> = verdicts.collect();
    assert_eq!(verdicts.len(), 1, "{case}: the backends differ");
    verdicts.contains(&true)
}

pub(super) fn agrees_mode(case: &Case, mode: &str) -> bool {
    if case.get("padding").is_some_and(|padding| padding == "pkcs7") {
        return agrees_padded(case);
    }
    let repeat = case.get("repeat").map_or(1, |_| case.number("repeat"));
    let agrees = |(_, cipher): (Backend, Sm4)| {
        let mut data = case.bytes("pt");
        for _ in 0..repeat {
            match mode {
                "ECB" => ecb::encrypt(&cipher, &mut data).unwrap(),
                "CBC" => cbc::encrypt_in_place(&cipher, &case.array("iv"), &mut data).unwrap(),
                "CTR" => ctr::xor_in_place(&cipher, &case.array("iv"), &mut data),
                "OFB" => ofb::xor_in_place(&cipher, &case.array("iv"), &mut data),
                "CFB128" => cfb::encrypt_in_place(&cipher, &case.array("iv"), &mut data),
                other => panic!("{case}: {other} is not tested"),
            }
        }
        if repeat > 1 || data != case.bytes("ct") {
            return data == case.bytes("ct");
        }
        match mode {
            "ECB" => ecb::decrypt(&cipher, &mut data).unwrap(),
            "CBC" => cbc::decrypt_in_place(&cipher, &case.array("iv"), &mut data).unwrap(),
            "OFB" => ofb::xor_in_place(&cipher, &case.array("iv"), &mut data),
            "CFB128" => cfb::decrypt_in_place(&cipher, &case.array("iv"), &mut data),
            _ => ctr::xor_in_place(&cipher, &case.array("iv"), &mut data),
        }
        data == case.bytes("pt")
    };
    together(case, ciphers(&case.array("key")).map(agrees))
}

fn agrees_padded(case: &Case) -> bool {
    let (key, iv) = (case.array("key"), case.array("iv"));
    let Ok(plaintext) = cbc::decrypt_padded(&key, &iv, &case.bytes("ct")) else { return false };
    let padding = 16 - plaintext.len() % 16;
    let padded = [&plaintext[..], &vec![padding as u8; padding]].concat();
    let agrees = |(_, cipher): (Backend, Sm4)| {
        let mut data = padded.clone();
        cbc::encrypt_in_place(&cipher, &iv, &mut data).unwrap();
        let encrypted = data == case.bytes("ct");
        cbc::decrypt_in_place(&cipher, &iv, &mut data).unwrap();
        encrypted && data == padded
    };
    *plaintext == case.bytes("pt")
        && cbc::encrypt_padded(&key, &iv, &plaintext) == case.bytes("ct")
        && together(case, ciphers(&key).map(agrees))
}

pub(super) fn agrees_gcm(case: &Case, nonce: &str) -> bool {
    let (nonce, aad) = (case.bytes(nonce), case.bytes("aad"));
    let agrees = |(_, cipher): (Backend, Sm4)| {
        let gcm = gcm::Gcm::with_cipher(cipher);
        let mut data = case.bytes("ct");
        if gcm.open_in_place(&nonce, &aad, &mut data, &case.bytes("tag")).is_err() {
            return false;
        }
        let opened = data == case.bytes("pt");
        let tag = gcm.seal_in_place(&nonce, &aad, &mut data).unwrap();
        opened && (data, tag) == (case.bytes("ct"), case.array("tag"))
    };
    together(case, ciphers(&case.array("key")).map(agrees))
}

fn agrees_xts(case: &Case, order: xts::Order) -> bool {
    let agrees = |backend| {
        let xts = xts::Xts::with_backend(&case.array("key"), order, backend).unwrap();
        let (tweak, mut data) = (case.array("iv"), case.bytes("pt"));
        xts.encrypt_in_place(&tweak, &mut data).unwrap();
        let encrypted = data == case.bytes("ct");
        xts.decrypt_in_place(&tweak, &mut data).unwrap();
        encrypted && data == case.bytes("pt")
    };
    together(case, Backend::runnable().map(agrees))
}

fn agrees_ccm(case: &Case) -> bool {
    match case.bytes("tag").len() {
        4 => agrees_ccm_of::<4>(case),
        6 => agrees_ccm_of::<6>(case),
        8 => agrees_ccm_of::<8>(case),
        10 => agrees_ccm_of::<10>(case),
        12 => agrees_ccm_of::<12>(case),
        14 => agrees_ccm_of::<14>(case),
        16 => agrees_ccm_of::<16>(case),
        // There is no such type.
        _ => false,
    }
}

fn agrees_ccm_of<const TAG: usize>(case: &Case) -> bool {
    let (nonce, aad, tag) = (case.bytes("iv"), case.bytes("aad"), case.array("tag"));
    let agrees = |(_, cipher): (Backend, Sm4)| {
        let ccm = Ccm::<TAG>::with_tag(cipher);
        let mut data = case.bytes("ct");
        if ccm.open_in_place(&nonce, &aad, &mut data, &tag).is_err() {
            assert_eq!(data, case.bytes("ct"), "{case}: no byte is released");
            return false;
        }
        let opened = data == case.bytes("pt");
        let ours = ccm.seal_in_place(&nonce, &aad, &mut data).unwrap();
        opened && (data, ours) == (case.bytes("ct"), tag)
    };
    together(case, ciphers(&case.array("key")).map(agrees))
}

fn agrees_mac(case: &Case, mac: impl Fn(&Sm4, &[u8]) -> [u8; 16]) -> bool {
    let message = case.get("src").map_or_else(Vec::new, |_| case.bytes("src"));
    let agrees = |(_, cipher): (Backend, Sm4)| mac(&cipher, &message) == case.array("tag");
    together(case, ciphers(&case.array("key")).map(agrees))
}

fn agrees_cbc_mac(case: &Case) -> bool {
    let padding = match case.get("padding").and_then(|padding| padding.as_str()) {
        // Where the file says nothing its source pads by method 2.
        None | Some("ISO9797-M2") => cbc_mac::Padding::OneAndZeros,
        Some("ISO9797-M3") => cbc_mac::Padding::LengthFirst,
        Some(other) => panic!("{case}: padding {other}"),
    };
    agrees_mac(case, |cipher, message| cbc_mac::tag(cipher, padding, message))
}

pub(super) type Unwrap = fn(&Sm4, &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

fn agrees_wrap(
    case: &Case,
    wrap: fn(&Sm4, &[u8]) -> Result<Vec<u8>, Error>,
    unwrap: Unwrap,
) -> bool {
    let agrees = |(_, cipher): (Backend, Sm4)| {
        let wrapped = wrap(&cipher, &case.bytes("pt")).unwrap();
        let key = unwrap(&cipher, &case.bytes("ct"));
        wrapped == case.bytes("ct") && key.is_ok_and(|key| *key == case.bytes("pt"))
    };
    together(case, ciphers(&case.array("key")).map(agrees))
}
