//! What a request proves: that its maker has the private key of the key in it (RFC 2986, 4.2).

use super::{Attribute, Csr};
use crate::{
    error::Code,
    pki::algorithm::{SignatureAlgorithm, SignatureForm},
    primitives::{
        sm2::{DistId, PublicKey, Signature, hazmat},
        sm3,
    },
    report::{Check, Rejected, SubIndication, Verdict, Verified},
};

impl Csr {
    /// Verifies the request's own signature, over its original bytes, under [`DistId::DEFAULT`].
    ///
    /// The proof says that the requester has the private key. It says nothing about the name.
    ///
    /// # Errors
    /// [`Rejected`], with every check that was made: `csr.version`, `csr.algorithm`,
    /// `csr.public_key`, `csr.signature` and remarks about its form.
    pub fn verify(&self) -> Result<Verified<Self>, Rejected> {
        self.verify_with_id(&DistId::DEFAULT)
    }

    /// As [`verify`](Self::verify), under another identifier of the requester.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with_id(&self, id: &DistId) -> Result<Verified<Self>, Rejected> {
        let mut checks = vec![self.check_version(), self.check_algorithm(), self.check_key()];
        checks.push(self.check_signature(id));
        checks.extend(self.remarks());
        let report = Verdict::conclude(checks);
        if report.indication == crate::report::Indication::Passed {
            Ok(Verified::new(self.clone(), report))
        } else {
            Err(Rejected { report })
        }
    }

    fn check_version(&self) -> Check {
        let (id, clause) = ("csr.version", "RFC 2986, 4.1");
        let check = if self.version() == 0 {
            Check::passed(id, clause, "the version is 1, written as 0", "版本号为 1（编码值 0）")
        } else {
            let sub = SubIndication::FormatFailure;
            let (en, zh) = ("the version is not that of PKCS#10", "版本号不是 PKCS#10 的版本号");
            Check::failed(id, clause, sub, en, zh).warning()
        };
        check.evidence("version", self.version())
    }

    fn check_algorithm(&self) -> Check {
        let (id, clause) = ("csr.algorithm", "GB/T 33560-2017, table A.1");
        let sub = SubIndication::CryptoConstraintsFailure;
        let check = match self.signature_algorithm() {
            SignatureAlgorithm::Sm2WithSm3 => {
                Check::passed(id, clause, "signed with SM2 and SM3", "签名算法为 SM2/SM3")
            }
            SignatureAlgorithm::Sm2 | SignatureAlgorithm::Sm2WithSm3Misspelt => {
                let (en, zh) = (
                    "the algorithm is not named as SM2 with SM3, by which it is read",
                    "签名算法标识不是 SM2/SM3 的标准标识，按 SM2/SM3 处理",
                );
                Check::failed(id, clause, SubIndication::FormatFailure, en, zh).warning()
            }
            SignatureAlgorithm::Other => Check::indeterminate(
                id,
                clause,
                sub,
                "the signature is not SM2 with SM3, and is not verified here",
                "签名算法不是 SM2/SM3，此处不验证",
            ),
        };
        check.evidence("algorithm", self.signature_algorithm_oid())
    }

    fn check_key(&self) -> Check {
        let (id, clause) = ("csr.public_key", "GM/T 0009-2012, 7.1");
        let sub = SubIndication::CryptoConstraintsFailure;
        match self.public_key().map_err(|error| error.code()) {
            Ok(_) => Check::passed(
                id,
                clause,
                "the key is a point of the SM2 curve",
                "公钥是 SM2 曲线上的点",
            ),
            Err(Code::UnsupportedAlgorithm) => {
                let (en, zh) = ("the key is not an SM2 key", "公钥不是 SM2 公钥");
                Check::indeterminate(id, clause, sub, en, zh)
            }
            Err(_) => Check::failed(
                id,
                clause,
                sub,
                "the key is malformed or not a point of the SM2 curve",
                "公钥格式有误或不在 SM2 曲线上",
            ),
        }
    }

    fn check_signature(&self, dist_id: &DistId) -> Check {
        let (id, clause) = ("csr.signature", "RFC 2986, 4.2; GB/T 32918.2-2016, 7");
        let (Ok(key), true) = (self.public_key(), self.signature_algorithm().is_sm2()) else {
            let (en, zh) = ("not verified: not SM2 with SM3", "未验证：不是 SM2/SM3");
            return Check::skipped(id, clause, en, zh);
        };
        let sub = SubIndication::SigCryptoFailure;
        let Ok((signature, _)) = self.signature() else {
            let (en, zh) = (
                "the signature is neither DER nor 64 bytes in range",
                "签名值既不是 DER 编码，也不是取值范围内的 64 字节",
            );
            return Check::failed(id, clause, sub, en, zh);
        };
        if key.verify(self.info(), &signature, dist_id).is_ok() {
            let (en, zh) =
                ("the requester has the private key of the key", "申请者持有该公钥对应的私钥");
            return Check::passed(id, clause, en, zh);
        }
        let check = Check::failed(
            id,
            clause,
            sub,
            "the signature does not verify with the key of the request",
            "用请求中的公钥验证签名不通过",
        );
        match self.deviation(key, &signature) {
            Some(deviation) => check.evidence("deviation", deviation),
            None => check,
        }
    }

    /// Which known fault of makers explains a signature that does not verify. It changes no verdict.
    fn deviation(&self, key: &PublicKey, signature: &Signature) -> Option<&'static str> {
        let empty = DistId::new(b"").ok()?;
        if key.verify(self.info(), signature, &empty).is_ok() {
            return Some("signed under the empty identifier");
        }
        let bare = hazmat::verify_digest(key, &sm3::hash(self.info()), signature);
        bare.is_ok().then_some("signed without Z: over SM3 of the bytes alone")
    }

    /// What is unusual about the form, and decides nothing.
    fn remarks(&self) -> Vec<Check> {
        let mut remarks = Vec::new();
        let sub = SubIndication::FormatFailure;
        let mut remark = |id, clause, en: &'static str, zh: &'static str| {
            remarks.push(Check::failed(id, clause, sub, en, zh).warning());
        };
        if matches!(self.signature(), Ok((_, SignatureForm::Raw))) {
            remark(
                "csr.signature_encoding",
                "GM/T 0009-2012, 7.3",
                "the signature is 64 raw bytes, not DER",
                "签名值为 64 字节裸数据，而非 DER 编码",
            );
        }
        if self.subject().attributes().is_empty() {
            let (en, zh) = ("the request names no subject", "请求未写明主体名称");
            remark("csr.subject", "RFC 2986, 4.1", en, zh);
        }
        if !self.0.attributes_present {
            let (en, zh) = ("the attributes are left out, not empty", "缺少属性字段（应为空集合）");
            remark("csr.attributes", "RFC 2986, 4.1", en, zh);
        }
        let attributes = self.attributes();
        let twice = |(index, attribute): (usize, &Attribute)| {
            attributes.iter().take(index).any(|earlier| earlier.oid == attribute.oid)
        };
        if attributes.iter().enumerate().any(twice) {
            let (en, zh) = ("an attribute stands there twice", "同一属性出现多次");
            remark("csr.attributes", "RFC 2986, 4.1", en, zh);
        }
        if attributes.iter().any(|attribute| !attribute.in_set) {
            let (en, zh) = (
                "values of attributes stand there without their SET, as CFCA writes them",
                "属性值未置于 SET 中（CFCA 双证书请求的写法）",
            );
            remark("csr.attributes", "RFC 2986, 4.1", en, zh);
        }
        if let Err(error) = self.exchange_key() {
            let (en, zh) = ("the exchange key of CFCA is malformed", "CFCA 交互公钥有误");
            let check = Check::failed("csr.exchange_key", "RFC 2986, 4.1", sub, en, zh);
            remarks.push(check.warning().evidence("error", error));
        }
        remarks
    }
}
