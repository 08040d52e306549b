//! Key exchange: GB/T 32918.3-2016, clause 6, with its confirmation. The cofactor h is 1.
//!
//! Both parties do the same but for the order in which they are named, so one type serves both.
//! `A1`..`A10` below are the steps of the initiator; those of the responder differ in number only.
//! Constant time in the private key and the ephemeral key; what the other party sent is public.

use zeroize::Zeroizing;

use super::{
    DistId, PrivateKey, PublicKey, encrypt::random_nonce, multiply, point::Affine, scalar::Scalar,
};
use crate::{
    error::{Code, Error},
    limits,
    primitives::{
        ct,
        selftest::in_service,
        sm3::{self, Digest},
    },
};

/// Which party this side is: who sends the first message is the initiator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A of the standard.
    Initiator,
    /// B of the standard.
    Responder,
}

/// The other party: its key, which the caller has authenticated, and its identifier.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// The other party's public key.
    pub key: &'a PublicKey,
    /// The other party's identifier.
    pub id: &'a DistId,
}

/// This side of an exchange that has begun: it holds the ephemeral key pair (r, R).
pub struct Exchange<'k> {
    role: Role,
    own: &'k PrivateKey,
    z: Digest,
    r: Zeroizing<Scalar>,
    ephemeral: Affine,
}

impl<'k> Exchange<'k> {
    /// Draws the ephemeral key (A1 to A3).
    ///
    /// # Errors
    /// [`Code::NoRandomness`].
    pub fn begin(role: Role, own: &'k PrivateKey, id: &DistId) -> Result<Self, Error> {
        own.public().backend.ready()?;
        Ok(Self::with_ephemeral(role, own, id, random_nonce()?))
    }

    /// The same with a given r in [1, n-1]: the door through which tests give the standard's own.
    pub(super) fn with_ephemeral(
        role: Role,
        own: &'k PrivateKey,
        id: &DistId,
        r: Zeroizing<Scalar>,
    ) -> Self {
        // It is sent to the peer.
        let ephemeral = ct::declassify(own.public().backend.multiply_base(&r));
        Self { role, own, z: own.z(id), r, ephemeral }
    }

    /// R, to be sent to the other party: 04 ‖ x ‖ y.
    #[must_use]
    pub fn message(&self) -> [u8; 65] {
        self.ephemeral.to_sec1()
    }

    /// Computes the shared key of `length` bytes from `message`, the R that the other party sent
    /// (A4 to A8). An exchange serves for one key: its ephemeral key is used up.
    ///
    /// # Errors
    /// [`Code::BadPublicKey`] if `message` is not a point of the curve, or one for which the shared
    /// point would be infinity; [`Code::BadLength`] if `length` is 0, a limit error above
    /// [`limits::SM2_PLAINTEXT_BYTES_MAX`].
    pub fn agree(
        self,
        peer: &Peer<'_>,
        message: &[u8; 65],
        length: usize,
    ) -> Result<Agreement, Error> {
        self.own.public().backend.ready()?;
        if length == 0 {
            return Err(Error::new(Code::BadLength).field("length"));
        }
        if length > limits::SM2_PLAINTEXT_BYTES_MAX {
            return Err(Error::limit("SM2_PLAINTEXT_BYTES_MAX"));
        }
        let bad = || Error::new(Code::BadPublicKey).field("message");
        let theirs = PublicKey::from_sec1(message).map_err(|_| bad())?;
        // A4, A5: t = (d + x̄ r) mod n.
        let t = self.r.multiply_montgomery(&half(&self.ephemeral).to_montgomery());
        let t = Zeroizing::new(t);
        let t = Zeroizing::new(self.own.scalar().add(&t));
        // A6, A7: U = [h t](P + [x̄]R); U is infinity if t = 0 or the sum is infinity.
        let sum =
            multiply::double_multiply_vartime(&Scalar::ZERO, &half(&theirs.point), &theirs.point);
        let sum = sum.add_affine_vartime(&peer.key.point);
        if sum.zz.is_zero_vartime() || t.is_zero().declassify() {
            return Err(bad());
        }
        let shared = Zeroizing::new(self.own.public().backend.multiply(&t, &sum.to_affine()));
        let theirs_z = peer.key.z(peer.id);
        let first = self.role == Role::Initiator;
        let [z_a, z_b] = in_order(first, self.z, theirs_z);
        let [r_a, r_b] = in_order(first, self.message(), *message);
        let (x, y) = (Zeroizing::new(shared.x.to_bytes()), Zeroizing::new(shared.y.to_bytes()));
        // A8: K = KDF(xU ‖ yU ‖ ZA ‖ ZB, klen).
        let mut key = Zeroizing::new(vec![0; length]);
        sm3::kdf(&[&*x, &*y, &z_a, &z_b], &mut key);
        // A9, A10: S1 = H(02 ‖ yU ‖ inner) is the responder's, SA = H(03 ‖ yU ‖ inner) the initiator's.
        let inner = Zeroizing::new(digest(&[&*x, &z_a, &z_b, &r_a[1..], &r_b[1..]]));
        let confirmation = |tag: u8| digest(&[&[tag], &*y, &*inner]);
        let [own, expected] = in_order(first, 3, 2).map(confirmation);
        Ok(Agreement { key, own, expected })
    }
}

/// A shared key that the other party has yet to confirm.
pub struct Agreement {
    key: Zeroizing<Vec<u8>>,
    own: Digest,
    expected: Digest,
}

impl Agreement {
    /// What to send to the other party as confirmation: SA of the initiator, SB of the responder.
    #[must_use]
    pub const fn confirmation(&self) -> &Digest {
        &self.own
    }

    /// The key, if `received` is the other party's confirmation. Compared in constant time.
    ///
    /// # Errors
    /// [`Code::BadSignature`] if it is not: the other party is not who it should be, or a message
    /// was changed on the way.
    pub fn confirm(self, received: &Digest) -> Result<Zeroizing<Vec<u8>>, Error> {
        in_service()?;
        if !ct::equal(received, &self.expected) {
            return Err(Error::new(Code::BadSignature).field("confirmation"));
        }
        Ok(self.key)
    }

    /// The key without confirmation, which the standard makes optional: only the party meant can know
    /// it, but whether it took part is not known.
    ///
    /// # Errors
    /// [`Code::SelfTestFailed`].
    pub fn unconfirmed(self) -> Result<Zeroizing<Vec<u8>>, Error> {
        in_service()?;
        Ok(self.key)
    }
}

/// x̄ = 2^127 + (x mod 2^127) (A4): w = 127 for this curve.
fn half(point: &Affine) -> Scalar {
    let x = point.x.to_limbs();
    Scalar([x[0], x[1] | 1 << 63, 0, 0])
}

/// The initiator's part before the responder's.
fn in_order<T>(own_first: bool, own: T, theirs: T) -> [T; 2] {
    if own_first { [own, theirs] } else { [theirs, own] }
}

fn digest(parts: &[&[u8]]) -> Digest {
    use digest::Digest as _;
    let mut state = sm3::Sm3::new();
    parts.iter().for_each(|part| state.update(part));
    state.finalize().into()
}

impl std::fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({:?}, ..)", self.role)
    }
}

impl std::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Agreement(..)")
    }
}
