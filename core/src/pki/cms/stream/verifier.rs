//! Verifying data that goes by: beside its SignedData, or inside it.

use std::io::{Read, Seek, SeekFrom, Write};

use super::{
    super::{
        Family, Kind, SignedData, Verification, VerifyOptions, content_info,
        verify::{Data, Hashes},
    },
    hashing::{Hashing, direct_keys, keys_of},
    opener::seek_failed,
    other_kind,
    reader::Reader,
    write,
};
use crate::{
    Code, Error,
    limits::{CMS_BYTES_MAX, CMS_SIGNERS_MAX},
    pki::{
        ber,
        tlv::{self, Element, sequence, tag},
        x509::Certificate,
    },
    primitives::sm2::PublicKey,
};

/// Verifies a SignedData over data that stands elsewhere and is given piece by piece.
pub struct Verifier<'a> {
    signed: SignedData,
    options: VerifyOptions<'a>,
    hashing: Hashing,
}

impl<'a> Verifier<'a> {
    /// For the SignedData `bytes`, which fit into memory as [`SignedData::parse`] wants it.
    ///
    /// # Errors
    /// As [`SignedData::parse`].
    pub fn new(bytes: &[u8], options: VerifyOptions<'a>) -> Result<Self, Error> {
        let signed = SignedData::parse(bytes)?;
        let named = signed.signers().iter().map(|signer| signer.digest_algorithm.as_slice());
        let hashing = Hashing::new(&direct_keys(&signed, options.known)).with_algorithms(named);
        Ok(Self { signed, options, hashing })
    }

    /// Takes in the next piece of the data.
    pub fn update(&mut self, data: &[u8]) {
        self.hashing.update(data);
    }

    /// Every check, as [`SignedData::verify`] makes them.
    #[must_use]
    pub fn finish(self) -> Verification {
        let hashes = self.hashing.finish(false);
        self.signed.verify_data(&Data::Hashed(&hashes), &self.options)
    }
}

/// Reads a SignedData of any length with the data inside, gives the data to `out` as it comes, and
/// verifies every signature. What `out` gets is not verified before this returns a verification that
/// passed.
///
/// Where the data itself is signed, without signed attributes, its hash begins with the key of the
/// signer, whose certificate stands behind the data: those of `direct` are reckoned with, each for the
/// price of one more hash, and other signers of that kind remain indeterminate. As a rule it is empty.
///
/// # Errors
/// [`Code::BadCms`]; [`Code::LimitReached`] if what surrounds the data is longer than [`CMS_BYTES_MAX`];
/// [`Code::StreamFailed`].
pub fn verify_attached(
    input: impl Read,
    out: &mut dyn Write,
    direct: &[Certificate],
    options: &VerifyOptions<'_>,
) -> Result<Verification, Error> {
    let (signed, hashes) = pass(input, out, &keys_of(direct)?)?;
    Ok(verification(&signed, &hashes, options))
}

/// As [`verify_attached`], for an input that can be read again: `out` gets the data only if the
/// verification passed, and signers without signed attributes are verified without further ado.
///
/// # Errors
/// As [`verify_attached`]; [`Code::StreamFailed`] too if the input was changed between two passes.
pub fn verify_attached_twice(
    mut input: impl Read + Seek,
    out: &mut dyn Write,
    options: &VerifyOptions<'_>,
) -> Result<Verification, Error> {
    let start = input.stream_position().map_err(|_| seek_failed())?;
    let (signed, mut hashes) = pass(&mut input, &mut std::io::sink(), &[])?;
    let keys = direct_keys(&signed, options.known);
    if !keys.is_empty() {
        input.seek(SeekFrom::Start(start)).map_err(|_| seek_failed())?;
        hashes = pass(&mut input, &mut std::io::sink(), &keys)?.1;
    }
    let verification = verification(&signed, &hashes, options);
    if verification.passed() {
        input.seek(SeekFrom::Start(start)).map_err(|_| seek_failed())?;
        let (_, again) = pass(&mut input, out, &[])?;
        if again.sm3 != hashes.sm3 {
            return Err(seek_failed());
        }
    }
    Ok(verification)
}

fn verification(signed: &SignedData, hashes: &Hashes, options: &VerifyOptions<'_>) -> Verification {
    let data = if hashes.attached { Data::Hashed(hashes) } else { Data::Missing };
    signed.verify_data(&data, options)
}

/// Reads once: the data goes to `out` and into the hashes, the rest becomes a SignedData over data
/// elsewhere.
fn pass(
    input: impl Read,
    out: &mut dyn Write,
    keys: &[PublicKey],
) -> Result<(SignedData, Hashes), Error> {
    const LIMIT: &str = "CMS_BYTES_MAX";
    let mut reader = Reader::new(input);
    reader.enter(tag::SEQUENCE, "ContentInfo")?;
    let family = signed_data(&reader.element("contentType", 64, LIMIT)?, &reader)?;
    reader.enter(tag::CONTEXT_0, "content")?;
    reader.enter(tag::SEQUENCE, "SignedData")?;
    let version = reader.element("version", 64, LIMIT)?;
    let digests = reader.element("digestAlgorithms", CMS_BYTES_MAX, LIMIT)?;
    let mut hashing = hashing(&digests, keys)?;
    reader.enter(tag::SEQUENCE, "contentInfo")?;
    let content_type = reader.element("contentInfo.contentType", 64, LIMIT)?;
    let mut attached = false;
    if reader.peek()? == Some(tag::CONTEXT_0) {
        reader.enter(tag::CONTEXT_0, "contentInfo.content")?;
        if reader.peek()?.is_some() {
            attached = true;
            let tags = [tag::OCTET_STRING, ber::CONSTRUCTED_OCTET_STRING];
            reader.octets(tags, "contentInfo.content", &mut |piece| {
                hashing.update(piece);
                write(out, piece)
            })?;
        }
        reader.leave("contentInfo.content")?;
    }
    reader.leave("contentInfo")?;
    let rest = reader.rest("signerInfos", CMS_BYTES_MAX / 2, LIMIT)?;
    reader.leave("SignedData")?;
    reader.leave("content")?;
    reader.leave("ContentInfo")?;
    reader.finish()?;
    let structure = sequence(&[&version, &digests, &sequence(&[&content_type]), &rest]);
    let bytes = content_info::write(family, Kind::SignedData, &structure)?;
    Ok((SignedData::parse(&bytes)?, hashing.finish(attached)))
}

/// The hashes that a SignedData needs which announces `digests`, a SET OF AlgorithmIdentifier.
fn hashing(digests: &[u8], keys: &[PublicKey]) -> Result<Hashing, Error> {
    let field = "digestAlgorithms";
    let set = tlv::only(digests, 0, tag::SET, Code::BadCms, field)?;
    let items = set.inside().all(field, CMS_SIGNERS_MAX, "CMS_SIGNERS_MAX")?;
    let name =
        |item: &Element<'_>| Some(item.inside().required(tag::OID, field).ok()?.value.to_vec());
    let names = items.iter().filter_map(name).collect::<Vec<_>>();
    Ok(Hashing::new(keys).with_algorithms(names.iter().map(Vec::as_slice)))
}

fn signed_data<R: Read>(content_type: &[u8], reader: &Reader<R>) -> Result<Family, Error> {
    let element = tlv::only(content_type, 0, tag::OID, Code::BadCms, "contentType");
    match element.map(|element| Kind::of(element.value)) {
        Ok(Some((family, Kind::SignedData))) => Ok(family),
        Ok(Some((_, kind))) => Err(other_kind(kind)),
        Ok(None) | Err(_) => Err(reader.error("contentType")),
    }
}
