//! Every vector of the neighbouring ../shared, and how a vector is checked on every backend.

use yinxin_vectors::{Case, load_shared, shared};
use zeroize::Zeroizing;

use super::{
    super::{ccm::Ccm, key_wrap, xts},
    *,
};

/// What ../shared has vectors for and this crate does not offer, each with the reason.
const SKIPPED: [(&str, &str); 14] = [
    ("ANSIRetailMAC", MAC),
    ("ANSIRetailMACWithPadding", MAC),
    ("BC", RARE),
    ("CBCRMAC", MAC),
    ("EMAC", MAC),
    ("EMACWithPadding", MAC),
    ("FF1", "format-preserving encryption is not built"),
    ("HCTR", RARE),
    ("LMAC", MAC),
    ("LMACWithPadding", MAC),
    ("MACDES", MAC),
    ("MACDESWithPadding", MAC),
    ("OFBNLF", RARE),
    ("TRCBCMAC", MAC),
];
const MAC: &str = "a MAC of GB/T 15852.1 that is not built: CMAC is the one for any length";
const RARE: &str = "a mode of GB/T 17964 that is not built: no format here uses it";

const TESTED: [&str; 14] = [
    "CBC",
    "CBCMAC",
    "CBCMACWithPadding",
    "CCM",
    "CFB128",
    "CMAC",
    "CTR",
    "ECB",
    "GCM",
    "KW (RFC 3394 with SM4)",
    "KWP (RFC 5649 with SM4)",
    "OFB",
    "XTS-GB",
    "XTS-IEEE",
];

#[test]
fn every_shared_vector() {
    let Some(folder) = shared("vectors/sm4") else { return };
    let (mut tested, mut skipped) = (BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for case in load_shared(&format!("sm4/{name}")).unwrap() {
            let field = if case.get("alg").is_some() { "alg" } else { "mode" };
            let algorithm = case.text(field).to_owned();
            if SKIPPED.iter().any(|(skip, _)| *skip == algorithm) {
                skipped.insert(algorithm);
                continue;
            }
            match algorithm.as_str() {
                "GCM" => check_gcm(&case, "iv", case.valid()),
                "CCM" => check_ccm(&case),
                "XTS-GB" => check_xts(&case, xts::Order::Gbt17964),
                "XTS-IEEE" => check_xts(&case, xts::Order::Ieee1619),
                "CMAC" => check_mac(&case, cmac::tag),
                "CBCMAC" | "CBCMACWithPadding" => check_cbc_mac(&case),
                "KW (RFC 3394 with SM4)" => {
                    check_wrap(&case, key_wrap::wrap, key_wrap::unwrap);
                }
                "KWP (RFC 5649 with SM4)" => {
                    check_wrap(&case, key_wrap::wrap_padded, key_wrap::unwrap_padded)
                }
                mode => check_mode(&case, mode),
            }
            tested.insert(algorithm);
        }
    }
    assert_eq!(tested.into_iter().collect::<Vec<_>>(), TESTED);
    let listed: Vec<_> = SKIPPED.iter().map(|(skip, _)| (*skip).to_owned()).collect();
    assert_eq!(skipped.into_iter().collect::<Vec<_>>(), listed);
}

pub(super) fn check_mode(case: &Case, mode: &str) {
    if case.get("padding").is_some_and(|padding| padding == "pkcs7") {
        return check_padded(case);
    }
    let repeat = case.get("repeat").map_or(1, |_| case.number("repeat"));
    for (backend, cipher) in ciphers(&case.array("key")) {
        let mut data = case.bytes("pt");
        for _ in 0..repeat {
            match mode {
                "ECB" => ecb::encrypt(&cipher, &mut data).unwrap(),
                "CBC" => cbc::encrypt_in_place(&cipher, &case.array("iv"), &mut data).unwrap(),
                "CTR" => ctr::xor_in_place(&cipher, &case.array("iv"), &mut data),
                "OFB" => ofb::xor_in_place(&cipher, &case.array("iv"), &mut data),
                "CFB128" => cfb::encrypt_in_place(&cipher, &case.array("iv"), &mut data),
                other => panic!("{case}: {other} is neither tested nor skipped by name"),
            }
        }
        assert_eq!(data, case.bytes("ct"), "{case} {backend:?}");
        if repeat == 1 {
            match mode {
                "ECB" => ecb::decrypt(&cipher, &mut data).unwrap(),
                "CBC" => cbc::decrypt_in_place(&cipher, &case.array("iv"), &mut data).unwrap(),
                "OFB" => ofb::xor_in_place(&cipher, &case.array("iv"), &mut data),
                "CFB128" => cfb::decrypt_in_place(&cipher, &case.array("iv"), &mut data),
                _ => ctr::xor_in_place(&cipher, &case.array("iv"), &mut data),
            }
            assert_eq!(data, case.bytes("pt"), "{case} {backend:?}");
        }
    }
}

fn check_padded(case: &Case) {
    let (key, iv) = (case.array("key"), case.array("iv"));
    let opened = cbc::decrypt_padded(&key, &iv, &case.bytes("ct"));
    assert_eq!(opened.is_ok(), case.valid(), "{case}");
    if let Ok(plaintext) = opened {
        assert_eq!(*plaintext, case.bytes("pt"), "{case}");
        assert_eq!(cbc::encrypt_padded(&key, &iv, &plaintext), case.bytes("ct"), "{case}");
    }
}

pub(super) fn check_gcm(case: &Case, nonce: &str, valid: bool) {
    let (nonce, aad) = (case.bytes(nonce), case.bytes("aad"));
    for (backend, cipher) in ciphers(&case.array("key")) {
        let gcm = gcm::Gcm::with_cipher(cipher);
        let mut data = case.bytes("ct");
        let opened = gcm.open_in_place(&nonce, &aad, &mut data, &case.bytes("tag"));
        assert_eq!(opened.is_ok(), valid, "{case} {backend:?}");
        if valid {
            assert_eq!(data, case.bytes("pt"), "{case} {backend:?}");
            let tag = gcm.seal_in_place(&nonce, &aad, &mut data).unwrap();
            assert_eq!((data, tag), (case.bytes("ct"), case.array("tag")), "{case} {backend:?}");
        }
    }
}

fn check_xts(case: &Case, order: xts::Order) {
    for backend in Backend::runnable() {
        let xts = xts::Xts::with_backend(&case.array("key"), order, backend).unwrap();
        let (tweak, mut data) = (case.array("iv"), case.bytes("pt"));
        xts.encrypt_in_place(&tweak, &mut data).unwrap();
        assert_eq!(data, case.bytes("ct"), "{case} {backend:?}");
        xts.decrypt_in_place(&tweak, &mut data).unwrap();
        assert_eq!(data, case.bytes("pt"), "{case} {backend:?}");
    }
}

fn check_ccm(case: &Case) {
    match case.bytes("tag").len() {
        4 => check_ccm_of::<4>(case),
        6 => check_ccm_of::<6>(case),
        8 => check_ccm_of::<8>(case),
        10 => check_ccm_of::<10>(case),
        12 => check_ccm_of::<12>(case),
        14 => check_ccm_of::<14>(case),
        16 => check_ccm_of::<16>(case),
        // There is no such type.
        _ => assert!(!case.valid(), "{case}"),
    }
}

fn check_ccm_of<const TAG: usize>(case: &Case) {
    let (nonce, aad, tag) = (case.bytes("iv"), case.bytes("aad"), case.array("tag"));
    for (backend, cipher) in ciphers(&case.array("key")) {
        let ccm = Ccm::<TAG>::with_tag(cipher);
        let mut data = case.bytes("ct");
        let opened = ccm.open_in_place(&nonce, &aad, &mut data, &tag);
        assert_eq!(opened.is_ok(), case.valid(), "{case} {backend:?}");
        if case.valid() {
            assert_eq!(data, case.bytes("pt"), "{case} {backend:?}");
            let ours = ccm.seal_in_place(&nonce, &aad, &mut data).unwrap();
            assert_eq!((data, ours), (case.bytes("ct"), tag), "{case} {backend:?}");
        } else {
            assert_eq!(data, case.bytes("ct"), "{case} {backend:?}");
        }
    }
}

fn check_mac(case: &Case, mac: impl Fn(&Sm4, &[u8]) -> [u8; 16]) {
    let message = case.get("src").map_or_else(Vec::new, |_| case.bytes("src"));
    for (backend, cipher) in ciphers(&case.array("key")) {
        assert_eq!(mac(&cipher, &message), case.array("tag"), "{case} {backend:?}");
    }
}

fn check_cbc_mac(case: &Case) {
    let padding = match case.get("padding").and_then(|padding| padding.as_str()) {
        // Where the file says nothing its source pads by method 2.
        None | Some("ISO9797-M2") => cbc_mac::Padding::OneAndZeros,
        Some("ISO9797-M3") => cbc_mac::Padding::LengthFirst,
        Some(other) => panic!("{case}: padding {other}"),
    };
    check_mac(case, |cipher, message| cbc_mac::tag(cipher, padding, message));
}

pub(super) type Unwrap = fn(&Sm4, &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>;

fn check_wrap(case: &Case, wrap: fn(&Sm4, &[u8]) -> Result<Vec<u8>, Error>, unwrap: Unwrap) {
    for (backend, cipher) in ciphers(&case.array("key")) {
        assert_eq!(
            wrap(&cipher, &case.bytes("pt")).unwrap(),
            case.bytes("ct"),
            "{case} {backend:?}"
        );
        let key = unwrap(&cipher, &case.bytes("ct")).unwrap();
        assert_eq!(*key, case.bytes("pt"), "{case} {backend:?}");
    }
}
