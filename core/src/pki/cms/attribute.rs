//! Attributes of signers (RFC 5652, 5.3 and 11), and those that are added after signing: time stamps.

use super::{SignedData, SignerInfo, oid, parse, sign::assemble};
use crate::{
    Code, Error,
    limits::CMS_ATTRIBUTES_MAX,
    pki::{
        algorithm::dotted,
        tlv::{self, Cursor, Element, sequence, tag, wrap},
    },
};

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The contents octets of the object identifier.
    pub oid: Vec<u8>,
    /// The values, DER, in their order.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    /// An attribute with one value.
    #[must_use]
    pub fn single(oid: &[u8], value: Vec<u8>) -> Self {
        Self { oid: oid.to_vec(), values: vec![value] }
    }

    /// The object identifier, dotted.
    #[must_use]
    pub fn dotted(&self) -> String {
        dotted(&self.oid)
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        let values = super::set_of(tag::SET, self.values.clone());
        sequence(&[&wrap(tag::OID, &[&self.oid]), &values])
    }

    /// The attributes inside `element`, of which there may be [`CMS_ATTRIBUTES_MAX`], as may be values.
    pub(super) fn read_all(element: &Element<'_>) -> Result<Vec<Self>, Error> {
        let items = element.inside().all("attribute", CMS_ATTRIBUTES_MAX, "CMS_ATTRIBUTES_MAX")?;
        items.iter().map(Self::read).collect()
    }

    fn read(item: &Element<'_>) -> Result<Self, Error> {
        if item.tag != tag::SEQUENCE {
            return Err(item.error("attribute"));
        }
        let mut inside = item.inside();
        let oid = inside.required(tag::OID, "attribute")?.value.to_vec();
        let values = inside.required(tag::SET, "attribute")?.inside();
        inside.finish("attribute")?;
        let values = values.all("attribute", CMS_ATTRIBUTES_MAX, "CMS_ATTRIBUTES_MAX")?;
        Ok(Self { oid, values: values.iter().map(|value| value.raw.to_vec()).collect() })
    }
}

impl SignerInfo {
    /// The time-stamp tokens among the unsigned attributes (RFC 3161, appendix A), DER. Each is over
    /// [`signature`](Self::signature); judging it is for [`timestamp`](crate::pki::timestamp).
    pub fn time_stamps(&self) -> impl Iterator<Item = &[u8]> {
        self.unsigned_values(oid::TIME_STAMP_TOKEN)
    }

    /// The counter-signatures among the unsigned attributes, DER.
    pub fn counter_signatures(&self) -> impl Iterator<Item = &[u8]> {
        self.unsigned_values(oid::COUNTER_SIGNATURE)
    }

    fn unsigned_values<'a>(&'a self, oid: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let attributes = self.unsigned_attributes.iter().filter(move |item| item.oid == oid);
        attributes.flat_map(|item| item.values.iter().map(Vec::as_slice))
    }
}

impl SignedData {
    /// The same SignedData with the time-stamp token `token` as an unsigned attribute of the signer
    /// number `signer`, counted from 0 (RFC 3161, appendix A). The token should be over that signer's
    /// [`signature`](SignerInfo::signature).
    ///
    /// # Errors
    /// As [`with_unsigned_attribute`](Self::with_unsigned_attribute).
    pub fn with_time_stamp(&self, signer: usize, token: &[u8]) -> Result<Self, Error> {
        let attribute = Attribute::single(oid::TIME_STAMP_TOKEN, token.to_vec());
        self.with_unsigned_attribute(signer, &attribute)
    }

    /// The same SignedData with one more unsigned attribute of the signer number `signer`, counted from
    /// 0. Nothing that is signed changes.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if there is no such signer or a value of the attribute is no DER;
    /// [`Code::LimitReached`].
    pub fn with_unsigned_attribute(
        &self,
        signer: usize,
        attribute: &Attribute,
    ) -> Result<Self, Error> {
        let fault = |field| Error::new(Code::BadArgument).field(field);
        for value in &attribute.values {
            let mut cursor = Cursor::new(value, 0, Code::BadArgument);
            cursor.next("attribute")?;
            cursor.finish("attribute")?;
        }
        let info = self.signers().get(signer).ok_or_else(|| fault("signer"))?;
        let mut signers = self.signers().iter().map(|info| info.raw.clone()).collect::<Vec<_>>();
        let slot = signers.get_mut(signer).ok_or_else(|| fault("signer"))?;
        *slot = with_attribute(info, attribute)?;
        let bytes = assemble(self, self.fields.digest_algorithms.clone(), &[], signers)?;
        Self::parse(&bytes)
    }
}

/// The SignerInfo with one more unsigned attribute; everything before these is copied.
fn with_attribute(info: &SignerInfo, attribute: &Attribute) -> Result<Vec<u8>, Error> {
    let whole = tlv::only(&info.raw, 0, tag::SEQUENCE, Code::BadCms, "signerInfo")?;
    let (signed, unsigned) = parse::split_unsigned(&whole)?;
    let mut list: Vec<Vec<u8>> = Vec::new();
    if let Some(unsigned) = unsigned {
        let items = unsigned.inside();
        let items = items.all("attribute", CMS_ATTRIBUTES_MAX, "CMS_ATTRIBUTES_MAX")?;
        list.extend(items.iter().map(|item| item.raw.to_vec()));
    }
    list.push(attribute.to_der());
    Ok(sequence(&[signed, &super::set_of(tag::CONTEXT_1, list)]))
}
