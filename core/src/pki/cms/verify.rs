//! Whether a SignedData signs given data: GB/T 35275, signedData; RFC 5652, 5.6.
//!
//! In: the SignedData, the data or its digests, certificates known from elsewhere. Out: ordered checks
//! and the certificates whose key signed. Variable time: all inputs are public.

use base64ct::{Base64, Encoding as _};

use super::{
    Form, SignedAttributes, SignedData, SignerInfo, counter_signature,
    judge::SignerVerification,
    oid,
    scheme::Scheme,
    signature::{self, Message},
};
use crate::{
    Code, Error, UnixTime,
    pki::{
        algorithm::{SignatureAlgorithm, dotted, is_sm3, read_signature},
        hash_algorithm::HashAlgorithm,
        tlv::{Cursor, tag},
        x509::{Certificate, hex},
    },
    primitives::{
        sm2::{DistId, PublicKey},
        sm3,
    },
    report::{self, Check, Indication, SubIndication},
};

pub(super) const CLAUSE: &str = "GB/T 35275, signedData";

/// What came of verifying a SignedData over given data.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Every check, in the order in which it was made. That a signer's certificate is trusted is among
    /// them only after [`judge`](Self::judge).
    pub checks: Vec<Check>,
    /// What the first signer's signature covers.
    pub form: Option<Form>,
    /// The certificate of the first signer, if it was found: its key was used for `cms.signature`.
    pub signer: Option<Certificate>,
    /// The signing time that the first signer claims.
    pub signing_time: Option<UnixTime>,
    /// What was found about each signer, in their order.
    pub signers: Vec<SignerVerification>,
    /// The certificates inside that could be read, which may help to build a path.
    pub certificates: Vec<Certificate>,
}

impl Verification {
    /// Whether every required check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        report::conclude(self.checks.iter()).0 == Indication::Passed
    }
}

/// What a verification accepts, and what it knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyOptions<'a> {
    /// Where signers' certificates are looked for that are not inside.
    pub known: &'a [Certificate],
    /// The deviant forms that are accepted ([`Form::is_deviant`]). In any other form than these and the
    /// standard's the check `cms.message_digest` fails.
    pub deviant: &'a [Form],
}

impl<'a> VerifyOptions<'a> {
    /// What OFD packages in use need: the digest, or its base64 text, in place of the data.
    #[must_use]
    pub const fn ofd(known: &'a [Certificate]) -> Self {
        Self { known, deviant: &[Form::DigestAsContent, Form::DigestTextAsContent] }
    }
}

/// Verifies every signature of the SignedData `bytes`: over `content`, or, if that is not given, over
/// the content inside. Whether the signers may be trusted is left to [`Verification::judge`].
///
/// # Errors
/// As [`SignedData::parse`]. A signature that does not verify is a failed check, not an error.
pub fn verify(
    bytes: &[u8],
    content: Option<&[u8]>,
    options: &VerifyOptions<'_>,
) -> Result<Verification, Error> {
    Ok(SignedData::parse(bytes)?.verify(content, options))
}

/// The data that is said to be signed, as it is or hashed while it went by.
pub(super) enum Data<'a> {
    AtHand(&'a [u8], sm3::Digest),
    Hashed(&'a Hashes),
    Missing,
}

/// What is kept of data that went by.
pub(super) struct Hashes {
    pub(super) sm3: sm3::Digest,
    /// e = H(Z ‖ M) for each key that may have signed the data itself.
    pub(super) with_z: Vec<(PublicKey, sm3::Digest)>,
    /// Its digests by other hash functions than SM3.
    pub(super) others: Vec<(HashAlgorithm, Vec<u8>)>,
    /// Whether all of it was one SET: what attributes are that are passed off as data.
    pub(super) is_set: bool,
    /// Whether the data stood inside the SignedData.
    pub(super) attached: bool,
}

impl<'a> Data<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self::AtHand(content, sm3::hash(content))
    }

    fn sm3(&self) -> Option<&sm3::Digest> {
        match self {
            Self::AtHand(_, digest) => Some(digest),
            Self::Hashed(hashes) => Some(&hashes.sm3),
            Self::Missing => None,
        }
    }

    /// `None` too if the data went by without being hashed so.
    fn digest(&self, algorithm: HashAlgorithm) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (_, HashAlgorithm::Sm3) => self.sm3().map(|digest| digest.to_vec()),
            (Self::AtHand(content, _), _) => Some(algorithm.digest(content)),
            (Self::Hashed(hashes), _) => {
                hashes.others.iter().find(|(other, _)| *other == algorithm).cloned().map(|it| it.1)
            }
            (Self::Missing, _) => None,
        }
    }
}

impl SignedData {
    /// Verifies every signature inside over `content`, with the certificates inside.
    #[must_use]
    pub fn verify_detached(&self, content: &[u8]) -> Verification {
        self.verify(Some(content), &VerifyOptions::default())
    }

    /// As [`verify_detached`](Self::verify_detached); signers whose certificate is not inside are also
    /// looked for among `known`.
    #[must_use]
    pub fn verify_detached_with(&self, content: &[u8], known: &[Certificate]) -> Verification {
        self.verify(Some(content), &VerifyOptions { known, deviant: &[] })
    }

    /// Verifies every signature inside: over `content`, or, if that is not given, over the content
    /// inside.
    #[must_use]
    pub fn verify(&self, content: Option<&[u8]>, options: &VerifyOptions<'_>) -> Verification {
        let data = content.or_else(|| self.content()).map_or(Data::Missing, Data::new);
        self.verify_data(&data, options)
    }

    pub(super) fn verify_data(&self, data: &Data<'_>, options: &VerifyOptions<'_>) -> Verification {
        let read = self.certificates().iter().filter_map(|der| Certificate::parse(der).ok());
        let inside = read.collect::<Vec<_>>();
        let mut checks = vec![self.format_check()];
        checks.extend(self.digest_algorithms_check());
        let mut signers = Vec::new();
        for (index, signer) in self.signers().iter().enumerate() {
            let mut found = self.verify_signer(signer, data, &inside, options);
            if self.signers().len() > 1 {
                found.checks.iter_mut().for_each(|check| {
                    check.evidence.insert("signer", index.to_string());
                });
            }
            checks.extend(found.checks.iter().cloned());
            signers.push(found);
        }
        if signers.is_empty() {
            checks.push(Check::failed(
                "cms.signer",
                CLAUSE,
                SubIndication::NoSignatureFound,
                "the SignedData has no signer",
                "SignedData 中没有签名者",
            ));
        }
        Verification::new(checks, signers, inside)
    }

    fn verify_signer(
        &self,
        signer: &SignerInfo,
        data: &Data<'_>,
        inside: &[Certificate],
        options: &VerifyOptions<'_>,
    ) -> SignerVerification {
        let scheme = Scheme::of(signer);
        let message = self.message(signer, data);
        let named = signature::named(&signer.identifier, inside, options.known);
        let certificate = signature::whose(&named, scheme, &message, &signer.signature);
        let (form, binding) = self.binding(signer, data, options.deviant);
        let present = certificate_check(signer, certificate);
        let mut checks = vec![present, algorithm_check(signer, scheme)];
        checks.push(self.content_type_check(signer));
        checks.push(binding);
        checks.extend(signature::checks(signer, scheme, &message, certificate));
        if let (Some(form), Some(check)) = (form, checks.last_mut()) {
            check.evidence.insert("form", form.name().to_owned());
        }
        checks.extend(time_stamps_check(signer));
        checks.extend(counter_signature::checks(signer, inside, options.known));
        let signing_time = signer.attributes.as_ref().and_then(|list| list.signing_time);
        let signature = signer.signature.clone();
        let certificate = certificate.cloned();
        SignerVerification { checks, form, certificate, signing_time, signature, path: None }
    }

    /// What the signature of `signer` covers.
    fn message<'a>(&'a self, signer: &'a SignerInfo, data: &Data<'a>) -> Message<'a> {
        match (&signer.attributes, self.content(), data) {
            (Some(attributes), ..) => Message::Bytes(&attributes.signed_bytes),
            (None, Some(inside), _) => Message::Bytes(inside),
            (None, None, Data::AtHand(content, _)) => Message::Bytes(content),
            (None, None, Data::Hashed(hashes)) => Message::Hashed(hashes),
            (None, None, Data::Missing) => Message::Missing,
        }
    }

    fn format_check(&self) -> Check {
        Check::passed("cms.format", CLAUSE, "the SignedData is well-formed", "SignedData 格式正确")
            .evidence("family", self.family().name())
            .evidence("content_type", dotted(self.content_type()))
            .evidence("certificates", self.certificates().len())
            .evidence("signers", self.signers().len())
    }

    /// RFC 5652, 5.1: the list before the content is meant to name the digests of all signers.
    fn digest_algorithms_check(&self) -> Option<Check> {
        let needed = self.signers().iter().any(|signer| is_sm3(&signer.digest_algorithm));
        (needed && !self.names_sm3()).then(|| {
            Check::failed(
                "cms.digest_algorithms",
                "RFC 5652, 5.1",
                SubIndication::FormatFailure,
                "the list of digest algorithms lacks that of a signer",
                "摘要算法列表缺少签名者所用的算法",
            )
            .warning()
        })
    }

    /// Whether the list of digest algorithms has SM3.
    pub(super) fn names_sm3(&self) -> bool {
        self.fields.digest_algorithms.iter().any(|der| {
            let algorithm = Cursor::new(der, 0, Code::BadCms).required(tag::SEQUENCE, "algorithm");
            let oid =
                algorithm.and_then(|element| element.inside().required(tag::OID, "algorithm"));
            oid.is_ok_and(|oid| is_sm3(oid.value))
        })
    }

    /// How the data is bound to what is signed, and whether the binding holds.
    fn binding(
        &self,
        signer: &SignerInfo,
        data: &Data<'_>,
        deviant: &[Form],
    ) -> (Option<Form>, Check) {
        let Some(digest) = data.sm3() else { return (None, no_data_check()) };
        let hash = HashAlgorithm::from_oid(&signer.digest_algorithm);
        let inside = self.content().map(|inside| (inside, sm3::hash(inside)));
        let went_by = matches!(data, Data::Hashed(hashes) if hashes.attached);
        let form = match (inside, &signer.attributes) {
            (None, Some(_)) if went_by => Some(Form::AttachedSignedAttributes),
            (None, None) if went_by => Some(Form::Attached),
            (None, Some(_)) => Some(Form::SignedAttributes),
            (None, None) => Some(Form::Plain),
            (Some((_, inside)), Some(_)) if inside == *digest => {
                Some(Form::AttachedSignedAttributes)
            }
            (Some((_, inside)), None) if inside == *digest => Some(Form::Attached),
            (Some((inside, _)), None) if inside == digest => Some(Form::DigestAsContent),
            (Some((inside, _)), None) if inside == Base64::encode_string(digest).as_bytes() => {
                Some(Form::DigestTextAsContent)
            }
            (Some(_), _) => None,
        };
        let allowed = form.is_none_or(|form| !form.is_deviant() || deviant.contains(&form));
        let check = match (form, &signer.attributes) {
            (Some(_), Some(attributes)) => {
                message_digest_check(attributes, hash.and_then(|hash| data.digest(hash)).as_deref())
            }
            (Some(_), None) if !allowed => deviant_check(),
            (Some(Form::Plain), None) => Check::skipped(
                "cms.message_digest",
                CLAUSE,
                "not needed: the signature covers the data itself",
                "无需检查：签名直接覆盖数据",
            ),
            (Some(_), None) => Check::passed(
                "cms.message_digest",
                CLAUSE,
                "the content inside is the data or its digest",
                "内含内容就是该数据或其摘要",
            ),
            (None, _) => Check::failed(
                "cms.message_digest",
                CLAUSE,
                SubIndication::HashFailure,
                "the content inside is neither the data nor its digest",
                "内含内容既不是该数据，也不是其摘要",
            ),
        };
        let check = check.evidence("sm3", hex(digest));
        (form, check.evidence("form", form.map_or("none", Form::name)))
    }

    /// RFC 2315, 9.2: content that is not plain data is signed through attributes, which name its type.
    fn content_type_check(&self, signer: &SignerInfo) -> Check {
        let (id, content_type) = ("cms.content_type", self.content_type());
        let stated = signer.attributes.as_ref().and_then(|list| list.content_type.as_deref());
        let agrees = match stated {
            Some(stated) => stated == content_type,
            None => content_type == oid::GM_DATA || content_type == oid::PKCS7_DATA,
        };
        let check = match (agrees, stated, &signer.attributes) {
            // RFC 5652, 5.3 demands the attribute; files in use lack it.
            (true, None, Some(_)) => Check::failed(
                id,
                "RFC 5652, 5.3",
                SubIndication::FormatFailure,
                "the signed attributes lack the content type",
                "已签名属性缺少内容类型",
            )
            .warning(),
            (true, ..) => Check::passed(
                id,
                CLAUSE,
                "the content type is the one signed",
                "内容类型与签名一致",
            ),
            (false, ..) => Check::failed(
                id,
                CLAUSE,
                SubIndication::SigConstraintsFailure,
                "the content type is not data, nor the one that was signed",
                "内容类型既不是数据，也不是已签名的类型",
            ),
        };
        check.evidence("signed", stated.map_or_else(|| "none".to_owned(), dotted))
    }
}

fn no_data_check() -> Check {
    Check::indeterminate(
        "cms.message_digest",
        CLAUSE,
        SubIndication::SignedDataNotFound,
        "the data is neither inside nor given",
        "SignedData 未内含数据，外部也未提供数据",
    )
}

fn deviant_check() -> Check {
    Check::failed(
        "cms.message_digest",
        CLAUSE,
        SubIndication::HashFailure,
        "the content inside is the digest of the data, a form that was not allowed",
        "内含内容是该数据的摘要，而此形式未被允许",
    )
}

/// That there are time stamps: a fact, which is judged elsewhere.
fn time_stamps_check(signer: &SignerInfo) -> Option<Check> {
    let stamps = signer.time_stamps().count();
    let check = (stamps > 0).then(|| {
        Check::skipped(
            "cms.time_stamp",
            "RFC 3161, appendix A",
            "there is a time stamp, which is not judged here",
            "带有时间戳，此处不作判断",
        )
    })?;
    Some(check.evidence("count", stamps).information())
}

/// Verifies a bare signature value over `content` with the first of `known` whose key fits
/// (OFD signatures of Type=Sign in use have no SignedData around the value).
#[must_use]
pub fn verify_bare(value: &[u8], content: &[u8], known: &[Certificate]) -> Verification {
    let fits = |certificate: &&Certificate| {
        matches!((certificate.public_key(), read_signature(value)), (Ok(key), Ok((signature, _)))
            if key.verify(content, &signature, &DistId::DEFAULT).is_ok())
    };
    let signer = known.iter().find(fits).cloned();
    let form = Form::Bare;
    let present = match (&signer, known.first()) {
        (Some(certificate), _) => Check::passed(
            "cms.signer_certificate_present",
            CLAUSE,
            "a certificate given from outside fits the bare signature value",
            "外部提供的证书与裸签名值匹配",
        )
        .evidence("subject", certificate.subject()),
        (None, Some(_)) => Check::indeterminate(
            "cms.signer_certificate_present",
            CLAUSE,
            SubIndication::NoSigningCertificateFound,
            "the value carries no certificate, and none of those given fits",
            "签名值不含证书，外部提供的证书均不匹配",
        ),
        (None, None) => Check::indeterminate(
            "cms.signer_certificate_present",
            CLAUSE,
            SubIndication::NoSigningCertificateFound,
            "the value carries no certificate, and none was given",
            "签名值不含证书，外部也未提供证书",
        ),
    };
    let mut checks = vec![present];
    let message = Message::Bytes(content);
    checks.extend(signature::value_checks(signer.as_ref(), Scheme::Sm2, &message, value));
    checks.iter_mut().for_each(|check| {
        check.evidence.insert("form", form.name().to_owned());
    });
    let found = SignerVerification {
        checks: checks.clone(),
        form: Some(form),
        certificate: signer,
        signing_time: None,
        signature: value.to_vec(),
        path: None,
    };
    Verification::new(checks, vec![found], Vec::new())
}

fn certificate_check(signer: &SignerInfo, certificate: Option<&Certificate>) -> Check {
    let id = "cms.signer_certificate_present";
    match certificate {
        Some(certificate) => {
            Check::passed(id, CLAUSE, "the signer's certificate is at hand", "已取得签名者证书")
                .evidence("subject", certificate.subject())
                .evidence("serial", certificate.serial_hex())
        }
        None => Check::indeterminate(
            id,
            CLAUSE,
            SubIndication::NoSigningCertificateFound,
            "no certificate has the signer's issuer and serial number",
            "没有与签名者颁发者和序列号相符的证书",
        )
        .evidence("identifier", signer.identifier.to_string()),
    }
}

fn algorithm_check(signer: &SignerInfo, scheme: Scheme) -> Check {
    let id = "cms.algorithm";
    let misspelt = SignatureAlgorithm::from_oid(&signer.signature_algorithm)
        == SignatureAlgorithm::Sm2WithSm3Misspelt;
    let check = match scheme {
        Scheme::Sm2 if misspelt => Check::passed(
            id,
            CLAUSE,
            "SM2 with SM3, under a misspelt object identifier",
            "SM2/SM3，但对象标识符书写有误",
        )
        .warning(),
        Scheme::Sm2 => Check::passed(id, CLAUSE, "SM2 with SM3", "SM2/SM3"),
        Scheme::Foreign { name, .. } => Check::passed(
            id,
            "RFC 5652, 5.3",
            "the algorithms are known and belong together",
            "算法已知且相互匹配",
        )
        .evidence("algorithm", name),
        Scheme::Unknown => Check::failed(
            id,
            CLAUSE,
            SubIndication::CryptoConstraintsFailure,
            "the algorithms are not SM2 with SM3",
            "算法不是 SM2/SM3",
        ),
    };
    check
        .evidence("digest", dotted(&signer.digest_algorithm))
        .evidence("signature", dotted(&signer.signature_algorithm))
}

fn message_digest_check(attributes: &SignedAttributes, digest: Option<&[u8]>) -> Check {
    let id = "cms.message_digest";
    let check = match digest {
        Some(digest) if attributes.message_digest == digest => Check::passed(
            id,
            CLAUSE,
            "the signed digest is that of the data",
            "已签名的摘要与数据一致",
        ),
        Some(_) => Check::failed(
            id,
            CLAUSE,
            SubIndication::HashFailure,
            "the signed digest is not that of the data",
            "已签名的摘要与数据不一致",
        ),
        None => Check::indeterminate(
            id,
            CLAUSE,
            SubIndication::SignedDataNotFound,
            "the data went by without being hashed by the signer's hash function",
            "数据流经时未按签名者的摘要算法计算摘要",
        ),
    };
    check.evidence("signed", hex(&attributes.message_digest))
}
