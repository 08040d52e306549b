//! The columns of the matrix.

mod certificate;
mod ciphertext;
mod cms;
mod crl;
mod csr;
mod enveloped;
pub(crate) mod exchange;
mod key;
mod ocsp;
mod pkcs12;
mod signature;
mod time_stamp;

use std::path::Path;

use yinxin::report::{Check, Outcome};

use crate::case::{Case, Fault};

/// A column: something that goes from one implementation to another.
pub(crate) struct Cell {
    /// Its name in folders, answers and `expected.json`.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) en: &'static str,
    /// Its heading in Chinese.
    pub(crate) zh: &'static str,
    /// Makes what peers read, in the first folder, and what they are asked for, in the second.
    pub(crate) make: fn(&Path, &Path) -> Result<(), Fault>,
    /// Checks what a peer made when asked for the case of that name.
    pub(crate) check: fn(&str, &Case, &Case) -> Result<(), Fault>,
}

/// Every column, in its order.
pub(crate) const CELLS: &[Cell] = &[
    Cell {
        name: "signature",
        en: "signatures",
        zh: "签名",
        make: signature::make,
        check: signature::check,
    },
    Cell {
        name: "ciphertext",
        en: "encryption",
        zh: "加密",
        make: ciphertext::make,
        check: ciphertext::check,
    },
    Cell {
        name: "key-exchange",
        en: "key exchange",
        zh: "密钥交换",
        make: exchange::make,
        check: exchange::check,
    },
    Cell {
        name: "pkcs8",
        en: "PKCS#8",
        zh: "PKCS#8",
        make: key::make_pkcs8,
        check: key::check_private,
    },
    Cell { name: "sec1", en: "SEC1", zh: "SEC1", make: key::make_sec1, check: key::check_private },
    Cell {
        name: "spki",
        en: "public keys",
        zh: "公钥",
        make: key::make_spki,
        check: key::check_spki,
    },
    Cell {
        name: "encrypted-key",
        en: "encrypted keys",
        zh: "加密私钥",
        make: key::make_encrypted,
        check: key::check_encrypted,
    },
    Cell {
        name: "enveloped-key",
        en: "SM2EnvelopedKey",
        zh: "SM2EnvelopedKey",
        make: key::make_enveloped,
        check: key::check_enveloped,
    },
    Cell {
        name: "certificate",
        en: "certificates",
        zh: "证书",
        make: certificate::make,
        check: certificate::check,
    },
    Cell { name: "csr", en: "CSR", zh: "CSR", make: csr::make, check: csr::check },
    Cell { name: "crl", en: "CRL", zh: "CRL", make: crl::make, check: crl::check },
    Cell {
        name: "ocsp-request",
        en: "OCSP requests",
        zh: "OCSP 请求",
        make: ocsp::make_requests,
        check: ocsp::check_request,
    },
    Cell {
        name: "ocsp-response",
        en: "OCSP responses",
        zh: "OCSP 响应",
        make: ocsp::make_responses,
        check: ocsp::check_response,
    },
    Cell {
        name: "time-stamp-request",
        en: "time stamp requests",
        zh: "时间戳请求",
        make: time_stamp::make_requests,
        check: time_stamp::check_request,
    },
    Cell {
        name: "time-stamp-response",
        en: "time stamps",
        zh: "时间戳",
        make: time_stamp::make_responses,
        check: time_stamp::check_response,
    },
    Cell {
        name: "cms-signed",
        en: "CMS signed",
        zh: "CMS 签名",
        make: cms::make,
        check: cms::check,
    },
    Cell {
        name: "cms-enveloped",
        en: "CMS enveloped",
        zh: "CMS 加密",
        make: enveloped::make,
        check: enveloped::check,
    },
    Cell {
        name: "cms-signed-and-enveloped",
        en: "CMS signed and enveloped",
        zh: "CMS 签名加密",
        make: enveloped::make_signed,
        check: enveloped::check_signed,
    },
    Cell {
        name: "cms-encrypted",
        en: "CMS encrypted",
        zh: "CMS 对称加密",
        make: enveloped::make_encrypted,
        check: enveloped::check_encrypted,
    },
    Cell { name: "pkcs12", en: "PKCS#12", zh: "PKCS#12", make: pkcs12::make, check: pkcs12::check },
];

/// What among `checks` did not hold, or could not be decided.
fn failures(checks: &[Check]) -> Vec<String> {
    let bad = |check: &&Check| matches!(check.outcome, Outcome::Failed | Outcome::Indeterminate);
    let text = |check: &Check| format!("{}: {}", check.id, check.text.en);
    checks.iter().filter(bad).map(text).collect()
}
