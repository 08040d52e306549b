//! The parsers that meet bytes of strangers, as functions that must neither panic nor hang on any input.

use yinxin::{UnixTime, primitives::sm2};

/// Takes any bytes; panics if the parser breaks a promise.
pub type Target = fn(&[u8]);

/// Every target: its name, which is also that of its folder in `corpus/`, and what it runs.
pub const TARGETS: &[(&str, Target)] = &[("signature", signature), ("time", time)];

/// An SM2 signature in DER; what is accepted has one encoding only.
fn signature(data: &[u8]) {
    if let Ok(signature) = sm2::Signature::from_der(data) {
        assert_eq!(signature.to_der(), data);
    }
}

/// A time in the text form of the command line and of JSON.
fn time(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(time) = UnixTime::parse_rfc3339(text) {
        assert_eq!(UnixTime::parse_rfc3339(&time.to_string()), Ok(time));
    }
}
