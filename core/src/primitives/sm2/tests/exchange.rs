//! Key exchange: the standard's example, and what must be refused.

use yinxin_vectors::published::compare;

use super::*;
use crate::primitives::sm2::exchange::{Exchange, Peer, Role};

fn scalar(bytes: [u8; 32]) -> Zeroizing<Scalar> {
    Zeroizing::new(Scalar::from_bytes_nonzero(&bytes).unwrap())
}

#[test]
fn example_of_the_standard() {
    compare("sm2/gbt32918_key_exchange.json", |case, found| {
        if case.text("curve") != "sm2p256v1" {
            return found.refuse("another curve than SM2");
        }
        for backend in Backend::runnable() {
            let key = |field| PrivateKey::from_bytes(&case.array(field)).unwrap().on(backend);
            let (d_a, d_b) = (key("d_A"), key("d_B"));
            assert_eq!(d_a.public().to_sec1(), case.array("P_A"), "{case}");
            assert_eq!(d_b.public().to_sec1(), case.array("P_B"), "{case}");
            let id = |field| DistId::new(&case.bytes(field)).unwrap();
            let (id_a, id_b) = (id("id_A"), id("id_B"));
            let r = |field| scalar(case.array(field));
            let a = Exchange::with_ephemeral(Role::Initiator, &d_a, &id_a, r("r_A"));
            let b = Exchange::with_ephemeral(Role::Responder, &d_b, &id_b, r("r_B"));
            let (r_a, r_b) = (a.message(), b.message());
            assert_eq!([r_a, r_b], [case.array("R_A"), case.array("R_B")], "{case} {backend:?}");
            let length = usize::try_from(case.number("klen")).unwrap();
            let (peer_a, peer_b) =
                (Peer { key: d_a.public(), id: &id_a }, Peer { key: d_b.public(), id: &id_b });
            let a = a.agree(&peer_b, &r_b, length).unwrap();
            let b = b.agree(&peer_a, &r_a, length).unwrap();
            assert_eq!(*b.confirmation(), case.array("S1"), "{case} {backend:?}");
            assert_eq!(*a.confirmation(), case.array("S2"), "{case} {backend:?}");
            let (from_a, from_b) = (*a.confirmation(), *b.confirmation());
            assert_eq!(**a.confirm(&from_b).unwrap(), case.bytes("key"), "{case} {backend:?}");
            assert_eq!(**b.confirm(&from_a).unwrap(), case.bytes("key"), "{case} {backend:?}");
        }
        // Whatever disagrees has ended the test.
        found.valid(true);
    });
}

#[test]
fn both_sides_agree_and_nobody_else() {
    let mut stream = Stream(60);
    let (id_a, id_b) = (DistId::new(b"alice").unwrap(), DistId::DEFAULT);
    for length in [1, 16, 32, 33, 48, 1000] {
        let (a, b, other) = (stream.key(), stream.key(), stream.key());
        let begin_a = || Exchange::begin(Role::Initiator, &a, &id_a).unwrap();
        let begin_b = || Exchange::begin(Role::Responder, &b, &id_b).unwrap();
        let (peer_a, peer_b) =
            (Peer { key: a.public(), id: &id_a }, Peer { key: b.public(), id: &id_b });
        let (side_a, side_b) = (begin_a(), begin_b());
        let (r_a, r_b) = (side_a.message(), side_b.message());
        let side_a = side_a.agree(&peer_b, &r_b, length).unwrap();
        let side_b = side_b.agree(&peer_a, &r_a, length).unwrap();
        let sent = *side_b.confirmation();
        let key = side_a.confirm(&sent).unwrap();
        assert_eq!(key.len(), length);
        assert_eq!(*key, *side_b.unconfirmed().unwrap());

        // Another key, another identifier, the same role twice, or a changed message: no confirmation.
        let wrong_key = Peer { key: other.public(), id: &id_b };
        let wrong_id = Peer { key: b.public(), id: &id_a };
        for (role, peer) in [
            (Role::Responder, &wrong_key),
            (Role::Responder, &wrong_id),
            (Role::Initiator, &peer_b),
        ] {
            let (side_a, side_b) = (begin_a(), Exchange::begin(role, &b, &id_b).unwrap());
            let (r_a, r_b) = (side_a.message(), side_b.message());
            let side_a = side_a.agree(peer, &r_b, length).unwrap();
            let side_b = side_b.agree(&peer_a, &r_a, length).unwrap();
            let sent = *side_b.confirmation();
            assert_eq!(side_a.confirm(&sent).unwrap_err().code(), Code::BadSignature);
        }
    }
}

#[test]
fn bad_messages_are_refused() {
    let mut stream = Stream(61);
    let (a, b) = (stream.key(), stream.key());
    let peer = Peer { key: b.public(), id: &DistId::DEFAULT };
    let refused = |message: &[u8; 65], length| {
        let side = Exchange::begin(Role::Initiator, &a, &DistId::DEFAULT).unwrap();
        side.agree(&peer, message, length).map(drop).unwrap_err().code()
    };
    let good = stream.key().public().to_sec1();
    assert_eq!(refused(&good, 0), Code::BadLength);
    assert_eq!(refused(&good, crate::limits::SM2_PLAINTEXT_BYTES_MAX + 1), Code::LimitReached);
    for place in [0, 1, 32, 33, 64] {
        let mut bad = good;
        bad[place] ^= 1;
        assert_eq!(refused(&bad, 16), Code::BadPublicKey);
    }
    assert_eq!(refused(&[0; 65], 16), Code::BadPublicKey);

    // R with P + [x̄]R infinite: for R = [r]G and P = [d]G that is d = -x̄ r (mod n).
    let r = stream.key();
    let x = r.public().point.x.to_limbs();
    let x_bar = Scalar([x[0], x[1] | 1 << 63, 0, 0]);
    let d = r.scalar().multiply_montgomery(&x_bar.to_montgomery()).negate();
    let forged = PrivateKey::from_bytes(&d.to_bytes()).unwrap();
    let peer = Peer { key: forged.public(), id: &DistId::DEFAULT };
    let side = Exchange::begin(Role::Initiator, &a, &DistId::DEFAULT).unwrap();
    let result = side.agree(&peer, &r.public().to_sec1(), 16);
    assert_eq!(result.map(drop).unwrap_err().code(), Code::BadPublicKey);
}
