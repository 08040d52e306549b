use super::{
    forge::{Authority, Naming, Token},
    *,
};
use crate::{
    UnixTime,
    pki::x509::{Certificate, Evidence, PathPolicy, Revocation, Role, TrustStore},
    report::{Outcome, SubIndication},
};

const STAMPED: &[u8] = b"a signature value";
const TIME: &[u8] = b"20260601080000Z";

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

fn judge(token: &[u8], anchor: &Certificate) -> Judgement {
    judge_with(token, &TrustStore::new(vec![anchor.clone()]))
}

fn judge_with(token: &[u8], trust: &TrustStore) -> Judgement {
    let policy =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let now = time("2026-11-01T00:00:00Z");
    verify(token, STAMPED, &Evidence::default(), trust, &policy, now)
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
    let good = Authority::token(STAMPED, TIME);
    for (token, expected) in [
        (good.clone(), (Outcome::Passed, None)),
        (Token { stamped: b"another value", ..good.clone() }, failed(Sub::HashFailure)),
        (Token { signed: Some(b"something else"), ..good.clone() }, failed(Sub::HashFailure)),
        (Token { content_type: &data, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { version: 2, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { time: b"20260601080000", ..good.clone() }, failed(Sub::FormatFailure)),
        // Outside the validity of the authority.
        (Token { time: b"20191231235959Z", ..good.clone() }, failed(Sub::NotYetValid)),
        (Token { time: b"20400101000001Z", ..good.clone() }, failed(Sub::Expired)),
        // Later than the judgement by five minutes, and by a second more.
        (Token { time: b"20261101000500Z", ..good.clone() }, (Outcome::Passed, None)),
        (Token { time: b"20261101000501Z", ..good.clone() }, failed(Sub::TimestampOrderFailure)),
        (Token { signers: 0, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { signers: 2, ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { naming: Naming::Nothing, ..good.clone() }, failed(Sub::SigConstraintsFailure)),
        (Token { naming: Naming::Sha1, ..good.clone() }, (Outcome::Passed, None)),
        (Token { naming: Naming::Sha256ByDefault, ..good.clone() }, (Outcome::Passed, None)),
        (
            Token { naming: Naming::Sha1OfAnother, ..good.clone() },
            failed(Sub::SigConstraintsFailure),
        ),
        (
            Token { naming: Naming::Sm3ElsewhereIssued, ..good.clone() },
            failed(Sub::SigConstraintsFailure),
        ),
        // Accuracy of a second and 999 ms; of 0 and of 1000 ms, which the standard excludes.
        (
            Token { tail: &[0x30, 7, 2, 1, 1, 0x80, 2, 3, 0xe7], ..good.clone() },
            (Outcome::Passed, None),
        ),
        (Token { tail: &[0x30, 3, 0x80, 1, 0], ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { tail: &[0x30, 4, 0x80, 2, 3, 0xe8], ..good.clone() }, failed(Sub::FormatFailure)),
        (Token { tail: &[0x30, 3, 2, 1, 0xff], ..good.clone() }, failed(Sub::FormatFailure)),
        // Ordering, and a nonce that nobody asked for.
        (Token { tail: &[1, 1, 0xff, 2, 1, 7], ..good.clone() }, (Outcome::Passed, None)),
        (Token { tail: &[2, 2, 0, 7], ..good.clone() }, failed(Sub::FormatFailure)),
        // The name of somebody else: an address.
        (
            Token { tail: &[0xa0, 5, 0x81, 3, b'a', b'@', b'b'], ..good.clone() },
            failed(Sub::SigConstraintsFailure),
        ),
        // An extension, and a critical one.
        (
            Token { tail: &[0xa1, 8, 0x30, 6, 6, 2, 0x2a, 3, 4, 0], ..good.clone() },
            (Outcome::Passed, None),
        ),
        (
            Token { tail: &[0xa1, 11, 0x30, 9, 6, 2, 0x2a, 3, 1, 1, 0xff, 4, 0], ..good.clone() },
            failed(Sub::SigConstraintsFailure),
        ),
        // Something that nobody knows.
        (Token { tail: &[5, 0], ..good }, failed(Sub::FormatFailure)),
    ] {
        let judgement = judge(&authority.sign(&token), &authority.root);
        assert_eq!(judgement.holds().is_some(), expected.0 == Outcome::Passed);
        assert_eq!(found(judgement), expected);
    }
    let doubt = (Outcome::Indeterminate, Some(Sub::NoCertificateChainFound));
    let stranger = Authority::for_email();
    let unknown = judge(&authority.stamp(STAMPED, TIME), &stranger.certificate);
    assert_eq!(found(unknown), doubt);
    let careless = Authority::not_critical();
    let not_critical = judge(&careless.stamp(STAMPED, TIME), &careless.root);
    assert_eq!(found(not_critical), failed(Sub::ChainConstraintsFailure));
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
    // One memory of signatures for all, which makes it faster and changes no answer.
    let trust = TrustStore::new(vec![authority.root.clone()]);
    for at in 0..token.len() {
        let mut flipped = token.clone();
        flipped[at] ^= 1 << (at % 8);
        // Versions and the list of digest algorithms are outside every signature.
        let judgement = judge_with(&flipped, &trust);
        assert!(judgement.holds().is_none_or(|time| time == proved), "byte {at}");
    }
}
