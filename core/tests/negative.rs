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
