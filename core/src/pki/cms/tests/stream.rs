use std::io::Cursor;

use super::{
    enveloped::{every_option, holder, recipient},
    signed::{namesake, second_signer, to_ber},
    *,
};
use crate::pki::cms::stream::{
    Opener, Sealer, SignedSealer, Signer, Verifier, open_signed_twice, open_twice, verify_attached,
    verify_attached_twice,
};

/// Lengths around a block, a piece, and two.
const LENGTHS: [usize; 6] = [0, 1, 15, 16, 65_536, 65_536 + 17];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[test]
fn what_is_signed_in_pieces_is_verified_whole_and_in_pieces() {
    let (key, certificate) = key_and_certificate();
    let (other_key, other) = second_signer();
    let signers = [
        SignWith { certificate: &certificate, key: &key },
        SignWith { certificate: &other, key: &other_key },
    ];
    let at = Some(UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap());
    for (family, placement) in [
        (Family::Gm, Placement::Attached),
        (Family::Pkcs7, Placement::Attached),
        (Family::Pkcs7, Placement::Detached),
    ] {
        let attributes = Attributes::Signed { at, more: Vec::new() };
        let options = SignOptions { family, placement, attributes, ..SignOptions::default() };
        for length in LENGTHS {
            let data = content(length);
            let said = Some(u64::try_from(length).unwrap());
            for said in [said, None] {
                let mut signer = Signer::new(Vec::new(), &signers, &options, said).unwrap();
                data.chunks(40_000).for_each(|piece| signer.update(piece).unwrap());
                let bytes = signer.finish().unwrap();
                let detached = placement == Placement::Detached;
                let given = detached.then_some(&data[..]);
                let whole = verify(&bytes, given, &VerifyOptions::default()).unwrap();
                assert!(whole.passed(), "{length}, {said:?}: {:?}", whole.checks);
                let signed = SignedData::parse(&bytes).unwrap();
                // With a length it is DER.
                assert_eq!(signed.raw() == bytes, said.is_some() || detached);
                if detached {
                    continue;
                }
                let mut out = Vec::new();
                let options = VerifyOptions::default();
                let streamed = verify_attached(&bytes[..], &mut out, &[], &options).unwrap();
                assert!(streamed.passed(), "{:?}", streamed.checks);
                assert_eq!(out, data);
                assert_eq!(streamed.form, Some(Form::AttachedSignedAttributes));
                assert_eq!(streamed.checks.len(), whole.checks.len());
            }
        }
    }
}

#[test]
fn a_stream_without_attributes_needs_the_key_or_a_second_pass() {
    let (key, certificate) = key_and_certificate();
    let signers = [SignWith { certificate: &certificate, key: &key }];
    let (attributes, placement) = (Attributes::None, Placement::Attached);
    let options = SignOptions { attributes, placement, ..SignOptions::default() };
    let bytes = sign(DATA, &signers, &options).unwrap();
    let strict = VerifyOptions::default();
    for bytes in [&bytes, &to_ber(&bytes, 5)] {
        let mut out = Vec::new();
        let once = verify_attached(&bytes[..], &mut out, &[], &strict).unwrap();
        let found = report::conclude(once.checks.iter());
        let doubt = Some(SubIndication::SignedDataNotFound);
        assert_eq!(found, (Indication::Indeterminate, doubt));
        let known = std::slice::from_ref(&certificate);
        let direct = verify_attached(&bytes[..], &mut Vec::new(), known, &strict).unwrap();
        assert!(direct.passed(), "{:?}", direct.checks);
        assert_eq!(direct.form, Some(Form::Attached));
        let mut out = Vec::new();
        let twice = verify_attached_twice(Cursor::new(bytes), &mut out, &strict).unwrap();
        assert!(twice.passed());
        assert_eq!(out, DATA);
    }
    // What is changed is not given out.
    let mut changed = bytes.clone();
    let range = place(&bytes, DATA);
    changed[range.start] ^= 1;
    let mut out = Vec::new();
    let failed = verify_attached_twice(Cursor::new(&changed), &mut out, &strict).unwrap();
    assert!(!failed.passed() && out.is_empty());
    // Without the data inside there is nothing to verify.
    let detached = SignOptions { placement: Placement::Detached, ..options };
    let detached = sign(DATA, &signers, &detached).unwrap();
    let missing = verify_attached(&detached[..], &mut Vec::new(), &[], &strict).unwrap();
    assert!(!missing.passed());
}

#[test]
fn what_is_sealed_in_pieces_is_opened_whole_and_in_pieces() {
    let (key, certificate) = recipient(3);
    let recipients = [certificate.clone()];
    let with = holder(&key, &certificate);
    for options in every_option() {
        for length in LENGTHS {
            let data = content(length);
            for said in [Some(u64::try_from(length).unwrap()), None] {
                let mut sealer = Sealer::new(Vec::new(), &recipients, &options, said).unwrap();
                data.chunks(40_000).for_each(|piece| sealer.update(piece).unwrap());
                let bytes = sealer.finish().unwrap();
                assert_eq!(*open(&bytes, &with).unwrap().content, data, "{options:?} {length}");
                assert_eq!(bytes[1] == 0x80, said.is_none());
                let opener = Opener::new(&bytes[..]).unwrap();
                assert_eq!((opener.kind(), opener.family()), (options.kind(), options.family));
                assert_eq!(opener.recipients().len(), 1);
                let mut out = Vec::new();
                let opened = opener.open_unverified(&with, &mut out).unwrap();
                assert_eq!(out, data);
                assert_eq!(opened.bytes, u64::try_from(length).unwrap());
                let mut again = Vec::new();
                let twice = open_twice(Cursor::new(&bytes), &with, &mut again).unwrap();
                assert_eq!((&again, &twice), (&data, &opened));
            }
        }
    }
    let mut sealer = Sealer::with_key(Vec::new(), &[9; 16], Family::Gm, None).unwrap();
    sealer.update_from(&mut &content(100_000)[..]).unwrap();
    let bytes = sealer.finish().unwrap();
    assert_eq!(*decrypt(&bytes, &[9; 16]).unwrap().content, content(100_000));
    let mut out = Vec::new();
    Opener::new(&bytes[..]).unwrap().decrypt_unverified(&[9; 16], &mut out).unwrap();
    assert_eq!(out, content(100_000));
}

#[test]
fn two_passes_give_out_nothing_that_was_changed() {
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let (family, cipher) = (Family::Pkcs7, ContentCipher::Sm4Gcm);
    let options = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
    let bytes = envelop(DATA, std::slice::from_ref(&certificate), &options).unwrap();
    // In the ciphertext, and in the tag.
    for at in [bytes.len() - 18 - DATA.len(), bytes.len() - 19, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let mut out = Vec::new();
        let error = open_twice(Cursor::new(&changed), &with, &mut out).unwrap_err();
        assert_eq!((error.code(), out.len()), (Code::NotOpened, 0), "{at}");
        let opener = Opener::new(&changed[..]).unwrap();
        let error = opener.open_unverified(&with, &mut out).unwrap_err();
        assert_eq!(error.code(), Code::NotOpened);
    }
}

#[test]
fn lengths_that_were_said_are_kept() {
    let (key, certificate) = key_and_certificate();
    let signers = [SignWith { certificate: &certificate, key: &key }];
    let options = SignOptions { placement: Placement::Attached, ..SignOptions::default() };
    let recipients = [recipient(3).1];
    let envelop = EnvelopOptions::default();
    for (given, said) in [(3, 4), (4, 3)] {
        let mut signer = Signer::new(Vec::new(), &signers, &options, Some(said)).unwrap();
        let signed = signer.update(&DATA[..given]).and_then(|()| signer.finish());
        assert_eq!(signed.unwrap_err().code(), Code::LengthMismatch);
        let mut sealer = Sealer::new(Vec::new(), &recipients, &envelop, Some(said)).unwrap();
        let sealed = sealer.update(&DATA[..given]).and_then(|()| sealer.finish());
        assert_eq!(sealed.unwrap_err().code(), Code::LengthMismatch);
    }
    let plain = SignOptions { attributes: Attributes::None, ..options };
    let error = Signer::new(Vec::new(), &signers, &plain, None).err().unwrap();
    assert_eq!(error.field_name(), Some("attributes"));
}

#[test]
fn a_stream_that_ends_or_fails_is_an_error() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("broken"))
        }
    }
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let recipients = std::slice::from_ref(&certificate);
    let bytes = envelop(DATA, recipients, &EnvelopOptions::default()).unwrap();
    for end in (0..bytes.len()).step_by(5) {
        let opened = Opener::new(&bytes[..end])
            .and_then(|opener| opener.open_unverified(&with, &mut Vec::new()));
        assert_eq!(opened.unwrap_err().code(), Code::BadCms, "{end}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let opened = Opener::new(&longer[..]).unwrap().open_unverified(&with, &mut Vec::new());
    assert_eq!(opened.unwrap_err().code(), Code::BadCms);
    assert_eq!(Opener::new(Broken).err().unwrap().code(), Code::StreamFailed);
    let mut full: &mut [u8] = &mut [0; 3];
    let opened = Opener::new(&bytes[..]).unwrap().open_unverified(&with, &mut full);
    assert_eq!(opened.unwrap_err().code(), Code::StreamFailed);
    // Other structures are named.
    let encrypted = encrypt(DATA, &[1; 16], Family::Gm).unwrap();
    let opener = Opener::new(&encrypted[..]).unwrap();
    let error = opener.open_unverified(&with, &mut Vec::new()).unwrap_err();
    assert_eq!(error.field_name(), Some("encryptedData"));
    let error = verify_attached(&bytes[..], &mut Vec::new(), &[], &VerifyOptions::default());
    assert_eq!(error.unwrap_err().field_name(), Some("envelopedData"));
}

#[test]
fn depth_is_bounded_in_streams_too() {
    // Names nested without end inside the recipients.
    let nest = |depth: usize| {
        let inner = [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        [
            &[0x30, 0x80][..],
            &wrap(tag::OID, &[oid::GM_ENVELOPED_DATA]),
            &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x31, 0x80],
            &inner,
        ]
        .concat()
    };
    let limit = limits::BER_DEPTH_MAX;
    let field = |depth| Opener::new(&nest(depth)[..]).err().unwrap().field_name();
    assert_eq!(field(2 * limit), Some("BER_DEPTH_MAX"));
    assert_ne!(field(limit - 5), Some("BER_DEPTH_MAX"));
}

#[test]
fn elements_that_hold_nothing_are_not_collected_without_end() {
    use std::io::Read as _;
    let head = [
        &[0x30, 0x80][..],
        &wrap(tag::OID, &[oid::GM_ENVELOPED_DATA]),
        &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x31, 0x80],
    ]
    .concat();
    struct Empty;
    impl std::io::Read for Empty {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = out.len() / 4 * 4;
            out.chunks_exact_mut(4).for_each(|chunk| chunk.copy_from_slice(&[0x30, 0x80, 0, 0]));
            Ok(count)
        }
    }
    let more = u64::try_from(limits::CMS_BYTES_MAX + (1 << 20)).unwrap();
    let error = Opener::new(head.chain(Empty.take(more))).err().unwrap();
    assert_eq!((error.code(), error.field_name()), (Code::LimitReached, Some("CMS_BYTES_MAX")));
}

#[test]
fn an_end_of_contents_lies_within_what_is_around_it() {
    let cipher = cipher::Cipher::fresh(ContentCipher::Sm4Cbc).unwrap();
    let key = cipher::Key::new([9; 16]);
    let (ciphertext, _) = cipher.encrypt(&key, DATA).unwrap();
    let pieces = [&[0xa0, 0x80][..], &wrap(tag::OCTET_STRING, &[&ciphertext]), &[0, 0]].concat();
    let data = wrap(tag::OID, &[oid::PKCS7_DATA]);
    let info = [data.as_slice(), &cipher.to_der(), &pieces].concat();
    for (beyond, opens) in [(0, true), (2, false)] {
        // The last bytes of encryptedContentInfo lie outside of it.
        let length = u8::try_from(info.len() - beyond).unwrap();
        let bytes = [
            &[0x30, 0x80][..],
            &wrap(tag::OID, &[oid::PKCS7_ENCRYPTED_DATA]),
            &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x30, length],
            &info,
            &[0; 6],
        ]
        .concat();
        let opener = Opener::new(&bytes[..]).unwrap();
        let opened = opener.decrypt_unverified(&key, &mut Vec::new());
        assert_eq!(opened.map_err(|error| error.code()).err(), (!opens).then_some(Code::BadCms));
    }
}

#[test]
fn signed_and_enveloped_data_goes_by_with_its_proof() {
    let (signer_key, signer) = key_and_certificate();
    let (other_key, other) = second_signer();
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let recipients = std::slice::from_ref(&certificate);
    let (signing, verify) = (SignOptions::default(), VerifyOptions::default());
    let keys = [(&signer, &signer_key), (&other, &other_key)];
    for (family, length) in
        [(Family::Gm, 0), (Family::Pkcs7, 15), (Family::Gm, 16), (Family::Pkcs7, 65_536 + 17)]
    {
        let data = content(length);
        let options = EnvelopOptions { family, ..EnvelopOptions::default() };
        for said in [Some(u64::try_from(length).unwrap()), None] {
            let mut sealer =
                SignedSealer::new(Vec::new(), &keys, recipients, &signing, &options, said).unwrap();
            data.chunks(40_000).for_each(|piece| sealer.update(piece).unwrap());
            let bytes = sealer.finish().unwrap();
            assert_eq!(kind(&bytes), Ok((family, Kind::SignedAndEnvelopedData)));
            assert_eq!(bytes[1] == 0x80, said.is_none());
            let whole = open_signed(&bytes, &with, &verify).unwrap().unwrap();
            assert_eq!((&*whole.value().content, whole.report().signers.len()), (&data, 2));

            let mut out = Vec::new();
            let twice = open_signed_twice(Cursor::new(&bytes), &with, &verify, &mut out);
            let twice = twice.unwrap().unwrap();
            assert_eq!((&out, twice.value().bytes), (&data, u64::try_from(length).unwrap()));
            assert_eq!(twice.value().content_type, family.data());
            assert_eq!(twice.report().checks.len(), whole.report().checks.len());

            let opener = || Opener::new(&bytes[..]).unwrap();
            let known = [signer.clone(), other.clone()];
            let mut out = Vec::new();
            let once = opener().open_signed_unverified(&with, &known, &verify, &mut out);
            assert!(once.unwrap().is_ok() && out == data);
            // A signer whose key was not reckoned with leaves doubt.
            let one = opener().open_signed_unverified(&with, &known[..1], &verify, &mut out);
            let doubt = one.unwrap().err().unwrap().report;
            assert_eq!(indication(&doubt), Indication::Indeterminate);
        }
    }
    // Neither API takes the other's structure.
    let options = EnvelopOptions::default();
    let enveloped = envelop(DATA, recipients, &options).unwrap();
    let error = open_signed_twice(Cursor::new(&enveloped), &with, &verify, &mut Vec::new());
    assert_eq!(error.err().unwrap().field_name(), Some("envelopedData"));
    let gcm = EnvelopOptions { cipher: ContentCipher::Sm4Gcm, ..options };
    let error = SignedSealer::new(Vec::new(), &keys, recipients, &signing, &gcm, None);
    assert_eq!(error.err().unwrap().code(), Code::UnsupportedAlgorithm);
}

/// A SignedAndEnvelopedData with `info` as its only signer.
fn with_signer(bytes: &[u8], info: &[u8]) -> Vec<u8> {
    let (family, kind, whole) = content_info::read(bytes, &[Kind::SignedAndEnvelopedData]).unwrap();
    let fields = whole.inside().all("field", 8, "CMS_SIGNERS_MAX").unwrap();
    let (_, before) = fields.split_last().unwrap();
    let mut parts = before.iter().map(|field| field.raw).collect::<Vec<_>>();
    let signers = wrap(tag::SET, &[info]);
    parts.push(&signers);
    content_info::write(family, kind, &sequence(&parts)).unwrap()
}

/// A sender who has signed the ciphertext beforehand must not learn that its padding is wrong.
#[test]
fn a_wrong_padding_is_not_told_from_a_wrong_signature() {
    let (signer_key, signer) = key_and_certificate();
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let signers = [SignWith { certificate: &signer, key: &signer_key }];
    let recipients = std::slice::from_ref(&certificate);
    let (signing, envelop) = (SignOptions::default(), EnvelopOptions::default());
    let honest = sign_and_envelop(DATA, &signers, recipients, &signing, &envelop).unwrap();
    let ciphertext = EnvelopedData::parse(&honest).unwrap().ciphertext;
    let place = place(&honest, &ciphertext);
    let signature = |message: &[u8]| {
        let raw = SignOptions { attributes: Attributes::None, ..SignOptions::default() };
        let signed = sign(message, &signers, &raw).unwrap();
        SignedData::parse(&signed).unwrap().signers()[0].raw.clone()
    };
    let mut reports = std::collections::BTreeSet::new();
    for mask in [1, 0x40] {
        let mut changed = ciphertext.clone();
        let at = changed.len() - 17;
        changed[at] ^= mask;
        // What the reader could take for the content where there is none: the ciphertext, nothing, and
        // what stands before the last block.
        let before = &DATA[..DATA.len() / 16 * 16];
        for guess in [&changed[..], &[], before] {
            let mut bytes = honest.clone();
            bytes[place.clone()].copy_from_slice(&changed);
            let bytes = with_signer(&bytes, &signature(guess));
            let verify = VerifyOptions::default();
            let whole = open_signed(&bytes, &with, &verify).unwrap().err().unwrap();
            let mut out = Vec::new();
            let twice = open_signed_twice(Cursor::new(&bytes), &with, &verify, &mut out);
            let twice = twice.unwrap().err().unwrap();
            assert!(out.is_empty());
            reports.insert(serde_json::to_string(&whole.report.checks).unwrap());
            reports.insert(serde_json::to_string(&twice.report.checks).unwrap());
        }
    }
    assert_eq!(reports.len(), 1, "{reports:#?}");
    let honest =
        open_signed_twice(Cursor::new(&honest), &with, &VerifyOptions::default(), &mut Vec::new());
    assert!(honest.unwrap().is_ok());
}

/// An input that is another when it is read again.
#[test]
fn an_input_that_changes_between_the_passes_is_found_out() {
    struct Changing<'a> {
        first: &'a [u8],
        then: &'a [u8],
        passes: usize,
        at: usize,
    }
    impl std::io::Read for Changing<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let bytes = if self.passes > 0 { self.first } else { self.then };
            let count = std::io::Read::read(&mut &bytes[self.at..], out)?;
            self.at += count;
            Ok(count)
        }
    }
    impl std::io::Seek for Changing<'_> {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            if to == std::io::SeekFrom::Start(0) {
                self.passes -= 1;
                self.at = 0;
            }
            Ok(u64::try_from(self.at).unwrap())
        }
    }
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let recipients = std::slice::from_ref(&certificate);
    let (family, cipher) = (Family::Pkcs7, ContentCipher::Sm4Gcm);
    let options = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
    let sealed = envelop(DATA, recipients, &options).unwrap();
    let (signer_key, signer) = key_and_certificate();
    let signers = [SignWith { certificate: &signer, key: &signer_key }];
    let signing = SignOptions::default();
    let signed =
        sign_and_envelop(DATA, &signers, recipients, &signing, &EnvelopOptions::default()).unwrap();
    let later = |bytes: &[u8], at: usize| {
        let mut later = bytes.to_vec();
        later[at] ^= 1;
        later
    };
    let then = later(&sealed, sealed.len() - 18 - DATA.len());
    let input = Changing { first: &sealed, then: &then, passes: 1, at: 0 };
    let error = open_twice(input, &with, &mut Vec::new()).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::StreamFailed, Some("read again")));
    let ciphertext = EnvelopedData::parse(&signed).unwrap().ciphertext;
    let then = later(&signed, place(&signed, &ciphertext).start);
    let input = Changing { first: &signed, then: &then, passes: 2, at: 0 };
    let error = open_signed_twice(input, &with, &VerifyOptions::default(), &mut Vec::new());
    assert_eq!(error.err().unwrap().field_name(), Some("read again"));
}

#[test]
fn how_much_is_read_at_a_time_does_not_matter() {
    struct Slow<'a>(&'a [u8], usize);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = out.len().min(self.1);
            std::io::Read::read(&mut self.0, &mut out[..count])
        }
    }
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let recipients = std::slice::from_ref(&certificate);
    let data = content(70_000);
    for (family, cipher) in
        [(Family::Pkcs7, ContentCipher::Sm4Gcm), (Family::Gm, ContentCipher::Sm4Cbc)]
    {
        let options = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
        for said in [Some(70_000), None] {
            let mut sealer = Sealer::new(Vec::new(), recipients, &options, said).unwrap();
            sealer.update(&data).unwrap();
            let bytes = sealer.finish().unwrap();
            for step in [1, 63, 64, 65, 1000, 65_535] {
                let mut out = Vec::new();
                let opener = Opener::new(Slow(&bytes, step)).unwrap();
                opener.open_unverified(&with, &mut out).unwrap();
                assert!(out == data, "{cipher:?} {said:?} {step}");
            }
        }
    }
}

/// Where the data itself is signed, its hash begins with the key: of every certificate of the signer's name.
#[test]
fn a_namesake_does_not_hide_a_direct_signer_from_a_stream() {
    let (key, certificate) = key_and_certificate();
    let same = namesake(&certificate, 7);
    let signer = SignWith { certificate: &certificate, key: &key };
    let options = SignOptions {
        attributes: Attributes::None,
        placement: Placement::Detached,
        certificates: std::slice::from_ref(&same),
        ..SignOptions::default()
    };
    let mut bytes = sign(b"data", &[signer], &options).unwrap();
    for [first, second] in [[&certificate, &same], [&same, &certificate]] {
        let both = [first.der(), second.der()].concat();
        let length = both.len();
        let is_there =
            |window: &[u8]| window.starts_with(certificate.der()) || window.starts_with(same.der());
        let at = bytes.windows(length).position(is_there).unwrap();
        bytes[at..at + length].copy_from_slice(&both);
        let mut verifier = Verifier::new(&bytes, VerifyOptions::default()).unwrap();
        verifier.update(b"data");
        let verification = verifier.finish();
        assert!(verification.passed(), "{:?}", verification.checks);
        assert_eq!(verification.signer.as_ref(), Some(&certificate));
    }
}
