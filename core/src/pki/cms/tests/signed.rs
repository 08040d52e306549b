use super::*;
use crate::pki::{
    timestamp::forge::Authority,
    x509::{Evidence, PathPolicy, Revocation, Role, TrustStore},
};

/// `bytes` with every length of a constructed element indefinite, and every OCTET STRING of more than
/// 20 bytes in pieces, down to `depth`: what streaming writers make, and more.
pub(super) fn to_ber(bytes: &[u8], depth: usize) -> Vec<u8> {
    let mut cursor = tlv::Cursor::new(bytes, 0, Code::BadDer);
    let mut ber = Vec::new();
    while !cursor.is_empty() {
        let element = cursor.next("element").unwrap();
        if depth > 0 && element.tag & 0x20 != 0 {
            ber.extend([element.tag, 0x80]);
            ber.extend(to_ber(element.value, depth - 1));
            ber.extend([0, 0]);
        } else if depth > 0 && element.tag == tag::OCTET_STRING && element.value.len() > 20 {
            ber.extend([0x24, 0x80]);
            element
                .value
                .chunks(20)
                .for_each(|piece| ber.extend(wrap(tag::OCTET_STRING, &[piece])));
            ber.extend([0, 0]);
        } else {
            ber.extend(element.raw);
        }
    }
    ber
}

pub(super) fn second_signer() -> (PrivateKey, Certificate) {
    let (root_key, root) = key_and_certificate();
    let key = PrivateKey::from_bytes(&[0x5b; 32]).unwrap();
    let request = request("second", Profile::Signer, &key, &[7]);
    let certificate = issue(&request, Some(&root), &root_key).unwrap();
    (key, certificate)
}

#[test]
fn every_way_to_sign_is_read_as_der_and_as_ber() {
    let (key, certificate) = key_and_certificate();
    let (other_key, other) = second_signer();
    let signers = [
        SignWith { certificate: &certificate, key: &key },
        SignWith { certificate: &other, key: &other_key },
    ];
    for family in [Family::Gm, Family::Pkcs7] {
        for placement in [Placement::Attached, Placement::Detached] {
            for attributes in [Attributes::default(), Attributes::None] {
                let options = SignOptions {
                    family,
                    placement,
                    attributes: attributes.clone(),
                    ..SignOptions::default()
                };
                let der = sign(DATA, &signers, &options).unwrap();
                assert_eq!(kind(&der), Ok((family, Kind::SignedData)));
                let ber = to_ber(&der, 12);
                assert_ne!(ber, der);
                assert_eq!(kind(&ber), Ok((family, Kind::SignedData)));
                assert_eq!(SignedData::parse(&ber).unwrap().raw(), der);
                let attached = placement == Placement::Attached;
                let given = (!attached).then_some(DATA);
                for bytes in [&der, &ber] {
                    let verification = verify(bytes, given, &VerifyOptions::default()).unwrap();
                    assert!(verification.passed(), "{:?}", verification.checks);
                    assert_eq!(verification.signers.len(), 2);
                    assert!(verification.signers.iter().all(SignerVerification::passed));
                    // Data that is given is compared with data inside.
                    let more = verify(bytes, Some(DATA), &VerifyOptions::default()).unwrap();
                    assert!(more.passed());
                    let wrong = verify(bytes, Some(b"x"), &VerifyOptions::default()).unwrap();
                    assert!(!wrong.passed());
                }
                let missing = verify(&der, None, &VerifyOptions::default()).unwrap();
                assert_eq!(missing.passed(), attached);
                if !attached {
                    let found = report::conclude(missing.checks.iter());
                    let sub = Some(SubIndication::SignedDataNotFound);
                    assert_eq!(found, (Indication::Indeterminate, sub));
                }
            }
        }
    }
}

#[test]
fn one_bad_signer_of_two_is_named() {
    let (key, certificate) = key_and_certificate();
    let (other_key, other) = second_signer();
    let signers = [
        SignWith { certificate: &certificate, key: &key },
        SignWith { certificate: &other, key: &other_key },
    ];
    let mut bytes = sign(DATA, &signers, &SignOptions::default()).unwrap();
    let signature = SignedData::parse(&bytes).unwrap().signers()[1].signature.clone();
    let range = place(&bytes, &signature);
    bytes[range.end - 1] ^= 1;
    let verification = verify(&bytes, Some(DATA), &VerifyOptions::default()).unwrap();
    let passed: Vec<_> = verification.signers.iter().map(SignerVerification::passed).collect();
    assert_eq!(passed, [true, false]);
    let failed = verification.checks.iter().find(|check| check.outcome == Outcome::Failed).unwrap();
    assert_eq!((failed.id, failed.evidence["signer"].as_str()), ("cms.signature", "1"));
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let (key, certificate) = key_and_certificate();
    let signer = SignWith { certificate: &certificate, key: &key };
    let refused = |signers: &[SignWith<'_>], options: &SignOptions<'_>| {
        let error = sign(DATA, signers, options).unwrap_err();
        (error.code(), error.field_name())
    };
    let default = SignOptions::default();
    assert_eq!(refused(&[], &default), (Code::BadArgument, Some("signers")));
    let attributes = Attributes::None;
    let typed = SignOptions { content_type: Some(&[0x2a, 3]), attributes, ..default.clone() };
    assert_eq!(refused(&[signer], &typed), (Code::BadArgument, Some("content_type")));
    let signers = [signer; limits::CMS_SIGNERS_MAX + 1];
    assert_eq!(refused(&signers, &default), (Code::LimitReached, Some("CMS_SIGNERS_MAX")));
    assert!(sign(DATA, &signers[1..], &default).is_ok());
    let more = vec![Attribute::single(&[0x2a, 3], vec![5, 0]); limits::CMS_ATTRIBUTES_MAX - 2];
    let full = SignOptions { attributes: Attributes::Signed { at: None, more }, ..default };
    assert_eq!(refused(&[signer], &full), (Code::LimitReached, Some("CMS_ATTRIBUTES_MAX")));
}

#[test]
fn a_signer_is_added_and_nothing_else_changes() {
    let (key, certificate) = key_and_certificate();
    let (other_key, other) = second_signer();
    for placement in [Placement::Attached, Placement::Detached] {
        let options = SignOptions { family: Family::Pkcs7, placement, ..SignOptions::default() };
        let first = SignWith { certificate: &certificate, key: &key };
        let one = SignedData::parse(&sign(DATA, &[first], &options).unwrap()).unwrap();
        let second = SignWith { certificate: &other, key: &other_key };
        let plain = SignOptions { attributes: Attributes::None, ..SignOptions::default() };
        let two = one.with_signer(DATA, &second, &plain).unwrap();
        assert!(two.signers().contains(&one.signers()[0]));
        assert_eq!((two.signers().len(), two.certificates().len()), (2, 2));
        assert_eq!((two.content(), two.family()), (one.content(), Family::Pkcs7));
        assert!(two.verify_detached(DATA).passed());
        let error = one.with_signer(b"other", &second, &plain);
        assert_eq!(error.is_err(), placement == Placement::Attached);
    }
}

#[test]
fn a_content_type_of_its_own_is_signed() {
    let (key, certificate) = key_and_certificate();
    let tst_info = object_identifier("1.2.840.113549.1.9.16.1.4").unwrap();
    let extra = Attribute::single(&object_identifier("1.2.3.4").unwrap(), vec![5, 0]);
    let at = UnixTime::parse_rfc3339("2050-06-01T00:00:00Z").unwrap();
    let options = SignOptions {
        placement: Placement::Attached,
        content_type: Some(&tst_info),
        attributes: Attributes::Signed { at: Some(at), more: vec![extra.clone()] },
        ..SignOptions::default()
    };
    let signer = SignWith { certificate: &certificate, key: &key };
    let signed = SignedData::parse(&sign(DATA, &[signer], &options).unwrap()).unwrap();
    assert_eq!(signed.content_type(), tst_info);
    let verification = signed.verify(None, &VerifyOptions::default());
    assert!(verification.passed(), "{:?}", verification.checks);
    assert_eq!(verification.signing_time, Some(at));
    let attributes = signed.signers()[0].attributes.as_ref().unwrap();
    assert!(attributes.all.contains(&extra));
    assert_eq!(object_identifier("1.2.x").unwrap_err().code(), Code::BadArgument);
}

#[test]
fn a_signer_named_by_its_key_is_found() {
    let (key, certificate) = key_and_certificate();
    let signature = key.sign(DATA, &DistId::DEFAULT).unwrap().to_der();
    let id = certificate.subject_key_id().unwrap();
    for (id, found) in [(id, true), (&[7; 20][..], false)] {
        let info = sequence(&[
            &[2, 1, 3],
            &wrap(tag::CONTEXT_0_PRIMITIVE, &[id]),
            &algorithm(SM3),
            &algorithm(SM2_WITH_SM3),
            &wrap(tag::OCTET_STRING, &[&signature]),
        ]);
        let inside = sequence(&[
            &[2, 1, 3],
            &wrap(tag::SET, &[]),
            &sequence(&[&wrap(tag::OID, &[oid::PKCS7_DATA])]),
            &wrap(tag::CONTEXT_0, &[certificate.der()]),
            &wrap(tag::SET, &[&info]),
        ]);
        let outer = wrap(tag::CONTEXT_0, &[&inside]);
        let bytes = sequence(&[&wrap(tag::OID, &[oid::PKCS7_SIGNED_DATA]), &outer]);
        let verification = verify(&bytes, Some(DATA), &VerifyOptions::default()).unwrap();
        assert_eq!(verification.passed(), found);
        // The empty list of digest algorithms is a warning.
        assert_eq!(outcome(&verification, "cms.digest_algorithms"), Some(Outcome::Failed));
    }
}

#[test]
fn time_stamps_and_counter_signatures_are_noted() {
    let (key, certificate) = key_and_certificate();
    let signer = SignWith { certificate: &certificate, key: &key };
    let bytes = sign(DATA, &[signer], &SignOptions::default()).unwrap();
    let signed = SignedData::parse(&bytes).unwrap();
    let token = Authority::get().stamp(&signed.signers()[0].signature, b"20260601000000Z");
    let stamped = signed.with_time_stamp(0, &token).unwrap();
    let counter = Attribute::single(oid::COUNTER_SIGNATURE, vec![0x30, 0]);
    let stamped = stamped.with_unsigned_attribute(0, &counter).unwrap();
    let info = &stamped.signers()[0];
    assert_eq!(info.time_stamps().collect::<Vec<_>>(), [&token[..]]);
    assert_eq!(info.counter_signatures().count(), 1);
    assert_eq!((&info.signature, &info.attributes), {
        let info = &signed.signers()[0];
        (&info.signature, &info.attributes)
    });
    let verification = stamped.verify_detached(DATA);
    assert!(verification.passed());
    assert_eq!(verification.signers[0].signature, info.signature);
    assert_eq!(outcome(&verification, "cms.time_stamp"), Some(Outcome::Skipped));
    // What is no SignerInfo is noted as such, and counts for nothing.
    assert_eq!(outcome(&verification, "cms.counter_signature"), Some(Outcome::Failed));
    assert_eq!(signed.with_time_stamp(1, &token).err().unwrap().code(), Code::BadArgument);
    assert_eq!(signed.with_time_stamp(0, b"0").err().unwrap().code(), Code::BadArgument);
    let mut full = signed;
    for _ in 0..limits::CMS_ATTRIBUTES_MAX {
        full = full.with_unsigned_attribute(0, &counter).unwrap();
    }
    let error = full.with_unsigned_attribute(0, &counter).err().unwrap();
    assert_eq!(error.field_name(), Some("CMS_ATTRIBUTES_MAX"));
}

#[test]
fn counter_signatures_are_named_and_count_for_nothing() {
    let (key, certificate) = key_and_certificate();
    let (other_key, other) = second_signer();
    let signer = SignWith { certificate: &certificate, key: &key };
    let signed = sign(DATA, &[signer], &SignOptions::default()).unwrap();
    let signed = SignedData::parse(&signed).unwrap();
    let own = signed.signers()[0].signature.clone();
    let counter = |message: &[u8], attributes: Attributes| {
        let signer = SignWith { certificate: &other, key: &other_key };
        let options = SignOptions { attributes, ..SignOptions::default() };
        let signed = SignedData::parse(&sign(message, &[signer], &options).unwrap()).unwrap();
        signed.signers()[0].raw.clone()
    };
    let with = |counters: Vec<Vec<u8>>, known: &[Certificate]| {
        let attribute = Attribute { oid: oid::COUNTER_SIGNATURE.to_vec(), values: counters };
        let signed = signed.with_unsigned_attribute(0, &attribute).unwrap();
        let options = VerifyOptions { known, deviant: &[] };
        let verification = signed.verify(Some(DATA), &options);
        assert!(verification.passed(), "{:?}", verification.checks);
        let mut checks = verification.checks;
        checks.retain(|check| check.id == "cms.counter_signature");
        checks
    };
    let known = std::slice::from_ref(&other);
    let by = other.subject().to_string();
    for attributes in [Attributes::default(), Attributes::None] {
        for (message, expected) in
            [(&own[..], Outcome::Passed), (b"another signature", Outcome::Failed)]
        {
            let checks = with(vec![counter(message, attributes.clone())], known);
            assert_eq!((checks.len(), checks[0].outcome), (1, expected), "{checks:?}");
            assert_eq!(checks[0].evidence["by"], by);
        }
    }
    // Without the certificate it is named by what it says itself.
    let checks = with(vec![counter(&own, Attributes::None)], &[]);
    assert_eq!(checks[0].outcome, Outcome::Skipped);
    assert!(checks[0].evidence["by"].starts_with("serial "), "{checks:?}");
    // At the limit, and one past it.
    let most = limits::CMS_COUNTER_SIGNATURES_MAX;
    let one = counter(&own, Attributes::None);
    for (count, seen) in [(most, most), (most + 1, most)] {
        let checks = with(vec![one.clone(); count], known);
        let passed = checks.iter().filter(|check| check.outcome == Outcome::Passed).count();
        assert_eq!((passed, checks.len()), (seen, count));
    }
}

/// A certificate of another key that any identifier of `certificate`, a root, names as well.
pub(super) fn namesake(certificate: &Certificate, seed: u8) -> Certificate {
    let key = PrivateKey::from_bytes(&[seed; 32]).unwrap();
    let request = request("signer", Profile::Root, &key, certificate.serial());
    let same = issue(&request, None, &key).unwrap();
    assert_eq!(Identifier::of(&same), Identifier::of(certificate));
    same
}

/// Anybody can put another certificate inside that has the signer's name.
#[test]
fn a_certificate_of_the_same_name_does_not_hide_the_signers() {
    let (key, certificate) = key_and_certificate();
    let most = limits::CMS_NAMESAKES_MAX;
    let namesake = |seed| namesake(&certificate, seed).der().to_vec();
    let others: Vec<_> = (7..).take(most).map(namesake).collect();
    let signer = SignWith { certificate: &certificate, key: &key };
    for attributes in [Attributes::default(), Attributes::None] {
        let options = SignOptions { attributes, ..SignOptions::default() };
        let bytes = sign(DATA, &[signer], &options).unwrap();
        // As many before the signer's own as leave it the last that is looked at, and one more.
        for before in [1, most - 1, most] {
            let mut signed = SignedData::parse(&bytes).unwrap();
            let fields = Arc::get_mut(&mut signed.fields).unwrap();
            fields.certificates.splice(0..0, others[..before].iter().cloned());
            let verification = signed.verify_detached(DATA);
            assert_eq!(verification.passed(), before < most, "{:?}", verification.checks);
            assert_eq!(verification.signer.as_ref() == Some(&certificate), before < most);
        }
    }
}

#[test]
fn certificates_alone_have_no_signer() {
    let (_, certificate) = key_and_certificate();
    let (_, other) = second_signer();
    let bytes = certificates_only(&[certificate, other], &[], Family::Pkcs7).unwrap();
    let signed = SignedData::parse(&bytes).unwrap();
    assert_eq!((signed.certificates().len(), signed.signers().len()), (2, 0));
    assert!(!signed.verify_detached(b"").passed());
}

#[test]
fn trust_is_judged_at_the_time_that_is_known() {
    let (_, root) = key_and_certificate();
    let (key, certificate) = second_signer();
    let signer = SignWith { certificate: &certificate, key: &key };
    let bytes = sign(DATA, &[signer], &SignOptions::default()).unwrap();
    let policy = PathPolicy {
        role: Role::DocumentSigner,
        revocation: Revocation::NotChecked,
        crl_grace_s: 0,
    };
    let time = |text| UnixTime::parse_rfc3339(text).unwrap();
    let evidence = Evidence::default();
    let judged = |trust: &TrustStore, at, existed_at| {
        let verification = verify(&bytes, Some(DATA), &VerifyOptions::default()).unwrap();
        let judge = Judge { trust, evidence: &evidence, policy: &policy, at, existed_at };
        match verification.judge(&judge) {
            Ok(verified) => {
                assert_eq!(verified.value(), std::slice::from_ref(&certificate));
                assert!(verified.report().signers[0].path.is_some());
                (Indication::Passed, None)
            }
            Err(rejected) => report::conclude(rejected.report.checks.iter()),
        }
    };
    let trust = TrustStore::new(vec![root]);
    let (within, after) = (time("2026-06-01T00:00:00Z"), time("2028-01-01T00:00:00Z"));
    assert_eq!(judged(&trust, within, None), (Indication::Passed, None));
    let doubt = (Indication::Indeterminate, Some(SubIndication::OutOfBoundsNoPoe));
    assert_eq!(judged(&trust, after, None), doubt);
    assert_eq!(judged(&trust, after, Some(within)).0, Indication::Passed);
    let nobody = TrustStore::new(Vec::new());
    assert_eq!(judged(&nobody, within, None).0, Indication::Indeterminate);

    // Each signer has a time of his own: what is known of one proves nothing of the other.
    let two = sign(DATA, &[signer, signer], &SignOptions::default()).unwrap();
    let each = |existed_at: &[Option<UnixTime>]| {
        let verification = verify(&two, Some(DATA), &VerifyOptions::default()).unwrap();
        let (evidence, policy) = (&evidence, &policy);
        let judge = Judge { trust: &trust, evidence, policy, at: after, existed_at: None };
        match verification.judge_each(&judge, existed_at) {
            Ok(verified) => (Indication::Passed, verified.value().len()),
            Err(rejected) => {
                let doubts = rejected.report.signers.iter().filter(|signer| !signer.passed());
                (report::conclude(rejected.report.checks.iter()).0, doubts.count())
            }
        }
    };
    assert_eq!(each(&[Some(within), Some(within)]), (Indication::Passed, 2));
    for times in [&[Some(within)][..], &[None, Some(within)], &[Some(within), Some(after)]] {
        let (indication, doubts) = each(times);
        assert!(indication != Indication::Passed && doubts == 1, "{times:?}");
    }
    assert_eq!(each(&[]), (Indication::Indeterminate, 2));
}

#[test]
fn data_in_pieces_has_the_checks_of_the_whole() {
    let (key, certificate) = key_and_certificate();
    let signers = [SignWith { certificate: &certificate, key: &key }];
    for attributes in [Attributes::default(), Attributes::None] {
        let options = SignOptions { attributes, ..SignOptions::default() };
        let bytes = sign(DATA, &signers, &options).unwrap();
        for data in [DATA, b"another"] {
            let mut verifier =
                super::super::stream::Verifier::new(&bytes, VerifyOptions::default()).unwrap();
            data.chunks(7).for_each(|piece| verifier.update(piece));
            let whole = verify(&bytes, Some(data), &VerifyOptions::default()).unwrap();
            assert_eq!(verifier.finish().checks, whole.checks);
        }
    }
    // Attributes passed off as data are recognised in pieces too.
    let digest = sm3::hash(DATA);
    let list = attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&digest]));
    let set = wrap(tag::SET, &[&list]);
    let signature = key.sign(&set, &DistId::DEFAULT).unwrap().to_der();
    let moved = Parts { signature, ..parts(&certificate) }.encode(&certificate);
    let mut verifier =
        super::super::stream::Verifier::new(&moved, VerifyOptions::default()).unwrap();
    set.chunks(3).for_each(|piece| verifier.update(piece));
    assert_eq!(outcome(&verifier.finish(), "cms.signature"), Some(Outcome::Failed));
}
