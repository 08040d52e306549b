//! One signature of a document: Signature.xml, its digests, its value, its signer, its seal.

use super::{
    Verifier,
    package::listed,
    report::{CertificatePath, CoverageReport, Party, SealSummary, SignatureReport},
};
use crate::{
    error::Error,
    licence::{
        ofd::{
            self, CheckMethod, Closure, Coverage, Document, Package, SignatureEntry, SignatureFile,
            SignatureKind, SignatureList,
        },
        seal::{SignedValue, verify as seal, verify::SealedDocument},
    },
    limits::{COVERAGE_NAMES_BYTES_MAX, SIGNATURES_MAX, SIGNED_VALUES_BYTES_MAX},
    pki::{
        algorithm::read_signature,
        cms::{self, SignedData, Verification, VerifyOptions},
        x509::{Certificate, PathReport, Role, Times, verify_path},
    },
    primitives::sm3,
    report::{Check, Indication, SubIndication, conclude},
    time::UnixTime,
};

const LIST: &str = "GB/T 33190-2016, 18.1";
const FILE: &str = "GB/T 33190-2016, 18.2";

/// What the signatures of a package have cost so far, over all its documents: several documents may
/// share one list, and several signatures one value.
#[derive(Default)]
pub(super) struct Effort {
    signatures: usize,
    value_bytes: usize,
    name_bytes: usize,
}

impl Effort {
    fn spend(spent: &mut usize, more: usize, most: usize, name: &'static str) -> Result<(), Error> {
        *spent = spent.saturating_add(more);
        if *spent > most { Err(Error::limit(name)) } else { Ok(()) }
    }

    fn spend_signatures(&mut self, more: usize) -> Result<(), Error> {
        Self::spend(&mut self.signatures, more, SIGNATURES_MAX, "SIGNATURES_MAX")
    }

    fn spend_value(&mut self, value: &[u8]) -> Result<(), Error> {
        let (most, name) = (SIGNED_VALUES_BYTES_MAX, "SIGNED_VALUES_BYTES_MAX");
        Self::spend(&mut self.value_bytes, value.len(), most, name)
    }

    fn spend_names(&mut self, coverage: &CoverageReport) -> Result<(), Error> {
        let CoverageReport { covered, mismatched, missing, unchecked, .. } = coverage;
        let CoverageReport { uncovered_rendered, uncovered_referenced, unreferenced, .. } =
            coverage;
        let named = [covered, mismatched, missing, unchecked];
        let open = [uncovered_rendered, uncovered_referenced, unreferenced];
        let bytes = named.into_iter().chain(open).flatten().map(String::len).sum();
        let (most, name) = (COVERAGE_NAMES_BYTES_MAX, "COVERAGE_NAMES_BYTES_MAX");
        Self::spend(&mut self.name_bytes, bytes, most, name)
    }
}

/// The signatures of one document.
pub(super) struct Signatures {
    /// What is to be said of the list.
    pub(super) list_check: Check,
    /// Each signature in the order of the list.
    pub(super) signatures: Vec<SignatureReport>,
}

/// Verifies every signature of `document`.
pub(super) fn reports(
    verifier: &Verifier,
    package: &Package,
    document: &Document,
    closure: &Closure,
    at: UnixTime,
    effort: &mut Effort,
) -> Result<Signatures, Error> {
    let list = SignatureList::read(package, document)?;
    let list_check = list_check(&list);
    effort.spend_signatures(list.entries().len())?;
    let one = |entry| Subject { verifier, package, closure, entry, at }.report(effort);
    let signatures = list.entries().iter().map(one).collect::<Result<_, _>>()?;
    Ok(Signatures { list_check, signatures })
}

fn list_check(list: &SignatureList) -> Check {
    let none = |en: &'static str, zh: &'static str| {
        Check::indeterminate("document.signatures", LIST, SubIndication::NoSignatureFound, en, zh)
    };
    match list {
        SignatureList::Absent => none("the document carries no signature", "文档没有签名"),
        SignatureList::Dangling { path } => none(
            "the document names a signature list that is missing: no signature found",
            "文档指明的签名列表文件缺失：未找到签名",
        )
        .evidence("missing", path),
        SignatureList::Present { entries, .. } if entries.is_empty() => {
            none("the signature list is empty: no signature found", "签名列表为空：未找到签名")
        }
        SignatureList::Present { entries, max_sign_ids, .. } => Check::passed(
            "document.signatures",
            LIST,
            "the document carries signatures",
            "文档带有签名",
        )
        .evidence("count", entries.len())
        .evidence("max_sign_id", max_sign_ids.join(", ")),
    }
}

/// One signature and what it is judged with.
struct Subject<'a> {
    verifier: &'a Verifier,
    package: &'a Package,
    closure: &'a Closure,
    entry: &'a SignatureEntry,
    at: UnixTime,
}

impl Subject<'_> {
    fn report(&self, effort: &mut Effort) -> Result<SignatureReport, Error> {
        let mut report = SignatureReport {
            id: self.entry.id.clone(),
            kind: match self.entry.kind {
                SignatureKind::Seal => "Seal",
                SignatureKind::Sign => "Sign",
            },
            path: self.entry.path.clone(),
            indication: Indication::Indeterminate,
            sub_indication: None,
            signer: None,
            seal: None,
            signed_at: None,
            coverage: CoverageReport::default(),
            checks: Vec::new(),
            certificates: Vec::new(),
        };
        match self.read() {
            Ok((bytes, file)) => self.examine(bytes, &file, &mut report, effort)?,
            Err(error) => report.checks.push(unreadable("signature.file", &error)),
        }
        (report.indication, report.sub_indication) = conclude(report.checks.iter());
        Ok(report)
    }

    fn read(&self) -> Result<(&[u8], SignatureFile), Error> {
        let bytes = self.package.require(&self.entry.path)?;
        Ok((bytes, SignatureFile::parse(bytes, &self.entry.path)?))
    }

    fn examine(
        &self,
        bytes: &[u8],
        file: &SignatureFile,
        report: &mut SignatureReport,
        effort: &mut Effort,
    ) -> Result<(), Error> {
        report.checks.push(
            Check::passed(
                "signature.file",
                FILE,
                "Signature.xml is well formed",
                "签名描述文件格式正确",
            )
            .evidence("path", &file.path)
            .evidence("provider", file.provider.name.as_deref().unwrap_or("-")),
        );
        match self.value(file) {
            Ok(value) => {
                effort.spend_value(value)?;
                match self.entry.kind {
                    SignatureKind::Seal => self.sealed(bytes, file, value, report),
                    SignatureKind::Sign => {
                        self.signed(bytes, value, report);
                        report.checks.extend(foreign_seal_check(file));
                    }
                }
            }
            Err(error) => report.checks.push(unreadable("signature.format", &error)),
        }
        let coverage = ofd::coverage(self.package, self.closure, file);
        report.checks.push(reference_check(file, &coverage));
        report.checks.extend(duplicate_check(file));
        report.checks.push(coverage_check(&coverage));
        report.coverage = CoverageReport::from(&coverage);
        effort.spend_names(&report.coverage)
    }

    /// The bytes of the signed value.
    fn value(&self, file: &SignatureFile) -> Result<&[u8], Error> {
        let missing = || {
            let error = Error::new(crate::Code::EntryMissing).field("SignedValue");
            error.in_file(&self.entry.path)
        };
        self.package.require(file.signed_value_path.as_deref().ok_or_else(missing)?)
    }

    /// `Type=Seal`: SES_Signature over SM3(Signature.xml).
    fn sealed(
        &self,
        bytes: &[u8],
        file: &SignatureFile,
        value: &[u8],
        report: &mut SignatureReport,
    ) {
        let value = match SignedValue::parse(value) {
            Ok(value) => value,
            Err(error) => return report.checks.push(seal::unreadable_signature(&error)),
        };
        let document = SealedDocument {
            hash: sm3::hash(bytes),
            path: Some(&file.path),
            method: file.method.as_deref(),
        };
        let context = self.verifier.seal_context(self.at);
        let judged = seal::verify_signed_value(&value, &document, &context);
        report.checks.extend(judged.checks);
        report.checks.extend(self.separate_seal_check(file, &value));
        report.signer = judged.signer_certificate.as_ref().map(Party::from);
        let maker = judged.maker_certificate.as_ref();
        report.seal = Some(SealSummary {
            id: value.seal().id().to_owned(),
            name: value.seal().name().to_owned(),
            standard: value.seal().version().standard(),
            maker: maker.map(|certificate| certificate.subject().to_string()),
            valid_from: Some(value.seal().valid_from()),
            valid_until: Some(value.seal().valid_until()),
        });
        report.signed_at = value.signed_at();
        report.certificates.extend(judged.signer.map(|path| judged_path("signer", path)));
        report.certificates.extend(judged.maker.map(|path| judged_path("seal_maker", path)));
    }

    /// Seal.esl beside the signature, where there is one, must be the seal inside the signed value.
    fn separate_seal_check(&self, file: &SignatureFile, value: &SignedValue) -> Option<Check> {
        let path = file.seal_path.as_deref()?;
        let id = "signature.separate_seal";
        let check = match self.package.entry(path) {
            Some(bytes) if bytes == value.seal().raw() => Check::passed(
                id,
                FILE,
                "the seal file is the seal inside the signed value",
                "印章文件与签章数据中的印章一致",
            ),
            Some(_) => Check::failed(
                id,
                FILE,
                SubIndication::SigConstraintsFailure,
                "the seal file is not the seal inside the signed value",
                "印章文件与签章数据中的印章不一致",
            ),
            None => Check::failed(
                id,
                FILE,
                SubIndication::SignedDataNotFound,
                "the seal file is missing",
                "缺少印章文件",
            ),
        };
        Some(check.evidence("path", path))
    }

    /// `Type=Sign`: SignedData of GB/T 35275 over Signature.xml, or a bare SM2 value.
    fn signed(&self, bytes: &[u8], value: &[u8], report: &mut SignatureReport) {
        let known = &self.verifier.signers;
        let Verification { checks, signer, signing_time, .. } = if read_signature(value).is_ok() {
            cms::verify_bare(value, bytes, known)
        } else {
            match SignedData::parse(value) {
                Ok(signed) => signed.verify(Some(bytes), &VerifyOptions::ofd(known)),
                Err(error) => return report.checks.push(unreadable("signature.format", &error)),
            }
        };
        report.checks.extend(checks);
        report.signed_at = signing_time;
        if let Some(certificate) = &signer {
            report.signer = Some(Party::from(certificate));
            let id = "signature.signer_certificate";
            let (check, path) = plain_signer(self.verifier, id, certificate, self.at);
            report.checks.push(check);
            report.certificates.push(judged_path("signer", path));
        }
    }
}

/// Check `id`: the signer of a plain signature, judged at `at`, because nothing proves when it was made.
/// A certificate that has ended since is a doubt therefore, not a fault.
pub(super) fn plain_signer(
    verifier: &Verifier,
    id: &'static str,
    certificate: &Certificate,
    at: UnixTime,
) -> (Check, PathReport) {
    const CLAUSE: &str = "GM/T 0099-2020, 7.2.2";
    let policy = verifier.path_policy(Role::DocumentSigner);
    let (evidence, trust) = (&verifier.evidence, &verifier.trust);
    let path = verify_path(certificate, evidence, trust, &policy, Times::both(at));
    let check = cms::signer_certificate_check(id, CLAUSE, &path, None);
    (check.evidence("subject", certificate.subject()), path)
}

/// A plain signature says nothing of a seal. One that shows a seal all the same shows somebody's that
/// nothing binds to the signer.
fn foreign_seal_check(file: &SignatureFile) -> Option<Check> {
    let path = file.seal_path.as_deref()?;
    let check = Check::failed(
        "signature.separate_seal",
        "GM/T 0099-2020, 7.2.2",
        SubIndication::SigConstraintsFailure,
        "a plain signature names a seal, which it does not prove to be its signer's",
        "数字签名引用了印章，但无法证明该印章属于签名者",
    );
    Some(check.evidence("path", path))
}

fn judged_path(role: &'static str, path: PathReport) -> CertificatePath {
    CertificatePath { role, certificates: path.certificates }
}

impl From<&Certificate> for Party {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            organisation: certificate.subject().organisation().map(str::to_owned),
            serial: certificate.serial_hex(),
            issuer: certificate.issuer().to_string(),
        }
    }
}

fn unreadable(id: &'static str, error: &Error) -> Check {
    let sub = if error.code() == crate::Code::EntryMissing {
        SubIndication::SignedDataNotFound
    } else {
        SubIndication::FormatFailure
    };
    Check::failed(id, FILE, sub, error.text_en(), error.text_zh())
        .evidence("error", error.code().name())
}

/// Whether each referenced file is there with the digest that the signature states.
fn reference_check(file: &SignatureFile, coverage: &Coverage) -> Check {
    let id = "signature.references";
    let (good, all) = coverage.counts(file);
    let first = coverage.mismatched.first();
    let check = if !file.check_method.is_sm3() {
        Check::failed(
            id,
            FILE,
            SubIndication::CryptoConstraintsFailure,
            "the digest method of the references is not SM3",
            "引用文件的摘要算法不是 SM3",
        )
    } else if let Some(mismatch) = first {
        Check::failed(
            id,
            FILE,
            SubIndication::HashFailure,
            "protected files were changed after signing",
            "受保护的文件在签章后被修改",
        )
        .evidence("changed", listed(&coverage.mismatched.iter().map(|m| m.path.clone()).collect()))
        .evidence("expected", hex(&mismatch.expected))
        .evidence("found", hex(&mismatch.found))
    } else if !coverage.missing.is_empty() {
        Check::failed(
            id,
            FILE,
            SubIndication::SignedDataNotFound,
            "protected files are missing",
            "受保护的文件缺失",
        )
        .evidence("missing", listed(&coverage.missing))
    } else if all == 0 {
        Check::failed(
            id,
            FILE,
            SubIndication::SigConstraintsFailure,
            "the signature protects no file",
            "签名未保护任何文件",
        )
    } else {
        Check::passed(
            id,
            FILE,
            "every protected file has the digest that was signed",
            "受保护文件的摘要均与签名时一致",
        )
    };
    let method = match &file.check_method {
        CheckMethod::Sm3 => "SM3",
        CheckMethod::Sm3ByWrongName => "1.2.156.10197.1.401.2 (read as SM3)",
        CheckMethod::Sm3ByLength => "not stated (read as SM3)",
        CheckMethod::Md5 => "MD5",
        CheckMethod::Sha1 => "SHA-1",
        CheckMethod::Unknown(name) => name,
    };
    check.evidence("good", good).evidence("references", all).evidence("method", method)
}

fn duplicate_check(file: &SignatureFile) -> Option<Check> {
    (!file.duplicates.is_empty()).then(|| {
        Check::failed(
            "signature.duplicate_references",
            FILE,
            SubIndication::FormatFailure,
            "the signature names files more than once",
            "签名重复引用了文件",
        )
        .evidence("files", listed(&file.duplicates))
        .warning()
    })
}

/// What this signature leaves open. A warning: whether all that is rendered is covered by some
/// signature is the document's check.
fn coverage_check(coverage: &Coverage) -> Check {
    let id = "signature.coverage";
    let check = if coverage.uncovered_rendered.is_empty() {
        Check::passed(
            id,
            FILE,
            "the signature refers to all that a reader sees",
            "签名引用了全部呈现内容",
        )
    } else {
        Check::failed(
            id,
            FILE,
            SubIndication::SigConstraintsFailure,
            "the signature does not refer to all that a reader sees",
            "签名未引用全部呈现内容",
        )
        .evidence("uncovered", listed(&coverage.uncovered_rendered))
    };
    check
        .evidence("main_file", format!("{:?}", coverage.main_file))
        .evidence("signature_list", format!("{:?}", coverage.signature_list))
        .warning()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
