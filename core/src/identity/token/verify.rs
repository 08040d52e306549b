//! From a token's text to a verdict: RFC 7519, 7.2, with the policy first (RFC 8725).
//!
//! Order: size and form; issuer and key id looked up in the policy; algorithm compared; signature
//! over the original text; then type and claims at the given time. The payload is read before its
//! signature is verified, but only for `iss`, and only to look it up.

use serde_json::{Map, Value};

use super::{
    Claims, TokenId, TokenPolicy, TokenType, claims, json,
    jws::{Compact, Header},
    policy::TrustedKey,
};
use crate::{
    error::{Code, Error},
    primitives::sm2::DistId,
    report::{Check, Indication, Rejected, SubIndication, Verdict, Verified},
    time::UnixTime,
};

/// Judges `token` by `policy` at the time `at`.
///
/// Every check is in the report, also where an earlier one did not pass; those that make no sense
/// any more are `Skipped`, above all every check of a claim when the signature does not hold. An
/// unknown issuer fails. An unknown key id of a known issuer is `Indeterminate`: the issuer may
/// have a newer key than those given.
///
/// A passed token may still be a replay: whoever must exclude that keeps (`iss`, `jti`) until `exp`
/// plus the leeway, and demands `jti` with [`TokenPolicy::with_token_id`].
///
/// # Errors
/// [`Code::BadToken`], [`Code::BadBase64`], [`Code::BadJson`] or [`Code::LimitReached`] if the text
/// is no JWS in compact form with JSON objects as header and payload. All else is in the verdict.
pub fn verify(
    token: &str,
    policy: &TokenPolicy,
    at: UnixTime,
) -> Result<Result<Verified<Claims>, Rejected>, Error> {
    let parts = Compact::parse(token)?;
    let members = json::object(&parts.payload, "payload")?;
    let mut checks = Vec::with_capacity(GATES.len() + CLAIMS.len());
    if open_gates(&parts, &members, policy, &mut checks).is_some() {
        let case = Case { header: &parts.header, members: &members, policy, at };
        checks.extend(CLAIMS.map(|(rule, check)| check(&case, rule)));
    }
    let reached = checks.len();
    let rules = GATES.into_iter().chain(CLAIMS.map(|(rule, _)| rule));
    checks.extend(rules.skip(reached).map(|rule| {
        rule.skipped(
            "not checked, because an earlier check did not pass",
            "因此前的检查未通过，未进行此项检查",
        )
    }));
    let report = Verdict::conclude(checks);
    match report.indication {
        Indication::Passed => Ok(Ok(Verified::new(Claims::from_members(members)?, report))),
        Indication::Failed | Indication::Indeterminate => Ok(Err(Rejected { report })),
    }
}

/// The checks of which each must pass before the next is made.
const GATES: [Rule; 4] = [FORMAT, ISSUER, ALGORITHM, SIGNATURE];
const FORMAT: Rule = Rule("token.format", "RFC 7515, 4.1.11, 5.2");
const ISSUER: Rule = Rule("token.issuer", "RFC 8725, 3.8");
const ALGORITHM: Rule = Rule("token.algorithm", "GM/T 0125.1-2022; RFC 8725, 3.1");
const SIGNATURE: Rule = Rule("token.signature", "GM/T 0125.2-2022; GB/T 32918.2-2016, 7");

/// The checks of what is signed. All are made.
const CLAIMS: [(Rule, ClaimCheck); 8] = [
    (Rule("token.type", "RFC 7515, 4.1.9; RFC 8725, 3.11"), check_type),
    (Rule("token.audience", "RFC 7519, 4.1.3; RFC 8725, 3.9"), check_audience),
    (Rule("token.subject", "RFC 7519, 4.1.2"), check_subject),
    (Rule("token.issued_at", "RFC 7519, 4.1.6"), check_issued_at),
    (Rule("token.not_before", "RFC 7519, 4.1.5"), check_not_before),
    (Rule("token.expiry", "RFC 7519, 4.1.4"), check_expiry),
    (Rule("token.lifetime", "RFC 7519, 4.1.4, 4.1.6"), check_lifetime),
    (Rule("token.id", "RFC 7519, 4.1.7"), check_token_id),
];

type ClaimCheck = fn(&Case<'_>, Rule) -> Check;

/// The id and the clause of a check.
#[derive(Clone, Copy)]
struct Rule(&'static str, &'static str);

impl Rule {
    fn passed(self, en: &'static str, zh: &'static str) -> Check {
        Check::passed(self.0, self.1, en, zh)
    }

    fn failed(self, sub: SubIndication, en: &'static str, zh: &'static str) -> Check {
        Check::failed(self.0, self.1, sub, en, zh)
    }

    fn skipped(self, en: &'static str, zh: &'static str) -> Check {
        Check::skipped(self.0, self.1, en, zh)
    }

    /// A claim that could not be read.
    fn unreadable(self, error: &Error) -> Check {
        let (en, zh) = (error.text_en(), error.text_zh());
        Check::failed(self.0, self.1, SubIndication::FormatFailure, en, zh)
            .evidence("error", error.code().name())
    }
}

/// Pushes the checks of [`GATES`] as far as they get; `Some` if all passed.
fn open_gates(
    parts: &Compact<'_>,
    members: &Map<String, Value>,
    policy: &TokenPolicy,
    checks: &mut Vec<Check>,
) -> Option<()> {
    checks.push(check_format(&parts.header));
    parts.header.extension.is_none().then_some(())?;
    let (check, trusted) = check_issuer(&parts.header, members, policy);
    checks.push(check);
    let trusted = trusted?;
    let expected = trusted.profile.algorithm();
    let found = &parts.header.algorithm;
    let check = if found == expected {
        ALGORITHM.passed("the algorithm is that of the issuer's key", "算法与签发者密钥所定一致")
    } else {
        ALGORITHM.failed(
            SubIndication::CryptoConstraintsFailure,
            "the header names another algorithm than that of the issuer's key",
            "头部声明的算法与签发者密钥所定不一致",
        )
    };
    checks.push(check.evidence("expected", expected).evidence("found", found));
    (found == expected).then_some(())?;
    let result = parts.verify_signature(&trusted.key, trusted.profile, &DistId::DEFAULT);
    checks.push(check_signature(&result));
    result.ok()
}

fn check_format(header: &Header) -> Check {
    let check = match header.extension {
        None => FORMAT.passed("the token is well-formed", "令牌格式正确"),
        Some(member) => FORMAT
            .failed(
                SubIndication::FormatFailure,
                "the header demands an extension that is not supported",
                "头部要求不支持的扩展",
            )
            .evidence("extension", member),
    };
    if header.embedded_keys.is_empty() {
        return check;
    }
    check.evidence("ignored", header.embedded_keys.join(", "))
}

fn check_issuer<'a>(
    header: &Header,
    members: &Map<String, Value>,
    policy: &'a TokenPolicy,
) -> (Check, Option<&'a TrustedKey>) {
    let missing = |name| Error::new(Code::BadClaim).field(name);
    let names = claims::text(members, "iss")
        .and_then(|issuer| issuer.ok_or(missing("iss")))
        .and_then(|issuer| Ok((issuer, header.key_id.as_ref().ok_or(missing("kid"))?)));
    let (issuer, key_id) = match names {
        Ok(names) => names,
        Err(error) => return (ISSUER.unreadable(&error), None),
    };
    let keys = policy.issuers.keys_of(&issuer);
    let trusted = keys.and_then(|keys| keys.get(key_id));
    let no_key = SubIndication::NoSigningCertificateFound;
    let check = if trusted.is_some() {
        ISSUER.passed("issuer and key are trusted by the policy", "策略信任该签发者及其密钥")
    } else if keys.is_some() {
        let en = "the issuer is trusted, but this key of it was not given";
        let zh = "信任该签发者，但未提供其此密钥";
        Check::indeterminate(ISSUER.0, ISSUER.1, no_key, en, zh)
    } else {
        ISSUER.failed(no_key, "the policy does not trust this issuer", "策略不信任该签发者")
    };
    (check.evidence("issuer", issuer).evidence("key_id", key_id), trusted)
}

fn check_signature(result: &Result<(), Error>) -> Check {
    match result {
        Ok(()) => SIGNATURE.passed("the signature is valid", "签名有效"),
        Err(error) if error.code() == Code::BadSignatureEncoding => SIGNATURE.failed(
            SubIndication::SigCryptoFailure,
            "the signature is not encoded in the form of the issuer's key",
            "签名编码不符合签发者密钥所定格式",
        ),
        Err(_) => SIGNATURE.failed(
            SubIndication::SigCryptoFailure,
            "the signature does not verify with the issuer's key",
            "签名无法用签发者公钥验证通过",
        ),
    }
}

/// What the checks of claims look at.
struct Case<'a> {
    header: &'a Header,
    members: &'a Map<String, Value>,
    policy: &'a TokenPolicy,
    at: UnixTime,
}

impl Case<'_> {
    fn time(&self, name: &'static str) -> Result<Option<UnixTime>, Error> {
        claims::numeric_date(self.members, name)
    }

    fn with_times(&self, check: Check, name: &'static str, time: UnixTime) -> Check {
        check
            .evidence(name, time)
            .evidence("at", self.at)
            .evidence("leeway_s", self.policy.leeway_s)
    }
}

fn check_type(case: &Case<'_>, rule: Rule) -> Check {
    let TokenType::Exactly(expected) = &case.policy.token_type else {
        return rule.skipped("the policy does not compare the type", "策略不要求比对类型");
    };
    let found = case.header.token_type.as_deref().unwrap_or_default();
    let check = if bare_type(found).eq_ignore_ascii_case(bare_type(expected)) {
        rule.passed("the token is of the expected type", "令牌类型与预期一致")
    } else {
        rule.failed(
            SubIndication::SigConstraintsFailure,
            "the token is of another type than expected",
            "令牌类型与预期不一致",
        )
    };
    check.evidence("expected", expected).evidence("found", found)
}

/// RFC 7515, 4.1.9: `application/` may be left out where no other slash follows.
fn bare_type(media_type: &str) -> &str {
    match media_type.split_once('/') {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("application") && !rest.contains('/') => {
            rest
        }
        Some(_) | None => media_type,
    }
}

fn check_audience(case: &Case<'_>, rule: Rule) -> Check {
    let expected = &case.policy.audience;
    match claims::audience(case.members) {
        Err(error) => rule.unreadable(&error),
        Ok(None) => missing(rule, "aud"),
        Ok(Some(found)) => if found.contains(expected) {
            rule.passed("the token is for this service", "令牌的受众包含本服务")
        } else {
            rule.failed(
                SubIndication::SigConstraintsFailure,
                "the token is for another service",
                "令牌的受众不包含本服务",
            )
        }
        .evidence("expected", expected)
        .evidence("found", found.join(", ")),
    }
}

fn check_subject(case: &Case<'_>, rule: Rule) -> Check {
    match claims::text(case.members, "sub") {
        Err(error) => rule.unreadable(&error),
        Ok(None) => missing(rule, "sub"),
        // The subject itself is personal data and stays out of the report.
        Ok(Some(_)) => rule.passed("the token names its subject", "令牌载明主体"),
    }
}

fn check_issued_at(case: &Case<'_>, rule: Rule) -> Check {
    match case.time("iat") {
        Err(error) => rule.unreadable(&error),
        Ok(None) => rule.skipped("the token does not say when it was issued", "令牌未载明签发时间"),
        Ok(Some(time)) if time > case.at.plus_s(case.policy.leeway_s.into()) => {
            let en = "the token was issued in the future";
            let check = rule.failed(SubIndication::NotYetValid, en, "令牌签发时间晚于验证时间");
            case.with_times(check, "iat", time)
        }
        Ok(Some(time)) => {
            let check =
                rule.passed("the token was issued in the past", "令牌签发时间不晚于验证时间");
            case.with_times(check, "iat", time)
        }
    }
}

fn check_not_before(case: &Case<'_>, rule: Rule) -> Check {
    match case.time("nbf") {
        Err(error) => rule.unreadable(&error),
        Ok(None) => rule.skipped("the token names no earliest time", "令牌未载明生效时间"),
        Ok(Some(time)) if time > case.at.plus_s(case.policy.leeway_s.into()) => {
            let check = rule.failed(
                SubIndication::NotYetValid,
                "the token is not yet valid",
                "令牌尚未生效",
            );
            case.with_times(check, "nbf", time)
        }
        Ok(Some(time)) => {
            case.with_times(rule.passed("the token is valid already", "令牌已生效"), "nbf", time)
        }
    }
}

fn check_expiry(case: &Case<'_>, rule: Rule) -> Check {
    match case.time("exp") {
        Err(error) => rule.unreadable(&error),
        Ok(None) => missing(rule, "exp"),
        // On `exp` itself it is expired already (RFC 7519, 4.1.4: "on or after").
        Ok(Some(time)) if case.at >= time.plus_s(case.policy.leeway_s.into()) => {
            let check = rule.failed(SubIndication::Expired, "the token has expired", "令牌已过期");
            case.with_times(check, "exp", time)
        }
        Ok(Some(time)) => {
            case.with_times(rule.passed("the token has not expired", "令牌未过期"), "exp", time)
        }
    }
}

fn check_lifetime(case: &Case<'_>, rule: Rule) -> Check {
    let Some(most) = case.policy.lifetime_max_s else {
        return rule.skipped("the policy sets no longest lifetime", "策略未限定最长有效期");
    };
    let (Ok(issued_at), Ok(Some(expires))) = (case.time("iat"), case.time("exp")) else {
        let en = "the lifetime is unknown, because a time could not be read";
        return rule.skipped(en, "因时间无法读取，有效期未知");
    };
    let Some(issued_at) = issued_at else {
        return missing(rule, "iat");
    };
    // Both times lie between 1970 and 9999: the difference does not overflow.
    let lifetime = expires.unix_s() - issued_at.unix_s();
    let check = if lifetime <= i64::from(most) {
        rule.passed("the lifetime is within the policy's bound", "有效期未超过策略上限")
    } else {
        rule.failed(
            SubIndication::SigConstraintsFailure,
            "the lifetime is longer than the policy allows",
            "有效期超过策略上限",
        )
    };
    check.evidence("lifetime_s", lifetime).evidence("lifetime_max_s", most)
}

fn check_token_id(case: &Case<'_>, rule: Rule) -> Check {
    match (claims::text(case.members, "jti"), case.policy.token_id) {
        (Err(error), _) => rule.unreadable(&error),
        (Ok(Some(id)), _) => {
            rule.passed("the token has an identifier", "令牌带有标识").evidence("jti", id)
        }
        (Ok(None), TokenId::Required) => missing(rule, "jti"),
        (Ok(None), TokenId::Optional) => {
            rule.skipped("the token has no identifier and needs none", "令牌无标识，策略亦不要求")
        }
    }
}

fn missing(rule: Rule, name: &'static str) -> Check {
    rule.unreadable(&Error::new(Code::BadClaim).field(name))
}
