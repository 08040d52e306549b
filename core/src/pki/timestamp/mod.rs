//! Time stamps: GM/T 0033-2014 and GB/T 20520, which take the syntax of RFC 3161.
//!
//! In: a token (a SignedData whose content is a TSTInfo), the bytes that it is said to stamp, trust.
//! Out: a judgement with the proved time. Variable time: all inputs are public.

use crate::{
    Code, Error, UnixTime,
    pki::{
        algorithm::is_sm3,
        cms::SignedData,
        tlv::{self, tag},
        x509::{Certificate, Evidence, PathPolicy, PathReport, Times, TrustStore, verify_path},
    },
    primitives::sm3,
    report::{self, Check, Indication, SubIndication},
};

#[cfg(test)]
pub(crate) mod forge;
#[cfg(test)]
mod tests;

/// What came of verifying a time stamp.
#[derive(Clone, Debug)]
pub struct Judgement {
    finding: Finding,
    time: Option<UnixTime>,
}

#[derive(Clone, Debug)]
enum Finding {
    Holds,
    Malformed(Error),
    /// It stamps something else.
    OtherImprint,
    /// It is earlier than what it stamps claims to be.
    Early(UnixTime),
    /// Its signature or its authority does not pass.
    Rejected(Indication, Option<SubIndication>, &'static str),
}

/// Verifies `token` as a time stamp over `stamped`. The authority is judged at the stamped time.
#[must_use]
pub fn verify(
    token: &[u8],
    stamped: &[u8],
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    now: UnixTime,
) -> Judgement {
    let (signed_data, info) = match read(token) {
        Ok(parts) => parts,
        Err(error) => return Judgement { finding: Finding::Malformed(error), time: None },
    };
    let time = Some(info.time);
    if !is_sm3(&info.imprint_algorithm) || info.imprint != sm3::hash(stamped) {
        return Judgement { finding: Finding::OtherImprint, time };
    }
    let verification = signed_data.verify_detached(&info.der);
    let (indication, sub) = report::conclude(verification.checks.iter());
    if indication != Indication::Passed {
        return Judgement { finding: Finding::Rejected(indication, sub, "signature"), time };
    }
    let inside = signed_data.certificates().iter().filter_map(|der| Certificate::parse(der).ok());
    let evidence = evidence.with_certificates(inside);
    let times = Times { signing: info.time, validation: now };
    let path = verification
        .signer
        .map(|authority| verify_path(&authority, &evidence, trust, policy, times));
    let finding = match path {
        Some(path) if path.passed() => Finding::Holds,
        Some(PathReport { indication, sub_indication, .. }) => {
            Finding::Rejected(indication, sub_indication, "certificate")
        }
        None => Finding::Rejected(Indication::Indeterminate, None, "certificate"),
    };
    Judgement { finding, time }
}

impl Judgement {
    /// The proved time, if the stamp holds.
    #[must_use]
    pub fn holds(&self) -> Option<UnixTime> {
        matches!(self.finding, Finding::Holds).then_some(self.time).flatten()
    }

    /// The same judgement, which fails if the stamp is earlier than `time`.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        if self.holds().is_some_and(|stamped| stamped < time) {
            self.finding = Finding::Early(time);
        }
        self
    }

    /// As one check of a report.
    #[must_use]
    pub fn into_check(self, id: &'static str, clause: &'static str) -> Check {
        let check = match &self.finding {
            Finding::Holds => Check::passed(id, clause, "the time stamp holds", "时间戳有效"),
            Finding::Malformed(error) => Check::failed(
                id,
                clause,
                SubIndication::FormatFailure,
                "the time stamp is malformed",
                "时间戳格式有误",
            )
            .evidence("error", error),
            Finding::OtherImprint => Check::failed(
                id,
                clause,
                SubIndication::HashFailure,
                "the time stamp is over something else",
                "时间戳不是对该签名值加盖的",
            ),
            Finding::Early(claimed) => Check::failed(
                id,
                clause,
                SubIndication::TimestampOrderFailure,
                "the time stamp is earlier than the time that is claimed",
                "时间戳早于所声明的时间",
            )
            .evidence("claimed", claimed),
            Finding::Rejected(indication, sub, part) => {
                rejected(id, clause, *indication, *sub).evidence("part", part)
            }
        };
        match self.time {
            Some(time) => check.evidence("time", time),
            None => check,
        }
    }
}

fn rejected(
    id: &'static str,
    clause: &'static str,
    indication: Indication,
    sub: Option<SubIndication>,
) -> Check {
    let (en, zh) =
        ("the time stamp's authority or signature does not pass", "时间戳签名或其机构未通过验证");
    let sub = sub.unwrap_or(SubIndication::NoPoe);
    match indication {
        Indication::Failed => Check::failed(id, clause, sub, en, zh),
        Indication::Passed | Indication::Indeterminate => {
            Check::indeterminate(id, clause, sub, en, zh)
        }
    }
}

/// What is read of a TSTInfo (RFC 3161, 2.4.2).
struct Info {
    der: Vec<u8>,
    imprint_algorithm: Vec<u8>,
    imprint: Vec<u8>,
    time: UnixTime,
}

fn read(token: &[u8]) -> Result<(SignedData, Info), Error> {
    let signed_data = SignedData::parse(token)?;
    if signed_data.content_type() != TST_INFO {
        return Err(Error::new(Code::BadCms).field("eContentType"));
    }
    let content = signed_data.content().ok_or(Error::new(Code::BadCms).field("TSTInfo"))?;
    let whole = tlv::only(content, 0, tag::SEQUENCE, Code::BadCms, "TSTInfo")?;
    let mut cursor = whole.inside();
    if cursor.next("version")?.integer("version")? != 1 {
        return Err(whole.error("version"));
    }
    cursor.expect(tag::OID, "policy")?;
    let mut imprint = cursor.expect(tag::SEQUENCE, "messageImprint")?.inside();
    let mut algorithm = imprint.expect(tag::SEQUENCE, "hashAlgorithm")?.inside();
    let imprint_algorithm = algorithm.expect(tag::OID, "hashAlgorithm")?.value.to_vec();
    let hashed = imprint.expect(tag::OCTET_STRING, "hashedMessage")?.value.to_vec();
    cursor.expect(tag::INTEGER, "serialNumber")?;
    let time = cursor.expect(tag::GENERALIZED_TIME, "genTime")?.time("genTime")?;
    let der = content.to_vec();
    Ok((signed_data.clone(), Info { der, imprint_algorithm, imprint: hashed, time }))
}

/// 1.2.840.113549.1.9.16.1.4, id-ct-TSTInfo.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
