//! SM2 encryption and decryption: GB/T 32918.4-2016, clauses 6 and 7. The cofactor h is 1.
//!
//! `A1`..`A8` and `B1`..`B7` below are the clauses' own step names. Constant time in the private key,
//! the nonce and the message, but for its length.

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Backend, Ciphertext, PreparedPublicKey, PrivateKey, PublicKey, backend::to_affine_pair,
    point::Affine, scalar::Scalar,
};
use crate::{
    error::{Code, Error},
    limits,
    primitives::{ct, rng, sm3},
};

/// What the functions for many work on together: enough to share an inversion, few enough that
/// secrets are soon overwritten.
const GROUP: usize = 64;

impl PublicKey {
    /// Encrypts `plaintext`, which is not empty, for the holder of the private key (GB/T 32918.4-2016,
    /// clause 6).
    ///
    /// # Errors
    /// [`Code::BadLength`] if the plaintext is empty, a limit error above
    /// [`limits::SM2_PLAINTEXT_BYTES_MAX`], [`Code::NoRandomness`].
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Ciphertext, Error> {
        self.encrypt_with_nonces(plaintext, random_nonce)
    }

    /// Encryption with nonces in [1, n-1] from `next_nonce`: the door through which tests give the
    /// standard's own.
    pub(super) fn encrypt_with_nonces(
        &self,
        plaintext: &[u8],
        mut next_nonce: impl FnMut() -> Result<Zeroizing<Scalar>, Error>,
    ) -> Result<Ciphertext, Error> {
        self.backend.ready()?;
        check_length(plaintext)?;
        loop {
            // A1, A2: k in [1, n-1], C1 = [k]G.
            let k = next_nonce()?;
            let c1 = self.backend.multiply_base_to_sum(&k);
            // A3: [h]P is not infinity, as no public key is. A4: (x2, y2) = [k]P.
            let shared = self.backend.multiply_to_sum(&k, &self.point);
            let [c1, shared] = to_affine_pair([c1, shared]);
            if let Some(ciphertext) = finish(plaintext, &c1, shared) {
                return Ok(ciphertext);
            }
        }
    }

    /// Encrypts many plaintexts for one recipient, each as [`Self::encrypt`] does, and gives the
    /// results in their order. Where the CPU has AVX-512 IFMA, that is several times as fast as one by
    /// one.
    #[must_use]
    pub fn encrypt_many(&self, plaintexts: &[&[u8]]) -> Vec<Result<Ciphertext, Error>> {
        let inputs =
            |nonces: &[Scalar]| -> Vec<_> { nonces.iter().map(|k| (*k, self.point)).collect() };
        let multiply =
            |nonces: &[Scalar]| self.backend.multiply_all(&Zeroizing::new(inputs(nonces)));
        encrypt_groups(plaintexts, self.backend, multiply, |plaintext| self.encrypt(plaintext))
    }
}

impl PreparedPublicKey {
    /// As [`PublicKey::encrypt`].
    ///
    /// # Errors
    /// As [`PublicKey::encrypt`].
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Ciphertext, Error> {
        self.encrypt_with_nonces(plaintext, random_nonce)
    }

    /// As [`PublicKey::encrypt_with_nonces`].
    pub(super) fn encrypt_with_nonces(
        &self,
        plaintext: &[u8],
        mut next_nonce: impl FnMut() -> Result<Zeroizing<Scalar>, Error>,
    ) -> Result<Ciphertext, Error> {
        self.key().backend.ready()?;
        check_length(plaintext)?;
        loop {
            let k = next_nonce()?;
            let [c1, shared] = self.multiply_base_and_key(&k);
            if let Some(ciphertext) = finish(plaintext, &c1, shared) {
                return Ok(ciphertext);
            }
        }
    }

    /// As [`PublicKey::encrypt_many`].
    #[must_use]
    pub fn encrypt_many(&self, plaintexts: &[&[u8]]) -> Vec<Result<Ciphertext, Error>> {
        let multiply = |nonces: &[Scalar]| self.multiply_all(nonces);
        encrypt_groups(plaintexts, self.key().backend, multiply, |plaintext| {
            self.encrypt(plaintext)
        })
    }
}

/// Encrypts with C1 = [k]G, and (x2, y2) = [k]P from `multiply_key`, for a group of nonces at a time;
/// `single` encrypts one that is alone, or needs another nonce.
fn encrypt_groups(
    plaintexts: &[&[u8]],
    backend: Backend,
    multiply_key: impl Fn(&[Scalar]) -> Vec<Affine>,
    single: impl Fn(&[u8]) -> Result<Ciphertext, Error>,
) -> Vec<Result<Ciphertext, Error>> {
    if let Err(refused) = backend.ready_for(plaintexts.len()) {
        return refused;
    }
    let mut results = Vec::with_capacity(plaintexts.len());
    for group in plaintexts.chunks(GROUP) {
        if let [plaintext] = group {
            results.push(single(plaintext));
            continue;
        }
        // Of its full size from the start, so that growing leaves no copy behind.
        let mut nonces = Zeroizing::new(Vec::with_capacity(group.len()));
        let drawn = group.iter().try_for_each(|_| {
            nonces.push(*random_nonce()?);
            Ok(())
        });
        if let Err(error) = drawn {
            let error: Error = error;
            results.extend(group.iter().map(|_| Err(error.clone())));
            continue;
        }
        let points = backend.multiply_base_all(&nonces);
        let shared = Zeroizing::new(multiply_key(&nonces));
        for ((plaintext, c1), &shared) in group.iter().zip(&points).zip(&*shared) {
            results.push(check_length(plaintext).and_then(|()| {
                // A key stream of zeros comes once in 2^8 times for a single byte.
                let ciphertext = finish(plaintext, c1, shared);
                ciphertext.map_or_else(|| single(plaintext), Ok)
            }));
        }
    }
    results
}

/// A5 to A8, or `None` if another nonce is needed.
pub(super) fn finish(plaintext: &[u8], c1: &Affine, shared: Affine) -> Option<Ciphertext> {
    let shared = SharedPoint::new(shared);
    // A5: t = KDF(x2 ‖ y2, klen), again if all of t is 0. A7: C3 = H(x2 ‖ M ‖ y2).
    let mut c2 = vec![0; plaintext.len()];
    let (x, y) = (&*shared.x, &*shared.y);
    let c3 = sm3::kdf_and_hash([x, y], &mut c2, &[x, plaintext, y]);
    if ct::all_zero(&c2) {
        return None;
    }
    // A6, A8: C2 = M xor t. C1 ‖ C3 ‖ C2 is public.
    xor(&mut c2, plaintext);
    let c3 = ct::declassify(c3);
    let c1 = ct::declassify(*c1);
    Some(Ciphertext { x: c1.x.to_bytes(), y: c1.y.to_bytes(), c3, c2 })
}

fn check_length(plaintext: &[u8]) -> Result<(), Error> {
    if plaintext.is_empty() {
        return Err(Error::new(Code::BadLength).field("plaintext"));
    }
    if plaintext.len() > limits::SM2_PLAINTEXT_BYTES_MAX {
        return Err(Error::limit("SM2_PLAINTEXT_BYTES_MAX"));
    }
    Ok(())
}

impl PrivateKey {
    /// Decrypts `ciphertext` (GB/T 32918.4-2016, clause 7). Constant time in d and the plaintext.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if any of B1 to B6 rejects. Which one is deliberately not told.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.public().backend.ready()?;
        let c1 = first_point(ciphertext)?;
        // B3: (x2, y2) = [d]C1.
        open(ciphertext, self.public().backend.multiply(&self.scalar(), &c1))
    }

    /// Decrypts many ciphertexts, each as [`Self::decrypt`] does, and gives the results in their order.
    /// Where the CPU has AVX-512 IFMA, that is several times as fast as one by one.
    #[must_use]
    pub fn decrypt_many(
        &self,
        ciphertexts: &[&Ciphertext],
    ) -> Vec<Result<Zeroizing<Vec<u8>>, Error>> {
        if let Err(refused) = self.public().backend.ready_for(ciphertexts.len()) {
            return refused;
        }
        let mut results = Vec::with_capacity(ciphertexts.len());
        for group in ciphertexts.chunks(GROUP) {
            let points: Vec<_> = group.iter().map(|ciphertext| first_point(ciphertext)).collect();
            let d = self.scalar();
            // Of its full size from the start, so that growing leaves no copy behind.
            let mut inputs = Zeroizing::new(Vec::with_capacity(group.len()));
            inputs.extend(points.iter().flatten().map(|point| (*d, *point)));
            let shared = Zeroizing::new(self.public().backend.multiply_all(&inputs));
            let mut shared = shared.iter();
            for (ciphertext, point) in group.iter().zip(points) {
                results.push(point.and_then(|_| {
                    let shared =
                        shared.next().ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))?;
                    open(ciphertext, *shared)
                }));
            }
        }
        results
    }
}

/// B1: C1 is on the curve. B2: [h]C1 is not infinity, as no affine point is.
fn first_point(ciphertext: &Ciphertext) -> Result<Affine, Error> {
    let point = Affine::from_bytes(&ciphertext.x, &ciphertext.y);
    point.ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))
}

/// B4 to B7.
fn open(ciphertext: &Ciphertext, shared: Affine) -> Result<Zeroizing<Vec<u8>>, Error> {
    let shared = SharedPoint::new(shared);
    // B4, B5: t = KDF(x2 ‖ y2, klen), reject if all of t is 0; M = C2 xor t.
    let mut plaintext = Zeroizing::new(vec![0; ciphertext.c2.len()]);
    let usable = shared.key_stream(&mut plaintext);
    xor(&mut plaintext, &ciphertext.c2);
    // B6: u = H(x2 ‖ M ‖ y2), reject u != C3.
    let genuine = ct::equal(&shared.check_value(&plaintext), &ciphertext.c3);
    // B7.
    if usable & genuine {
        Ok(plaintext)
    } else {
        Err(Error::new(Code::BadCiphertext).field("ciphertext"))
    }
}

/// (x2, y2), which only the two parties know.
struct SharedPoint {
    x: Zeroizing<[u8; 32]>,
    y: Zeroizing<[u8; 32]>,
}

impl SharedPoint {
    fn new(mut point: Affine) -> Self {
        let x = Zeroizing::new(point.x.to_bytes());
        let y = Zeroizing::new(point.y.to_bytes());
        point.zeroize();
        Self { x, y }
    }

    /// Fills t = KDF(x2 ‖ y2, klen) and says whether any of it differs from 0.
    fn key_stream(&self, t: &mut [u8]) -> bool {
        sm3::kdf(&[&*self.x, &*self.y], t);
        !ct::all_zero(t)
    }

    /// H(x2 ‖ M ‖ y2).
    fn check_value(&self, message: &[u8]) -> sm3::Digest {
        sm3::hash_parts(&[&*self.x, message, &*self.y])
    }
}

fn xor(bytes: &mut [u8], other: &[u8]) {
    for (byte, other) in bytes.iter_mut().zip(other) {
        *byte ^= other;
    }
}

/// A nonce from the operating system's randomness, uniform in [1, n-1] by rejection.
pub(super) fn random_nonce() -> Result<Zeroizing<Scalar>, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    loop {
        rng::fill(&mut *bytes)?;
        if let Some(k) = Scalar::from_bytes_nonzero(&bytes) {
            return Ok(Zeroizing::new(k));
        }
    }
}
