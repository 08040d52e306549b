//! Keys, signatures, certificates, revocation lists.

use yinxin::{UnixTime, primitives::sm2};

/// An SM2 signature in DER; what is accepted has one encoding only.
pub(crate) fn signature(data: &[u8]) {
    if let Ok(signature) = sm2::Signature::from_der(data) {
        assert_eq!(signature.to_der(), data);
    }
}

/// A time in the text form of the command line and of JSON.
pub(crate) fn time(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(time) = UnixTime::parse_rfc3339(text) {
        assert_eq!(UnixTime::parse_rfc3339(&time.to_string()), Ok(time));
    }
}
