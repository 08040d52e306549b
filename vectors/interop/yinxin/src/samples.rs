//! Keys and texts that others stumble over, the same in every run.

use yinxin::primitives::{sm2::PrivateKey, sm3};

use crate::case::Fault;

/// The passwords of encrypted keys and containers: ASCII, and characters beyond it.
pub(crate) const PASSWORDS: &[(&str, &str)] =
    &[("ascii-password", "correct horse 1"), ("chinese-password", "口令·印信")];

/// A key of no special form, another one for each `number`.
pub(crate) fn key(number: u32) -> Result<PrivateKey, Fault> {
    Ok(PrivateKey::from_bytes(&sm3::hash(format!("yinxin interop {number}").as_bytes()))?)
}

/// Keys by what is special about them.
pub(crate) fn keys() -> Result<Vec<(&'static str, PrivateKey)>, Fault> {
    let mut d = *key(1)?.expose_bytes();
    let [first, second, ..] = &mut d;
    (*first, *second) = (0, 0);
    // The public point is 04, 32 bytes of x, 32 bytes of y.
    Ok(vec![
        ("ordinary-key", key(0)?),
        ("d-starts-with-zeros", PrivateKey::from_bytes(&d)?),
        ("x-starts-with-zero", key_with_zero_at(1)?),
        ("y-starts-with-zero", key_with_zero_at(33)?),
    ])
}

/// A key with a zero byte at that place of its public point.
fn key_with_zero_at(place: usize) -> Result<PrivateKey, Fault> {
    for number in 2.. {
        let key = key(number)?;
        if key.public().to_sec1().get(place) == Some(&0) {
            return Ok(key);
        }
    }
    Err("no such key".into())
}

/// Messages by name.
pub(crate) fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let long = (0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    vec![
        ("empty-message", Vec::new()),
        ("one-zero-byte", vec![0]),
        ("chinese-message", "电子证照，一网通办".into()),
        ("text-with-newline", b"line\r\n".to_vec()),
        ("100000-bytes", long),
    ]
}

/// Identifiers by name: all are UTF-8, because some peers take them as text.
pub(crate) fn identifiers() -> Vec<(&'static str, String)> {
    vec![
        ("ascii-id", "ALICE123@YAHOO.COM".into()),
        ("chinese-id", "国家政务服务平台".into()),
        ("empty-id", String::new()),
        ("8191-byte-id", "i".repeat(8191)),
    ]
}

/// Plaintexts of SM2 encryption by name: around the blocks of SM3, and with zeros that a conversion
/// through numbers would lose.
pub(crate) fn plaintexts() -> Vec<(&'static str, Vec<u8>)> {
    let bytes = |count: u32| (0..count).map(|i| i.to_le_bytes()[0] ^ 0x5a).collect::<Vec<u8>>();
    vec![
        // Not one byte: once in 256 times its key stream is zero, which is tried apart.
        ("2-bytes", bytes(2)),
        ("starts-with-zeros", vec![0, 0, 0x61]),
        ("only-zeros", vec![0; 16]),
        ("32-bytes", bytes(32)),
        ("33-bytes", bytes(33)),
        ("255-bytes", bytes(255)),
        ("256-bytes", bytes(256)),
        ("10000-bytes", bytes(10_000)),
        ("chinese-text", "一网通办".into()),
    ]
}
