//! Certificates, requests and lists. The crates parse and build; nothing judges a path, so that each
//! signature is verified by itself.

use std::{str::FromStr as _, time::Duration};

use getrandom::SysRng;
use pkcs8::{EncodePublicKey as _, LineEnding};
use sm2::{
    SecretKey,
    dsa::{
        DerSignature, Signature, SigningKey, VerifyingKey,
        signature::{Verifier as _, rand_core::UnwrapErr},
    },
    elliptic_curve::Generate as _,
};
use x509_cert::{
    Certificate,
    builder::{Builder as _, CertificateBuilder, CrlBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    crl::{CertificateList, RevokedCert},
    der::{Decode as _, DecodePem as _, Encode as _, EncodePem as _, asn1::BitString},
    ext::{
        Extension, ToExtension as _,
        pkix::{BasicConstraints, CrlNumber, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    request::{CertReq, RequestBuilder},
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use crate::{
    End, Folder, Refusal, demand,
    keys::{public, secret},
};

const DEFAULT_ID: &str = "1234567812345678";

fn certificate(of: &Folder, name: &str) -> Result<Certificate, Refusal> {
    Ok(Certificate::from_pem(of.bytes(&format!("{name}.pem"))?)?)
}

/// Whether `signature` over the DER of `signed` is by the key in `info`.
fn check(info: &SubjectPublicKeyInfoOwned, signed: &[u8], signature: &BitString) -> End {
    let point = info.subject_public_key.as_bytes().ok_or("no point")?;
    let key = VerifyingKey::from_sec1_bytes(DEFAULT_ID, point)?;
    let signature = DerSignature::from_bytes(signature.as_bytes().ok_or("no signature")?)?;
    Ok(key.verify(signed, &Signature::try_from(signature)?)?)
}

fn issued_by(below: &Certificate, above: &Certificate) -> End {
    demand(
        below.tbs_certificate().issuer() == above.tbs_certificate().subject(),
        "another issuer",
    )?;
    let info = above.tbs_certificate().subject_public_key_info();
    check(info, &below.tbs_certificate().to_der()?, below.signature())
}

pub(crate) fn take(of: &Folder) -> End {
    let (leaf, root) = (certificate(of, "leaf")?, certificate(of, "root")?);
    issued_by(&root, &root)?;
    if of.has("ca.pem") {
        let ca = certificate(of, "ca")?;
        issued_by(&ca, &root)?;
        return issued_by(&leaf, &ca);
    }
    issued_by(&leaf, &root)
}

/// What a certificate says besides its key.
struct Profile {
    subject: Name,
    issuer: Option<Name>,
    authority: bool,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.issuer.as_ref().unwrap_or(subject).clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        own: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let usage = if self.authority {
            KeyUsages::KeyCertSign | KeyUsages::CRLSign
        } else {
            KeyUsages::DigitalSignature | KeyUsages::NonRepudiation
        };
        let constraints = BasicConstraints { ca: self.authority, path_len_constraint: None };
        let subject = tbs.subject();
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            KeyUsage(usage).to_extension(subject, &[])?,
            SubjectKeyIdentifier::try_from(own)?.to_extension(subject, &[])?,
        ])
    }
}

fn name(title: &str) -> Result<Name, Refusal> {
    Ok(Name::from_str(&format!("CN={title},O=互通 RustCrypto,C=CN"))?)
}

fn issue(
    made: &Folder,
    title: &str,
    key: &sm2::PublicKey,
    issuer: Option<&Certificate>,
    signer: &SecretKey,
) -> Result<Certificate, Refusal> {
    let profile = Profile {
        subject: name(title)?,
        issuer: issuer.map(|issuer| issuer.tbs_certificate().subject().clone()),
        authority: title != "leaf",
    };
    let mut serial = [0; 8];
    getrandom::fill(&mut serial)?;
    let certificate = CertificateBuilder::new(
        profile,
        SerialNumber::new(&serial)?,
        Validity::from_now(Duration::from_secs(30 * 86_400))?,
        SubjectPublicKeyInfoOwned::from_der(key.to_public_key_der()?.as_bytes())?,
    )?
    .build::<_, Signature>(&SigningKey::new(DEFAULT_ID, signer)?)?;
    made.put(&format!("{title}.pem"), certificate.to_pem(LineEnding::LF)?)?;
    Ok(certificate)
}

pub(crate) fn make(task: &Folder, made: &Folder) -> End {
    let key = SecretKey::generate_from_rng(&mut UnwrapErr(SysRng));
    let root = issue(made, "root", &key.public_key(), None, &key)?;
    if task.name() == "authority-in-between" {
        let own = SecretKey::generate_from_rng(&mut UnwrapErr(SysRng));
        let ca = issue(made, "ca", &own.public_key(), Some(&root), &key)?;
        issue(made, "leaf", &public(task)?, Some(&ca), &own)?;
    } else {
        issue(made, "leaf", &public(task)?, Some(&root), &key)?;
    }
    Ok(())
}

pub(crate) fn take_request(of: &Folder) -> End {
    let request = CertReq::from_pem(of.bytes("request.pem")?)?;
    let point = request.info.public_key.subject_public_key.as_bytes();
    demand(point == Some(&of.bytes("public.raw")?), "another key")?;
    check(&request.info.public_key, &request.info.to_der()?, &request.signature)
}

pub(crate) fn make_request(task: &Folder, made: &Folder) -> End {
    let signer = SigningKey::new(DEFAULT_ID, &secret(task)?)?;
    let request = RequestBuilder::new(name("请求")?)?.build::<_, Signature>(&signer)?;
    made.put("request.pem", request.to_pem(LineEnding::LF)?)
}

/// The serial numbers in a file, hexadecimal, one a line.
fn serials(of: &Folder, file: &str) -> Result<Vec<SerialNumber>, Refusal> {
    let bytes = |line: &str| -> Result<Vec<u8>, Refusal> {
        let pairs = line.as_bytes().chunks(2).map(std::str::from_utf8);
        pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
    };
    of.text(file)?.lines().map(|line| Ok(SerialNumber::new(&bytes(line)?)?)).collect()
}

pub(crate) fn take_list(of: &Folder) -> End {
    let list: CertificateList = CertificateList::from_pem(of.bytes("list.pem")?)?;
    let ca = certificate(of, "ca")?;
    let info = ca.tbs_certificate().subject_public_key_info();
    check(info, &list.tbs_cert_list.to_der()?, &list.signature)?;
    let listed = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
    let listed: Vec<_> = listed.into_iter().map(|entry| entry.serial_number).collect();
    demand(listed == serials(of, "revoked")?, "other serial numbers")
}

pub(crate) fn make_list(task: &Folder, made: &Folder) -> End {
    let key = secret(task)?;
    let ca = issue(made, "ca", &key.public_key(), None, &key)?;
    let revoked = serials(task, "revoked")?.into_iter().map(|serial_number| {
        let revocation_date = Time::now()?;
        Ok(RevokedCert { serial_number, revocation_date, crl_entry_extensions: None })
    });
    let revoked = revoked.collect::<Result<Vec<_>, Refusal>>()?;
    let number = CrlNumber::try_from(1_u8)?;
    let list = CrlBuilder::new(&ca, number)?
        .with_certificates(revoked.into_iter())
        .build::<_, Signature>(&SigningKey::new(DEFAULT_ID, &key)?)?;
    made.put("list.pem", list.to_pem(LineEnding::LF)?)
}
