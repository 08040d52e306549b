//! Certificates out of a file of which only its sender knows how it was wrapped.

use super::{Certificate, PEM_LABELS};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        cms::{self, Kind, SignedData},
        pem,
        text::{self, Coding},
    },
};

impl Certificate {
    /// Every certificate in `bytes`, at least one: DER; PEM with any number; what authorities call p7b,
    /// a SignedData that nobody signed and that only carries certificates, as DER or PEM; and the DER of
    /// either as base64 or hexadecimal digits alone. A byte order mark is skipped, and so are blocks of
    /// other kinds.
    ///
    /// In PEM the order is that of the file. In a SignedData it means nothing: those that issued none of
    /// the others come first.
    ///
    /// # Errors
    /// [`Code::BadPem`] for PEM without a certificate, [`Code::BadCertificate`] for a text that is nothing
    /// of this, [`Code::BadCms`] for a SignedData that somebody signed or that has no certificate; as
    /// [`parse`](Self::parse) and [`SignedData::parse`]; [`Code::LimitReached`] past twice
    /// [`limits::CMS_BYTES_MAX`].
    pub fn load(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        let unmarked = text::without_mark(bytes);
        let bytes = unmarked.as_deref().map_or(bytes, Vec::as_slice);
        if pem::is_pem(bytes) {
            return in_pem(bytes);
        }
        if bytes.len() > 2 * limits::CMS_BYTES_MAX {
            return Err(Error::limit("CMS_BYTES_MAX"));
        }
        let none = Error::new(Code::BadCertificate).field("neither PEM nor DER nor base64");
        let (coding, der) = Coding::recognise(bytes).map_err(|_| none)?;
        // The places of what a text stands for are not those of the text.
        let placed =
            |error: Error| if coding == Coding::Binary { error } else { error.without_place() };
        in_der(&der).map_err(placed)
    }
}

fn in_pem(text: &[u8]) -> Result<Vec<Certificate>, Error> {
    let mut all = Vec::new();
    for block in &pem::blocks(text)? {
        if PEM_LABELS.contains(&block.label) {
            all.push(Certificate::parse(&block.der)?);
        } else if SIGNED_DATA_LABELS.contains(&block.label) {
            all.extend(carried(&block.der)?);
        }
    }
    if all.is_empty() { Err(super::no_certificate()) } else { Ok(all) }
}

fn in_der(der: &[u8]) -> Result<Vec<Certificate>, Error> {
    match cms::kind(der) {
        Ok((_, Kind::SignedData)) => carried(der),
        Ok(_) | Err(_) => Ok(vec![Certificate::parse(der)?]),
    }
}

/// What a SignedData carries that nobody signed (RFC 5652, 5.1: "the degenerate case").
fn carried(der: &[u8]) -> Result<Vec<Certificate>, Error> {
    let signed = SignedData::parse(der)?;
    if !signed.signers().is_empty() {
        return Err(Error::new(Code::BadCms).field("signed by somebody"));
    }
    let all = signed.certificates().iter().map(|der| Certificate::parse(der));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Err(Error::new(Code::BadCms).field("certificates"));
    }
    let issued_another = |one: &Certificate| {
        all.iter().any(|other| other != one && other.issuer().matches(one.subject()))
    };
    let (authorities, ends): (Vec<_>, Vec<_>) = all.iter().cloned().partition(issued_another);
    Ok(ends.into_iter().chain(authorities).collect())
}

/// What may stand behind BEGIN where a SignedData is inside.
const SIGNED_DATA_LABELS: [&str; 3] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        UnixTime,
        pki::{
            tlv::{sequence, tag, wrap},
            x509::issue::{self, Profile, Subject, Terms},
        },
        primitives::sm2::PrivateKey,
    };

    fn certificate(name: &str, issuer: Option<&Certificate>, key: &PrivateKey) -> Certificate {
        let times = [0, 1].map(|at| UnixTime::from_unix_s(1_800_000_000 + at).unwrap());
        let profile = if issuer.is_some() { Profile::Signer } else { Profile::Root };
        let terms = Terms::new(profile, times[0], times[1]);
        let subject = Subject { common_name: name.to_owned(), ..Subject::default() };
        issue::issue_for(&subject, key.public(), &terms, issuer, key).unwrap()
    }

    /// A SignedData of PKCS#7 with these certificates, without content and signers.
    fn p7b(certificates: &[&Certificate]) -> Vec<u8> {
        let oid = |last: u8| wrap(tag::OID, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last]]);
        let ders: Vec<_> = certificates.iter().map(|one| one.der()).collect();
        let inside =
            sequence(&[&[2, 1, 1, 0x31, 0], &sequence(&[&oid(1)]), &wrap(0xa0, &ders), &[0x31, 0]]);
        sequence(&[&oid(2), &wrap(0xa0, &[&inside])])
    }

    #[test]
    fn whatever_is_sent_is_read() {
        let key = PrivateKey::generate().unwrap();
        let root = certificate("root", None, &key);
        let user = certificate("user", Some(&root), &key);
        let base64 = |der: &[u8]| Coding::Base64.encode(der).to_vec();
        let chain = p7b(&[&root, &user]);
        let both = [user.to_pem(), root.to_pem()].concat();
        // `openssl s_client -showcerts` writes such a line before the first one.
        let noted = format!("0 s:CN=user\n{}", user.to_pem());
        let marked = format!("\u{feff}{both}");
        let p7 = pem::encode("PKCS7", &chain);
        for (bytes, count) in [
            (user.der().to_vec(), 1),
            (base64(user.der()), 1),
            (Coding::Hex.encode(user.der()).to_vec(), 1),
            (noted.into_bytes(), 1),
            (both.into_bytes(), 2),
            (marked.into_bytes(), 2),
            (chain.clone(), 2),
            (base64(&chain), 2),
            (p7.into_bytes(), 2),
        ] {
            let all = Certificate::load(&bytes).unwrap();
            assert_eq!(all.len(), count);
            assert_eq!(all[0], user);
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let key = pem::encode("PRIVATE KEY", b"x");
        let empty = p7b(&[]);
        for (bytes, code, field) in [
            (key.as_bytes(), Code::BadPem, "PEM without a certificate"),
            (b"no certificate", Code::BadCertificate, "neither PEM nor DER nor base64"),
            (b"", Code::BadCertificate, "certificate"),
            (&empty, Code::BadCms, "certificates"),
            (&[0x30, 0x80], Code::BadCertificate, "certificate"),
        ] {
            let error = Certificate::load(bytes).unwrap_err();
            assert_eq!((error.code(), error.field_name()), (code, Some(field)), "{bytes:?}");
        }
        let zeros = vec![0; 2 * limits::CMS_BYTES_MAX + 1];
        assert_eq!(Certificate::load(&zeros).unwrap_err().code(), Code::LimitReached);
        let most = Certificate::load(&zeros[1..]).unwrap_err();
        assert_ne!(most.field_name(), Some("CMS_BYTES_MAX"));
    }
}
