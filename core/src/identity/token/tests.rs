use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use serde_json::{Value, json};
use yinxin_vectors as vectors;

use super::*;
use crate::{
    error::{Code, Error},
    limits::{
        TOKEN_AUDIENCES_MAX, TOKEN_BYTES_MAX, TOKEN_CLAIM_TEXT_BYTES_MAX,
        TOKEN_HEADER_TEXT_BYTES_MAX, TOKEN_LEEWAY_S_MAX,
    },
    primitives::sm2::{DistId, PrivateKey, PublicKey},
    report::{Check, Indication, Outcome, SubIndication, Verdict},
    time::UnixTime,
};

const ISSUER: &str = "https://login.example";
const NOW: i64 = 1_795_564_800;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::from_bytes(&[7; 32]).unwrap());

fn now() -> UnixTime {
    UnixTime::from_unix_s(NOW).unwrap()
}

fn policy() -> TokenPolicy {
    let mut issuers = Issuers::new();
    issuers.add(ISSUER, "k1", KEY.public().clone(), Profile::Gmt0125).unwrap();
    issuers.add(ISSUER, "raw", KEY.public().clone(), Profile::Sm2Raw).unwrap();
    TokenPolicy::new(issuers, "hall").unwrap()
}

fn header() -> Value {
    json!({ "alg": "SGD_SM3_SM2", "kid": "k1", "typ": "JWT" })
}

fn payload() -> Value {
    json!({
        "iss": ISSUER, "sub": "u-17", "aud": "hall", "jti": "j-1", "level": 3,
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 600,
    })
}

/// Any header and payload, signed as the key would sign them: what a careless issuer could make.
fn signed(header: &str, payload: &str) -> String {
    let text = [header, payload].map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()));
    let text = text.join(".");
    let signature = KEY.sign(text.as_bytes(), &DistId::DEFAULT).unwrap().to_der();
    format!("{text}.{}", Base64UrlUnpadded::encode_string(&signature))
}

/// The good header and payload with one member replaced, or removed where `value` is null.
fn with(part: Value, name: &str, value: Value) -> String {
    let Value::Object(mut members) = part else { panic!("an object") };
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    Value::Object(members).to_string()
}

fn with_claim(name: &str, value: Value) -> String {
    signed(&header().to_string(), &with(payload(), name, value))
}

fn with_header(name: &str, value: Value) -> String {
    signed(&with(header(), name, value), &payload().to_string())
}

fn verdict(token: &str, policy: &TokenPolicy, at: UnixTime) -> Verdict {
    match verify(token, policy, at).unwrap() {
        Ok(verified) => verified.report().clone(),
        Err(rejected) => rejected.report,
    }
}

fn outcome<'a>(verdict: &'a Verdict, id: &str) -> &'a Check {
    verdict.checks.iter().find(|check| check.id == id).unwrap()
}

#[test]
fn jws_vectors() {
    for case in vectors::load("token/jws.json") {
        let sec1 = [&[4], &case.array::<32>("x")[..], &case.array::<32>("y")].concat();
        let key = PublicKey::from_sec1(&sec1).unwrap();
        let id = DistId::new(&case.bytes("dist_id_text")).unwrap();
        let got = jws::verify_signature(case.text("jws_text"), &key, Profile::Gmt0125, &id);
        if case.valid() {
            assert_eq!(got.unwrap(), case.bytes("payload_text"), "{case}");
        } else {
            assert_eq!(got.unwrap_err().code().name(), case.text("error"), "{case}");
        }
    }
}

#[test]
fn a_bare_jws_is_held_to_its_profile_too() {
    let verify = |token: &str, profile| {
        jws::verify_signature(token, KEY.public(), profile, &DistId::DEFAULT)
    };
    let good = with_claim("level", json!(4));
    assert!(verify(&good, Profile::Gmt0125).is_ok());
    let error = verify(&good, Profile::Sm2Raw).unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedAlgorithm);
    for name in ["crit", "b64"] {
        let error = verify(&with_header(name, json!(["exp"])), Profile::Gmt0125).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadToken, Some(name)));
    }
}

#[test]
fn issued_tokens_verify_with_every_check() {
    let mut claims = Claims::new(ISSUER, "u-17", "hall", now(), now().plus_s(600));
    claims.audience.push("kiosk".to_owned());
    claims.not_before = Some(now());
    claims.token_id = Some("j-1".to_owned());
    claims
        .others
        .insert("姓名".to_owned(), json!({ "text": "张三", "level": [1, 2.5, null, true] }));
    let token = issue(&claims, &IssuerKey::new(ISSUER, "k1", &*KEY)).unwrap();
    let verified = verify(&token, &policy(), now()).unwrap().unwrap();
    assert_eq!(*verified.value(), claims);
    let ids: Vec<_> = verified.report().checks.iter().map(|check| check.id).collect();
    let expected = [
        "token.format",
        "token.issuer",
        "token.algorithm",
        "token.signature",
        "token.type",
        "token.audience",
        "token.subject",
        "token.issued_at",
        "token.not_before",
        "token.expiry",
        "token.lifetime",
        "token.id",
    ];
    assert_eq!(ids, expected);
    for check in &verified.report().checks {
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
}

#[test]
fn debug_and_report_show_no_subject() {
    let verified = verify(&with_claim("name", json!("张三")), &policy(), now()).unwrap().unwrap();
    let shown = format!("{verified:?}");
    assert!(!shown.contains("张三") && !shown.contains("u-17"), "{shown}");
    assert!(shown.contains("j-1"), "{shown}");
}

#[test]
fn gates_that_stay_shut_leave_the_claims_unchecked() {
    let (failed, doubt) = (Outcome::Failed, Outcome::Indeterminate);
    let cases = [
        (with_header("crit", json!(["exp"])), "token.format", failed),
        (with_header("b64", json!(false)), "token.format", failed),
        (with_claim("iss", json!("https://other.example")), "token.issuer", failed),
        (with_claim("iss", json!(7)), "token.issuer", failed),
        (with_claim("iss", Value::Null), "token.issuer", failed),
        (with_header("kid", Value::Null), "token.issuer", failed),
        (with_header("kid", json!("k2")), "token.issuer", doubt),
        (with_header("kid", json!("K1")), "token.issuer", doubt),
        (with_header("alg", json!("none")), "token.algorithm", failed),
        (with_header("alg", json!("SGD_SM3_HMAC")), "token.algorithm", failed),
        (with_header("alg", json!("SM2")), "token.algorithm", failed),
        (with_header("alg", json!("sgd_sm3_sm2")), "token.algorithm", failed),
        (with_header("kid", json!("raw")), "token.algorithm", failed),
        (with_signature_of_another(), "token.signature", failed),
    ];
    for (token, id, expected) in cases {
        let verdict = verdict(&token, &policy(), now());
        assert_eq!(outcome(&verdict, id).outcome, expected, "{id}: {verdict:?}");
        assert_ne!(verdict.indication, Indication::Passed);
        let after = verdict.checks.iter().skip_while(|check| check.id != id).skip(1);
        assert!(after.clone().count() >= 8);
        for check in after {
            assert_eq!(check.outcome, Outcome::Skipped, "{id}: {check:?}");
        }
    }
}

/// A token with the key's valid signature, but over other text.
fn with_signature_of_another() -> String {
    let (token, other) = (with_claim("level", json!(4)), with_claim("level", json!(5)));
    let (text, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    format!("{text}.{signature}")
}

#[test]
fn an_unsigned_token_is_refused_whatever_its_header_says() {
    for algorithm in ["none", "None", "SGD_SM3_SM2"] {
        let token = with_header("alg", json!(algorithm));
        let (text, _) = token.rsplit_once('.').unwrap();
        let verdict = verdict(&format!("{text}."), &policy(), now());
        assert_eq!(verdict.indication, Indication::Failed, "{algorithm}");
        assert_ne!(outcome(&verdict, "token.signature").outcome, Outcome::Passed);
    }
}

#[test]
fn keys_inside_the_token_are_named_and_not_used() {
    let attacker = PrivateKey::from_bytes(&[9; 32]).unwrap();
    let mut header = header();
    header["jwk"] = json!({ "kty": "EC", "crv": "sm2p256v1" });
    header["jku"] = json!("https://keys.example");
    let text = [header.to_string(), payload().to_string()]
        .map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()))
        .join(".");
    let signature = attacker.sign(text.as_bytes(), &DistId::DEFAULT).unwrap().to_der();
    let token = format!("{text}.{}", Base64UrlUnpadded::encode_string(&signature));
    let verdict = verdict(&token, &policy(), now());
    assert_eq!(verdict.sub_indication, Some(SubIndication::SigCryptoFailure));
    assert_eq!(outcome(&verdict, "token.format").evidence["ignored"], "jku, jwk");
}

#[test]
fn claims_that_do_not_hold_are_named() {
    let constraint = SubIndication::SigConstraintsFailure;
    let format = SubIndication::FormatFailure;
    let long = "x".repeat(TOKEN_CLAIM_TEXT_BYTES_MAX + 1);
    let cases = [
        (with_header("typ", json!("fed+jwt")), "token.type", constraint),
        (with_header("typ", Value::Null), "token.type", constraint),
        (with_claim("aud", json!("other")), "token.audience", constraint),
        (with_claim("aud", json!(["other", "halls"])), "token.audience", constraint),
        (with_claim("aud", json!([])), "token.audience", format),
        (with_claim("aud", json!(["hall", 7])), "token.audience", format),
        (with_claim("aud", json!({ "hall": 1 })), "token.audience", format),
        (with_claim("aud", Value::Null), "token.audience", format),
        (with_claim("sub", json!("")), "token.subject", format),
        (with_claim("sub", json!(17)), "token.subject", format),
        (with_claim("sub", json!(long)), "token.subject", format),
        (with_claim("sub", Value::Null), "token.subject", format),
        (with_claim("iat", json!(NOW + 61)), "token.issued_at", SubIndication::NotYetValid),
        (with_claim("iat", json!("1")), "token.issued_at", format),
        (with_claim("iat", Value::Null), "token.lifetime", format),
        (with_claim("nbf", json!(NOW + 61)), "token.not_before", SubIndication::NotYetValid),
        (with_claim("nbf", json!(true)), "token.not_before", format),
        (with_claim("exp", json!(NOW - 60)), "token.expiry", SubIndication::Expired),
        (with_claim("exp", json!(format!("{}", NOW + 600))), "token.expiry", format),
        (with_claim("exp", json!(1_795_565_400.0)), "token.expiry", format),
        (with_claim("exp", json!(-1)), "token.expiry", format),
        (with_claim("exp", json!(u64::MAX)), "token.expiry", format),
        (with_claim("exp", json!(253_402_300_800i64)), "token.expiry", format),
        (with_claim("exp", Value::Null), "token.expiry", format),
        (with_claim("exp", json!(NOW - 10 + 28_801)), "token.lifetime", constraint),
        (with_claim("jti", json!(5)), "token.id", format),
    ];
    for (token, id, sub) in cases {
        let verdict = verdict(&token, &policy(), now());
        let check = outcome(&verdict, id);
        assert_eq!(
            (check.outcome, check.sub_indication),
            (Outcome::Failed, Some(sub)),
            "{verdict:?}"
        );
        assert_eq!((verdict.indication, verdict.sub_indication), (Indication::Failed, Some(sub)));
        assert_eq!(outcome(&verdict, "token.signature").outcome, Outcome::Passed, "{id}");
    }
}

#[test]
fn edges_of_time_are_where_the_rfc_puts_them() {
    let at = |seconds: i64| UnixTime::from_unix_s(seconds).unwrap();
    for leeway_s in [0, 60, TOKEN_LEEWAY_S_MAX] {
        let policy = policy().with_leeway_s(leeway_s).unwrap();
        let leeway = i64::from(leeway_s);
        let token = with_claim("level", json!(1));
        for (time, expected) in [
            (NOW - 10 - leeway - 1, Indication::Failed),
            (NOW - 10 - leeway, Indication::Passed),
            (NOW + 600 + leeway - 1, Indication::Passed),
            (NOW + 600 + leeway, Indication::Failed),
        ] {
            let verdict = verdict(&token, &policy, at(time));
            assert_eq!(verdict.indication, expected, "{time}, leeway {leeway_s}");
        }
    }
    let error = policy().with_leeway_s(TOKEN_LEEWAY_S_MAX + 1).unwrap_err();
    assert_eq!(error.field_name(), Some("TOKEN_LEEWAY_S_MAX"));
}

#[test]
fn a_policy_may_ask_for_more_or_less() {
    let bare = signed(
        &with(header(), "typ", Value::Null),
        &json!({ "iss": ISSUER, "sub": "u", "aud": ["x", "hall"], "exp": NOW + 9_999_999 })
            .to_string(),
    );
    let lax = policy().with_type(TokenType::NotCompared).with_lifetime_max_s(None);
    let report = verdict(&bare, &lax, now());
    assert_eq!(report.indication, Indication::Passed, "{report:?}");
    for id in ["token.type", "token.issued_at", "token.not_before", "token.lifetime", "token.id"] {
        assert_eq!(outcome(&report, id).outcome, Outcome::Skipped, "{id}");
    }
    let report = verdict(&bare, &lax.with_token_id(TokenId::Required), now());
    assert_eq!(outcome(&report, "token.id").outcome, Outcome::Failed);

    for typ in ["jwt", "application/JWT", "Application/jwt"] {
        let report = verdict(&with_header("typ", json!(typ)), &policy(), now());
        assert_eq!(report.indication, Indication::Passed, "{typ}");
    }
    let federation = policy().with_type(TokenType::Exactly("fed+jwt".to_owned()));
    let claims = Claims::new(ISSUER, "u", "hall", now(), now().plus_s(60));
    let key = IssuerKey::new(ISSUER, "k1", &*KEY).with_type("fed+jwt");
    assert!(verify(&issue(&claims, &key).unwrap(), &federation, now()).unwrap().is_ok());
}

#[test]
fn the_raw_profile_takes_64_bytes_and_nothing_else() {
    let header = json!({ "alg": "SM2", "kid": "raw", "typ": "JWT" }).to_string();
    let text = [header, payload().to_string()]
        .map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()))
        .join(".");
    let signature = KEY.sign(text.as_bytes(), &DistId::DEFAULT).unwrap();
    let with_signature = |bytes: &[u8]| {
        let token = format!("{text}.{}", Base64UrlUnpadded::encode_string(bytes));
        verdict(&token, &policy(), now()).indication
    };
    assert_eq!(with_signature(&signature.to_bytes()), Indication::Passed);
    assert_eq!(with_signature(&signature.to_der()), Indication::Failed);
    assert_eq!(with_signature(&signature.to_bytes()[..63]), Indication::Failed);
    assert_eq!(with_signature(&[0; 64]), Indication::Failed);
}

#[test]
fn malformed_tokens_are_errors_with_their_place() {
    let good = with_claim("level", json!(1));
    let [h, p, s] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let error = |token: &str| verify(token, &policy(), now()).unwrap_err();
    for (token, code) in [
        (String::new(), Code::BadToken),
        ("..".to_owned(), Code::BadJson),
        (format!("{good}."), Code::BadToken),
        (format!("{good}.."), Code::BadToken),
        (format!("{h}.{p}"), Code::BadToken),
        (format!("{h}..{s}"), Code::BadJson),
        (format!("{h}=.{p}.{s}"), Code::BadBase64),
        (format!(" {good}"), Code::BadBase64),
        (format!("{good}\n"), Code::BadBase64),
        (signed("[]", "{}"), Code::BadJson),
        (signed("{}", "{}"), Code::BadToken),
        (signed(r#"{"alg":1}"#, "{}"), Code::BadToken),
        (with_header("kid", json!(1)), Code::BadToken),
        (with_header("typ", json!(["JWT"])), Code::BadToken),
        (signed(&header().to_string(), "not json"), Code::BadJson),
        (signed(r#"{"alg":"none","alg":"SGD_SM3_SM2","kid":"k1"}"#, "{}"), Code::BadJson),
        (signed(&header().to_string(), r#"{"iss":"a","iss":"b"}"#), Code::BadJson),
    ] {
        assert_eq!(error(&token).code(), code, "{token}");
    }
    let place = error(&format!("{h}.{p}=.{s}"));
    assert_eq!((place.field_name(), place.offset()), (Some("payload"), Some(h.len() + 1)));
    let place = error(&format!("{h}.{p}.{s}!"));
    assert_eq!(
        (place.field_name(), place.offset()),
        (Some("signature"), Some(h.len() + p.len() + 2))
    );
}

#[test]
fn limits_hold_at_their_edge_and_one_past() {
    let indication = |token: &str| verdict(token, &policy(), now()).indication;
    let limit = |token: &str| verify(token, &policy(), now()).unwrap_err().field_name();

    // base64url makes 4 characters of 3 bytes; a DER signature is 70 to 72 bytes, so stay clear of
    // both.
    let fill = |bytes: usize| with_claim("x", json!("x".repeat(bytes)));
    let most = (TOKEN_BYTES_MAX - fill(0).len()) / 4 * 3;
    assert_eq!(indication(&fill(most - 12)), Indication::Passed);
    assert_eq!(limit(&fill(most + 12)), Some("TOKEN_BYTES_MAX"));
    assert_eq!(limit(&".".repeat(TOKEN_BYTES_MAX + 1)), Some("TOKEN_BYTES_MAX"));
    assert_eq!(limit(&".".repeat(TOKEN_BYTES_MAX)), Some("token"));

    let names = |n| json!(vec!["hall"; n]);
    assert_eq!(indication(&with_claim("aud", names(TOKEN_AUDIENCES_MAX))), Indication::Passed);
    assert_eq!(indication(&with_claim("aud", names(TOKEN_AUDIENCES_MAX + 1))), Indication::Failed);
    let edge = "x".repeat(TOKEN_CLAIM_TEXT_BYTES_MAX);
    assert_eq!(indication(&with_claim("sub", json!(edge))), Indication::Passed);

    let key_id = |n| with_header("kid", json!("x".repeat(n)));
    let at_limit = key_id(TOKEN_HEADER_TEXT_BYTES_MAX);
    assert_eq!(indication(&at_limit), Indication::Indeterminate);
    let past = key_id(TOKEN_HEADER_TEXT_BYTES_MAX + 1);
    assert_eq!(limit(&past), Some("TOKEN_HEADER_TEXT_BYTES_MAX"));
}

#[test]
fn a_policy_has_one_key_for_a_name() {
    let mut issuers = Issuers::new();
    let mut add = |issuer: &str, key_id: &str| {
        issuers.add(issuer, key_id, KEY.public().clone(), Profile::Gmt0125)
    };
    assert!(add("a", "1").is_ok() && add("a", "2").is_ok() && add("b", "1").is_ok());
    let long = "x".repeat(TOKEN_CLAIM_TEXT_BYTES_MAX + 1);
    for (issuer, key_id) in [("a", "1"), ("", "1"), ("a", ""), (&long, "1"), ("a", &long)] {
        assert_eq!(add(issuer, key_id).unwrap_err().code(), Code::BadArgument);
    }
    assert!(TokenPolicy::new(Issuers::new(), "").is_err());
}

#[test]
fn issue_refuses_what_no_verifier_would_take() {
    let good = Claims::new(ISSUER, "u", "hall", now(), now().plus_s(60));
    let try_with = |edit: fn(&mut Claims)| -> Result<String, Error> {
        let mut claims = good.clone();
        edit(&mut claims);
        issue(&claims, &IssuerKey::new(ISSUER, "k1", &*KEY))
    };
    assert!(try_with(|_| ()).is_ok());
    type Edit = fn(&mut Claims);
    let cases: [(Edit, Code); 10] = [
        (|claims| claims.issuer.push('/'), Code::BadArgument),
        (|claims| claims.subject.clear(), Code::BadClaim),
        (|claims| claims.audience.clear(), Code::BadClaim),
        (|claims| claims.audience.push(String::new()), Code::BadClaim),
        (|claims| claims.token_id = Some(String::new()), Code::BadClaim),
        (|claims| claims.not_before = Some(claims.expires), Code::BadArgument),
        (|claims| claims.expires = now(), Code::BadArgument),
        (|claims| claims.issued_at = UnixTime::from_unix_s(-1).ok(), Code::BadClaim),
        (|claims| drop(claims.others.insert("exp".to_owned(), json!(1))), Code::BadArgument),
        (
            |claims| drop(claims.others.insert("x".to_owned(), json!("x".repeat(TOKEN_BYTES_MAX)))),
            Code::LimitReached,
        ),
    ];
    for (number, (edit, code)) in cases.into_iter().enumerate() {
        assert_eq!(try_with(edit).unwrap_err().code(), code, "case {number}");
    }
    for (key_id, token_type) in [("", "JWT"), ("k1", "")] {
        let key = IssuerKey::new(ISSUER, key_id, &*KEY).with_type(token_type);
        assert_eq!(issue(&good, &key).unwrap_err().code(), Code::BadArgument);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,64}", dots in "[A-Za-z0-9_.-]{0,96}") {
        let _ = verify(&text, &policy(), now());
        let _ = verify(&dots, &policy(), now());
    }

    #[test]
    fn no_signed_json_makes_it_panic(header in "\\PC{0,48}", payload in "\\PC{0,48}") {
        let _ = verify(&signed(&header, &payload), &policy(), now());
        prop_assert!(verify(&signed(&self::header().to_string(), &payload), &policy(), now())
            .map_or(true, |verdict| verdict.is_err()));
    }

    #[test]
    fn no_changed_character_passes(at in 0usize..1000, to in "[A-Za-z0-9_.-]") {
        static GOOD: LazyLock<String> = LazyLock::new(|| with_claim("level", json!(1)));
        let at = at % GOOD.len();
        prop_assume!(GOOD[at..=at] != to);
        let mut token = GOOD.clone();
        token.replace_range(at..=at, &to);
        prop_assert!(verify(&token, &policy(), now()).map_or(true, |verdict| verdict.is_err()));
    }
}
