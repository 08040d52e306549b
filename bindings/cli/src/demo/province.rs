//! The demonstration's province: a root, an issuing authority, a seal maker, a department with its
//! signer and seal, and the identity service that its officer signs in with.

use std::path::Path;

use yinxin::{
    Error, UnixTime,
    identity::token::{self, Claims, IssuerKey, Issuers, Profile as TokenProfile, TokenPolicy},
    licence::{
        issue::{SealingKey, picture},
        seal::{self, Seal, SealDescription, SealPicture},
        verify::Verifier,
    },
    pki::{
        crl::{self, Crl, Reason},
        keys,
        x509::{
            Certificate, Evidence, TrustStore,
            issue::{self, CertificateRequest, Profile, Subject},
        },
    },
    primitives::sm2::PrivateKey,
    report::{Verdict, Verified},
};

use crate::{
    failure::Failure,
    output::{self, Access},
};

/// The department: an invented body whose unified social credit code lies in no real region.
pub(crate) const DEPARTMENT: &str = "示例市行政审批局";
pub(crate) const DEPARTMENT_CODE: &str = "11990000MB0000000J";
const SEAL_ID: &str = "99000000000001";
/// 42 mm at 300 dots an inch.
const SEAL_PIXELS: u32 = 496;
const DAY_S: i64 = 86_400;

/// A key with its certificate.
pub(crate) struct Holder {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
}

/// Everybody and everything that the demonstration needs.
pub(crate) struct Province {
    root: Holder,
    authority: Holder,
    maker: Holder,
    signer: Holder,
    seal: Seal,
    crl: Crl,
    root_crl: Crl,
    identity_service: PrivateKey,
}

/// One attempt to sign in, and what came of it.
pub(crate) struct SignIn {
    pub(crate) name: &'static str,
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) verdict: Verdict,
    /// Who may work, if the token passed.
    pub(crate) officer: Option<Verified<Claims>>,
}

const fn refused(what: &'static str) -> impl Fn(Error) -> Failure {
    move |error| Failure::core(what, error)
}

fn subject(organisation: &str, common_name: &str) -> Subject {
    Subject {
        country: "CN".to_owned(),
        organisation: organisation.to_owned(),
        common_name: common_name.to_owned(),
        ..Subject::default()
    }
}

/// A new key, certified by `issuer` or by itself, from a year before `now`.
fn holder(
    subject: Subject,
    profile: Profile,
    issuer: Option<&Holder>,
    now: UnixTime,
) -> Result<Holder, Error> {
    let key = PrivateKey::generate()?;
    let days = match profile {
        Profile::Root => 7300,
        Profile::IssuingCa { .. } => 3650,
        Profile::SealMaker
        | Profile::Signer
        | Profile::Encryption
        | Profile::TimeStamper
        | Profile::OcspResponder => 730,
    };
    let request = CertificateRequest {
        subject,
        profile,
        public_key: key.public().clone(),
        not_before: now.plus_s(-365 * DAY_S),
        not_after: now.plus_s((days - 365) * DAY_S),
        serial: None,
    };
    let certificate = match issuer {
        Some(issuer) => issue::issue(&request, Some(&issuer.certificate), &issuer.key)?,
        None => issue::issue(&request, None, &key)?,
    };
    Ok(Holder { key, certificate })
}

/// A seal of the department, made by `maker` for `signer`.
pub(crate) fn department_seal(
    maker: &Holder,
    signer: &Holder,
    now: UnixTime,
) -> Result<Seal, Error> {
    let description = SealDescription {
        vendor: "yinxin demo".to_owned(),
        id: SEAL_ID.to_owned(),
        name: DEPARTMENT.to_owned(),
        kind: 1,
        created: now.plus_s(-30 * DAY_S),
        valid_from: now.plus_s(-30 * DAY_S),
        valid_until: now.plus_s(335 * DAY_S),
        signer_certificates: vec![signer.certificate.clone()],
        picture: SealPicture {
            png: picture::official_seal(SEAL_PIXELS)?,
            width_mm: 42,
            height_mm: 42,
        },
    };
    seal::make(&description, &maker.certificate, &maker.key)
}

/// A maker with the right words in its certificate, but under a root that nobody trusts.
pub(crate) fn unknown_maker(now: UnixTime) -> Result<Holder, Error> {
    let root = holder(subject("Unknown", "Unknown Root"), Profile::Root, None, now)?;
    holder(subject("示例省印章中心", "Seal Maker"), Profile::SealMaker, Some(&root), now)
}

impl Province {
    /// Makes everything anew: keys are never shipped.
    pub(crate) fn new(now: UnixTime) -> Result<Self, Failure> {
        Self::make(now).map_err(refused("province"))
    }

    fn make(now: UnixTime) -> Result<Self, Error> {
        let root = holder(subject("示例省", "Example Province Root CA"), Profile::Root, None, now)?;
        let profile = Profile::IssuingCa { path_length: 0 };
        let name = subject("示例省", "Example Province Issuing CA");
        let authority = holder(name, profile, Some(&root), now)?;
        let name = subject("示例省印章中心", "Seal Maker");
        let maker = holder(name, Profile::SealMaker, Some(&authority), now)?;
        let name = subject(&format!("{DEPARTMENT_CODE}{DEPARTMENT}"), SEAL_ID);
        let signer = holder(name, Profile::Signer, Some(&authority), now)?;
        let seal = department_seal(&maker, &signer, now)?;
        let next = now.plus_s(7 * DAY_S);
        let before = now.plus_s(-3600);
        let root_crl = crl::make(&root.certificate, &[], before, next, 1, &root.key)?;
        let crl = crl::make(&authority.certificate, &[], before, next, 1, &authority.key)?;
        let identity_service = PrivateKey::generate()?;
        Ok(Self { root, authority, maker, signer, seal, crl, root_crl, identity_service })
    }

    /// The certificates with what they are, for the story.
    pub(crate) fn certificates(&self) -> [(&'static str, &'static str, &Certificate); 4] {
        [
            ("root CA", "根 CA", &self.root.certificate),
            ("issuing CA", "签发 CA", &self.authority.certificate),
            ("seal maker", "制章人", &self.maker.certificate),
            ("department", "部门签章证书", &self.signer.certificate),
        ]
    }

    /// Writes what a user needs to repeat the demonstration by hand.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let trust =
            format!("{}{}", self.root.certificate.to_pem(), self.authority.certificate.to_pem());
        let lists = [("root.crl", &self.root_crl), ("issuing.crl", &self.crl)];
        output::write(&folder.join("trust.pem"), trust.as_bytes(), Access::Public)?;
        for (name, list) in lists {
            output::write(&folder.join(name), list.to_pem().as_bytes(), Access::Public)?;
        }
        let signer = self.signer.certificate.to_pem();
        output::write(&folder.join("department.pem"), signer.as_bytes(), Access::Public)?;
        output::write(&folder.join("department.esl"), self.seal.raw(), Access::Public)?;
        let picture = self.seal.picture();
        output::write(&folder.join("seal.png"), picture.data, Access::Public)?;
        let key = keys::private_key_to_pem(&self.signer.key).map_err(refused("department.key"))?;
        let path = folder.join("department.key");
        if path.exists() {
            // A key of an earlier demonstration; it is worth nothing.
            std::fs::remove_file(&path)
                .map_err(|error| Failure::io(&path.display().to_string(), error))?;
        }
        output::write(&path, key.as_bytes(), Access::Owner)
    }

    /// The department's seal and signer.
    pub(crate) fn sealing_key(&self) -> SealingKey<'_> {
        let Holder { key, certificate } = &self.signer;
        SealingKey { seal: &self.seal, certificate, signer: key, time_stamps: None }
    }

    /// The department's signer.
    pub(crate) const fn signer(&self) -> &Holder {
        &self.signer
    }

    /// The issuing authority's revocation list, in which nobody is revoked.
    pub(crate) const fn crl(&self) -> &Crl {
        &self.crl
    }

    /// A list in which the department's signer was revoked at `at`.
    pub(crate) fn crl_with_signer_revoked(
        &self,
        at: UnixTime,
        now: UnixTime,
    ) -> Result<Crl, Error> {
        let entries = [(self.signer.certificate.serial(), at, Reason::KeyCompromise)];
        let next = now.plus_s(7 * DAY_S);
        let Holder { key, certificate } = &self.authority;
        crl::make(certificate, &entries, now.plus_s(-60), next, 2, key)
    }

    /// A verifier that trusts the root and nothing else.
    pub(crate) fn verifier(&self, crl: &Crl) -> Verifier {
        let intermediates = vec![self.authority.certificate.clone()];
        let evidence = Evidence::new(intermediates, vec![crl.clone(), self.root_crl.clone()]);
        Verifier::new(TrustStore::new(vec![self.root.certificate.clone()])).with_evidence(evidence)
    }

    /// The officer signs in: once rightly, three times in ways that must be refused.
    pub(crate) fn sign_ins(&self, now: UnixTime) -> Result<[SignIn; 4], Failure> {
        self.try_sign_ins(now).map_err(refused("token"))
    }

    fn try_sign_ins(&self, now: UnixTime) -> Result<[SignIn; 4], Error> {
        const ISSUER: &str = "https://id.example.gov.invalid";
        const AUDIENCE: &str = "licence-issuing";
        let mut issuers = Issuers::new();
        let public = self.identity_service.public().clone();
        issuers.add(ISSUER, "2026-1", public, TokenProfile::Gmt0125)?;
        let policy = TokenPolicy::new(issuers, AUDIENCE)?;
        let token = |issuer: &str, from: i64| {
            let issued = now.plus_s(from);
            let claims = Claims::new(issuer, "officer-0001", AUDIENCE, issued, issued.plus_s(1800));
            token::issue(&claims, &IssuerKey::new(issuer, "2026-1", &self.identity_service))
        };
        let good = token(ISSUER, -60)?;
        let sign_in = |name, en, zh, token: &str| {
            Ok::<_, Error>(match token::verify(token, &policy, now)? {
                Ok(verified) => {
                    let verdict = verified.report().clone();
                    SignIn { name, en, zh, verdict, officer: Some(verified) }
                }
                Err(rejected) => SignIn { name, en, zh, verdict: rejected.report, officer: None },
            })
        };
        Ok([
            sign_in("valid", "a valid token", "有效令牌", &good)?,
            sign_in("expired", "an expired token", "过期令牌", &token(ISSUER, -7200)?)?,
            sign_in(
                "unknown_issuer",
                "a token of an unknown issuer",
                "未知签发者的令牌",
                &token("https://id.elsewhere.invalid", -60)?,
            )?,
            sign_in(
                "other_algorithm",
                "a token whose header names another algorithm",
                "头部声明其他算法的令牌",
                &with_algorithm(&good, "HS256")?,
            )?,
        ])
    }
}

/// `token` with another algorithm in its header, as an attacker would write it.
fn with_algorithm(token: &str, algorithm: &str) -> Result<String, Error> {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    let malformed = || Error::new(yinxin::Code::BadToken);
    let (header, rest) = token.split_once('.').ok_or_else(malformed)?;
    let header = Base64UrlUnpadded::decode_vec(header).map_err(|_| malformed())?;
    let header = String::from_utf8(header).map_err(|_| malformed())?;
    let header = header.replace(TokenProfile::Gmt0125.algorithm(), algorithm);
    Ok(format!("{}.{rest}", Base64UrlUnpadded::encode_string(header.as_bytes())))
}
