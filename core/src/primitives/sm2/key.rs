//! Key pairs: GB/T 32918.1-2016, clause 6 (generation 6.1, check of a public key 6.2), and the digest
//! Z of a key and its user of GB/T 32918.2-2016, 5.5.

use std::{fmt, sync::OnceLock};

use zeroize::Zeroizing;

use super::{Backend, DistId, PreparedPublicKey, nonce, pairwise, point::Affine, scalar::Scalar};
use crate::{
    error::{Code, Error},
    primitives::{
        ct, rng,
        secret::Secret,
        selftest::in_service,
        sm3::{self, Digest},
    },
};

/// a ‖ b ‖ xG ‖ yG of GB/T 32918.5-2017, clause 3, 32 bytes big-endian each: they go into every Z.
pub(crate) const PARAMETERS: [u8; 128] = *b"\
    \xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
    \xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc\
    \x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7\
    \xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93\
    \x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94\
    \x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7\
    \xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53\
    \xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0";

/// A public key: a point of the curve, not the point at infinity.
#[derive(Clone)]
pub struct PublicKey {
    sec1: [u8; 65],
    pub(super) point: Affine,
    pub(super) backend: Backend,
}

impl PublicKey {
    /// From 04 ‖ x ‖ y (65 bytes) or the compressed form 02 or 03 ‖ x (33 bytes), big-endian
    /// (GB/T 32918.1-2016, 4.2.9 and 4.2.10). Variable time: the key is public.
    ///
    /// # Errors
    /// [`Code::BadPublicKey`] if it is anything else or not on the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, Error> {
        in_service()?;
        let point = match bytes.split_first() {
            Some((4, rest)) => match rest.as_chunks::<32>() {
                ([x, y], []) => Affine::from_bytes(x, y),
                _ => None,
            },
            Some((form @ (2 | 3), x)) => {
                x.try_into().ok().and_then(|x| Affine::from_x_vartime(x, *form == 3))
            }
            _ => None,
        };
        point.map(Self::from_point).ok_or(Error::new(Code::BadPublicKey).field("public key"))
    }

    /// 04 ‖ x ‖ y.
    #[must_use]
    pub const fn to_sec1(&self) -> [u8; 65] {
        self.sec1
    }

    /// 02 ‖ x if y is even, 03 ‖ x if it is odd.
    #[must_use]
    pub fn to_sec1_compressed(&self) -> [u8; 33] {
        let mut bytes = [0; 33];
        bytes.copy_from_slice(&self.sec1[..33]);
        bytes[0] = 2 + (self.sec1[64] & 1);
        bytes
    }

    /// The same key, on a chosen backend instead of the fastest.
    #[must_use]
    pub const fn on(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    pub(super) fn from_point(point: Affine) -> Self {
        let point = ct::declassify(point);
        Self { sec1: point.to_sec1(), point, backend: Backend::fastest() }
    }

    /// Z = H(ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG ‖ xA ‖ yA) (GB/T 32918.2-2016, 5.5).
    pub(super) fn z(&self, id: &DistId) -> Digest {
        // `DistId` holds at most 8191 bytes, so that its length in bits fits.
        let bits = (id.as_bytes().len() * 8) as u16;
        sm3::hash_parts(&[&bits.to_be_bytes(), id.as_bytes(), &PARAMETERS, &self.sec1[1..]])
    }
}

/// e = H(Z ‖ M), steps A1 and A2 of signing, B3 and B4 of verification.
pub(super) fn message_digest(z: &Digest, message: &[u8]) -> Digest {
    sm3::hash_parts(&[z, message])
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.sec1 == other.sec1
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::encode::debug_hex(f, "PublicKey", &self.sec1)
    }
}

/// A private key: d in [1, n-2], 32 bytes big-endian (GB/T 32918.1-2016, 6.1).
///
/// Its secrets are zeroised when it is dropped; `Debug` prints `PrivateKey(..)`.
pub struct PrivateKey {
    d: Secret<32>,
    /// 2^256 / (1 + d) modulo n, which every signature needs, once it has been asked for.
    inverse: OnceLock<Secret<32>>,
    /// d, for nonces.
    nonce_key: nonce::Key,
    /// Always [d]G, so that no caller can pair d with another key.
    public: PublicKey,
    /// Z of the default identifier, once it has been asked for.
    z_default: OnceLock<Digest>,
    /// What verifies each signature before it is given out, if the owner of the key wants that.
    pub(super) fault_check: Option<Box<PreparedPublicKey>>,
}

impl PrivateKey {
    /// A new key from the operating system's randomness. It is checked to be a pair, which takes about as
    /// long again as `[k]G`.
    ///
    /// # Errors
    /// [`Code::NoRandomness`]; [`Code::SelfTestFailed`] if it is no pair.
    pub fn generate() -> Result<Self, Error> {
        Backend::fastest().generate()
    }

    /// From d, 32 bytes big-endian. The caller zeroises its own copy. Constant time in d, but for
    /// being refused.
    ///
    /// # Errors
    /// [`Code::BadPrivateKey`] unless d is in [1, n-2].
    pub fn from_bytes(d: &[u8; 32]) -> Result<Self, Error> {
        let backend = Backend::fastest();
        backend.ready()?;
        let bad = || Error::new(Code::BadPrivateKey).field("private key");
        let scalar = private_scalar(d).ok_or_else(bad)?;
        // A2: P = [d]G.
        let public = PublicKey::from_point(backend.multiply_base(&scalar)).on(backend);
        Ok(Self::from_parts(d, OnceLock::new(), public))
    }

    fn from_parts(d: &[u8; 32], inverse: OnceLock<Secret<32>>, public: PublicKey) -> Self {
        Self {
            d: Secret::copy_of(d),
            inverse,
            nonce_key: nonce::Key::new(d),
            public,
            z_default: OnceLock::new(),
            fault_check: None,
        }
    }

    /// d, 32 bytes big-endian.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        self.d.expose()
    }

    /// The public key `[d]G`.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The same key, on a chosen backend instead of the fastest.
    #[must_use]
    pub const fn on(mut self, backend: Backend) -> Self {
        self.public.backend = backend;
        self
    }

    /// d.
    pub(super) fn scalar(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(Scalar::from_bytes_reduced(self.d.expose()))
    }

    /// 2^256 / (1 + d) modulo n. It is computed for the first signature, and checked.
    ///
    /// # Errors
    /// [`Code::SelfTestFailed`] if it is no inverse: nothing serves any more.
    pub(super) fn inverse(&self) -> Result<Zeroizing<Scalar>, Error> {
        if let Some(inverse) = self.inverse.get() {
            return Ok(Zeroizing::new(Scalar::from_bytes_reduced(inverse.expose())));
        }
        let d = self.scalar();
        let successor = Zeroizing::new(d.successor());
        let inverse = Zeroizing::new(successor.invert());
        let kept = secret_of(&Zeroizing::new(inverse.to_montgomery()));
        let inverse = Zeroizing::new(Scalar::from_bytes_reduced(kept.expose()));
        pairwise::check_inverse(&d, &inverse)?;
        self.inverse.get_or_init(|| kept);
        Ok(inverse)
    }

    pub(super) const fn nonce_key(&self) -> &nonce::Key {
        &self.nonce_key
    }

    /// Z of this key and `id`.
    pub(super) fn z(&self, id: &DistId) -> Digest {
        if *id == DistId::DEFAULT {
            return *self.z_default.get_or_init(|| self.public.z(id));
        }
        self.public.z(id)
    }
}

/// d, if it is in [1, n-2].
fn private_scalar(d: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
    let scalar = Scalar::from_bytes_nonzero(d).map(Zeroizing::new)?;
    let successor = Zeroizing::new(scalar.successor());
    (!successor.is_zero().declassify()).then_some(scalar)
}

fn secret_of(scalar: &Scalar) -> Secret<32> {
    Secret::copy_of(&Zeroizing::new(scalar.to_bytes()))
}

/// Many new keys, each as [`PrivateKey::generate`] makes it. Where the CPU has AVX-512 IFMA, that is
/// several times as fast as one by one.
///
/// # Errors
/// [`Code::NoRandomness`]; [`Code::SelfTestFailed`] if one is no pair.
pub fn keygen_many(count: usize) -> Result<Vec<PrivateKey>, Error> {
    Backend::fastest().keygen_many(count)
}

impl Backend {
    /// As [`PrivateKey::generate`], with this backend.
    ///
    /// # Errors
    /// As [`PrivateKey::generate`].
    pub fn generate(self) -> Result<PrivateKey, Error> {
        self.ready()?;
        loop {
            // A1: d uniform in [1, n-2], by rejection, which happens once in 2^32 times.
            let d = Secret::<32>::fill_with(|bytes| rng::fill(bytes))?;
            let Some(scalar) = private_scalar(d.expose()) else { continue };
            // A2: P = [d]G.
            let public = PublicKey::from_point(self.multiply_base(&scalar)).on(self);
            let key = PrivateKey::from_parts(d.expose(), OnceLock::new(), public);
            pairwise::check_one(&key)?;
            return Ok(key);
        }
    }

    /// As [`keygen_many`], with this backend.
    ///
    /// # Errors
    /// As [`keygen_many`].
    pub fn keygen_many(self, count: usize) -> Result<Vec<PrivateKey>, Error> {
        if count == 1 {
            return Ok(vec![self.generate()?]);
        }
        self.ready()?;
        let mut keys = Vec::with_capacity(count);
        let mut random = Zeroizing::new([[0; 32]; GROUP]);
        while keys.len() < count {
            let random = &mut random[..GROUP.min(count - keys.len())];
            rng::fill(random.as_flattened_mut())?;
            let before = keys.len();
            self.push_keys(random, &mut keys);
            pairwise::check(self, &keys[before..])?;
        }
        Ok(keys)
    }

    /// The key pairs of those d that are in [1, n-2] (A1, by rejection).
    fn push_keys(self, secrets: &[[u8; 32]], keys: &mut Vec<PrivateKey>) {
        let secrets: Vec<&[u8; 32]> =
            secrets.iter().filter(|d| private_scalar(d).is_some()).collect();
        let scalars = secrets.iter().map(|d| Scalar::from_bytes_reduced(d));
        let scalars = Zeroizing::new(scalars.collect::<Vec<_>>());
        let successors = scalars.iter().map(|d| d.successor());
        let mut inverses = Zeroizing::new(successors.collect::<Vec<_>>());
        let mut before = Zeroizing::new(vec![Scalar::ZERO; inverses.len()]);
        Scalar::invert_all_to_montgomery(&mut inverses, &mut before);
        // A2: P = [d]G.
        let points = self.multiply_base_all(&scalars);
        for ((d, inverse), point) in secrets.iter().zip(&*inverses).zip(points) {
            let public = PublicKey::from_point(point).on(self);
            keys.push(PrivateKey::from_parts(d, OnceLock::from(secret_of(inverse)), public));
        }
    }
}

/// The keys that [`keygen_many`] works on together: enough to share an inversion, few enough that
/// secrets are soon overwritten.
const GROUP: usize = 64;

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}
