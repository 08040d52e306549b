//! Key exchange against the formulas of GB/T 32918.3-2016, clause 6.

use yinxin_vectors::random::{rounds, tell};

use super::{textbook::sm3_hash, *};
use crate::primitives::sm2::exchange::{Exchange, Peer, Role};

/// A party: its keys and what goes into the exchange of it.
struct Party {
    t: BigUint,
    key: PrivateKey,
    id: DistId,
    z: Vec<u8>,
    r: BigUint,
    point: Vec<u8>,
}

impl Party {
    fn new(curve: &Curve, stream: &mut Stream, id: &[u8]) -> Self {
        let d = private(curve, stream);
        let r = if stream.below(2) == 0 { private(curve, stream) } else { anywhere(curve, stream) };
        let public = curve.multiply(&d, &curve.g);
        let (x, y) = curve.multiply(&r, &curve.g).expect("not infinity");
        let point = [bytes(&x), bytes(&y)].concat();
        // x̄ = 2^127 + (x mod 2^127); t = d + x̄ r.
        let power = BigUint::from(1u32) << 127;
        let t = (&d + (&power + x % &power) * &r) % &curve.n;
        let z = curve.z(sm3_hash, id, &public);
        Self { t, key: private_key(&d), id: DistId::new(id).expect("short"), z, r, point }
    }

    fn begin(&self, role: Role) -> Exchange<'_> {
        Exchange::with_ephemeral(role, &self.key, &self.id, Zeroizing::new(scalar_of(&self.r)))
    }

    fn on(mut self, backend: Backend) -> Self {
        self.key = self.key.on(backend);
        self
    }
}

#[test]
fn exchanges_of_keys() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(14);
    let cases = rounds(4);
    for i in 0..cases {
        let [mut a, mut b] = [&b"alice"[..], b"bob"].map(|id| Party::new(&curve, &mut stream, id));
        let length = 1 + i % 100;
        // U = [t_B](P_A + [x̄1]R_A) = [t_A t_B]G.
        let shared = curve.multiply(&(&a.t * &b.t % &curve.n), &curve.g);
        let Some((x, y)) = shared else { continue };
        let [x, y] = [&x, &y].map(bytes);
        let block =
            |counter: u32| sm3_hash(&[&x[..], &y, &a.z, &b.z, &counter.to_be_bytes()].concat());
        let expected: Vec<u8> = (1..).flat_map(block).take(length).collect();
        let inner = sm3_hash(&[&x[..], &a.z, &b.z, &a.point, &b.point].concat());
        let [from_a, from_b] = [3, 2].map(|tag| sm3_hash(&[&[tag], &y[..], &inner].concat()));
        for backend in Backend::runnable() {
            (a, b) = (a.on(backend), b.on(backend));
            let (side_a, side_b) = (a.begin(Role::Initiator), b.begin(Role::Responder));
            let case = format!("{backend:?} {i}");
            let (r_a, r_b) = (side_a.message(), side_b.message());
            assert_eq!((&r_a[1..], &r_b[1..]), (&a.point[..], &b.point[..]), "{case}");
            let (peer_a, peer_b) =
                (Peer { key: a.key.public(), id: &a.id }, Peer { key: b.key.public(), id: &b.id });
            let side_a = side_a.agree(&peer_b, &r_b, length).expect(&case);
            let side_b = side_b.agree(&peer_a, &r_a, length).expect(&case);
            assert_eq!(side_a.confirmation()[..], from_a, "{case}");
            assert_eq!(side_b.confirmation()[..], from_b, "{case}");
            let mut wrong = *side_b.confirmation();
            wrong[stream.below(32)] ^= 1 << stream.below(8);
            let right = *side_b.confirmation();
            assert_eq!(*side_a.confirm(&right).expect(&case), expected, "{case}");
            let again = a.begin(Role::Initiator);
            let again = again.agree(&peer_b, &r_b, length).expect(&case);
            assert!(again.confirm(&wrong).is_err(), "{case}");
            assert_eq!(*side_b.unconfirmed().expect(&case), expected, "{case}");
        }
    }
    tell(&format!("sm2: {cases} exchanges of keys"));
}
