use super::{
    forge::{Authority, Token},
    *,
};
use crate::{
    pki::x509::{Revocation, Role},
    report::Outcome,
};

const STAMPED: &[u8] = b"a signature value";
const TIME: &[u8] = b"20260601080000Z";

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

fn judge(token: &[u8], anchor: &Certificate) -> Judgement {
    let policy =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let trust = TrustStore::new(vec![anchor.clone()]);
    let now = time("2026-11-01T00:00:00Z");
    verify(token, STAMPED, &Evidence::default(), &trust, &policy, now)
}

/// Outcome and sub-indication of the check.
fn found(judgement: Judgement) -> (Outcome, Option<SubIndication>) {
    let check = judgement.into_check("x.time_stamp", "clause");
    (check.outcome, check.sub_indication)
}

#[test]
fn a_time_stamp_proves_its_time() {
    let authority = Authority::get();
    let judgement = judge(&authority.stamp(STAMPED, TIME), &authority.root);
    let proved = time("2026-06-01T08:00:00Z");
    assert_eq!(judgement.holds(), Some(proved));
    assert_eq!(found(judgement.clone()), (Outcome::Passed, None));
    assert_eq!(judgement.clone().not_before(proved).holds(), Some(proved));
    let early = judgement.not_before(proved.plus_s(1));
    assert_eq!(early.holds(), None);
    let expected = (Outcome::Failed, Some(SubIndication::TimestampOrderFailure));
    assert_eq!(found(early), expected);
}

#[test]
fn each_fault_is_told() {
    use SubIndication as Sub;
    let authority = Authority::get();
    let failed = |sub| (Outcome::Failed, Some(sub));
    let data = [0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 1];
    let tst_info = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
    let good =
        Token { stamped: STAMPED, time: TIME, content_type: &tst_info, version: 1, signed: None };
    for (token, expected) in [
        (good.clone(), (Outcome::Passed, None)),
        (Token { stamped: b"another value", ..good.clone() }, failed(Sub::HashFailure)),
        (Token { signed: Some(b"something else"), ..good.clone() }, failed(Sub::HashFailure)),
        (Token { content_type: &data, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { version: 2, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { time: b"20260601080000", ..good.clone() }, failed(Sub::FormatFailure)),
        // Outside the validity of the authority.
        (Token { time: b"20191231235959Z", ..good.clone() }, failed(Sub::NotYetValid)),
        (Token { time: b"20400101000001Z", ..good }, failed(Sub::Expired)),
    ] {
        let judgement = judge(&authority.sign(&token), &authority.root);
        assert_eq!(judgement.holds().is_some(), expected.0 == Outcome::Passed);
        assert_eq!(found(judgement), expected);
    }
    let doubt = (Outcome::Indeterminate, Some(Sub::NoCertificateChainFound));
    let stranger = Authority::for_email();
    let unknown = judge(&authority.stamp(STAMPED, TIME), &stranger.certificate);
    assert_eq!(found(unknown), doubt);
    let other_use = judge(&stranger.stamp(STAMPED, TIME), &stranger.root);
    assert_eq!(found(other_use), failed(Sub::ChainConstraintsFailure));
    for malformed in [&b""[..], b"\x03\x02\x01", b"\x30\x00"] {
        assert_eq!(found(judge(malformed, &authority.root)), failed(Sub::FormatFailure));
    }
}

#[test]
fn a_flipped_bit_proves_nothing_else() {
    let authority = Authority::get();
    let token = authority.stamp(STAMPED, TIME);
    let proved = time("2026-06-01T08:00:00Z");
    for at in 0..token.len() {
        let mut flipped = token.clone();
        flipped[at] ^= 1 << (at % 8);
        // Versions and the list of digest algorithms are outside every signature.
        let judgement = judge(&flipped, &authority.root);
        assert!(judgement.holds().is_none_or(|time| time == proved), "byte {at}");
    }
}
