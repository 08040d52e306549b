//! SM3, the hash function of GB/T 32905-2016; HMAC over it; and the KDF of GB/T 32918.4-2016, 5.4.3.

pub use sm3::Sm3;

/// A digest: 32 bytes, big-endian words as in GB/T 32905-2016, 5.4.
pub type Digest = [u8; 32];

/// HMAC with SM3 (GB/T 15852.2), for keys of any length.
pub type HmacSm3 = hmac::Hmac<Sm3>;

/// The digest of `message`.
#[must_use]
pub fn hash(message: &[u8]) -> Digest {
    use digest::Digest as _;
    Sm3::digest(message).into()
}

/// The digests of many messages of any lengths, in their order.
#[must_use]
pub fn hash_many(messages: &[&[u8]]) -> Vec<Digest> {
    messages.iter().map(|message| hash(message)).collect()
}

/// Fills `out` with KDF(`z` parts concatenated): SM3(z ‖ counter) for counter = 1, 2, …
pub fn kdf(z: &[&[u8]], out: &mut [u8]) {
    use digest::Digest as _;
    for (counter, chunk) in (1u32..).zip(out.chunks_mut(32)) {
        let mut state = Sm3::new();
        for part in z {
            state.update(part);
        }
        state.update(counter.to_be_bytes());
        chunk.copy_from_slice(&state.finalize()[..chunk.len()]);
    }
}
