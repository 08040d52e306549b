use proptest::prelude::*;
use yinxin_vectors::load_shared;

use super::fixtures::{Look, Office, bits, octets, png, sample, time};
use super::*;
use crate::{
    Code, Error,
    limits::{
        EMBEDDED_CERTIFICATE_BYTES_MAX, SEAL_BYTES_MAX, SEAL_EXTENSIONS_MAX, SEAL_LIST_MAX,
        SEAL_PICTURE_BYTES_MAX, SEAL_PICTURE_PIXELS_MAX, SEAL_TEXT_BYTES_MAX,
        SIGNED_VALUE_BYTES_MAX, SIGNED_VALUE_PROPERTY_BYTES_MAX, TIME_STAMP_BYTES_MAX,
    },
    pki::tlv::{self, sequence, tag, wrap},
};

const DOCUMENT: &[u8] = b"<Signature/>";
const VERSIONS: [Version; 3] = [Version::V1, Version::V4, Version::V5];

#[test]
fn samples_are_read() {
    for (name, version, id) in [
        ("UserV1.esl", Version::V1, "40C8CDD24DEF43388B86E62CCE1D6832"),
        ("UserV4.esl", Version::V4, "51f044b76510434e9bc67a1185c2fba5"),
        ("UserV5.esl", Version::V5, "09aaf39291e049e4b3d716414590937e"),
        ("UserV5_ts.esl", Version::V5, "55a4a957189a48f596706fb431e962c5"),
    ] {
        let Some(bytes) = sample(&format!("ses/{name}")) else { return };
        let seal = Seal::parse(&bytes).unwrap();
        assert_eq!((seal.version(), seal.id()), (version, id), "{name}");
        assert_eq!(seal.raw(), bytes, "{name}");
        assert_eq!((seal.header_id(), seal.picture().format), ("ES", "PNG"), "{name}");
        assert_eq!((seal.picture().width_mm, seal.picture().data.len()), (40, 15693), "{name}");
        assert_eq!(seal.time_stamp().is_some(), name == "UserV5_ts.esl", "{name}");
    }
}

#[test]
fn vectors_are_read() {
    let Some(cases) = load_shared("seal/eseal.json") else { return };
    for case in cases {
        let bytes = case.bytes("der_b64");
        let object = case.get("checks").unwrap()["object"].as_str().unwrap().to_owned();
        if object.starts_with("SES_Signature") {
            let signed = SignedValue::parse(&bytes).unwrap();
            assert!(object.ends_with(&format!("version={})", signed.stated_version())), "{case}");
            assert!(signed.signed_at().is_some(), "{case}");
        } else {
            let seal = Seal::parse(&bytes).unwrap();
            assert!(object.ends_with(&format!("version={}", seal.header_version())), "{case}");
        }
    }
}

#[test]
fn every_field_is_read_where_it_stands() {
    for version in VERSIONS {
        let look = Look::new(version, DOCUMENT);
        let seal = look.seal();
        let signed = look.signed_around(&seal);
        let value = SignedValue::parse(&signed).unwrap();
        assert!(value.seal().raw() == seal && value.raw() == signed);
        assert_eq!((value.version(), value.seal().version()), (version, version));
        assert_eq!(value.data_hash(), sm3::hash(DOCUMENT));
        assert_eq!(value.signed_at(), Some(time("2026-06-01T07:31:56Z")));
        assert_eq!(value.property(), fixtures::PATH);
        assert_eq!(value.signer_certificate(), Office::get().signer.der());
        assert_eq!(value.seal().maker_certificate(), Office::get().maker.der());
        assert_eq!(value.seal().created(), time("2026-01-01T08:00:00Z"));
        assert_eq!(value.seal().valid_until(), time("2026-12-31T00:00:00Z"));
        assert_eq!((value.seal().name(), value.seal().vendor()), ("某局", "vendor"));
        assert!(value.seal().lists(Office::get().signer.der()));
        assert!(!value.seal().lists(Office::get().maker.der()));
    }
}

#[test]
fn quirks_met_in_practice_are_read() {
    let extension =
        |oid: &[u8], flag: &[u8]| sequence(&[&wrap(tag::OID, &[oid]), flag, &[4, 1, 9]]);
    // An explicit FALSE, an object identifier of plain text, a critical one.
    let list = sequence(&[
        &extension(&[0x2a, 3], &[1, 1, 0]),
        &extension(b"\xb5\xcd", &[]),
        &extension(&[0x2a, 4], &[1, 1, 0xff]),
    ]);
    for version in VERSIONS {
        let look = Look {
            seal_extensions: list.clone(),
            extensions: wrap(tag::CONTEXT_0, &[&list]),
            id: wrap(tag::IA5_STRING, &["印".as_bytes(), b"\xff"]),
            property: b"{\"Entry\":\"/a\"}".to_vec(),
            raw_signatures: true,
            sign_info_in_bits: true,
            ..Look::new(version, DOCUMENT)
        };
        let value = SignedValue::parse(&look.signed()).unwrap();
        let seal = value.seal();
        assert_eq!(seal.id(), "印\u{fffd}");
        let critical: Vec<_> = seal.extensions().iter().map(|one| one.critical).collect();
        assert_eq!(critical, [false, false, true]);
        assert_eq!(seal.extensions()[1].oid, b"\xb5\xcd");
        assert_eq!(value.extensions().len(), if version == Version::V1 { 0 } else { 3 });
        assert_eq!((seal.signature().len(), value.signature().len()), (64, 64));
    }
    // The list of a v1 seal may hold an identifier; nothing is matched with it.
    let text = wrap(tag::IA5_STRING, &[b"5d3a"]);
    let look = Look { list: text.clone(), ..Look::new(Version::V1, DOCUMENT) };
    let seal = Seal::parse(&look.seal()).unwrap();
    assert_eq!(seal.certificate_ids(), ["5d3a"]);
    assert!(!seal.lists(Office::get().signer.der()));
    for version in [Version::V4, Version::V5] {
        let look = Look { list: text.clone(), ..Look::new(version, DOCUMENT) };
        assert_eq!(Seal::parse(&look.seal()).err().unwrap().field_name(), Some("certList"));
    }
}

#[test]
fn signing_times_of_v1_in_every_notation() {
    let expected = Some(time("2026-06-01T07:31:56Z"));
    let utc_time = wrap(tag::UTC_TIME, &[b"260601073156Z"]);
    for (time_info, expected) in [
        (bits(b"2026-06-01T07:31:56.377Z"), expected),
        (octets(b"20260601073156Z"), expected),
        (bits(b"260601073156Z"), expected),
        (bits(&utc_time), expected),
        (bits(b"20260601153156.5+0800"), expected),
        (bits(b"2026-06-01 07:31:56"), None),
        (bits(&sequence(&[&[5, 0]])), None),
        (bits(b""), None),
    ] {
        let look = Look { time_info, ..Look::new(Version::V1, DOCUMENT) };
        let look = Look { data_hash: octets(&sm3::hash(DOCUMENT)), ..look };
        assert_eq!(SignedValue::parse(&look.signed()).unwrap().signed_at(), expected);
    }
    // v4 and v5 have a time of their own, and its zone must be there.
    for time_info in [bits(b"260601073156Z"), wrap(tag::GENERALIZED_TIME, &[b"20260601073156"])] {
        let look = Look { time_info, ..Look::new(Version::V4, DOCUMENT) };
        let error = SignedValue::parse(&look.signed()).err().unwrap();
        assert_eq!((error.code(), error.field_name()), (Code::BadSignedValue, Some("timeInfo")));
    }
}

#[test]
fn lists_of_digests() {
    let digest = sm3::hash(Office::get().signer.der());
    let item = |name: &str, value: &[u8]| {
        sequence(&[&wrap(tag::PRINTABLE_STRING, &[name.as_bytes()]), &octets(value)])
    };
    for (list, listed) in [
        (item("SM3", &digest), true),
        (item("1.2.156.10197.1.401", &digest), true),
        (item("SHA256", &digest), false),
        (item("SM3", &digest[1..]), false),
        (Vec::new(), false),
    ] {
        let look = Look { list, list_type: 2, ..Look::new(Version::V4, DOCUMENT) };
        let seal = Seal::parse(&look.seal()).unwrap();
        assert!(matches!(seal.certificate_list(), CertificateList::Digests(_)));
        assert_eq!(seal.lists(Office::get().signer.der()), listed);
    }
    // A type that contradicts the items, and an unknown one.
    for (list, list_type) in [
        (octets(Office::get().signer.der()), 2),
        (item("SM3", &digest), 1),
        (octets(Office::get().signer.der()), 3),
        (item("SM3", &[0; 65]), 2),
    ] {
        let look = Look { list, list_type, ..Look::new(Version::V4, DOCUMENT) };
        assert_eq!(Seal::parse(&look.seal()).err().unwrap().code(), Code::BadSeal);
    }
}

#[test]
fn errors_name_the_byte() {
    let look = Look::new(Version::V4, DOCUMENT);
    let seal = look.seal();
    let mut bytes = seal.clone();
    let at = seal.windows(14).position(|part| part == b"32050000011053").unwrap() - 2;
    bytes[at] = tag::OCTET_STRING;
    let error = Seal::parse(&bytes).err().unwrap();
    let found = (error.code(), error.offset(), error.field_name());
    assert_eq!(found, (Code::BadSeal, Some(at), Some("esID")));
    // The same fault inside a sealed signature is counted from its start.
    let signed = look.signed_around(&bytes);
    let start = signed.windows(bytes.len()).position(|part| part == bytes).unwrap();
    let error = SignedValue::parse(&signed).err().unwrap();
    assert_eq!(error.offset(), Some(start + at));
    // One form is not taken for the other.
    assert!(Seal::parse(&look.signed()).is_err());
    assert!(SignedValue::parse(&seal).is_err());
}

#[test]
fn limits_hold_at_the_edge() {
    let refused = |look: Look| {
        SignedValue::parse(&look.signed()).err().map(|error| (error.code(), error.field_name()))
    };
    let over = |limit| Some((Code::LimitReached, Some(limit)));
    let v4 = || Look::new(Version::V4, DOCUMENT);

    let text = |length: usize| wrap(tag::IA5_STRING, &[&vec![b'x'; length]]);
    assert_eq!(refused(Look { id: text(SEAL_TEXT_BYTES_MAX), ..v4() }), None);
    let longer = Look { id: text(SEAL_TEXT_BYTES_MAX + 1), ..v4() };
    assert_eq!(refused(longer), over("SEAL_TEXT_BYTES_MAX"));

    let list = |count: usize| octets(b"x").repeat(count);
    assert_eq!(refused(Look { list: list(SEAL_LIST_MAX), ..v4() }), None);
    assert_eq!(refused(Look { list: list(SEAL_LIST_MAX + 1), ..v4() }), over("SEAL_LIST_MAX"));

    let listed = |length: usize| octets(&vec![0; length]);
    assert_eq!(refused(Look { list: listed(EMBEDDED_CERTIFICATE_BYTES_MAX), ..v4() }), None);
    let longer = Look { list: listed(EMBEDDED_CERTIFICATE_BYTES_MAX + 1), ..v4() };
    assert_eq!(refused(longer), over("EMBEDDED_CERTIFICATE_BYTES_MAX"));

    let extension = sequence(&[&[6, 1, 0x2a, 4, 0]]);
    let extensions = |count: usize| sequence(&[&extension.repeat(count)]);
    let fits = Look { seal_extensions: extensions(SEAL_EXTENSIONS_MAX), ..v4() };
    assert_eq!(refused(fits), None);
    let longer = Look { seal_extensions: extensions(SEAL_EXTENSIONS_MAX + 1), ..v4() };
    assert_eq!(refused(longer), over("SEAL_EXTENSIONS_MAX"));

    let property = |length: usize| vec![b'x'; length];
    assert_eq!(refused(Look { property: property(SIGNED_VALUE_PROPERTY_BYTES_MAX), ..v4() }), None);
    let longer = Look { property: property(SIGNED_VALUE_PROPERTY_BYTES_MAX + 1), ..v4() };
    assert_eq!(refused(longer), over("SIGNED_VALUE_PROPERTY_BYTES_MAX"));

    let stamp = |length: usize| wrap(tag::CONTEXT_0, &[&bits(&vec![0; length])]);
    assert_eq!(refused(Look { time_stamp: stamp(TIME_STAMP_BYTES_MAX), ..v4() }), None);
    let longer = Look { time_stamp: stamp(TIME_STAMP_BYTES_MAX + 1), ..v4() };
    assert_eq!(refused(longer), over("TIME_STAMP_BYTES_MAX"));

    for (length, code) in
        [(SEAL_BYTES_MAX, Code::BadSeal), (SEAL_BYTES_MAX + 1, Code::LimitReached)]
    {
        assert_eq!(Seal::parse(&vec![0; length]).err().unwrap().code(), code);
    }
    let edge = (SIGNED_VALUE_BYTES_MAX, Code::BadSignedValue);
    for (length, code) in [edge, (SIGNED_VALUE_BYTES_MAX + 1, Code::LimitReached)] {
        assert_eq!(SignedValue::parse(&vec![0; length]).err().unwrap().code(), code);
    }
}

#[test]
fn pictures_are_bounded() {
    let seal = Look::new(Version::V4, DOCUMENT).seal();
    let old = octets(b"GIF89a");
    let (before, after) = {
        let at = seal.windows(old.len()).position(|part| part == old).unwrap();
        (&seal[..at], &seal[at + old.len()..])
    };
    // Replaces the picture and mends the lengths of the three SEQUENCEs around it.
    let with = |length: usize| {
        let whole = [before, &octets(&vec![0; length]), after].concat();
        let grown = whole.len() - seal.len();
        mend(&whole, &seal, grown)
    };
    assert!(Seal::parse(&with(SEAL_PICTURE_BYTES_MAX)).is_ok());
    let error = Seal::parse(&with(SEAL_PICTURE_BYTES_MAX + 1)).err().unwrap();
    assert_eq!(error.field_name(), Some("SEAL_PICTURE_BYTES_MAX"));
}

/// Rebuilds a v4 seal whose picture grew: picture, SES_SealInfo and SESeal get new headers.
fn mend(whole: &[u8], seal: &[u8], grown: usize) -> Vec<u8> {
    use crate::pki::tlv::{Cursor, only};
    let outer = only(seal, 0, tag::SEQUENCE, Code::BadSeal, "seal").unwrap();
    let mut fields = outer.inside();
    let info = fields.next("info").unwrap();
    let mut inside: Cursor<'_> = info.inside();
    let kept = [(); 3].map(|()| inside.next("field").unwrap().raw).concat();
    let picture = inside.next("picture").unwrap().value_range();
    let contents = &whole[picture.start..picture.end + grown];
    let rest = &whole[info.range().end + grown..];
    sequence(&[&sequence(&[&kept, &sequence(&[contents])]), rest])
}

#[test]
fn a_seal_is_made_only_whole() {
    let office = Office::get();
    let refused = |change: &dyn Fn(&mut SealDescription)| {
        let mut description = office.description();
        change(&mut description);
        let error = make(&description, &office.maker, &office.maker_key).err().unwrap();
        (error.code(), error.field_name())
    };
    let bad = |field| (Code::BadArgument, Some(field));
    assert_eq!(refused(&|seal| seal.id = "印章".to_owned()), bad("id"));
    assert_eq!(refused(&|seal| seal.id.clear()), bad("id"));
    assert_eq!(refused(&|seal| seal.vendor = "x".repeat(SEAL_TEXT_BYTES_MAX + 1)), bad("vendor"));
    assert_eq!(refused(&|seal| seal.name = "x".repeat(SEAL_TEXT_BYTES_MAX + 1)), bad("name"));
    assert_eq!(refused(&|seal| seal.signer_certificates.clear()), bad("signer_certificates"));
    assert_eq!(refused(&|seal| seal.valid_until = seal.valid_from.plus_s(-1)), bad("valid_until"));
    assert_eq!(refused(&|seal| seal.picture.width_mm = 0), bad("picture"));
    let many = vec![office.signer.clone(); SEAL_LIST_MAX + 1];
    let limit = (Code::LimitReached, Some("SEAL_LIST_MAX"));
    assert_eq!(refused(&|seal| seal.signer_certificates.clone_from(&many)), limit);
    let early = time("2024-12-31T23:59:59Z");
    assert_eq!(refused(&|seal| seal.created = early), (Code::OutsideValidity, Some("created")));

    let error = make(&office.description(), &office.maker, &office.signer_key).err().unwrap();
    assert_eq!(error.code(), Code::KeyMismatch);
    let mut description = office.description();
    description.signer_certificates = vec![office.signer.clone(); SEAL_LIST_MAX];
    description.name = "x".repeat(SEAL_TEXT_BYTES_MAX);
    assert!(make(&description, &office.maker, &office.maker_key).is_ok());
}

#[test]
fn pictures_are_looked_at() {
    let office = Office::get();
    let with = |png: Vec<u8>| {
        let mut description = office.description();
        description.picture.png = png;
        let made = make(&description, &office.maker, &office.maker_key);
        made.err().map(|error| (error.code(), error.field_name()))
    };
    assert_eq!(with(png(SEAL_PICTURE_PIXELS_MAX, 1)), None);
    let limit = Some((Code::LimitReached, Some("SEAL_PICTURE_PIXELS_MAX")));
    assert_eq!(with(png(SEAL_PICTURE_PIXELS_MAX + 1, 1)), limit);
    assert_eq!(with(png(1, SEAL_PICTURE_PIXELS_MAX + 1)), limit);
    let whole = png(64, 64);
    for cut in [0, 7, 20, whole.len() / 2, whole.len() - 5] {
        assert_eq!(with(whole[..cut].to_vec()), Some((Code::BadPicture, Some("picture"))), "{cut}");
    }
    let limit = Some((Code::LimitReached, Some("SEAL_PICTURE_BYTES_MAX")));
    assert_eq!(with(vec![0; SEAL_PICTURE_BYTES_MAX + 1]), limit);
}

#[test]
fn sealing_refuses_what_would_not_verify() {
    let office = Office::get();
    let seal = make(&office.description(), &office.maker, &office.maker_key).unwrap();
    let at = time("2026-06-01T00:00:00Z");
    let sign_at = |at, property: &str| {
        let made = sign(&seal, [7; 32], property, at, &office.signer, &office.signer_key);
        made.err().map(|error| (error.code(), error.field_name()))
    };
    assert_eq!(sign_at(at, fixtures::PATH), None);
    // The seal is valid from 08:00 on, the certificate from midnight; the seal ends first.
    for (at, field) in [
        ("2026-01-01T07:59:59Z", "seal"),
        ("2026-12-31T00:00:01Z", "seal"),
        ("2025-12-31T23:59:59Z", "certificate"),
        ("2027-01-01T00:00:01Z", "certificate"),
    ] {
        let expected = Some((Code::OutsideValidity, Some(field)));
        assert_eq!(sign_at(time(at), fixtures::PATH), expected, "{at}");
    }
    for edge in ["2026-01-01T08:00:00Z", "2026-12-31T00:00:00Z"] {
        assert_eq!(sign_at(time(edge), fixtures::PATH), None, "{edge}");
    }
    assert_eq!(sign_at(at, "/文档"), Some((Code::BadArgument, Some("property"))));
    let long = "x".repeat(SIGNED_VALUE_PROPERTY_BYTES_MAX + 1);
    let limit = Some((Code::LimitReached, Some("SIGNED_VALUE_PROPERTY_BYTES_MAX")));
    assert_eq!(sign_at(at, &long), limit);

    let code = |made: Result<Vec<u8>, Error>| made.err().unwrap().code();
    let by = |certificate, key| sign(&seal, [7; 32], "/x", at, certificate, key);
    assert_eq!(code(by(&office.maker, &office.maker_key)), Code::NotInSeal);
    assert_eq!(code(by(&office.signer, &office.maker_key)), Code::KeyMismatch);
    let other = Seal::parse(&Look::new(Version::V1, DOCUMENT).seal()).unwrap();
    let made = sign(&other, [7; 32], "/x", at, &office.signer, &office.signer_key);
    assert_eq!(code(made), Code::BadSeal);
}

/// Identifier octets and lengths of lengths, element by element, without what differs by its nature.
fn shape(bytes: &[u8]) -> Vec<u8> {
    let mut cursor = tlv::Cursor::new(bytes, 0, Code::BadDer);
    let mut tags = Vec::new();
    while !cursor.is_empty() {
        let element = cursor.next("element").unwrap();
        tags.push(element.tag);
        if element.tag == tag::SEQUENCE {
            tags.extend(shape(element.value));
            tags.push(0);
        }
    }
    tags
}

#[test]
fn what_is_made_has_the_shape_of_the_samples() {
    let Some(expected) = sample("ses/SignedValueV4.dat") else { return };
    let office = Office::get();
    let seal = make(&office.description(), &office.maker, &office.maker_key).unwrap();
    let at = time("2026-06-01T00:00:00Z");
    let signed = sign(&seal, [7; 32], fixtures::PATH, at, &office.signer, &office.signer_key);
    assert_eq!(shape(&signed.unwrap()), shape(&expected));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        version in prop::sample::select(&VERSIONS[..]),
    ) {
        prop_assert!(Seal::parse(&bytes).is_err());
        prop_assert!(SignedValue::parse(&bytes).is_err());
        let signed = Look::new(version, DOCUMENT).signed();
        let cut = at.index(signed.len());
        prop_assert!(SignedValue::parse(&signed[..cut]).is_err());
        // Splice foreign bytes into a good one.
        let spliced = [&signed[..cut], &bytes, &signed[cut..]].concat();
        if !bytes.is_empty() {
            prop_assert!(SignedValue::parse(&spliced).is_err());
        }
    }
}
