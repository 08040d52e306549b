//! Time stamps over the signatures of a SignedData: the unsigned attribute id-aa-timeStampToken
//! (RFC 3161, appendix A).
//!
//! A stamp is over the signature value of one signer. In: a SignedData. Out: the same one with stamps,
//! or what the stamps inside prove.

use super::{
    Imprint, Judgement, TimeStampPolicy, TimeStampSource,
    judgement::{order_check, verify_under},
};
use crate::{
    Code, Error, UnixTime,
    limits::SIGNER_TIME_STAMPS_MAX,
    pki::{
        cms::{SignedData, SignerInfo},
        x509::{Evidence, PathPolicy, TrustStore},
    },
    report::{Check, SubIndication},
};

/// What the time stamps of one signer prove.
#[derive(Clone, Debug)]
pub struct SignerStamps {
    /// For every stamp that was judged `cms.time_stamp`, and `cms.time_order` where the signer claims a time; one check
    /// that was skipped where there is no stamp, and `cms.time_stamps` where there are too many.
    pub checks: Vec<Check>,
    /// Each stamp, in the order of the attributes: the first [`SIGNER_TIME_STAMPS_MAX`] of them.
    pub stamps: Vec<Judgement>,
    /// The earliest time that a stamp proves and that is not earlier than the claimed one: the
    /// signature existed then, so that the signer's certificate is judged at it. It says nothing of
    /// other signers' signatures.
    pub proved: Option<UnixTime>,
}

impl SignedData {
    /// The same SignedData with a time stamp over the signature of every signer.
    ///
    /// # Errors
    /// [`Code::TimeStampMismatch`] if a stamp is earlier than the signing time that the signer claims;
    /// whatever `source` fails with; [`Code::LimitReached`].
    pub fn stamped(&self, source: &dyn TimeStampSource) -> Result<Self, Error> {
        let mut stamped = self.clone();
        for signer in self.signers() {
            let token = source.stamp(&Imprint::of(&signer.signature))?;
            if claimed(signer).is_some_and(|claimed| token.info().time < claimed) {
                return Err(Error::new(Code::TimeStampMismatch).field("genTime"));
            }
            // An attribute more can move a signer within the SET OF.
            let is_it = |other: &SignerInfo| other.signature == signer.signature;
            let index = stamped.signers().iter().position(is_it).unwrap_or_default();
            stamped = stamped.with_time_stamp(index, token.der())?;
        }
        Ok(stamped)
    }
}

/// Verifies the time stamps of `signer`. Their authorities are judged at the stamped times.
///
/// The digest is SM3; with the feature `international`, which verifies what authorities of other countries
/// sign, SHA-2 as well.
#[must_use]
pub fn verify_signer_stamps(
    signer: &SignerInfo,
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    now: UnixTime,
) -> SignerStamps {
    let claimed = claimed(signer);
    let policy = if cfg!(feature = "international") {
        TimeStampPolicy::sm3_or_sha2(*policy)
    } else {
        TimeStampPolicy::sm3(*policy)
    };
    let stamps: Vec<_> = signer
        .time_stamps()
        .take(SIGNER_TIME_STAMPS_MAX)
        .map(|token| verify_under(token, &signer.signature, evidence, trust, &policy, now))
        .collect();
    let mut checks = Vec::new();
    for stamp in &stamps {
        checks.push(stamp.clone().into_check("cms.time_stamp", CLAUSE));
        checks.extend(
            stamp.holds().zip(claimed).map(|(at, claimed)| order_check(ORDER, CLAUSE, claimed, at)),
        );
    }
    if stamps.is_empty() {
        let en = "the signature has no time stamp";
        checks.push(Check::skipped("cms.time_stamp", CLAUSE, en, "签名没有时间戳"));
    }
    let count = signer.time_stamps().count();
    if count > stamps.len() {
        let (en, zh) = ("there are more time stamps than are judged", "时间戳过多，未全部验证");
        let sub = SubIndication::TryLater;
        let check = Check::indeterminate("cms.time_stamps", CLAUSE, sub, en, zh);
        checks.push(check.evidence("count", count).evidence("judged", stamps.len()).warning());
    }
    let proved = stamps.iter().filter_map(Judgement::holds);
    let proved = proved.filter(|at| claimed.is_none_or(|claimed| claimed <= *at)).min();
    SignerStamps { checks, stamps, proved }
}

const CLAUSE: &str = "RFC 3161, appendix A";
const ORDER: &str = "cms.time_order";

fn claimed(signer: &SignerInfo) -> Option<UnixTime> {
    signer.attributes.as_ref().and_then(|attributes| attributes.signing_time)
}
