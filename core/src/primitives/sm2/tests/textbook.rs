//! SM2 as the standard writes it, over num-bigint and for any curve over a prime field: slow, plain,
//! and independent of the product's arithmetic.

use num_bigint::BigUint;

use crate::primitives::sm3;

pub(super) type Hash = fn(&[u8]) -> Vec<u8>;

/// A point, or `None` for the point at infinity.
pub(super) type Point = Option<(BigUint, BigUint)>;

pub(super) struct Curve {
    pub(super) p: BigUint,
    pub(super) a: BigUint,
    pub(super) b: BigUint,
    pub(super) g: Point,
    pub(super) n: BigUint,
}

pub(super) fn sm3_hash(bytes: &[u8]) -> Vec<u8> {
    sm3::hash(bytes).to_vec()
}

pub(super) fn sha256_hash(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

pub(super) fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

pub(super) fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap()
}

/// 32 bytes, big-endian.
pub(super) fn bytes(number: &BigUint) -> [u8; 32] {
    let bytes = number.to_bytes_be();
    let mut padded = [0; 32];
    padded[32 - bytes.len()..].copy_from_slice(&bytes);
    padded
}

impl Curve {
    /// The recommended curve of GB/T 32918.5-2017, clause 3.
    pub(super) fn recommended() -> Self {
        Self {
            p: hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF"),
            a: hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"),
            b: hex("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"),
            g: Some((
                hex("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"),
                hex("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"),
            )),
            n: hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"),
        }
    }

    /// The curve Fp-256 of the examples of GB/T 32918.2-2016 and .4-2016, A.2.
    pub(super) fn example() -> Self {
        Self {
            p: hex("8542D69E4C044F18E8B92435BF6FF7DE457283915C45517D722EDB8B08F1DFC3"),
            a: hex("787968B4FA32C3FD2417842E73BBFEFF2F3C848B6831D7E0EC65228B3937E498"),
            b: hex("63E4C6D3B23B0C849CF84241484BFE48F61D59A5B16BA06E6E12D1DA27C5249A"),
            g: Some((
                hex("421DEBD61B62EAB6746434EBC3CC315E32220B3BADD50BDC4C4E6C147FEDD43D"),
                hex("0680512BCBB42C07D47349D2153B70C4E5D7FDFCBFA36EA1A85841B9E46E09A2"),
            )),
            n: hex("8542D69E4C044F18E8B92435BF6FF7DD297720630485628D5AE74EE7C32E79B7"),
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "sm2p256v1" => Self::recommended(),
            "gbt32918-example-Fp256" => Self::example(),
            other => panic!("curve {other}"),
        }
    }

    pub(super) fn contains(&self, x: &BigUint, y: &BigUint) -> bool {
        let right = x.modpow(&3u32.into(), &self.p) + &self.a * x + &self.b;
        x < &self.p && y < &self.p && (y * y) % &self.p == right % &self.p
    }

    fn inverse(value: &BigUint, m: &BigUint) -> BigUint {
        value.modpow(&(m - 2u32), m) // Fermat: both moduli are prime
    }

    pub(super) fn add(&self, a: &Point, b: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (a, b) else {
            return a.clone().or_else(|| b.clone());
        };
        let p = &self.p;
        let slope = if x1 != x2 {
            (y2 + p - y1) * Self::inverse(&((x2 + p - x1) % p), p)
        } else if (y1 + y2) % p == BigUint::ZERO {
            return None;
        } else {
            (x1 * x1 * 3u32 + &self.a) * Self::inverse(&(y1 * 2u32 % p), p)
        } % p;
        let x3 = (&slope * &slope + p * 2u32 - x1 - x2) % p;
        let y3 = (&slope * (x1 + p - &x3) + p - y1) % p;
        Some((x3, y3))
    }

    pub(super) fn multiply(&self, k: &BigUint, point: &Point) -> Point {
        (0..k.bits()).rev().fold(None, |sum, i| {
            let sum = self.add(&sum, &sum);
            if k.bit(i) { self.add(&sum, point) } else { sum }
        })
    }

    /// Z, GB/T 32918.2-2016, 5.5.
    pub(super) fn z(&self, hash: Hash, id: &[u8], public: &Point) -> Vec<u8> {
        let (xg, yg) = self.g.as_ref().unwrap();
        let (xa, ya) = public.as_ref().unwrap();
        let mut input = u16::try_from(id.len() * 8).unwrap().to_be_bytes().to_vec();
        input.extend(id);
        for value in [&self.a, &self.b, xg, yg, xa, ya] {
            input.extend(bytes(value));
        }
        hash(&input)
    }

    /// e = H(Z ‖ M).
    pub(super) fn digest(&self, hash: Hash, id: &[u8], public: &Point, message: &[u8]) -> BigUint {
        number(&hash(&[&self.z(hash, id, public), message].concat()))
    }

    /// (r, s), or `None` where the standard tries the next k.
    pub(super) fn sign(&self, d: &BigUint, e: &BigUint, k: &BigUint) -> Option<(BigUint, BigUint)> {
        let n = &self.n;
        let (x1, _) = self.multiply(k, &self.g).unwrap();
        let r = (e + x1) % n;
        if r == BigUint::ZERO || &r + k == *n {
            return None;
        }
        let s = Self::inverse(&(d + 1u32), n) * (k + (n - d) * &r) % n;
        (s != BigUint::ZERO).then_some((r, s))
    }

    pub(super) fn verify(&self, public: &Point, e: &BigUint, r: &BigUint, s: &BigUint) -> bool {
        let n = &self.n;
        let in_range = |value: &BigUint| *value != BigUint::ZERO && value < n;
        let t = (r + s) % n;
        if !in_range(r) || !in_range(s) || t == BigUint::ZERO {
            return false;
        }
        let sum = self.add(&self.multiply(s, &self.g), &self.multiply(&t, public));
        sum.is_some_and(|(x1, _)| (e + x1) % n == *r)
    }

    /// C1 ‖ C3 ‖ C2, or `None` where the standard tries the next k.
    pub(super) fn encrypt(&self, public: &Point, k: &BigUint, message: &[u8]) -> Option<Vec<u8>> {
        Self::seal(&self.multiply(k, &self.g), &self.multiply(k, public), message)
    }

    /// [`Self::encrypt`] after [k]G and [k]P.
    pub(super) fn seal(c1: &Point, shared: &Point, message: &[u8]) -> Option<Vec<u8>> {
        let (x1, y1) = c1.as_ref().unwrap();
        let (c2, c3) = (Self::xor_key_stream(shared, message)?, Self::check(shared, message));
        Some([&[4][..], &bytes(x1), &bytes(y1), &c3, &c2].concat())
    }

    /// The message of C1 ‖ C3 ‖ C2, or `None` where the standard rejects.
    pub(super) fn decrypt(&self, d: &BigUint, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let (&4, c1) = ciphertext.split_first()? else { return None };
        let (x, rest) = c1.split_at_checked(32)?;
        let (y, rest) = rest.split_at_checked(32)?;
        let (c3, c2) = rest.split_at_checked(32)?;
        let (x, y) = (number(x), number(y));
        if !self.contains(&x, &y) || c2.is_empty() {
            return None;
        }
        let shared = self.multiply(d, &Some((x, y)));
        let message = Self::xor_key_stream(&shared, c2)?;
        (Self::check(&shared, &message) == c3).then_some(message)
    }

    /// `text` xor KDF(x2 ‖ y2), unless that is all 0.
    fn xor_key_stream(shared: &Point, text: &[u8]) -> Option<Vec<u8>> {
        let (x2, y2) = shared.as_ref().map(|(x, y)| (bytes(x), bytes(y))).unwrap();
        let stream = (1u32..).flat_map(|i| sm3_hash(&[&x2[..], &y2, &i.to_be_bytes()].concat()));
        let t: Vec<u8> = stream.take(text.len()).collect();
        let usable = t.iter().any(|&byte| byte != 0);
        usable.then(|| text.iter().zip(t).map(|(a, b)| a ^ b).collect())
    }

    /// H(x2 ‖ M ‖ y2).
    fn check(shared: &Point, message: &[u8]) -> Vec<u8> {
        let (x2, y2) = shared.as_ref().map(|(x, y)| (bytes(x), bytes(y))).unwrap();
        sm3_hash(&[&x2[..], message, &y2].concat())
    }
}

#[test]
fn both_curves_hold_their_points() {
    for curve in [Curve::recommended(), Curve::example()] {
        let (x, y) = curve.g.as_ref().unwrap();
        assert!(curve.contains(x, y));
        assert!(curve.multiply(&curve.n, &curve.g).is_none());
    }
}
