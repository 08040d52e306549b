//! The extensions that decide what a certificate may be used for (RFC 5280, 4.2.1).

use std::fmt;

use der::{Decode as _, asn1::OctetStringRef};
use serde::{Serialize, Serializer};

use crate::{
    error::{Code, Error},
    pki::{
        algorithm::dotted,
        tlv::{Element, sequence, tag, wrap},
    },
};

/// An extension as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The type, dotted.
    pub oid: Box<str>,
    /// Whether who does not understand it must refuse the certificate.
    pub critical: bool,
    /// The content of `extnValue`.
    pub value: Box<[u8]>,
}

impl Extension {
    /// Reads the SEQUENCE `extensions`, of which there may be `most`; one more is the error of `limit`.
    pub(in crate::pki) fn read_list(
        extensions: &Element<'_>,
        most: usize,
        limit: &'static str,
    ) -> Result<Vec<Self>, Error> {
        let list = extensions.inside().all("Extensions", most, limit)?;
        list.iter().map(Self::read).collect()
    }

    fn read(element: &Element<'_>) -> Result<Self, Error> {
        if element.tag != tag::SEQUENCE {
            return Err(element.error("Extension"));
        }
        let mut fields = element.inside();
        let oid = fields.required(tag::OID, "extnID")?;
        let critical = fields.take(tag::BOOLEAN, "critical")?;
        let critical = critical.map_or(Ok(false), |flag| flag.boolean("critical"))?;
        let value = fields.required(tag::OCTET_STRING, "extnValue")?.value.into();
        fields.finish("Extension")?;
        Ok(Self { oid: dotted(oid.value).into(), critical, value })
    }

    /// As it is written: a critical of FALSE is left out, as DER demands.
    pub(in crate::pki) fn to_der(&self) -> Result<Vec<u8>, Error> {
        let bad = |_| Error::new(Code::BadArgument).field("oid");
        let oid = const_oid::ObjectIdentifier::new(&self.oid).map_err(bad)?;
        let critical: &[u8] = if self.critical { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
        Ok(sequence(&[
            &wrap(tag::OID, &[oid.as_bytes()]),
            critical,
            &wrap(tag::OCTET_STRING, &[&self.value]),
        ]))
    }
}

/// What a key may do: the bits of RFC 5280, 4.2.1.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// 数字签名: signatures other than on certificates and lists.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// 不可否认 (also called content commitment): signatures that bind the signer.
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// 密钥加密.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// 数据加密.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// 密钥协商.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// 证书签名.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// CRL 签名.
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// Only encipher while agreeing on a key.
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// Only decipher while agreeing on a key.
    pub const DECIPHER_ONLY: Self = Self(1 << 8);

    /// These usages and `other` ones.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of `others` is allowed.
    #[must_use]
    pub const fn allows_any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether all of `others` are allowed.
    #[must_use]
    pub const fn allows_all_of(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// From the DER BIT STRING. Bits past the ninth have no meaning and are dropped.
    pub(in crate::pki) fn from_der(der: &[u8]) -> Option<Self> {
        // Not `BitStringRef`: vendors leave unused bits set or write trailing zero bits.
        let [3, length, unused, bits @ ..] = der else { return None };
        if usize::from(*length) != bits.len() + 1 || *unused > 7 || bits.len() > 16 {
            return None;
        }
        let mut value = 0;
        for (byte, shift) in bits.iter().zip([0, 8]) {
            value |= u16::from(byte.reverse_bits()) << shift;
        }
        Some(Self(value & 0x1ff))
    }

    /// The DER BIT STRING, without trailing zero bits.
    pub(in crate::pki) fn to_der(self) -> Vec<u8> {
        let [low, high] = self.0.to_le_bytes().map(u8::reverse_bits);
        let bits: &[u8] = if high == 0 { &[low] } else { &[low, high] };
        let unused = bits.last().map_or(0, |last| last.trailing_zeros().min(7));
        let lengths = [bits.len() + 1, usize::try_from(unused).unwrap_or(0)];
        let [length, unused] = lengths.map(|number| u8::try_from(number).unwrap_or(0));
        [&[3, length, unused], bits].concat()
    }
}

impl fmt::Display for KeyUsage {
    /// The names of RFC 5280, separated by a comma and a space.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = [
            "digitalSignature",
            "nonRepudiation",
            "keyEncipherment",
            "dataEncipherment",
            "keyAgreement",
            "keyCertSign",
            "cRLSign",
            "encipherOnly",
            "decipherOnly",
        ];
        let mut separator = "";
        for (bit, name) in NAMES.into_iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({self})")
    }
}

impl Serialize for KeyUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the subject is a certification authority, and how many may follow (RFC 5280, 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BasicConstraints {
    /// The subject may issue certificates.
    pub ca: bool,
    /// How many authorities that are not self-issued may stand between this one and the end of
    /// the path.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        // An explicit FALSE is not DER, but vendors write it: it is read as what it says.
        let mut rest = content_of(0x30, der)?;
        let mut ca = false;
        if let [1, 1, value, after @ ..] = rest {
            ca = *value != 0;
            rest = after;
        }
        let path_length = if rest.is_empty() { None } else { Some(u32::from_der(rest).ok()?) };
        Some(Self { ca, path_length })
    }
}

/// `SubjectKeyIdentifier`: an OCTET STRING.
pub(super) fn subject_key_id(der: &[u8]) -> Option<Box<[u8]>> {
    Some(<&OctetStringRef>::from_der(der).ok()?.as_bytes().into())
}

/// The field keyIdentifier of `AuthorityKeyIdentifier`.
pub(in crate::pki) fn authority_key_id(der: &[u8]) -> Option<Box<[u8]>> {
    let content = content_of(0x30, der)?;
    let [0x80, length, rest @ ..] = content else { return None };
    // An identifier is a digest: longer than 127 bytes it is no identifier.
    if *length > 127 {
        return None;
    }
    Some(rest.get(..usize::from(*length))?.into())
}

/// The purposes of `ExtKeyUsageSyntax`, dotted: at least one (RFC 5280, 4.2.1.12).
pub(super) fn extended_key_usage(der: &[u8]) -> Option<Box<[Box<str>]>> {
    let purposes = Vec::<const_oid::ObjectIdentifier>::from_der(der).ok()?;
    (!purposes.is_empty()).then(|| purposes.iter().map(|oid| oid.to_string().into()).collect())
}

/// The content of the one element `der`, whose identifier octet is `tag`.
fn content_of(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let any = der::asn1::AnyRef::from_der(der).ok()?;
    (der.first() == Some(&tag)).then(|| any.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_usage_there_and_back() {
        for (der, text) in [
            (&[3, 2, 6, 0xc0][..], "digitalSignature, nonRepudiation"),
            (&[3, 2, 1, 6], "keyCertSign, cRLSign"),
            (&[3, 3, 7, 0x08, 0x80], "keyAgreement, decipherOnly"),
        ] {
            let usage = KeyUsage::from_der(der).unwrap();
            assert_eq!(usage.to_string(), text);
            assert_eq!(usage.to_der(), der);
        }
        // As vendors write it: trailing zero bits counted in, or unused bits beyond the ninth.
        for lenient in [&[3, 2, 0, 0xc0][..], &[3, 3, 0, 0xc0, 0]] {
            let usage = KeyUsage::from_der(lenient).unwrap();
            let both = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
            assert_eq!(usage, both, "{lenient:?}");
        }
        for bad in [&[][..], &[3, 2, 6], &[3, 1, 8], &[4, 2, 6, 0xc0], &[3, 3, 6, 0xc0]] {
            assert_eq!(KeyUsage::from_der(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn basic_constraints_as_written_in_practice() {
        let read = BasicConstraints::from_der;
        let some = |ca, path_length| Some(BasicConstraints { ca, path_length });
        assert_eq!(read(&[0x30, 0]), some(false, None));
        assert_eq!(read(&[0x30, 3, 1, 1, 0]), some(false, None));
        assert_eq!(read(&[0x30, 3, 1, 1, 0xff]), some(true, None));
        assert_eq!(read(&[0x30, 6, 1, 1, 0xff, 2, 1, 2]), some(true, Some(2)));
        assert_eq!(read(&[0x30, 3, 2, 1, 0]), some(false, Some(0)));
        for bad in [&[][..], &[0x30, 1, 1], &[0x30, 3, 2, 1, 0xff], &[4, 0]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
