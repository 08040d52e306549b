//! The negative suite: inputs that must be refused, each with its reason and the code that is expected.
//!
//! `vectors/negative/<what>.json` holds them. A case has an `id`, a `reason`, the fields of its input,
//! and the `code`: the name of an error code, or of the sub-indication of a verdict. Each file has one
//! function here, which says under which code the product refuses a case.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use yinxin::{
    Error,
    pki::{algorithm::SignatureForm, text::Coding},
    primitives::sm2::{DistId, PrivateKey, PublicKey},
};
use yinxin_vectors::{Case, load};

/// Gives the code under which the product refuses the case, or `None` if it takes it.
type Refuse = fn(&Case) -> Option<String>;

const SUITES: &[(&str, Refuse)] = &[("keys.json", key), ("signatures.json", signature)];

/// What the unit tests of the core run, because it needs more than one call.
const ELSEWHERE: &str = "certificates.json"; // core/src/pki/x509/negative_tests.rs

/// Shorter than this, a sentence cannot say why.
const REASON_CHARS_MIN: usize = 20;

#[test]
fn everything_is_refused_for_its_reason() {
    let mut faults = Vec::new();
    for (file, refuse) in SUITES {
        let cases = load(&format!("negative/{file}"));
        assert!(!cases.is_empty(), "{file} is empty");
        for case in cases {
            let (expected, got) = (case.text("code"), refuse(&case));
            if got.as_deref() != Some(expected) {
                faults.push(format!("{case}: expected {expected}, got {got:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_case_has_its_own_name_and_a_reason() {
    for (file, _) in SUITES {
        let mut seen = BTreeSet::new();
        for case in load(&format!("negative/{file}")) {
            assert!(case.text("reason").chars().count() >= REASON_CHARS_MIN, "{case}: why?");
            assert!(seen.insert(case.id()), "{case}: twice");
        }
    }
}

#[test]
fn every_file_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/negative");
    let suites: BTreeMap<_, _> = SUITES.iter().copied().collect();
    for entry in fs::read_dir(folder).expect("the folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let run = suites.contains_key(name.as_str()) || name == ELSEWHERE;
        assert!(!name.ends_with(".json") || run, "{name}: not run");
    }
}

/// What any such suite must hold, and the cases that are it. Of a certificate, the verdict is its code.
const DEMANDED: &[(&str, &str, &[&str])] = &[
    ("r or s 0", "signatures", &["der-r-zero", "raw-r-zero", "der-s-zero", "raw-s-zero"]),
    ("r or s n", "signatures", &["der-r-n", "raw-r-n", "der-s-n", "raw-s-n"]),
    ("r + s = n", "signatures", &["der-r+s-n", "raw-r+s-n"]),
    ("wrong identifier", "signatures", &["der-other-id", "raw-other-id", "der-empty-id"]),
    ("missing Z", "signatures", &["der-no-z", "raw-no-z"]),
    ("non-minimal DER", "signatures", &["der-long-integer", "der-long-length", "der-negative"]),
    ("non-minimal DER of a key", "keys", &["pkcs8-long-length"]),
    ("trailing bytes", "signatures", &["der-trailing", "der-trailing-inside"]),
    ("trailing bytes of a key", "keys", &["pkcs8-trailing", "sec1-trailing", "spki-trailing"]),
    ("a point off the curve", "keys", &["spki-off-curve", "coordinates-off-curve"]),
    ("the point at infinity", "keys", &["spki-infinity", "spki-zero-zero"]),
    ("key usage", "certificates", &["key-usage-encryption", "key-usage-signature"]),
    ("expired", "certificates", &["expired", "authority-expired"]),
    ("not yet valid", "certificates", &["not-yet-valid"]),
    ("revoked before", "certificates", &["revoked-before"]),
    ("revoked after", "certificates", &["revoked-after", "authority-compromised-after"]),
    ("path length", "certificates", &["path-length"]),
    ("unknown critical extension", "certificates", &["unknown-critical-extension"]),
    ("authority as end entity", "certificates", &["authority-as-end-entity"]),
    ("algorithms that differ", "certificates", &["algorithms-differ", "parameters-differ"]),
    ("stale list", "certificates", &["list-stale"]),
    ("wrong issuer", "certificates", &["wrong-issuer", "list-of-another-issuer"]),
    (
        "wrong signature",
        "certificates",
        &["wrong-signature", "list-of-another-key", "list-changed"],
    ),
];

#[test]
fn what_is_demanded_is_there() {
    for (what, file, ids) in DEMANDED {
        let cases = load(&format!("negative/{file}.json"));
        for id in *ids {
            let case = cases.iter().find(|case| case.id() == *id);
            let case = case.unwrap_or_else(|| panic!("{what}: no {id} in {file}.json"));
            let verdict = if *file == "certificates" { "indication" } else { "code" };
            assert!(!case.text(verdict).is_empty(), "{case}");
        }
    }
}

fn code<T>(result: Result<T, Error>) -> Option<String> {
    result.err().map(|error| error.code().name().to_owned())
}

/// `input`, under whatever suffix says how it is written.
fn input(case: &Case) -> Vec<u8> {
    let fields = ["input", "input_b64", "input_text", "input_pem"];
    let field = fields.into_iter().find(|field| case.get(field).is_some());
    case.bytes(field.expect("an input"))
}

fn key(case: &Case) -> Option<String> {
    let bytes = input(case);
    let password = case.get("password_text").map(|_| case.bytes("password_text"));
    match case.text("read") {
        "private" => code(PrivateKey::load(&bytes, password.as_deref())),
        "public" => code(PublicKey::load(&bytes)),
        other => panic!("{case}: read {other}"),
    }
}

fn signature(case: &Case) -> Option<String> {
    let form = match case.text("form") {
        "DER" => SignatureForm::Der,
        "r||s" => SignatureForm::Raw,
        other => panic!("{case}: form {other}"),
    };
    let verify = || {
        let signature = form.read(&input(case), Coding::Binary)?;
        let public = PublicKey::from_sec1(&case.bytes("public"))?;
        let id = DistId::new(&case.bytes("dist_id_text"))?;
        public.verify(&case.bytes("message_text"), &signature, &id)
    };
    code(verify())
}
