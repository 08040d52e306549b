//! What certificates are judged with: anchors from files, pinned or from a signed bundle, evidence, and
//! the time.

use std::path::{Path, PathBuf};

use clap::Args;
use yinxin::{
    UnixTime,
    pki::{
        bundle::{Bundle, BundlePolicy, Contents},
        crl::Crl,
        x509::{Certificate, Evidence, PathPolicy, PinnedSet, Revocation, Role, TrustStore},
    },
    primitives::sm3,
    report::{Rejected, Verified},
};

use crate::{
    encoding,
    failure::Failure,
    inputs::{self, hex},
    output::Output,
};

/// Trust anchors, intermediate certificates, revocation data and the time to judge at.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustFiles {
    /// Trusted certificates (PEM, any number): self-issued ones are trust anchors, the others only help
    /// to build paths.
    #[arg(long, value_name = "FILE", required_unless_present = "bundle", help_heading = TRUST)]
    trust: Vec<PathBuf>,
    /// Trust these certificates although another authority issued them.
    #[arg(long, value_name = "FILE", conflicts_with = "pin", help_heading = TRUST)]
    trust_anchor: Vec<PathBuf>,
    /// Trust of all these certificates only those with this SM3 thumbprint, as `yinxin cert show` prints
    /// it. Repeatable; each must be there.
    #[arg(long, value_name = "HEX", value_parser = thumbprint, help_heading = TRUST)]
    pin: Vec<sm3::Digest>,
    /// What the set of anchors is called in reports.
    #[arg(long, value_name = "NAME", hide_short_help = true, help_heading = TRUST)]
    trust_name: Option<String>,
    #[command(flatten)]
    bundle: BundleFiles,
    /// Intermediate certificates; not trusted by themselves.
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    intermediate: Vec<PathBuf>,
    /// Revocation lists, PEM or DER; complete ones, partial ones and delta lists. Beside those of a
    /// bundle, where there is one.
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    crl: Vec<PathBuf>,
    /// OCSP responses (DER), in place of revocation lists or beside them.
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    ocsp: Vec<PathBuf>,
    /// Certificates of OCSP responders that are believed for everything below the anchors, whatever they
    /// say of themselves.
    #[arg(long, value_name = "FILE", hide_short_help = true, help_heading = TRUST)]
    ocsp_responder: Vec<PathBuf>,
    /// Do not look at revocation: the check is shown as skipped. Without this, a missing or stale list
    /// leaves the answer indeterminate.
    #[arg(long, help_heading = TRUST)]
    no_revocation: bool,
    /// How many hours past its next update revocation data still counts as fresh.
    #[arg(long, value_name = "HOURS", default_value_t = 0, hide_default_value = true,
          hide_short_help = true,
          value_parser = clap::value_parser!(i64).range(0..=87600), help_heading = TRUST)]
    grace_hours: i64,
    /// The time to judge at (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time, help_heading = TRUST)]
    at: Option<UnixTime>,
}

/// A signed bundle of anchors and revocation lists, and what is demanded of it.
#[derive(Clone, Debug, Args)]
pub(crate) struct BundleFiles {
    /// A signed bundle of anchors and revocation lists, in place of --trust.
    #[arg(long, value_name = "FILE", requires_all = ["bundle_key", "bundle_set"],
          conflicts_with_all = ["trust", "trust_anchor", "pin", "trust_name"],
          help_heading = TRUST)]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    demands: BundleDemands,
}

/// What is demanded of a bundle.
#[derive(Clone, Debug, Args)]
pub(crate) struct BundleDemands {
    /// A public key (or a certificate that carries it) that may sign the bundle. Repeatable.
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    bundle_key: Vec<PathBuf>,
    /// The name of the set that the bundle must be of.
    #[arg(long, value_name = "NAME", help_heading = TRUST)]
    bundle_set: Option<String>,
    /// The sequence number of the bundle in use: an older one is refused.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true,
          hide_short_help = true, help_heading = TRUST)]
    bundle_in_use: u64,
    /// How many days after its issue the bundle still counts as fresh, if it has not expired.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(0..=36600),
          hide_short_help = true, help_heading = TRUST)]
    bundle_days_max: Option<i64>,
}

const TRUST: &str = "Trust";

/// The anchors and what helps to judge.
pub(crate) struct Loaded {
    pub(crate) trust: TrustStore,
    pub(crate) evidence: Evidence,
}

impl TrustFiles {
    /// Reads everything.
    pub(crate) fn load(&self, output: &Output) -> Result<Loaded, Failure> {
        let responses =
            self.ocsp.iter().map(|file| crate::ocsp::read(file)).collect::<Result<Vec<_>, _>>()?;
        let crls = self.crl.iter().map(|file| inputs::crl(file));
        let crls = crls.collect::<Result<Vec<_>, _>>()?;
        let Loaded { trust, evidence } = match &self.bundle.bundle {
            Some(file) => {
                let Contents { trust, evidence, .. } = self.bundle.demands.open(file)?;
                let more = inputs::all_certificates(&self.intermediate)?;
                Loaded { trust, evidence: evidence.with_certificates(more).with_crls(crls) }
            }
            None => self.load_files(crls, output)?,
        };
        let trust = trust.with_responders(inputs::all_certificates(&self.ocsp_responder)?);
        Ok(Loaded { trust, evidence: evidence.with_ocsp(responses) })
    }

    fn load_files(&self, crls: Vec<Crl>, output: &Output) -> Result<Loaded, Failure> {
        let (mut anchors, mut intermediates) = (Vec::new(), Vec::new());
        let given = inputs::all_certificates(&self.trust)?;
        let name = self.trust_name.as_deref();
        if self.pin.is_empty() {
            let is_anchor = Certificate::is_self_issued;
            (anchors, intermediates) = given.into_iter().partition(is_anchor);
        } else {
            let thumbprints = self.pin.iter().copied().collect();
            let set = PinnedSet { name: name.unwrap_or("pinned").into(), thumbprints };
            let found = set.select(given);
            if let Some(missing) = found.missing.first() {
                let missing = hex(missing);
                return Err(Failure::usage(
                    format!("--pin {missing}: no such certificate among those of --trust"),
                    format!("--pin {missing}：--trust 中没有此证书"),
                ));
            }
            anchors.extend(found.trust.anchors().cloned());
            intermediates.extend(found.others);
        }
        anchors.extend(inputs::all_certificates(&self.trust_anchor)?);
        if anchors.is_empty() {
            // Every answer will be indeterminate, for a reason that is not in what is judged.
            output.note(output.pick(
                "yinxin: no certificate of --trust is self-issued, so that nothing is trusted; \
                 --trust-anchor FILE trusts one that another authority issued",
                "yinxin：--trust 中没有自签发证书，因此没有信任锚；如需信任由其他机构签发的证书，请用 --trust-anchor FILE",
            ));
        }
        intermediates.extend(inputs::all_certificates(&self.intermediate)?);
        let evidence = Evidence::new(intermediates, crls);
        let trust = match name {
            Some(name) => TrustStore::named(name, anchors),
            None => TrustStore::new(anchors),
        };
        Ok(Loaded { trust, evidence })
    }

    /// The time to judge at.
    pub(crate) fn at(&self) -> Result<UnixTime, Failure> {
        self.at.map_or_else(inputs::now, Ok)
    }

    /// Whether revocation must be decided.
    pub(crate) const fn revocation(&self) -> Revocation {
        if self.no_revocation { Revocation::NotChecked } else { Revocation::Required }
    }

    /// What is demanded of the path of one who has this role.
    pub(crate) const fn policy(&self, role: Role) -> PathPolicy {
        PathPolicy { role, revocation: self.revocation(), crl_grace_s: self.grace_s() }
    }

    /// How many seconds past its next update revocation data still counts as fresh.
    pub(crate) const fn grace_s(&self) -> i64 {
        self.grace_hours * 3600
    }
}

impl BundleDemands {
    /// The report of a bundle, and what it holds if that may be used.
    pub(crate) fn verify(
        &self,
        bundle: &Bundle,
        at: UnixTime,
    ) -> Result<Result<Verified<Contents>, Rejected>, Failure> {
        if self.bundle_key.is_empty() || self.bundle_set.is_none() {
            return Err(Failure::usage(
                "a bundle is verified with --bundle-key FILE and --bundle-set NAME",
                "验证信任包需要 --bundle-key FILE 和 --bundle-set NAME",
            ));
        }
        let keys = self.bundle_key.iter().map(|file| inputs::public_key(file));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        Ok(bundle.verify(&BundlePolicy {
            keys: &keys,
            set: self.bundle_set.as_deref().unwrap_or_default(),
            at,
            sequence_min: self.bundle_in_use,
            age_max_s: self.bundle_days_max.map(|days| days * 86_400),
        }))
    }

    /// What a bundle holds, or why it may not be used now, whatever time is judged at.
    fn open(&self, file: &Path) -> Result<Contents, Failure> {
        let name = inputs::name(file);
        match self.verify(&bundle(file)?, inputs::now()?)? {
            Ok(verified) => Ok(verified.into_value()),
            Err(Rejected { report }) => {
                let checks = report.checks.iter();
                let check = checks.clone().find(|check| check.counts_against());
                let text = check.map(|check| check.text.clone());
                Err(Failure::Bundle { what: name, text })
            }
        }
    }
}

/// A signed bundle, as it was read.
pub(crate) fn bundle(path: &Path) -> Result<Bundle, Failure> {
    let parsed = Bundle::parse(&inputs::structure(path)?);
    parsed.map_err(|error| Failure::core(&inputs::name(path), error))
}

/// Reads an SM3 thumbprint; colons and spaces between the digits are skipped.
fn thumbprint(text: &str) -> Result<sm3::Digest, String> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    let bytes = encoding::from_hex(digits.as_bytes());
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| "a thumbprint is 64 hexadecimal digits".to_owned())
}
