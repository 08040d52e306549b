//! Signing with given nonces, and verification of signatures that are made from the sum they lead to.

use yinxin_vectors::random::{rounds, tell};

use super::{multiples::sums, *};

fn signature(r: &BigUint, s: &BigUint) -> Option<Signature> {
    let both = [bytes(r), bytes(s)].concat();
    Signature::from_bytes(&both.try_into().expect("64 bytes")).ok()
}

/// The key on every backend, as it is and prepared.
fn keys(point: &Point) -> Vec<PreparedPublicKey> {
    let key = PublicKey::from_point(affine(point));
    let prepare = |backend| PreparedPublicKey::new(&key.clone().on(backend), &DistId::DEFAULT);
    Backend::runnable().map(prepare).collect()
}

fn verify(keys: &[PreparedPublicKey], e: &BigUint, signature: &Signature, valid: bool, case: &str) {
    let e = bytes(e);
    for key in keys {
        let case = format!("{:?} {case}", key.key().backend);
        let result = hazmat::verify_digest(key.key(), &e, signature);
        assert_eq!(result.is_ok(), valid, "{case}");
        let result = hazmat::verify_digest_prepared(key, &e, signature);
        assert_eq!(result.is_ok(), valid, "{case} prepared");
    }
}

/// Any s, t and P with [s]G + [t]P = (x1, y1) make a valid signature: r = t - s over e = r - x1. So
/// every special case of the sum is met by a signature.
#[test]
fn constructed_signatures() {
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut stream = Stream::new(4);
    let (laps, mut counts) = (rounds(8), [0; 2]);
    for _ in 0..laps {
        let d = private(&curve, &mut stream);
        let keys = keys(&curve.multiply(&d, &curve.g));
        for sum in sums(&curve, &mut stream, &d) {
            let r = (&sum.t + n - &sum.s) % n;
            let Some(signature) = signature(&r, &sum.s) else { continue };
            // Infinity has no x, whatever a formula leaves there: 0 is the likeliest.
            let x = sum.point.as_ref().map_or(BigUint::ZERO, |(x, _)| x % n);
            let e = (&r + n - x) % n;
            let valid = sum.point.is_some() && sum.t != BigUint::ZERO;
            counts[usize::from(valid)] += 1;
            let case = format!("d {d:x} s {:x} t {:x}", sum.s, sum.t);
            verify(&keys, &e, &signature, valid, &case);
            // Digests are taken modulo n, where they are above it.
            let above = &e + n;
            if above.bits() <= 256 {
                verify(&keys, &above, &signature, valid, &case);
            }
            let wrong = &e ^ (BigUint::from(1u32) << stream.below(256));
            verify(&keys, &wrong, &signature, false, &case);
        }
    }
    assert!(counts.iter().all(|&count| count > 0));
    let [invalid, valid] = counts;
    tell(&format!("sm2: {valid} valid signatures and {invalid} that lead to infinity or t = 0"));
}

/// The points with the smallest x, for which x + n is below p as well, and those with x in [n, p), for
/// which R is x - n.
#[test]
fn coordinates_that_wrap() {
    let curve = Curve::recommended();
    let (n, p) = (&curve.n, &curve.p);
    let mut stream = Stream::new(5);
    let starts = [BigUint::ZERO, p - n - 400u32, n.clone(), p - 400u32];
    let (per_start, mut count) = (rounds(8), 0);
    for start in starts {
        for i in 0..per_start {
            let x = bytes(&((&start + i) % p));
            let Some(point) = Affine::from_x_vartime(&x, i % 2 == 0) else { continue };
            let (Some((x, y)), x1) = (coordinates(&point), number(&x)) else { unreachable!() };
            assert!(curve.contains(&x, &y) && x == x1);
            // P = [1/t](X - [s]G).
            let (s, t) = (anywhere(&curve, &mut stream), anywhere(&curve, &mut stream));
            let rest = curve.add(&Some((x, y)), &curve.multiply(&(n - &s), &curve.g));
            let public = curve.multiply(&t.modpow(&(n - 2u32), n), &rest);
            let keys = keys(&public);
            let r = (&t + n - &s) % n;
            let e = (&r + n - &x1 % n) % n;
            let Some(signature) = signature(&r, &s) else { continue };
            let case = format!("x1 {x1:x}");
            verify(&keys, &e, &signature, true, &case);
            for wrong in [(&e + (p - n)) % n, (&e + n - (p - n)) % n, (&e + 1u32) % n] {
                verify(&keys, &wrong, &signature, false, &case);
            }
            count += 1;
        }
    }
    assert!(count > 0);
    tell(&format!("sm2: {count} signatures whose x1 is just below or above a multiple of n or p"));
}

#[test]
fn signing_with_given_nonces() {
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut stream = Stream::new(6);
    let (laps, mut refused, mut count) = (rounds(8), 0, 0);
    for i in 0..laps {
        let d = private(&curve, &mut stream);
        let key = private_key(&d);
        assert_eq!(coordinates(&key.public().point), curve.multiply(&d, &curve.g));
        let inverse = (&d + 1u32).modpow(&(n - 2u32), n);
        let d_inverse = d.modpow(&(n - 2u32), n);
        let (middle, step) = lap(&curve, &mut stream, i);
        let start = start(&curve, &middle, &step);
        let [first, stride] = [&start, &step].map(|k| curve.multiply(k, &curve.g));
        let walk = numbers(&curve, &start, &step).into_iter();
        let keys: Vec<_> = Backend::runnable().map(|backend| private_key(&d).on(backend)).collect();
        for (k, point) in walk.zip(points(&curve, &first, &stride)) {
            let Some((x1, _)) = point else { continue };
            let x1 = x1 % n;
            let top = (BigUint::from(1u32) << 256) - 1u32;
            // Those that A5 and A6 refuse (r = 0, r + k = n, s = 0), the edges, and any.
            let digests = [
                n - &x1,
                (n * 2u32 - &x1 - &k) % n,
                (&k * &d_inverse + n - &x1) % n,
                BigUint::ZERO,
                n - 1u32,
                n.clone(),
                top,
                anywhere(&curve, &mut stream),
            ];
            let e = digests[stream.below(digests.len())].clone();
            let r = (&e + &x1) % n;
            let s = &inverse * (&k + (n - &d) * &r) % n;
            let usable = r != BigUint::ZERO && &r + &k != *n && s != BigUint::ZERO;
            for key in &keys {
                let signed = key.sign_with_nonces(&bytes(&e), nonces([bytes(&k)]));
                let case = format!("{:?} d {d:x} k {k:x} e {e:x}", key.public().backend);
                assert_eq!(signed.ok(), signature(&r, &s).filter(|_| usable), "{case}");
            }
            refused += usize::from(!usable);
            count += 1;
        }
    }
    assert!(refused > 0);
    tell(&format!(
        "sm2: {count} signatures with given nonces, {refused} of them refused by A5 or A6"
    ));
}
