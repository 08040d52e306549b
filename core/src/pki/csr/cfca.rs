//! What CFCA adds to PKCS#10 for two certificates: the exchange key in the request, and the private key
//! of the encryption certificate that comes back. No standard describes either; the forms are those of
//! its kit SADK, as other implementations read and write them.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use super::Attribute;
use crate::{
    error::{Code, Error},
    pki::{
        custody::Decrypter,
        tlv::{self, sequence, tag, wrap},
    },
    primitives::sm2::{Ciphertext, PrivateKey, PublicKey},
};

/// The value of the attribute: OCTET STRING around SEQUENCE { 1, OCTET STRING }, and in that the eight
/// octets of a header (bits of the key, flags), then x and y, each followed by 32 zero bytes.
pub(super) fn exchange_key_value(key: &PublicKey) -> Vec<u8> {
    let point = key.to_sec1();
    let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
    let content = wrap(tag::OCTET_STRING, &[&HEADER, x, &[0; 32], y, &[0; 32]]);
    wrap(tag::OCTET_STRING, &[&sequence(&[&[tag::INTEGER, 1, 1], &content])])
}

pub(super) fn exchange_key(attribute: &Attribute) -> Result<PublicKey, Error> {
    let bad = || Error::new(Code::BadCsr).field("exchange key");
    let [value] = &*attribute.values else { return Err(bad()) };
    let read = || -> Result<Vec<u8>, Error> {
        let (code, field) = (Code::BadCsr, "exchange key");
        let outer = tlv::only(value, 0, tag::OCTET_STRING, code, field)?;
        let mut fields = tlv::only(outer.value, 0, tag::SEQUENCE, code, field)?.inside();
        fields.required(tag::INTEGER, field)?;
        let content = fields.required(tag::OCTET_STRING, field)?.value.to_vec();
        fields.finish(field)?;
        Ok(content)
    };
    let content = read().map_err(|_| bad())?;
    let content = <&[u8; 136]>::try_from(&*content).map_err(|_| bad())?;
    let (header, rest) = content.split_first_chunk::<8>().ok_or_else(bad)?;
    let (halves, _) = rest.as_chunks::<32>();
    match halves {
        [x, no_x, y, no_y] if *header == HEADER && [no_x, no_y] == [&[0; 32]; 2] => {
            PublicKey::from_sec1(&[&[4], &x[..], &y[..]].concat())
        }
        _ => Err(bad()),
    }
}

/// Opens the private key that CFCA returns with an encryption certificate, encrypted to the exchange
/// key of the request: the text, with its numbers in front or without, base64 in it divided by commas.
///
/// # Errors
/// [`Code::BadKey`] if the text is malformed or the halves of the key inside disagree,
/// [`Code::BadCiphertext`] if it is for another exchange key, [`Code::LimitReached`].
pub fn open_returned_key(text: &[u8], exchange: &dyn Decrypter) -> Result<PrivateKey, Error> {
    let bad = || Error::new(Code::BadKey).field("returned key");
    // 96 bytes encrypted are 192, 200 in DER, 268 in base64; the front adds 80.
    if text.len() > RETURNED_BYTES_MAX {
        return Err(bad());
    }
    let text = std::str::from_utf8(text).map_err(|_| bad())?.trim();
    let digits = match text.strip_prefix(FRONT) {
        Some(rest) => {
            let (length, digits) = rest.split_at_checked(16).ok_or_else(bad)?;
            if length.parse() != Ok(digits.len()) {
                return Err(bad());
            }
            digits
        }
        None => text,
    };
    let digits: String = digits.chars().filter(|digit| *digit != ',').collect();
    let der = Base64::decode_vec(&digits).map_err(|_| bad())?;
    let mut fields = tlv::only(&der, 0, tag::SEQUENCE, Code::BadKey, "returned key")?.inside();
    fields.required(tag::INTEGER, "version")?;
    let encrypted = fields.required(tag::OCTET_STRING, "returned key")?.value;
    fields.finish("returned key")?;
    // C1C3C2, whose point lacks its first octet.
    let ciphertext = Ciphertext::from_c1c3c2(&[&[4], encrypted].concat())?;
    let plain = exchange.decrypt(&ciphertext)?;
    let (point, d) = plain.split_at_checked(64).ok_or_else(bad)?;
    let d = Zeroizing::new(<[u8; 32]>::try_from(d).map_err(|_| bad())?);
    let key = PrivateKey::from_bytes(&d)?;
    let own = key.public().to_sec1();
    if own.get(1..) == Some(point) {
        Ok(key)
    } else {
        Err(Error::new(Code::KeyMismatch).field("key"))
    }
}

/// The text in which CFCA returns the private key of an encryption certificate, encrypted to
/// `exchange`: for tests of clients, and authorities that serve clients of CFCA.
///
/// # Errors
/// Whatever encryption fails with: no randomness.
pub fn return_key(key: &PrivateKey, exchange: &PublicKey) -> Result<String, Error> {
    let mut plain = Zeroizing::new(Vec::with_capacity(96));
    plain.extend(key.public().to_sec1().iter().skip(1));
    plain.extend(key.expose_bytes());
    let encrypted = exchange.encrypt(&plain)?.to_c1c3c2();
    let encrypted = wrap(tag::OCTET_STRING, &[encrypted.get(1..).unwrap_or_default()]);
    let digits = Base64::encode_string(&sequence(&[&[tag::INTEGER, 1, 1], &encrypted]));
    Ok(format!("{FRONT}{:016}{digits}", digits.len()))
}

const HEADER: [u8; 8] = [0, 0xb4, 0, 0, 0, 1, 0, 0];

/// What stands before the length and the base64: a version, a count, and 32 digits without use.
const FRONT: &str = "0000000000000001000000000000000100000000000000000000000000000000";

/// The longest text of a returned key that is read.
const RETURNED_BYTES_MAX: usize = 1024;
