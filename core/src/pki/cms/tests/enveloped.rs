use super::{signed::to_ber, *};

pub(super) fn recipient(number: u8) -> (PrivateKey, Certificate) {
    let (root_key, root) = key_and_certificate();
    let key = PrivateKey::from_bytes(&[number; 32]).unwrap();
    let request = CertificateRequest {
        subject: Subject { common_name: format!("recipient {number}"), ..Subject::default() },
        profile: Profile::Encryption,
        public_key: key.public().clone(),
        not_before: UnixTime::parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
        not_after: UnixTime::parse_rfc3339("2027-01-01T00:00:00Z").unwrap(),
        serial: Some(vec![number]),
    };
    let certificate = issue(&request, Some(&root), &root_key).unwrap();
    (key, certificate)
}

pub(super) fn holder<'a>(key: &'a PrivateKey, certificate: &'a Certificate) -> OpenWith<'a> {
    OpenWith { key, recipient: RecipientIs::Certificate(certificate) }
}

pub(super) fn every_option() -> Vec<EnvelopOptions> {
    let gcm = ContentCipher::Sm4Gcm;
    let mut all = Vec::new();
    for recipients_by in [RecipientsBy::IssuerAndSerial, RecipientsBy::SubjectKeyId] {
        for family in [Family::Gm, Family::Pkcs7] {
            all.push(EnvelopOptions { family, recipients_by, ..EnvelopOptions::default() });
        }
        all.push(EnvelopOptions { family: Family::Pkcs7, cipher: gcm, recipients_by });
    }
    all
}

#[test]
fn what_is_enveloped_is_opened_by_each_recipient() {
    let [(a_key, a), (b_key, b), (c_key, c)] = [3, 4, 5].map(recipient);
    for options in every_option() {
        for content in [&[][..], &[7; 1600]] {
            let der = envelop(content, &[a.clone(), b.clone()], &options).unwrap();
            let auth = options.cipher == ContentCipher::Sm4Gcm;
            for bytes in [&der, &to_ber(&der, 4)] {
                let parsed = EnvelopedData::parse(bytes).unwrap();
                assert_eq!((parsed.kind(), parsed.family()), (options.kind(), options.family));
                assert_eq!(parsed.recipients().len(), 2);
                for with in [holder(&a_key, &a), holder(&b_key, &b)] {
                    let opened = open(bytes, &with).unwrap();
                    assert_eq!(*opened.content, content, "{options:?}");
                    assert_eq!(opened.authenticated, auth);
                    assert_eq!(opened.content_type, options.family.data());
                    let number = RecipientIs::Number(opened.recipient.unwrap());
                    let again = OpenWith { recipient: number, ..with };
                    assert_eq!(*open(bytes, &again).unwrap().content, content);
                }
            }
            let code = |with| open(&der, &with).unwrap_err().code();
            assert_eq!(code(holder(&c_key, &c)), Code::NoRecipient);
            assert_eq!(code(holder(&c_key, &a)), Code::KeyMismatch);
            let number = |number| OpenWith { key: &c_key, recipient: RecipientIs::Number(number) };
            assert_eq!(code(number(0)), Code::NotOpened);
            assert_eq!(code(number(2)), Code::NoRecipient);
        }
    }
}

#[test]
fn whatever_is_wrong_inside_is_one_error() {
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let (family, cipher) = (Family::Pkcs7, ContentCipher::Sm4Gcm);
    let gcm = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
    for options in [EnvelopOptions::default(), gcm] {
        let bytes = envelop(DATA, std::slice::from_ref(&certificate), &options).unwrap();
        let mut opened = 0;
        for at in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            match open(&changed, &with) {
                // A change of a block shows in the content, a change of the version nowhere.
                Ok(_) => opened += 1,
                Err(error) => {
                    let codes = [
                        Code::BadCms,
                        Code::NotOpened,
                        Code::NoRecipient,
                        Code::UnsupportedAlgorithm,
                        Code::BadArgument,
                    ];
                    assert!(codes.contains(&error.code()), "byte {at}: {error}");
                }
            }
        }
        let authenticated = options.cipher == ContentCipher::Sm4Gcm;
        // Two versions, the last bytes of two object identifiers.
        assert!(!authenticated || opened <= 4, "{opened}");
        for end in (0..bytes.len()).step_by(7) {
            assert!(open(&bytes[..end], &with).is_err());
        }
    }
}

#[test]
fn a_wrong_padding_a_wrong_key_and_a_wrong_tag_look_the_same() {
    let (key, certificate) = recipient(3);
    let with = holder(&key, &certificate);
    let bytes =
        envelop(DATA, std::slice::from_ref(&certificate), &EnvelopOptions::default()).unwrap();
    let last_of_previous_block = bytes.len() - 17;
    let outcomes = (1..=32_u8).map(|mask| {
        let mut changed = bytes.clone();
        changed[last_of_previous_block] ^= mask;
        open(&changed, &with).map_err(|error| error.to_string())
    });
    let refused: Vec<_> = outcomes.filter_map(Result::err).collect();
    // One of 255 changes makes the padding 1.
    assert!(refused.len() > 29);
    let parsed = EnvelopedData::parse(&bytes).unwrap();
    let RecipientInfo::KeyTransport { encrypted_key, .. } = &parsed.recipients()[0] else {
        panic!("a recipient by key transport")
    };
    let mut changed = bytes.clone();
    let range = place(&bytes, encrypted_key);
    changed[range.end - 1] ^= 1;
    let wrong_key = open(&changed, &with).unwrap_err().to_string();
    assert!(refused.iter().all(|text| *text == wrong_key));
}

#[test]
fn authenticated_attributes_count() {
    let (key, certificate) = recipient(3);
    let content_key = cipher::fresh_key().unwrap();
    let cipher = cipher::Cipher::fresh(ContentCipher::Sm4Gcm).unwrap();
    let cipher::Cipher::Gcm { nonce, .. } = &cipher else { panic!("GCM") };
    let recipients = recipient::write_all(
        std::slice::from_ref(&certificate),
        &content_key,
        Family::Pkcs7,
        RecipientsBy::IssuerAndSerial,
    )
    .unwrap();
    let stated = |oid: &[u8]| attribute(oid::CONTENT_TYPE, &wrap(tag::OID, &[oid]));
    let build = |content_type: &[u8], attributes: Option<Vec<u8>>, aad: &[u8]| {
        let mut data = DATA.to_vec();
        let mac = cipher::gcm(&content_key).seal_in_place(nonce, aad, &mut data).unwrap();
        let info = sequence(&[
            &wrap(tag::OID, &[content_type]),
            &cipher.to_der(),
            &wrap(tag::CONTEXT_0_PRIMITIVE, &[&data]),
        ]);
        let attributes = attributes.map(|list| wrap(tag::CONTEXT_1, &[&list]));
        let attributes = attributes.unwrap_or_default();
        let mac = wrap(tag::OCTET_STRING, &[&mac]);
        let whole = sequence(&[&[2, 1, 0], &recipients, &info, &attributes, &mac]);
        let bytes = content_info::write(Family::Pkcs7, Kind::AuthEnvelopedData, &whole).unwrap();
        open(&bytes, &holder(&key, &certificate)).map(|opened| opened.content.to_vec())
    };
    let set = |list: &[u8]| wrap(tag::SET, &[list]);
    let code = |result: Result<Vec<u8>, Error>| result.unwrap_err().code();
    let own = [0x2a, 3];
    let (data, other) = (stated(oid::PKCS7_DATA), stated(&own));
    assert_eq!(build(oid::PKCS7_DATA, Some(data.clone()), &set(&data)).unwrap(), DATA);
    assert_eq!(build(&own, Some(other.clone()), &set(&other)).unwrap(), DATA);
    // Not authenticated, of another type, and missing where the content is not plain data.
    assert_eq!(code(build(oid::PKCS7_DATA, Some(data.clone()), b"")), Code::NotOpened);
    assert_eq!(code(build(&own, Some(data.clone()), &set(&data))), Code::BadCms);
    assert_eq!(code(build(&own, None, b"")), Code::BadCms);
    // Attributes that do not name the type of other content, and that name it twice.
    let more = attribute(&own, &[5, 0]);
    assert_eq!(build(oid::PKCS7_DATA, Some(more.clone()), &set(&more)).unwrap(), DATA);
    assert_eq!(code(build(&own, Some(more.clone()), &set(&more))), Code::BadCms);
    let twice = [&other[..], &data].concat();
    assert_eq!(code(build(&own, Some(twice.clone()), &set(&twice))), Code::BadCms);
}

#[test]
fn a_key_of_both_sides_opens_encrypted_data() {
    for family in [Family::Gm, Family::Pkcs7] {
        let bytes = encrypt(DATA, &[9; 16], family).unwrap();
        assert_eq!(kind(&bytes), Ok((family, Kind::EncryptedData)));
        assert_eq!(*decrypt(&bytes, &[9; 16]).unwrap().content, DATA);
        assert_eq!(*decrypt(&to_ber(&bytes, 4), &[9; 16]).unwrap().content, DATA);
        let (key, certificate) = recipient(3);
        let error = open(&bytes, &holder(&key, &certificate)).unwrap_err();
        assert_eq!(error.code(), Code::BadArgument);
        let envelope = envelop(DATA, &[certificate], &EnvelopOptions::default()).unwrap();
        assert_eq!(decrypt(&envelope, &[9; 16]).unwrap_err().code(), Code::BadArgument);
    }
}

#[test]
fn signed_and_enveloped_data_is_opened_with_its_proof() {
    let (signer_key, signer) = key_and_certificate();
    let (key, certificate) = recipient(3);
    let signers = [SignWith { certificate: &signer, key: &signer_key }];
    let with = holder(&key, &certificate);
    for family in [Family::Gm, Family::Pkcs7] {
        let options = EnvelopOptions { family, ..EnvelopOptions::default() };
        let recipients = [certificate.clone()];
        let signing = SignOptions::default();
        let bytes = sign_and_envelop(DATA, &signers, &recipients, &signing, &options).unwrap();
        assert_eq!(kind(&bytes), Ok((family, Kind::SignedAndEnvelopedData)));
        let verify = VerifyOptions::default();
        for bytes in [&bytes, &to_ber(&bytes, 4)] {
            let verified = open_signed(bytes, &with, &verify).unwrap().unwrap();
            assert_eq!(*verified.value().content, DATA);
            assert_eq!(verified.report().signer.as_ref(), Some(&signer));
        }
        assert_eq!(open(&bytes, &with).unwrap_err().code(), Code::BadArgument);
        // Any change of the ciphertext, of its padding too, has one report.
        let parsed = EnvelopedData::parse(&bytes).unwrap();
        let length = parsed.ciphertext.len();
        let range = place(&bytes, &parsed.ciphertext);
        let mut reports = std::collections::BTreeSet::new();
        for at in [0, length - 17, length - 1] {
            for mask in [1, 0x40] {
                let mut changed = bytes.clone();
                changed[range.start + at] ^= mask;
                let rejected = open_signed(&changed, &with, &verify).unwrap().err().unwrap();
                reports.insert(serde_json::to_string(&rejected.report.checks).unwrap());
            }
        }
        assert_eq!(reports.len(), 1, "{reports:?}");
        let gcm = EnvelopOptions { cipher: ContentCipher::Sm4Gcm, ..options };
        let error = sign_and_envelop(DATA, &signers, &recipients, &signing, &gcm).unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedAlgorithm);
    }
}

#[test]
fn the_published_envelope_is_opened() {
    let Some(cases) = load_shared("cms/pkcs7.json") else { return };
    let case = cases.iter().find(|case| case.id() == "dca2440058ba9102").unwrap();
    let checks = case.get("checks").unwrap();
    let text = |name: &str| checks[name].as_str().unwrap();
    let bytes = case.bytes("der_b64");
    let parsed = EnvelopedData::parse(&bytes).unwrap();
    assert_eq!((parsed.kind(), parsed.family()), (Kind::EnvelopedData, Family::Gm));
    let hex = text("recipient_key_hex");
    let digit = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    let key = PrivateKey::from_bytes(&std::array::from_fn(digit)).unwrap();
    let [RecipientInfo::KeyTransport { identifier, .. }] = parsed.recipients() else {
        panic!("one recipient")
    };
    let Identifier::SubjectKeyId(id) = identifier else { panic!("a key identifier") };
    let opened = parsed.open(&OpenWith { key: &key, recipient: RecipientIs::KeyId(id) }).unwrap();
    assert_eq!(*opened.content, Base64::decode_vec(text("content_b64")).unwrap());
    let other = OpenWith { key: &key, recipient: RecipientIs::KeyId(b"other") };
    assert_eq!(parsed.open(&other).unwrap_err().code(), Code::NoRecipient);
}

#[test]
fn recipients_are_bounded() {
    use crate::limits::CMS_RECIPIENTS_MAX;
    let info = sequence(&[
        &[2, 1, 2],
        &wrap(tag::CONTEXT_0_PRIMITIVE, &[b"id"]),
        &algorithm(&[0x2a, 3]),
        &[4, 0],
    ]);
    let encrypted = sequence(&[&wrap(tag::OID, &[oid::GM_DATA]), &algorithm(SM3), &[0x80, 0]]);
    for (count, accepted) in [(CMS_RECIPIENTS_MAX, true), (CMS_RECIPIENTS_MAX + 1, false)] {
        let whole = sequence(&[&[2, 1, 2], &wrap(tag::SET, &[&info.repeat(count)]), &encrypted]);
        let bytes = content_info::write(Family::Gm, Kind::EnvelopedData, &whole).unwrap();
        assert_eq!(EnvelopedData::parse(&bytes).is_ok(), accepted, "{count}");
    }
    let (_, certificate) = recipient(3);
    let many = vec![certificate; CMS_RECIPIENTS_MAX + 1];
    let error = envelop(DATA, &many, &EnvelopOptions::default()).unwrap_err();
    assert_eq!(error.field_name(), Some("CMS_RECIPIENTS_MAX"));
    let error = envelop(DATA, &[], &EnvelopOptions::default()).unwrap_err();
    assert_eq!(error.field_name(), Some("recipients"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_opening_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decrypt(&bytes, &[0; 16]).is_err());
    }
}
