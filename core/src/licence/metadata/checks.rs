//! What the metadata must agree with: itself, the identifier, the signer and the time.

use super::{Element, Holder, LicenceDate, Metadata};
use crate::{
    codes::{HolderCodeType, Uscc, holder::HolderCode, masked},
    error::Error,
    licence::identifier::Identifier,
    report::{Check, SubIndication},
    time::UnixTime,
};

const CLAUSE: &str = "GB/T 36903-2018";
const CODE_CLAUSE: &str = "GB/T 36903-2018, appendix A; GB 32100-2015; GB 11643-1999";

impl Metadata {
    /// Every check on the metadata, judged at the time `at`.
    ///
    /// Required: `metadata.unambiguous`, `metadata.identifier_agrees` and `metadata.validity`, because
    /// a contradiction or an ended validity makes the licence unfit for use. Warnings:
    /// `metadata.required`, `metadata.holder_code`, `metadata.issuer_code` and `metadata.dates`, because
    /// genuine licences are known to carry such faults. A document without any metadata gives the one
    /// check `metadata.required`, skipped, as information.
    #[must_use]
    pub fn checks(&self, at: UnixTime) -> Vec<Check> {
        if self.is_empty() {
            let check = Check::skipped(
                "metadata.required",
                CLAUSE,
                "the document carries no licence metadata",
                "文件中没有证照元数据",
            );
            return vec![check.information()];
        }
        let identifier = self.text(Element::Identifier).map(Identifier::parse);
        let agrees = match &identifier {
            Some(Ok(identifier)) => self.identifier_agrees(identifier),
            Some(Err(_)) => skipped(
                "metadata.identifier_agrees",
                "not compared: the identifier is malformed",
                "标识格式有误，未与元数据比对",
            ),
            None => skipped(
                "metadata.identifier_agrees",
                "not compared: the metadata has no identifier",
                "元数据中没有证照标识，未比对",
            ),
        };
        vec![
            self.required(),
            self.unambiguous(),
            agrees,
            self.holder_code(),
            self.issuer_code(),
            self.dates(),
            self.validity(at),
        ]
    }

    /// Check `metadata.identifier_agrees`: type code and issuing authority as the identifier has them.
    ///
    /// `identifier` may also come from elsewhere, such as the printed page. A region in the issuer's
    /// place is compared with the region in the authority's code, and its difference only warns,
    /// because an authority may have been registered in another region.
    #[must_use]
    pub fn identifier_agrees(&self, identifier: &Identifier) -> Check {
        let id = "metadata.identifier_agrees";
        let type_code = self.text(Element::TypeCode);
        let issuer = self.text(Element::IssuingAuthorityCode);
        if type_code.is_none() && issuer.is_none() {
            return skipped(
                id,
                "not compared: the metadata has neither type code nor authority code",
                "元数据中没有证照类型代码和颁发机构代码，未比对",
            );
        }
        let is_region = identifier.issuer().len() == 6;
        let issuer_part = if is_region { issuer.and_then(|code| code.get(2..8)) } else { issuer };
        let type_differs = type_code.is_some_and(|code| code != identifier.type_code());
        let issuer_differs = issuer_part.is_some_and(|code| code != identifier.issuer());
        let check = if type_differs || issuer_differs {
            Check::failed(
                id,
                "GB/T 36903-2018; GB/T 36904-2018",
                SubIndication::SigConstraintsFailure,
                "the identifier contradicts the metadata",
                "证照标识与元数据不一致",
            )
        } else {
            Check::passed(
                id,
                "GB/T 36903-2018; GB/T 36904-2018",
                "the identifier agrees with the metadata",
                "证照标识与元数据一致",
            )
        };
        let check = if !type_differs && is_region { check.warning() } else { check };
        check
            .evidence("identifier_type_code", identifier.type_code())
            .evidence("metadata_type_code", type_code.unwrap_or("-"))
            .evidence("identifier_issuer", identifier.issuer())
            .evidence("metadata_issuer", issuer.unwrap_or("-"))
    }

    fn required(&self) -> Check {
        let id = "metadata.required";
        let required = Element::ALL.iter().filter(|element| element.is_required());
        let missing: Vec<_> = required.filter(|element| self.text(**element).is_none()).collect();
        if missing.is_empty() {
            let en = "every required element is there";
            return Check::passed(id, CLAUSE, en, "必备元数据齐全").warning();
        }
        let names = |name: fn(Element) -> &'static str| {
            missing.iter().map(|element| name(**element)).collect::<Vec<_>>().join(" ")
        };
        Check::failed(
            id,
            CLAUSE,
            SubIndication::FormatFailure,
            format!("required elements are missing: {}", names(Element::short)),
            format!("缺少必备元数据：{}", names(Element::name_zh)),
        )
        .warning()
        .evidence("missing", names(Element::short))
    }

    fn unambiguous(&self) -> Check {
        let id = "metadata.unambiguous";
        if self.conflicts.is_empty() {
            let en = "no element is given twice with different texts";
            return Check::passed(id, CLAUSE, en, "元数据无相互矛盾的重复项");
        }
        let names = self.conflicts.iter().map(|name| name.short()).collect::<Vec<_>>().join(" ");
        Check::failed(
            id,
            CLAUSE,
            SubIndication::SigConstraintsFailure,
            format!("elements are given twice with different texts: {names}"),
            format!("元数据重复且内容不一致：{names}"),
        )
    }

    fn holder_code(&self) -> Check {
        let id = "metadata.holder_code";
        let holders = match self.holders() {
            Ok(holders) => holders,
            Err(error) => return malformed(id, CODE_CLAUSE, &error),
        };
        let mut checked = 0_usize;
        for holder in &holders {
            match judge_holder(holder) {
                Some(Ok(HolderCode::Unchecked)) | None => {}
                Some(Ok(_)) => checked += 1,
                Some(Err(error)) => {
                    let code = holder.code.as_deref().unwrap_or_default();
                    return malformed(id, CODE_CLAUSE, &error).evidence("code", masked(code));
                }
            }
        }
        if checked == 0 {
            let en = "not checked: no holder's code is of a type with a check character";
            return Check::skipped(id, CODE_CLAUSE, en, "持证主体代码类型没有校验规则，未检查")
                .information();
        }
        let check = Check::passed(
            id,
            CODE_CLAUSE,
            "the holder's code is well-formed and its check character right",
            "持证主体代码格式和校验位正确",
        );
        check.warning().evidence("holders", holders.len()).evidence("checked", checked)
    }

    fn issuer_code(&self) -> Check {
        let id = "metadata.issuer_code";
        let clause = "GB/T 36903-2018; GB 32100-2015";
        let Some(code) = self.text(Element::IssuingAuthorityCode) else {
            return skipped(
                id,
                "not checked: the metadata has no code of the issuing authority",
                "元数据中没有颁发机构代码，未检查",
            )
            .information();
        };
        let check = match Uscc::parse(code) {
            Ok(_) => Check::passed(
                id,
                clause,
                "the issuing authority's code is well-formed and its check character right",
                "颁发机构代码格式和校验位正确",
            )
            .warning(),
            Err(error) => malformed(id, clause, &error),
        };
        check.evidence("code", code)
    }

    fn dates(&self) -> Check {
        let id = "metadata.dates";
        let [issued, from, until] = [Element::IssuedOn, Element::ValidFrom, Element::ValidUntil]
            .map(|element| self.date(element).transpose());
        let (issued, from, until) = match (issued, from, until) {
            (Ok(issued), Ok(from), Ok(until)) => (issued, from, until),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                return malformed(id, CLAUSE, &error);
            }
        };
        if issued.is_none() && from.is_none() && until.is_none() {
            let en = "not checked: the metadata has no dates";
            return skipped(id, en, "元数据中没有日期，未检查").information();
        }
        let after = |a: Option<LicenceDate>, b: Option<LicenceDate>| matches!((a, b), (Some(a), Some(b)) if a > b);
        let check = if after(from, until) || after(issued, until) {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::FormatFailure,
                "the validity ends before it begins or before the day of issue",
                "有效期截止日期早于起始日期或颁发日期",
            )
        } else {
            Check::passed(
                id,
                CLAUSE,
                "the dates are well-formed and in order",
                "日期格式正确且先后合理",
            )
        };
        let shown =
            |date: Option<LicenceDate>| date.map_or("-".to_owned(), LicenceDate::to_exchange);
        check
            .warning()
            .evidence("issued", shown(issued))
            .evidence("from", shown(from))
            .evidence("until", shown(until))
    }

    fn validity(&self, at: UnixTime) -> Check {
        let id = "metadata.validity";
        let (from, until) = (self.date(Element::ValidFrom), self.date(Element::ValidUntil));
        if from.is_none() && until.is_none() {
            let en = "not judged: the metadata does not say until when the licence is valid";
            return skipped(id, en, "元数据未载明有效期，未判断");
        }
        let (from, until) = match (from.transpose(), until.transpose()) {
            (Ok(from), Ok(until)) => (from, until),
            (Err(error), _) | (_, Err(error)) => {
                let sub = SubIndication::FormatFailure;
                return Check::indeterminate(id, CLAUSE, sub, error.text_en(), error.text_zh());
            }
        };
        // A day of a licence is a day in Beijing, and the last day still counts.
        let today = LicenceDate::Day(at.beijing().date());
        let check = if until.is_some_and(|until| until < today) {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::Expired,
                "the licence has expired",
                "证照已过有效期",
            )
        } else if from.is_some_and(|from| from > today) {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::NotYetValid,
                "the licence is not valid yet",
                "证照尚未生效",
            )
        } else {
            Check::passed(id, CLAUSE, "the licence is within its validity", "证照在有效期内")
        };
        let shown =
            |date: Option<LicenceDate>| date.map_or("-".to_owned(), LicenceDate::to_exchange);
        check
            .evidence("from", shown(from))
            .evidence("until", shown(until))
            .evidence("at", today.to_exchange())
    }
}

/// Check `licence.issuer_is_signer`: the organisation (O) in the signer's certificate begins with the
/// code of the issuing authority, as in the certificates of government seals.
///
/// A difference warns and does not decide: seals are lawfully used on behalf of others. Where either
/// side is missing, or the organisation does not begin with a code, there is nothing to compare.
#[must_use]
pub fn issuer_is_signer(issuer_code: Option<&str>, organisation: Option<&str>) -> Check {
    let id = "licence.issuer_is_signer";
    let signer =
        organisation.and_then(|text| text.get(..18)).and_then(|text| Uscc::parse(text).ok());
    let issuer = issuer_code.filter(|code| code.len() == 18);
    let check = match (issuer, signer) {
        (Some(issuer), Some(signer)) if issuer == signer.as_str() => Check::passed(
            id,
            CLAUSE,
            "the seal belongs to the issuing authority",
            "签章单位与颁发机构一致",
        )
        .warning(),
        (Some(_), Some(_)) => Check::failed(
            id,
            CLAUSE,
            SubIndication::SigConstraintsFailure,
            "the seal belongs to another organisation than the issuing authority",
            "签章单位与颁发机构不一致",
        )
        .warning(),
        (None, _) | (_, None) => skipped(
            id,
            "not compared: the issuing authority's code or the signer's is not known",
            "颁发机构代码或签章单位代码未知，未比对",
        )
        .information(),
    };
    check
        .evidence("issuing_authority", issuer_code.unwrap_or("-"))
        .evidence("signer_organisation", organisation.unwrap_or("-"))
}

/// `None` where the holder has no code or no known type of code.
fn judge_holder(holder: &Holder) -> Option<Result<HolderCode, Error>> {
    let kind = HolderCodeType::find(holder.code_type.as_deref()?)?;
    Some(kind.check(holder.code.as_deref()?))
}

fn malformed(id: &'static str, clause: &'static str, error: &Error) -> Check {
    let sub = SubIndication::FormatFailure;
    Check::failed(id, clause, sub, error.text_en(), error.text_zh()).warning()
}

fn skipped(id: &'static str, en: &'static str, zh: &'static str) -> Check {
    Check::skipped(id, CLAUSE, en, zh)
}
