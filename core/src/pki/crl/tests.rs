//! Lists of other implementations, our own, and hostile ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};
use yinxin_vectors::load_shared;

use super::*;
use crate::{
    limits,
    pki::{
        tlv::{self, tag},
        x509::{
            Certificate,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::sm2::PrivateKey,
};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn authority() -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate().unwrap();
    let request = CertificateRequest {
        subject: Subject { common_name: "CA".into(), ..Subject::default() },
        profile: Profile::Root,
        public_key: key.public().clone(),
        not_before: at(0),
        not_after: at(4_000_000_000),
        serial: None,
    };
    let certificate = issue(&request, None, &key).unwrap();
    (key, certificate)
}

#[test]
fn lists_of_others_read_and_verify() {
    let (Some(lists), Some(certificates)) =
        (load_shared("x509/crls.json"), load_shared("x509/certs.json"))
    else {
        return;
    };
    let certificates: BTreeMap<_, _> =
        certificates.iter().map(|case| (case.id(), case.bytes("der_b64"))).collect();
    for case in &lists {
        let der = case.bytes("der_b64");
        let list = Crl::parse(&der).unwrap_or_else(|error| panic!("{case}: {error}"));
        let checks = case.get("checks").unwrap();
        let text = |name: &str| checks[name].as_str().unwrap();
        assert_eq!(list.der(), der, "{case}");
        assert_eq!(list.issuer().to_string(), text("issuer"), "{case}");
        for (time, name) in
            [(list.this_update(), "this_update"), (list.next_update().unwrap(), "next_update")]
        {
            let short: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
            assert_eq!(format!("{}Z", &short[2..]), text(name), "{case}");
        }
        let expected: Vec<_> = checks["revoked_serials_hex"].as_array().unwrap().iter().collect();
        assert_eq!(list.len(), expected.len(), "{case}");
        for serial in expected {
            let serial = yinxin_vectors::hex(serial.as_str().unwrap()).unwrap();
            assert!(list.revoked(&serial).is_some(), "{case}");
        }
        assert!(list.revoked(&[1]).is_none(), "{case}");
        assert_eq!(list.not_understood(), None, "{case}");
        let signer = Certificate::parse(&certificates[text("signed_by")]).unwrap();
        assert_eq!(list.verify(signer.public_key().unwrap()), Ok(()), "{case}");
        let stranger = PrivateKey::generate().unwrap();
        assert!(list.verify(stranger.public()).is_err(), "{case}");
    }
}

#[test]
fn what_is_made_is_read_and_agrees_with_another_parser() {
    let (key, certificate) = authority();
    let entries: [(&[u8], _, _); 4] = [
        (&[0x99, 1], at(1000), Reason::KeyCompromise),
        (&[5], at(2000), Reason::Unspecified),
        (&[0, 0, 7], at(3_000_000_000), Reason::CertificateHold),
        (&[5], at(1500), Reason::Superseded),
    ];
    let list = make(&certificate, &entries, at(5000), at(6000), 300, &key).unwrap();
    list.verify(key.public()).unwrap();
    let serials: Vec<_> = list.serials().collect();
    assert_eq!(serials, [&[5][..], &[7], &[0x99, 1]]);
    let revoked = |serial: &[u8]| list.revoked(serial).map(|r| (r.at, r.reason));
    assert_eq!(revoked(&[0x99, 1]), Some((at(1000), Some(Reason::KeyCompromise))));
    assert_eq!(revoked(&[0, 0x99, 1]), Some((at(1000), Some(Reason::KeyCompromise))));
    // The earlier date, and the reason that says less for the key: none.
    assert_eq!(revoked(&[5]), Some((at(1500), None)));
    assert_eq!(revoked(&[7]), Some((at(3_000_000_000), Some(Reason::CertificateHold))));
    assert_eq!(revoked(&[6]), None);
    assert_eq!(list.number(), Some(&[1, 44][..]));
    assert_eq!(list.authority_key_id(), certificate.subject_key_id());
    let again = Crl::parse_pem_or_der(list.to_pem().as_bytes()).unwrap();
    assert_eq!(again.der(), list.der());
    let (rest, other) = CertificateRevocationList::from_der(list.der()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(other.iter_revoked_certificates().count(), entries.len());
    assert_eq!(other.crl_number().unwrap().to_string(), "300");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let (key, certificate) = authority();
    let stranger = PrivateKey::generate().unwrap();
    let code = |entries: &[(&[u8], _, _)], next, key: &PrivateKey| {
        make(&certificate, entries, at(5), at(next), 1, key).err().map(|error| error.code())
    };
    assert_eq!(code(&[], 6, &key), None);
    assert_eq!(code(&[], 5, &key), Some(Code::BadArgument));
    assert_eq!(code(&[], 6, &stranger), Some(Code::KeyMismatch));
    assert_eq!(code(&[(&[], at(1), Reason::Unspecified)], 6, &key), Some(Code::BadArgument));
    assert_eq!(code(&[(&[0], at(1), Reason::Unspecified)], 6, &key), Some(Code::BadArgument));
    assert_eq!(code(&[(&[1], at(1), Reason::Unknown)], 6, &key), Some(Code::BadArgument));
    assert_eq!(code(&[(&[1], at(1), Reason::RemoveFromCrl)], 6, &key), Some(Code::BadArgument));
    assert_eq!(code(&[(&[1], at(-1), Reason::Unspecified)], 6, &key), Some(Code::BadTime));
}

/// A list by hand: entries as given, extensions of the list as given. The signature is noise.
fn by_hand(entries: &[u8], extensions: &[&[u8]]) -> Vec<u8> {
    let algorithm = tlv::sequence(&[&[6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75]]);
    let time = b"\x17\x0d211203034514Z";
    let revoked = if entries.is_empty() { vec![] } else { tlv::sequence(&[entries]) };
    let extensions = match extensions {
        [] => vec![],
        _ => tlv::wrap(tag::CONTEXT_0, &[&tlv::sequence(extensions)]),
    };
    let name = tlv::sequence(&[]);
    let tbs = tlv::sequence(&[&[2, 1, 1], &algorithm, &name, time, &revoked, &extensions]);
    tlv::sequence(&[&tbs, &algorithm, &[3, 2, 0, 1]])
}

fn entry(serial: &[u8], extensions: &[&[u8]]) -> Vec<u8> {
    let serial = tlv::wrap(tag::INTEGER, &[serial]);
    let extensions = match extensions {
        [] => vec![],
        _ => tlv::sequence(extensions),
    };
    tlv::sequence(&[&serial, b"\x17\x0d211203034514Z", &extensions])
}

fn extension(last: u8, critical: &[u8], value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&[6, 3, 0x55, 0x1d, last], critical, &tlv::wrap(tag::OCTET_STRING, &[value])])
}

const TRUE: &[u8] = &[1, 1, 0xff];
const FALSE: &[u8] = &[1, 1, 0];

#[test]
fn extensions_that_change_the_meaning_are_noted() {
    let read = |extension: &[u8]| {
        let list = Crl::parse(&by_hand(&[], &[extension])).unwrap();
        list.not_understood().map(str::to_owned)
    };
    assert_eq!(read(&extension(20, FALSE, &[2, 1, 5])), None);
    assert_eq!(read(&extension(99, FALSE, &[])), None);
    assert_eq!(read(&extension(99, TRUE, &[])), Some("2.5.29.99".into()));
    // A delta or partitioned list whose writer forgot to mark it, and cannot write it either.
    assert_eq!(read(&extension(27, &[], &[4, 1, 5])), Some("2.5.29.27".into()));
    assert_eq!(read(&extension(28, &[], &[0x30, 1])), Some("2.5.29.28".into()));
    let read = |extension: &[u8]| {
        let list = Crl::parse(&by_hand(&entry(&[9], &[extension]), &[])).unwrap();
        (list.not_understood().map(str::to_owned), list.revoked(&[9]).unwrap())
    };
    let (fault, revoked) = read(&extension(24, FALSE, b"\x18\x0f20200102030405Z"));
    assert_eq!(
        (fault, revoked.invalid_since.unwrap().to_string()),
        (None, "2020-01-02T03:04:05Z".to_owned())
    );
    assert_eq!(read(&extension(21, &[], &[10, 1, 77])).1.reason, Some(Reason::Unknown));
    assert_eq!(read(&extension(21, &[], &[10, 2, 0, 1])).0, Some("2.5.29.21".into()));
    assert_eq!(read(&extension(29, TRUE, &[0x30, 0])).0, Some("2.5.29.29".into()));
}

#[test]
fn deltas_and_scopes_are_read() {
    let read = |extension: &[u8]| {
        let list = Crl::parse(&by_hand(&[], &[extension])).unwrap();
        assert_eq!(list.not_understood(), None);
        list
    };
    let plain = read(&extension(20, FALSE, &[2, 1, 5]));
    assert_eq!((plain.delta_base(), plain.has_deltas()), (None, false));
    assert_eq!(*plain.scope(), Scope::default());
    assert_eq!(read(&extension(27, TRUE, &[2, 1, 5])).delta_base(), Some(&[5][..]));
    assert!(read(&extension(46, FALSE, &[0x30, 0])).has_deltas());
    let scope =
        |content: &[u8]| read(&extension(28, TRUE, &tlv::sequence(&[content]))).scope().clone();
    assert_eq!(scope(&[0x81, 1, 0xff]).kind, Kind::User);
    assert_eq!(scope(&[0x82, 1, 0xff]).kind, Kind::Authority);
    assert_eq!(scope(&[0x85, 1, 0xff]).kind, Kind::Other);
    assert_eq!(scope(&[0x81, 1, 0xff, 0x82, 1, 0xff]).kind, Kind::Other);
    assert_eq!(scope(&[0x81, 1, 0]).kind, Kind::Any);
    assert!(scope(&[0x84, 1, 0xff]).indirect);
    // keyCompromise and cACompromise; everything, in two bytes.
    assert_eq!(scope(&[0x83, 2, 5, 0x60]).reasons, 0b110);
    assert_eq!(scope(&[0x83, 3, 7, 0xff, 0x80]).reasons, Scope::ALL_REASONS);
    let uri = tlv::wrap(0x86, &[b"http://a/b.crl"]);
    let point = scope(&tlv::wrap(0xa0, &[&tlv::wrap(0xa0, &[&uri])])).distribution_point.unwrap();
    assert_eq!(point[0].to_string(), "uniformResourceIdentifier:http://a/b.crl");
    let relative = scope(&tlv::wrap(0xa0, &[&tlv::wrap(0xa1, &[])]));
    assert_eq!(relative.distribution_point.as_deref(), Some(&[][..]));
}

#[test]
fn reasons_and_dates_are_written() {
    let (key, certificate) = authority();
    let entry = |invalid_since| Entry {
        serial: &[9],
        at: at(1000),
        reason: Reason::KeyCompromise,
        invalid_since,
    };
    let make = |entry: Entry<'_>, kind| {
        let list = NewList {
            entries: &[entry],
            this_update: at(5000),
            next_update: at(6000),
            number: 1,
            kind,
        };
        list.sign(&certificate, &key)
    };
    let list = make(entry(Some(at(900))), Kind::Authority).unwrap();
    let expected =
        Revoked { at: at(1000), reason: Some(Reason::KeyCompromise), invalid_since: Some(at(900)) };
    assert_eq!(list.revoked(&[9]), Some(expected));
    assert_eq!((list.scope().kind, list.not_understood()), (Kind::Authority, None));
    assert_eq!(make(entry(None), Kind::User).unwrap().scope().kind, Kind::User);
    let (_, other) = CertificateRevocationList::from_der(list.der()).unwrap();
    let revoked = other.iter_revoked_certificates().next().unwrap();
    assert_eq!(revoked.invalidity_date().unwrap().1.timestamp(), 900);
    let refused = |entry, kind| make(entry, kind).unwrap_err().field_name();
    assert_eq!(refused(entry(Some(at(1001))), Kind::Any), Some("invalid_since"));
    assert_eq!(refused(entry(None), Kind::Other), Some("kind"));
}

#[test]
fn sizes_are_bounded() {
    let tail = entry(&[1], &[]);
    let entries = tail.repeat(limits::CRL_ENTRIES_MAX);
    let list = Crl::parse(&by_hand(&entries, &[])).unwrap();
    assert_eq!(list.len(), 1, "entries for one number are one");
    let more = [&entries[..], &tail].concat();
    let error = Crl::parse(&by_hand(&more, &[])).err().unwrap();
    assert_eq!(error.field_name(), Some("CRL_ENTRIES_MAX"));
    let error = |length: usize| Crl::parse(&vec![0; length]).err().unwrap();
    assert_eq!(error(limits::CRL_BYTES_MAX).code(), Code::BadCrl);
    assert_eq!(error(limits::CRL_BYTES_MAX + 1).field_name(), Some("CRL_BYTES_MAX"));
    assert!(Crl::parse(&by_hand(&entry(&[1; 255], &[]), &[])).is_ok());
    assert!(Crl::parse(&by_hand(&entry(&[1; 256], &[]), &[])).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_lists_never_panic(place in 0usize..400, bit in 0u8..8, cut in 0usize..400) {
        let extension = extension(24, FALSE, b"\x18\x0f20200102030405Z");
        let mut der = by_hand(&entry(&[9, 9], &[&extension]), &[&extension]);
        let length = der.len();
        der[place % length] ^= 1 << bit;
        if let Ok(list) = Crl::parse(&der) {
            list.serials().for_each(|serial| assert!(list.revoked(serial).is_some()));
            let _ = list.signature();
        }
        der.truncate(cut % length);
        prop_assert!(Crl::parse(&der).is_err());
    }
}

#[test]
fn extensions_that_stand_there_twice_are_not_guessed_at() {
    let read = |entries: &[u8], extensions: &[&[u8]]| {
        Crl::parse(&by_hand(entries, extensions)).unwrap().not_understood().map(str::to_owned)
    };
    let scope = |content: &[u8]| extension(28, &[1, 1, 0xff], content);
    let (users, all) = (scope(&[0x30, 3, 0x81, 1, 0xff]), scope(&[0x30, 0]));
    assert_eq!(read(&[], &[&users]), None);
    // The second would have made it a list for everybody.
    assert_eq!(read(&[], &[&users, &all]).as_deref(), Some("2.5.29.28"));
    let reason = |code: u8| extension(21, &[], &[10, 1, code]);
    let (superseded, compromised) = (reason(4), reason(1));
    assert_eq!(read(&entry(&[2, 1, 1], &[&superseded]), &[]), None);
    let twice = entry(&[2, 1, 1], &[&compromised, &superseded]);
    assert_eq!(read(&twice, &[]).as_deref(), Some("2.5.29.21"));
}
