//! The parsers that meet bytes of strangers, as functions that must neither panic nor hang on any input,
//! and that hold each parser to what it promises: what it accepted, it accepts again and reads the same;
//! and the primitives, held to what two other implementations compute.

#![allow(clippy::expect_used, reason = "a broken promise is a finding")]

mod identity;
mod licence;
mod pki;
mod primitives;

/// Takes any bytes; panics if the parser breaks a promise.
pub type Target = fn(&[u8]);

/// Every target: its name, which is also that of its folder in `corpus/`, and what it runs.
pub const TARGETS: &[(&str, Target)] = &[
    ("bundle", pki::bundle),
    ("certificate", pki::certificate),
    ("cms", pki::cms),
    ("cms_enveloped", pki::cms_enveloped),
    ("crl", pki::crl),
    ("csr", pki::csr),
    ("diagnose", pki::diagnose),
    ("identifier", licence::identifier),
    ("key", pki::key),
    ("key_form", pki::key_form),
    ("metadata", licence::metadata),
    ("ocsp", pki::ocsp),
    ("ofd", licence::ofd),
    ("pkcs12", pki::pkcs12),
    ("seal", licence::seal),
    ("signature", pki::signature),
    ("signed_value", licence::signed_value),
    ("sm2_decrypt", primitives::sm2_decrypt),
    ("sm2_exchange", primitives::sm2_exchange),
    ("sm2_sign", primitives::sm2_sign),
    ("sm2_verify", primitives::sm2_verify),
    ("sm3", primitives::sm3),
    ("sm4", primitives::sm4),
    ("time", pki::time),
    ("time_stamp", pki::time_stamp),
    ("time_stamp_request", pki::time_stamp_request),
    ("time_stamp_response", pki::time_stamp_response),
    ("token", identity::token),
    ("xml", licence::xml),
    ("zip", licence::zip),
];

/// Whether `part` lies inside `whole` in memory: nothing that was signed may be a re-encoding.
fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}
