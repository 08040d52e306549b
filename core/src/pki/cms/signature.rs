//! Whether a signature value is one over what it is said to cover. Variable time: all inputs are public.

use super::{
    Identifier, SignerInfo, parse,
    scheme::Scheme,
    verify::{CLAUSE, Hashes},
};
use crate::{
    Code, Error,
    limits::CMS_NAMESAKES_MAX,
    pki::{
        algorithm::{SignatureForm, read_signature},
        tlv::{self, tag},
        x509::{Certificate, verify_foreign},
    },
    primitives::sm2::{DistId, hazmat},
    report::{Check, Outcome, SubIndication},
};

/// What a signature covers.
pub(super) enum Message<'a> {
    Bytes(&'a [u8]),
    /// Data that went by.
    Hashed(&'a Hashes),
    Missing,
}

/// What came of a signature value: its encoding, if it was of SM2.
type Outcomes = Result<Option<SignatureForm>, Error>;

impl Message<'_> {
    /// `None` if the data went by without being hashed for this key.
    fn verify(&self, scheme: Scheme, certificate: &Certificate, value: &[u8]) -> Option<Outcomes> {
        match (scheme, self) {
            (Scheme::Sm2, _) => self.verify_sm2(certificate, value).transpose(),
            (Scheme::Foreign { oid, .. }, Self::Bytes(bytes)) => {
                Some(verify_foreign(oid, certificate.spki(), bytes, value).map(|()| None))
            }
            (Scheme::Foreign { .. } | Scheme::Unknown, _) => None,
        }
    }

    fn verify_sm2(
        &self,
        certificate: &Certificate,
        value: &[u8],
    ) -> Result<Option<Option<SignatureForm>>, Error> {
        let (signature, form) = read_signature(value)?;
        let key = certificate.public_key()?;
        match self {
            Self::Bytes(bytes) => key.verify(bytes, &signature, &DistId::DEFAULT)?,
            Self::Hashed(hashes) => {
                let Some((_, e)) = hashes.with_z.iter().find(|(other, _)| other == key) else {
                    return Ok(None);
                };
                hazmat::verify_digest(key, e, &signature)?;
            }
            Self::Missing => return Ok(None),
        }
        Ok(Some(Some(form)))
    }
}

/// The certificates that a signer may mean, each of them once, at most [`CMS_NAMESAKES_MAX`].
pub(super) fn named<'a>(
    identifier: &Identifier,
    inside: &'a [Certificate],
    known: &'a [Certificate],
) -> Vec<&'a Certificate> {
    let mut named: Vec<&Certificate> = Vec::new();
    for certificate in inside.iter().chain(known) {
        if named.len() == CMS_NAMESAKES_MAX {
            break;
        }
        if identifier.names(certificate) && !named.contains(&certificate) {
            named.push(certificate);
        }
    }
    named
}

/// Which of the certificates that a signer may mean is his: the first whose key made the signature, or
/// the first of all. Anybody can put another one of the same name inside.
pub(super) fn whose<'a>(
    named: &[&'a Certificate],
    scheme: Scheme,
    message: &Message<'_>,
    value: &[u8],
) -> Option<&'a Certificate> {
    let (first, more) = named.split_first()?;
    if more.is_empty() {
        return Some(first);
    }
    let made = |certificate: &&&Certificate| {
        matches!(message.verify(scheme, certificate, value), Some(Ok(_)))
    };
    Some(named.iter().find(made).unwrap_or(first))
}

/// `cms.signature` of `signer` and what belongs to it.
pub(super) fn checks(
    signer: &SignerInfo,
    scheme: Scheme,
    message: &Message<'_>,
    certificate: Option<&Certificate>,
) -> Vec<Check> {
    let checks = value_checks(certificate, scheme, message, &signer.signature);
    let passed_off = match message {
        Message::Bytes(bytes) => signer.attributes.is_none() && is_attributes(bytes),
        Message::Hashed(hashes) => hashes.is_set,
        Message::Missing => false,
    };
    // Where the signature fails, nobody is told what an encrypted message looks like.
    let holds = checks.last().is_some_and(|check| check.outcome == Outcome::Passed);
    if !(passed_off && holds) {
        return checks;
    }
    vec![Check::failed(
        "cms.signature",
        CLAUSE,
        SubIndication::SigCryptoFailure,
        "what is signed is a set of attributes passed off as the data",
        "被签名的是冒充数据的属性集合",
    )]
}

/// `cms.signature` last, and before it a warning where the value is not DER.
pub(super) fn value_checks(
    certificate: Option<&Certificate>,
    scheme: Scheme,
    message: &Message<'_>,
    value: &[u8],
) -> Vec<Check> {
    let id = "cms.signature";
    let skipped = |en, zh| vec![Check::skipped(id, CLAUSE, en, zh)];
    if scheme == Scheme::Unknown {
        return skipped(
            "not checked: the algorithm is not SM2 with SM3",
            "未检查：算法不是 SM2/SM3",
        );
    }
    let Some(certificate) = certificate else {
        return skipped(
            "not checked: the signer's certificate is not at hand",
            "未检查：没有签名者证书",
        );
    };
    match message.verify(scheme, certificate, value) {
        None => vec![unhashed_check()],
        Some(Ok(form)) => {
            let check = Check::passed(id, CLAUSE, "the signature verifies", "签名值验证通过");
            let warning = (form == Some(SignatureForm::Raw)).then(raw_check);
            let check = match form.map(SignatureForm::name) {
                Some(encoding) => check.evidence("encoding", encoding),
                None => check,
            };
            warning.into_iter().chain([check]).collect()
        }
        Some(Err(error)) => vec![
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

fn raw_check() -> Check {
    Check::failed(
        "cms.signature_encoding",
        "GM/T 0009-2012, 7.3",
        SubIndication::FormatFailure,
        "the signature is r||s instead of DER",
        "签名值为 r||s 而非 DER 编码",
    )
    .warning()
}

/// Without signed attributes the hash begins with Z of the signer, whose certificate stands behind the
/// data; and of data that went by, other signatures than SM2 are not verified.
fn unhashed_check() -> Check {
    Check::indeterminate(
        "cms.signature",
        CLAUSE,
        SubIndication::SignedDataNotFound,
        "the data itself is signed, and is not at hand with this signer's key",
        "签名直接覆盖数据，但未能用该签名者的公钥处理数据",
    )
}

/// Whether `message` is a set of attributes with a message digest. Somebody who moves the signed
/// attributes of another SignedData into the place of the data would have a valid signature over it.
fn is_attributes(message: &[u8]) -> bool {
    tlv::only(message, 0, tag::SET, Code::BadCms, "attributes")
        .and_then(|set| parse::signed_attributes(&set))
        .is_ok()
}
