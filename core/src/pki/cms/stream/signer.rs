//! Signing data that goes by.

use std::io::{Read, Write};

use digest::Digest as _;

use super::{
    super::{Attributes, Kind, Placement, SignOptions, SignWith, sign::Structure},
    END, header, length, whole, write,
};
use crate::{
    Code, Error,
    pki::tlv::{tag, wrap},
    primitives::sm3::Sm3,
};

/// Signs data that is given piece by piece, and writes the SignedData, with the data inside or without.
///
/// What is signed are attributes with the digest of the data: a signature over the data itself would
/// need all of it at once where a device holds the key.
pub struct Signer<'a, W: Write> {
    out: W,
    signers: Vec<SignWith<'a>>,
    options: SignOptions<'a>,
    structure: Structure,
    hash: Sm3,
    /// The bytes of the data, if they were said beforehand.
    length: Option<u64>,
    taken: u64,
}

impl<'a, W: Write> Signer<'a, W> {
    /// Begins a SignedData over data of `length` bytes, or, if that is not known, of any length: then
    /// lengths are indefinite, which is BER. With the data elsewhere it is DER in any case.
    ///
    /// With data of a known length inside, the lengths are written before the signatures are made. A
    /// signature in DER has 71 bytes half of the time, and is made anew until it has.
    ///
    /// # Errors
    /// As [`sign`](super::super::sign); [`Code::BadArgument`] without signed attributes;
    /// [`Code::StreamFailed`].
    pub fn new(
        out: W,
        signers: &[SignWith<'a>],
        options: &SignOptions<'a>,
        length: Option<u64>,
    ) -> Result<Self, Error> {
        let fault = |field| Error::new(Code::BadArgument).field(field);
        if signers.is_empty() {
            return Err(fault("signers"));
        }
        if options.attributes == Attributes::None {
            return Err(fault("attributes"));
        }
        options.check(signers)?;
        let structure = options.structure(signers);
        let (signers, options) = (signers.to_vec(), options.clone());
        let hash = Sm3::new();
        let mut new = Self { out, signers, options, structure, hash, length, taken: 0 };
        new.begin()?;
        Ok(new)
    }

    /// Takes the next piece of the data.
    ///
    /// # Errors
    /// [`Code::LengthMismatch`] past the length that was said; [`Code::StreamFailed`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), Error> {
        self.taken = self.taken.saturating_add(length(data));
        if self.length.is_some_and(|length| self.taken > length) {
            return Err(Error::new(Code::LengthMismatch).field("length"));
        }
        self.hash.update(data);
        if self.options.placement == Placement::Attached && !data.is_empty() {
            if self.length.is_none() {
                write(&mut self.out, &header(tag::OCTET_STRING, Some(length(data))))?;
            }
            write(&mut self.out, data)?;
        }
        Ok(())
    }

    /// Takes everything that `input` gives.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn update_from(&mut self, input: &mut dyn Read) -> Result<(), Error> {
        super::feed(input, |piece| self.update(piece))
    }

    /// Makes the signatures, writes the rest, and gives `out` back.
    ///
    /// # Errors
    /// [`Code::LengthMismatch`] if the data is shorter than was said; [`Code::StreamFailed`]; whatever a
    /// key fails with.
    pub fn finish(mut self) -> Result<W, Error> {
        if self.length.is_some_and(|length| self.taken != length) {
            return Err(Error::new(Code::LengthMismatch).field("length"));
        }
        let digest = self.hash.finalize_reset().into();
        let attached = self.options.placement == Placement::Attached;
        for signer in &self.signers {
            let info = if attached && self.length.is_some() {
                self.options.signer_info_of_fixed_length(signer, &digest)?
            } else {
                self.options.signer_info(signer, &digest, &[])?
            };
            self.structure.signers.push(info);
        }
        if !attached {
            let whole = self.structure.to_der(&self.options.encapsulate(None))?;
            write(&mut self.out, &whole)?;
            return Ok(self.out);
        }
        if self.length.is_none() {
            // Of the OCTET STRING, [0], and contentInfo.
            write(&mut self.out, &END.repeat(3))?;
        }
        write(&mut self.out, &self.structure.tail()?)?;
        if self.length.is_none() {
            // Of SignedData, [0], and ContentInfo.
            write(&mut self.out, &END.repeat(3))?;
        }
        Ok(self.out)
    }

    /// Writes everything before the data, if that comes inside.
    fn begin(&mut self) -> Result<(), Error> {
        if self.options.placement == Placement::Detached {
            return Ok(());
        }
        let outer_type = wrap(tag::OID, &[Kind::SignedData.oid(self.options.family)?]);
        let inner_type = wrap(tag::OID, &[self.options.content_type()]);
        let head = self.structure.head();
        let lengths = match self.length {
            None => [None; 6],
            Some(octets) => {
                let mut fixed = self.structure.clone();
                for signer in &self.signers {
                    let info = self.options.signer_info_of_zeros(signer)?;
                    fixed.signers.push(info);
                }
                let explicit = whole(octets);
                let content_info = length(&inner_type).saturating_add(whole(explicit));
                let signed_data = [length(&head), whole(content_info), length(&fixed.tail()?)];
                let signed_data = signed_data.into_iter().fold(0, u64::saturating_add);
                let content = whole(signed_data);
                let outer = length(&outer_type).saturating_add(whole(content));
                [outer, content, signed_data, content_info, explicit, octets].map(Some)
            }
        };
        let [outer, content, signed_data, content_info, explicit, octets] = lengths;
        let octets_tag = if octets.is_some() {
            tag::OCTET_STRING
        } else {
            crate::pki::ber::CONSTRUCTED_OCTET_STRING
        };
        let parts = [
            header(tag::SEQUENCE, outer),
            outer_type,
            header(tag::CONTEXT_0, content),
            header(tag::SEQUENCE, signed_data),
            head,
            header(tag::SEQUENCE, content_info),
            inner_type,
            header(tag::CONTEXT_0, explicit),
            header(octets_tag, octets),
        ];
        write(&mut self.out, &parts.concat())
    }
}
