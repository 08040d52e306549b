//! Whether a SignedData signs given data: GB/T 35275, signedData.
//!
//! In: the SignedData, the data, certificates known from elsewhere. Out: ordered checks and the
//! certificates whose key signed. Variable time: all inputs are public.

use base64ct::{Base64, Encoding as _};

use super::{Form, SignedAttributes, SignedData, SignerInfo, oid};
use crate::{
    Code, UnixTime,
    pki::{
        algorithm::{SignatureAlgorithm, SignatureForm, dotted, is_sm3, read_signature},
        tlv::{self, Cursor, tag},
        x509::{Certificate, hex},
    },
    primitives::{sm2::DistId, sm3},
    report::{Check, SubIndication},
};

const CLAUSE: &str = "GB/T 35275, signedData";

/// What came of verifying a SignedData over given data.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Every check, in the order in which it was made. That a signer's certificate is trusted is not
    /// among them.
    pub checks: Vec<Check>,
    /// What the first signer's signature covers.
    pub form: Option<Form>,
    /// The certificate of the first signer, if it was found: its key was used for `cms.signature`.
    pub signer: Option<Certificate>,
    /// The signing time that the first signer claims.
    pub signing_time: Option<UnixTime>,
}

impl SignedData {
    /// Verifies every signature inside over `content`, with the certificates inside.
    #[must_use]
    pub fn verify_detached(&self, content: &[u8]) -> Verification {
        self.verify_detached_with(content, &[])
    }

    /// As [`verify_detached`](Self::verify_detached); signers whose certificate is not inside are also
    /// looked for among `known`.
    #[must_use]
    pub fn verify_detached_with(&self, content: &[u8], known: &[Certificate]) -> Verification {
        let mut checks = vec![self.format_check()];
        let mut first = None;
        for (index, signer) in self.signers().iter().enumerate() {
            let (form, binding) = self.binding(signer, content);
            let certificate = self.find(signer, known);
            let mut made = self.signer_checks(signer, form, binding, content, certificate.as_ref());
            if self.signers().len() > 1 {
                made.iter_mut().for_each(|check| {
                    check.evidence.insert("signer", index.to_string());
                });
            }
            checks.append(&mut made);
            let time = signer.attributes.as_ref().and_then(|attributes| attributes.signing_time);
            first.get_or_insert((form, certificate, time));
        }
        match first {
            Some((form, signer, signing_time)) => {
                Verification { checks, form, signer, signing_time }
            }
            None => {
                checks.push(Check::failed(
                    "cms.signer",
                    CLAUSE,
                    SubIndication::NoSignatureFound,
                    "the SignedData has no signer",
                    "SignedData 中没有签名者",
                ));
                Verification { checks, form: None, signer: None, signing_time: None }
            }
        }
    }

    fn format_check(&self) -> Check {
        Check::passed("cms.format", CLAUSE, "the SignedData is well-formed", "SignedData 格式正确")
            .evidence("family", self.family().name())
            .evidence("content_type", dotted(self.content_type()))
            .evidence("certificates", self.certificates().len())
            .evidence("signers", self.signers().len())
    }

    fn signer_checks(
        &self,
        signer: &SignerInfo,
        form: Option<Form>,
        binding: Check,
        content: &[u8],
        certificate: Option<&Certificate>,
    ) -> Vec<Check> {
        let mut checks = vec![certificate_check(signer, certificate), algorithm_check(signer)];
        checks.push(self.content_type_check(signer));
        checks.push(binding);
        let message = match (&signer.attributes, self.content()) {
            (Some(attributes), _) => attributes.signed_bytes.as_slice(),
            (None, Some(inside)) => inside,
            (None, None) => content,
        };
        let algorithm = SignatureAlgorithm::from_oid(&signer.signature_algorithm);
        let looks_like_attributes = signer.attributes.is_none() && is_attributes(message);
        if looks_like_attributes {
            checks.push(Check::failed(
                "cms.signature",
                CLAUSE,
                SubIndication::SigCryptoFailure,
                "what is signed is a set of attributes passed off as the data",
                "被签名的是冒充数据的属性集合",
            ));
        } else if algorithm.is_sm2() {
            checks.extend(signature_checks(certificate, message, &signer.signature));
        } else {
            checks.push(Check::skipped(
                "cms.signature",
                CLAUSE,
                "not checked: the algorithm is not SM2 with SM3",
                "未检查：算法不是 SM2/SM3",
            ));
        }
        if let (Some(form), Some(check)) = (form, checks.last_mut()) {
            check.evidence.insert("form", form.name().to_owned());
        }
        checks
    }

    /// How the data is bound to what is signed, and whether the binding holds.
    fn binding(&self, signer: &SignerInfo, content: &[u8]) -> (Option<Form>, Check) {
        let digest = sm3::hash(content);
        let form = match (self.content(), &signer.attributes) {
            (None, Some(_)) => Some(Form::SignedAttributes),
            (None, None) => Some(Form::Plain),
            (Some(inside), Some(_)) if inside == content => Some(Form::AttachedSignedAttributes),
            (Some(inside), None) if inside == content => Some(Form::Attached),
            (Some(inside), None) if inside == digest => Some(Form::DigestAsContent),
            (Some(inside), None) if inside == Base64::encode_string(&digest).as_bytes() => {
                Some(Form::DigestTextAsContent)
            }
            (Some(_), _) => None,
        };
        let check = match (form, &signer.attributes) {
            (Some(_), Some(attributes)) => message_digest_check(attributes, &digest),
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
        let check = check.evidence("sm3", hex(&digest));
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
        let check = if agrees {
            Check::passed(id, CLAUSE, "the content type is the one signed", "内容类型与签名一致")
        } else {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::SigConstraintsFailure,
                "the content type is not data, nor the one that was signed",
                "内容类型既不是数据，也不是已签名的类型",
            )
        };
        check.evidence("signed", stated.map_or_else(|| "none".to_owned(), dotted))
    }

    /// The certificate with the signer's issuer and serial number.
    fn find(&self, signer: &SignerInfo, known: &[Certificate]) -> Option<Certificate> {
        let inside = self.certificates().iter().find(|der| names(der, signer));
        let inside = inside.and_then(|der| Certificate::parse(der).ok());
        inside.or_else(|| known.iter().find(|other| names(other.der(), signer)).cloned())
    }
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
    checks.extend(signature_checks(signer.as_ref(), content, value));
    checks.iter_mut().for_each(|check| {
        check.evidence.insert("form", form.name().to_owned());
    });
    Verification { checks, form: Some(form), signer, signing_time: None }
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
        .evidence("serial", hex(&signer.serial)),
    }
}

fn algorithm_check(signer: &SignerInfo) -> Check {
    let algorithm = SignatureAlgorithm::from_oid(&signer.signature_algorithm);
    let known = algorithm.is_sm2() && is_sm3(&signer.digest_algorithm);
    let check = match (known, algorithm) {
        (true, SignatureAlgorithm::Sm2WithSm3Misspelt) => Check::passed(
            "cms.algorithm",
            CLAUSE,
            "SM2 with SM3, under a misspelt object identifier",
            "SM2/SM3，但对象标识符书写有误",
        )
        .warning(),
        (true, _) => Check::passed("cms.algorithm", CLAUSE, "SM2 with SM3", "SM2/SM3"),
        (false, _) => Check::failed(
            "cms.algorithm",
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

fn message_digest_check(attributes: &SignedAttributes, digest: &[u8]) -> Check {
    let check = if attributes.message_digest == digest {
        Check::passed(
            "cms.message_digest",
            CLAUSE,
            "the signed digest is that of the data",
            "已签名的摘要与数据一致",
        )
    } else {
        Check::failed(
            "cms.message_digest",
            CLAUSE,
            SubIndication::HashFailure,
            "the signed digest is not that of the data",
            "已签名的摘要与数据不一致",
        )
    };
    check.evidence("signed", hex(&attributes.message_digest))
}

/// `cms.signature`, and a warning where the value is not DER.
fn signature_checks(certificate: Option<&Certificate>, message: &[u8], value: &[u8]) -> Vec<Check> {
    let id = "cms.signature";
    let Some(key) = certificate.map(Certificate::public_key) else {
        return vec![Check::skipped(
            id,
            CLAUSE,
            "not checked: the signer's certificate is not at hand",
            "未检查：没有签名者证书",
        )];
    };
    let outcome = read_signature(value).and_then(|(signature, form)| {
        key?.verify(message, &signature, &DistId::DEFAULT).map(|()| form)
    });
    match outcome {
        Ok(form) => {
            let check = Check::passed(id, CLAUSE, "the signature verifies", "签名值验证通过");
            let mut checks = vec![check.evidence("encoding", form.name())];
            checks.extend((form == SignatureForm::Raw).then(|| {
                Check::failed(
                    "cms.signature_encoding",
                    "GM/T 0009-2012, 7.3",
                    SubIndication::FormatFailure,
                    "the signature is r||s instead of DER",
                    "签名值为 r||s 而非 DER 编码",
                )
                .warning()
            }));
            checks.reverse();
            checks
        }
        Err(error) => vec![
            Check::failed(
                id,
                CLAUSE,
                SubIndication::SigCryptoFailure,
                "the signature does not verify",
                "签名值验证不通过",
            )
            .evidence("error", error.code().name()),
        ],
    }
}

/// Whether a certificate has the signer's issuer (the same DER) and serial number.
fn names(der: &[u8], signer: &SignerInfo) -> bool {
    let Some((issuer, serial)) = issuer_and_serial(der) else { return false };
    let number = |bytes: &[u8]| {
        let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
        bytes.get(start..).unwrap_or_default().to_vec()
    };
    issuer == signer.issuer && number(serial) == number(&signer.serial)
}

/// The issuer (DER) and the serial number (contents octets) as they stand in a certificate.
fn issuer_and_serial(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut certificate = Cursor::new(der, 0, Code::BadCms).next("certificate").ok()?.inside();
    let mut tbs = certificate.expect(tag::SEQUENCE, "tbsCertificate").ok()?.inside();
    tbs.take(tag::CONTEXT_0, "version").ok()?;
    let serial = tbs.expect(tag::INTEGER, "serialNumber").ok()?.value;
    tbs.expect(tag::SEQUENCE, "signature").ok()?;
    let issuer = tbs.expect(tag::SEQUENCE, "issuer").ok()?.raw;
    Some((issuer, serial))
}

/// Whether `message` is a set of attributes with a message digest. Somebody who moves the signed
/// attributes of another SignedData into the place of the data would have a valid signature over it.
fn is_attributes(message: &[u8]) -> bool {
    tlv::only(message, 0, tag::SET, Code::BadCms, "attributes")
        .and_then(|set| super::parse::signed_attributes(&set))
        .is_ok()
}
