//! What a key can be found as.

use std::fmt;

use crate::pki::text::Coding;

/// What a key was found as: the container, and how the container was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// The container.
    pub container: Container,
    /// How it was written.
    pub writing: Writing,
}

/// The container of a key, or the bare key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// PrivateKeyInfo of PKCS#8 (RFC 5208; RFC 5958).
    Pkcs8,
    /// EncryptedPrivateKeyInfo of PKCS#8.
    EncryptedPkcs8,
    /// ECPrivateKey of SEC1 (RFC 5915).
    Sec1,
    /// d, 32 bytes big-endian.
    Scalar,
    /// d, 33 bytes of which the first is 0: how Java's BigInteger writes one half of all keys.
    SignedScalar,
    /// ECCPRIVATEKEYBLOB of GM/T 0016-2012; ECCrefPrivateKey of GM/T 0018-2012 has the same bytes.
    EccPrivateKeyBlob,
    /// The container (`.sm2`) of the authority CFCA, with a certificate.
    Cfca,
    /// PKCS#12, with certificates ([`pkcs12`](crate::pki::pkcs12)).
    Pkcs12,
    /// A JSON Web Key with d.
    PrivateJwk,
    /// SM2EnvelopedKey of GB/T 35276-2017, 7.4: opened with the receiver's key only.
    EnvelopedKey,
    /// ENVELOPEDKEYBLOB of GM/T 0016-2012: opened with the receiver's key only.
    EnvelopedKeyBlob,
    /// SubjectPublicKeyInfo of X.509.
    Spki,
    /// 04 ‖ x ‖ y as a BIT STRING: SM2PublicKey of GB/T 35276-2017, 7.1.
    Sm2PublicKey,
    /// x ‖ y, 64 bytes big-endian.
    Coordinates,
    /// 04 ‖ x ‖ y, 65 bytes.
    Uncompressed,
    /// 02 or 03 ‖ x, 33 bytes.
    Compressed,
    /// ECCPUBLICKEYBLOB of GM/T 0016-2012; ECCrefPublicKey of GM/T 0018-2012 has the same bytes.
    EccPublicKeyBlob,
    /// A certificate.
    Certificate,
    /// A JSON Web Key without d.
    PublicJwk,
}

/// How a container was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Writing {
    /// As text of a [`Coding`], or binary.
    Coded(Coding),
    /// Between the lines of PEM.
    Pem,
    /// As JSON.
    Json,
}

impl Container {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PKCS#8",
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::Sec1 => "SEC1",
            Self::Scalar => "d",
            Self::SignedScalar => "00||d",
            Self::EccPrivateKeyBlob => "ECCPRIVATEKEYBLOB",
            Self::Cfca => "CFCA .sm2",
            Self::Pkcs12 => "PKCS#12",
            Self::PrivateJwk => "private JWK",
            Self::EnvelopedKey => "SM2EnvelopedKey",
            Self::EnvelopedKeyBlob => "ENVELOPEDKEYBLOB",
            Self::Spki => "SubjectPublicKeyInfo",
            Self::Sm2PublicKey => "SM2PublicKey",
            Self::Coordinates => "x||y",
            Self::Uncompressed => "04||x||y",
            Self::Compressed => "02/03||x",
            Self::EccPublicKeyBlob => "ECCPUBLICKEYBLOB",
            Self::Certificate => "certificate",
            Self::PublicJwk => "public JWK",
        }
    }
}

impl Writing {
    /// The stable name: that of the [`Coding`], `PEM` or `JSON`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coded(coding) => coding.name(),
            Self::Pem => "PEM",
            Self::Json => "JSON",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.container.name(), self.writing.name())
    }
}
