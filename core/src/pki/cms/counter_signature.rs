//! Counter-signatures: signatures over the signature of a signer (RFC 5652, 11.4).
//!
//! They stand among what nobody signed, so that anybody can add one or take one away: whatever they are
//! worth, it neither speaks for the signer nor against him.

use super::{
    SignerInfo, parse,
    scheme::Scheme,
    signature::{self, Message},
};
use crate::{
    Code,
    limits::CMS_COUNTER_SIGNATURES_MAX,
    pki::{
        hash_algorithm::HashAlgorithm,
        tlv::{self, tag},
        x509::Certificate,
    },
    report::{Check, Outcome, SubIndication},
};

const ID: &str = "cms.counter_signature";
const CLAUSE: &str = "RFC 5652, 11.4";

/// What each counter-signature is worth, as information.
pub(super) fn checks(
    signer: &SignerInfo,
    inside: &[Certificate],
    known: &[Certificate],
) -> Vec<Check> {
    let count = signer.counter_signatures().count();
    let looked_at = signer.counter_signatures().take(CMS_COUNTER_SIGNATURES_MAX);
    let mut checks = looked_at
        .map(|der| check(der, &signer.signature, inside, known).evidence("count", count))
        .collect::<Vec<_>>();
    if count > CMS_COUNTER_SIGNATURES_MAX {
        let check = Check::skipped(
            ID,
            CLAUSE,
            "there are more counter-signatures than are looked at",
            "副署签名过多，其余未予检查",
        );
        checks.push(check.evidence("count", count));
    }
    checks.into_iter().map(Check::information).collect()
}

fn check(der: &[u8], signed: &[u8], inside: &[Certificate], known: &[Certificate]) -> Check {
    let element = tlv::only(der, 0, tag::SEQUENCE, Code::BadCms, "signerInfo");
    let signer = match element.and_then(|element| parse::signer_info(&element)) {
        Ok(signer) => signer,
        Err(error) => {
            return failed("the counter-signature is malformed", "副署签名格式错误")
                .evidence("error", error.code().name());
        }
    };
    let scheme = Scheme::of(&signer);
    let message = match &signer.attributes {
        Some(attributes) => Message::Bytes(&attributes.signed_bytes),
        None => Message::Bytes(signed),
    };
    let named = signature::named(&signer.identifier, inside, known);
    let certificate = signature::whose(&named, scheme, &message, &signer.signature);
    let hash = HashAlgorithm::from_oid(&signer.digest_algorithm);
    let digest = hash.map(|hash| hash.digest(signed));
    let over_another = signer
        .attributes
        .as_ref()
        .is_some_and(|attributes| Some(&attributes.message_digest) != digest.as_ref());
    let value = signature::value_checks(certificate, scheme, &message, &signer.signature);
    let outcome = value.last().map(|check| check.outcome);
    let check = match outcome {
        Some(Outcome::Passed) if !over_another => Check::passed(
            ID,
            CLAUSE,
            "a counter-signature verifies; whether its signer may be trusted is not judged",
            "副署签名验证通过；未判断副署者是否可信",
        ),
        Some(Outcome::Passed) => {
            failed("a counter-signature is over another signature", "副署签名针对的是其他签名")
        }
        Some(Outcome::Failed) => {
            failed("a counter-signature does not verify", "副署签名验证不通过")
        }
        Some(Outcome::Indeterminate | Outcome::Skipped) | None => Check::skipped(
            ID,
            CLAUSE,
            "there is a counter-signature, which cannot be verified",
            "带有副署签名，但无法验证",
        ),
    };
    let who = certificate.map_or_else(
        || signer.identifier.to_string(),
        |certificate| certificate.subject().to_string(),
    );
    check.evidence("by", who)
}

fn failed(en: &'static str, zh: &'static str) -> Check {
    Check::failed(ID, CLAUSE, SubIndication::SigCryptoFailure, en, zh)
}
