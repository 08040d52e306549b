//! Scalars and keys for which sums of windows meet equal or opposite points on their way: nobody hits upon
//! them by chance, and whoever knows the kernels can choose them.

use num_bigint::BigInt;
use yinxin_vectors::random::tell;

use super::*;
#[cfg(target_arch = "x86_64")]
use crate::primitives::cpu;
use crate::primitives::sm2::comb::BASE;

/// Lanes over which windows are spread at most; the patterns of four lanes are among those of eight.
const LANES: usize = 8;

/// The widths of windows, and how many there are: as many as 256 bits take, or as fill the lanes.
pub(super) const WINDOWS: [(usize, usize); 4] = [(4, 64), (5, 52), (5, 56), (6, 43)];

/// The odd scalar of whose 56 windows of 5 bits those in even lanes make the same point as those in odd ones.
const MEETING_OF_56: &[u8] = b"7ce739d1f07c1f07c1f07c1f07485ed760da9eba9079172f264a63d4630d0fd";

/// The odd digits of an odd k in so many windows of so many bits, the lowest first.
fn digits(k: &BigUint, (width, count): (usize, usize)) -> Vec<BigInt> {
    let (mut rest, power) = (BigInt::from(k.clone()), BigInt::from(1) << width);
    let mut digits = Vec::new();
    for _ in 1..count {
        let digit = &rest % (&power * 2) - &power;
        rest = (rest - &digit) >> width;
        digits.push(digit);
    }
    digits.push(rest);
    let places = digits.iter().enumerate();
    let sum: BigInt = places.map(|(i, digit)| digit << (width * i)).sum();
    assert_eq!(sum, BigInt::from(k.clone()));
    digits
}

fn modulo(value: &BigInt, n: &BigUint) -> BigUint {
    let n = BigInt::from(n.clone());
    ((value % &n + &n) % &n).to_biguint().expect("not negative")
}

/// The scalars whose windows in some lanes differ by n from those in the others, so that the two sums
/// are the same point; and those whose last window meets an equal sum of all before it.
pub(super) fn meetings(n: &BigUint, windows: (usize, usize)) -> Vec<BigUint> {
    let mut found = Vec::new();
    let of_n = digits(n, windows);
    let (width, count) = windows;
    for pattern in 0..1u32 << LANES {
        let sum: BigInt = (0..of_n.len())
            .map(|i| {
                let negative = pattern >> (i % LANES) & 1 == 1;
                let term = &of_n[i] << (width * i);
                if negative { -term } else { term }
            })
            .sum();
        found.push(modulo(&sum, n));
    }
    let last = width * (count - 1);
    for digit in (1..1u32 << width).step_by(2) {
        found.push(modulo(&(BigInt::from(digit * 2) << last), n));
    }
    if windows == (5, 56) {
        // Here the highest digits are the same for every k, and of all there is one pair to be met.
        let k = BigUint::parse_bytes(MEETING_OF_56, 16).expect("hexadecimal");
        let of_k = (0..).zip(digits(&k, windows));
        let difference: BigInt =
            of_k.map(|(i, digit)| (digit << (width * i)) * if i % 2 == 0 { 1 } else { -1 }).sum();
        assert_eq!(modulo(&difference, n), BigUint::ZERO);
        found.push(k);
    }
    found.retain(|k| *k != BigUint::ZERO);
    found.sort();
    found.dedup();
    found
}

/// The backends with lanes against the portable one, which the walks compare with the textbook.
#[test]
fn scalars_whose_windows_meet() {
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut stream = Stream::new(15);
    let point = affine(&curve.multiply(&anywhere(&curve, &mut stream), &curve.g));
    let special = crossings(n).into_iter().flat_map(|k| [n - &k, k]);
    let scalars: Vec<Scalar> = special.map(|k| scalar_of(&k)).collect();
    let inputs: Vec<_> = scalars.iter().map(|k| (*k, point)).collect();
    let portable = Backend::Portable;
    let of_base: Vec<_> = scalars.iter().map(|k| coordinates(&portable.multiply_base(k))).collect();
    let of_point: Vec<_> =
        scalars.iter().map(|k| coordinates(&portable.multiply(k, &point))).collect();
    for backend in Backend::runnable() {
        let key = PublicKey::from_point(point).on(backend);
        let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT);
        for (k, (of_base, of_point)) in scalars.iter().zip(of_base.iter().zip(&of_point)) {
            let case = format!("{backend:?} {:x?}", k.0);
            assert_eq!(coordinates(&backend.multiply_base(k)), *of_base, "{case}");
            let x = number(&backend.multiply_base_for_x(k).to_bytes());
            assert_eq!(Some(x), of_base.clone().map(|(x, _)| x), "{case}");
            assert_eq!(coordinates(&backend.multiply(k, &point)), *of_point, "{case}");
            let [base, key] = prepared.multiply_base_and_key(k);
            assert_eq!(coordinates(&base), *of_base, "{case} prepared");
            assert_eq!(coordinates(&key), *of_point, "{case} prepared");
        }
        let all = |points: Vec<Affine>| points.iter().map(coordinates).collect::<Vec<_>>();
        assert!(all(backend.multiply_base_all(&scalars)) == of_base, "{backend:?}");
        assert!(all(backend.multiply_all(&inputs)) == of_point, "{backend:?}");
        assert!(all(prepared.multiply_all(&scalars)) == of_point, "{backend:?} prepared");
    }
    tell(&format!("sm2: {} scalars whose windows meet, in every way", scalars.len()));
}

/// Keys for which a window of t in P is equal or opposite to the sum of a lane's windows of s in G.
#[test]
fn keys_whose_windows_meet_those_of_the_base_point() {
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut stream = Stream::new(16);
    let mut count = 0;
    for (windows_s, windows_t) in WINDOWS.iter().flat_map(|s| WINDOWS.map(|t| (*s, t))) {
        let (width_s, width_t) = (windows_s.0, windows_t.0);
        let odd = |k: BigUint| if k.bit(0) { k } else { n - k };
        let [s, t] = [0, 0].map(|_| odd(anywhere(&curve, &mut stream)));
        let (of_s, of_t) = (digits(&s, windows_s), digits(&t, windows_t));
        let mut inputs = Vec::new();
        for (lane, digit) in of_t.iter().enumerate().take(LANES) {
            let places = (lane..of_s.len()).step_by(LANES);
            let sum: BigInt = places.map(|i| &of_s[i] << (width_s * i)).sum();
            let window = modulo(&(digit << (width_t * lane)), n);
            let equal = modulo(&sum, n) * window.modpow(&(n - 2u32), n) % n;
            for d in [n - &equal, equal] {
                let point = Backend::Portable.multiply_base(&scalar_of(&d));
                inputs.push(Verification { s: scalar_of(&s), t: scalar_of(&t), point });
            }
        }
        for backend in Backend::runnable() {
            let together = backend.double_multiply_all_vartime(&inputs);
            for (input, together) in inputs.iter().zip(&together) {
                let comb = comb::build(&input.point);
                let sum = comb::add_multiple_vartime(Extended::INFINITY, &BASE, &input.s);
                let expected = sum_of(&comb::add_multiple_vartime(sum, &comb, &input.t));
                let case = format!("{backend:?} {windows_s:?} {windows_t:?}");
                assert_eq!(sum_of(together), expected, "{case} together");
                let alone = backend.double_multiply_vartime(input);
                assert_eq!(sum_of(&alone), expected, "{case}");
                let table = KeyTable::new(backend, &input.point);
                let prepared = table.double_multiply_vartime(input);
                assert_eq!(sum_of(&prepared), expected, "{case} prepared");
                let copy = || Verification { s: input.s, t: input.t, point: input.point };
                for prepared in table.double_multiply_all_vartime(&[copy(), copy(), copy()]) {
                    assert_eq!(sum_of(&prepared), expected, "{case} prepared, together");
                }
                count += 1;
            }
        }
    }
    tell(&format!("sm2: {count} sums for keys chosen to meet the windows of the base point"));
}

/// Keys P = [d]G for which sums of lanes meet in [s]G + [t]P: those of the scalars s and t in the same lane, or
/// those of both in two sets of lanes. Every kernel comes out at infinity there, and the result is right.
#[cfg(target_arch = "x86_64")]
#[test]
fn keys_for_which_sums_of_lanes_meet() {
    let Some(cpu) = cpu::Ifma::detect() else {
        return cpu::lacking("SM2 on AVX-512 IFMA");
    };
    type Kernel = fn(cpu::Ifma, &KeyTable, &Verification) -> Extended;
    let prepared: Kernel = |cpu, table, input| match table {
        KeyTable::Ifma(_, table) => ifma::double_multiply_key(cpu, table, &input.s, &input.t),
        KeyTable::Portable(_) => unreachable!("the table is made for the kernel"),
    };
    let eight: Kernel =
        |cpu, _, input| ifma::double_multiply(cpu, &input.s, &input.t, &input.point);
    let four: Kernel =
        |cpu, _, input| ifma::double_multiply_in_four(cpu, &input.s, &input.t, &input.point);
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut stream = Stream::new(17);
    let mut count = 0;
    for (windows_s, windows_t, lanes, kernel) in
        [((5, 52), (5, 52), 4, prepared), ((5, 56), (4, 64), 8, eight), ((5, 56), (4, 64), 4, four)]
    {
        let odd = |k: BigUint| if k.bit(0) { k } else { n - k };
        let [s, t] = [0, 0].map(|_| odd(anywhere(&curve, &mut stream)));
        // The sum of the windows in the lanes that leave the rest `lane`.
        let sum_of_lanes = |k: &BigUint, windows: (usize, usize), lane: usize, lanes: usize| {
            let digits = (0..).zip(digits(k, windows)).skip(lane).step_by(lanes);
            digits.map(|(i, digit): (usize, BigInt)| digit << (windows.0 * i)).sum::<BigInt>()
        };
        let of_s = |lane, lanes| sum_of_lanes(&s, windows_s, lane, lanes);
        let of_t = |lane, lanes| sum_of_lanes(&t, windows_t, lane, lanes);
        // d with numerator = d denominator.
        let mut keys = Vec::new();
        let mut meet = |numerator: BigInt, denominator: BigInt| {
            let inverse = modulo(&denominator, n).modpow(&(n - 2u32), n);
            keys.push(modulo(&numerator, n) * inverse % n);
        };
        for lane in 0..lanes {
            meet(of_s(lane, lanes), of_t(lane, lanes));
            meet(-of_s(lane, lanes), of_t(lane, lanes));
        }
        let mut sets = lanes;
        while sets > 1 {
            for lane in 0..sets / 2 {
                let ([s1, s2], [t1, t2]) = (
                    [lane, lane + sets / 2].map(|lane| of_s(lane, sets)),
                    [lane, lane + sets / 2].map(|lane| of_t(lane, sets)),
                );
                meet(&s2 - &s1, &t1 - &t2);
                meet(-(s2 + s1), t1 + t2);
            }
            sets /= 2;
        }
        for d in keys {
            let point = Backend::Portable.multiply_base(&scalar_of(&d));
            let input = Verification { s: scalar_of(&s), t: scalar_of(&t), point };
            let table = KeyTable::new(Backend::Ifma(cpu), &point);
            assert!(kernel(cpu, &table, &input).zz.is_zero().declassify(), "{windows_t:?} {d:x}");
            let comb = comb::build(&point);
            let sum = comb::add_multiple_vartime(Extended::INFINITY, &BASE, &input.s);
            let expected = sum_of(&comb::add_multiple_vartime(sum, &comb, &input.t));
            assert_eq!(sum_of(&table.double_multiply_vartime(&input)), expected, "{d:x}");
            for backend in [Backend::Ifma(cpu), Backend::IfmaFour(cpu)] {
                assert_eq!(sum_of(&backend.double_multiply_vartime(&input)), expected, "{d:x}");
            }
            count += 1;
        }
    }
    tell(&format!("sm2: {count} sums for keys chosen to make sums of lanes meet"));
}
