//! No bit of a seal or sealed signature can be changed, and no two parts of good ones put together.

use proptest::prelude::*;

use super::{
    tests::{DOCUMENT, NOW, PASSED, VERSIONS, World},
    *,
};
use crate::{
    Code,
    licence::seal::{
        Seal, SignedValue,
        fixtures::{Look, sample, time},
    },
    pki::tlv::{self, tag, wrap},
    primitives::sm3,
    report,
};

/// Every flip of one bit outside `sampled`, and of one bit in each `stride`-th byte inside.
fn flips(
    bytes: &[u8],
    sampled: [&[u8]; 2],
    stride: usize,
) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let ranges = sampled.map(|part| {
        let found = bytes.windows(part.len()).rposition(|window| window == part);
        found.map_or(0..0, |start| start..start + part.len())
    });
    let all = (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let chosen = all.filter(move |&(at, bit)| {
        let inside = ranges.iter().any(|range| range.contains(&at));
        !inside || (at.is_multiple_of(stride) && at % 8 == bit)
    });
    chosen.map(|(at, bit)| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        (at, flipped)
    })
}

#[test]
fn a_flipped_bit_never_passes() {
    let world = World::office();
    let document = SealedDocument { hash: sm3::hash(DOCUMENT), path: None, method: None };
    for version in VERSIONS {
        let signed = Look::new(version, DOCUMENT).signed();
        let whole = SignedValue::parse(&signed).unwrap();
        for (at, flipped) in flips(&signed, [whole.signed_bytes(), whole.signer_certificate()], 1) {
            let Ok(value) = SignedValue::parse(&flipped) else { continue };
            let report = verify_signed_value(&value, &document, &world.context());
            let answer = report::conclude(report.checks.iter()).0;
            assert_ne!(answer, Indication::Passed, "{version:?}, byte {at}");
        }
        let bytes = Look::new(version, DOCUMENT).seal();
        let whole = Seal::parse(&bytes).unwrap();
        // The signed bytes of v1 are put together from three parts, so that its first part is sampled.
        let info = tlv::Cursor::new(&bytes[4..], 4, Code::BadSeal).next("info").unwrap().raw;
        for (at, flipped) in flips(&bytes, [info, whole.maker_certificate()], 1) {
            let Ok(seal) = Seal::parse(&flipped) else { continue };
            let report = verify_seal(&seal, &world.context(), time(NOW));
            let answer = report::conclude(report.checks.iter()).0;
            assert_ne!(answer, Indication::Passed, "seal {version:?}, byte {at}");
        }
    }
}

#[test]
fn a_flipped_bit_of_a_sample_never_passes() {
    let world = World::ofdrw();
    let at_time = time("2021-01-01T00:00:00Z");
    // Most of a seal is the picture inside SES_SealInfo, which follows the first header of 4 bytes.
    for name in ["UserV1.esl", "UserV4.esl"] {
        let Some(bytes) = sample(&format!("ses/{name}")) else { return };
        let info = tlv::Cursor::new(&bytes[4..], 4, Code::BadSeal).next("info").unwrap().raw;
        let maker = Seal::parse(&bytes).unwrap().maker_certificate().to_vec();
        for (at, flipped) in flips(&bytes, [info, &maker], 53) {
            let Ok(seal) = Seal::parse(&flipped) else { continue };
            let report = verify_seal(&seal, &world.context(), at_time);
            let answer = report::conclude(report.checks.iter()).0;
            assert_ne!(answer, Indication::Passed, "{name}, byte {at}");
        }
    }
    let bytes = sample("ses/SignedValueV4.dat").unwrap();
    let whole = SignedValue::parse(&bytes).unwrap();
    let hash = whole.data_hash().try_into().unwrap();
    let document = SealedDocument { hash, path: None, method: None };
    let intact = verify_signed_value(&whole, &document, &world.context());
    assert_eq!(report::conclude(intact.checks.iter()), PASSED);
    for (at, flipped) in flips(&bytes, [whole.signed_bytes(), whole.signer_certificate()], 53) {
        let Ok(value) = SignedValue::parse(&flipped) else { continue };
        let report = verify_signed_value(&value, &document, &world.context());
        let answer = report::conclude(report.checks.iter()).0;
        assert_ne!(answer, Indication::Passed, "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Parts of two good sealed signatures put together, and one cut short.
    #[test]
    fn a_splice_never_passes(
        versions in prop::sample::select(vec![(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]),
        cuts in any::<(prop::sample::Index, prop::sample::Index)>(),
        same_place in any::<bool>(),
    ) {
        let world = World::office();
        let other_date = wrap(tag::GENERALIZED_TIME, &[b"20260602073156Z"]);
        let left = Look::new(VERSIONS[versions.0], DOCUMENT).signed();
        let right = Look { time_info: other_date, ..Look::new(VERSIONS[versions.1], DOCUMENT) };
        let right = if versions.1 == 0 { Look::new(Version::V1, DOCUMENT) } else { right }.signed();
        let cut = cuts.0.index(left.len());
        let from = if same_place { cut.min(right.len()) } else { cuts.1.index(right.len()) };
        let spliced = [&left[..cut], &right[from..]].concat();
        for bytes in [&left[..cut], &spliced] {
            if *bytes == left || *bytes == right {
                continue;
            }
            let Ok(value) = SignedValue::parse(bytes) else { continue };
            let document = SealedDocument { hash: sm3::hash(DOCUMENT), path: None, method: None };
            let report = verify_signed_value(&value, &document, &world.context());
            prop_assert_ne!(report::conclude(report.checks.iter()).0, Indication::Passed);
        }
    }
}
