//! The lanes against the portable field, at the edges of their bounds.

use yinxin_vectors::random::{self, rounds, tell};

use super::{
    super::field::{FieldElement, P},
    super::limbs::{self, Limbs},
    super::tests::Stream,
    field::{Lanes, Product, Summand as _, each_limb},
    vector::{Eight, Four, Vector, Words},
    *,
};

const M52: u64 = (1 << 52) - 1;

/// Integers up to about 15p in limbs of 52 bits: with limbs of all zeros and all ones, multiples of p and what
/// lies beside them, and random ones.
fn values() -> Vec<[u64; 5]> {
    let mut stream = Stream(50);
    let mut values = vec![[0; 5], [1, 0, 0, 0, 0], [M52, M52, M52, M52, (15 << 48) - 1]];
    for pattern in 0..32u32 {
        let limb = |i: u32| if pattern >> i & 1 == 1 { M52 } else { 0 };
        values.push([limb(0), limb(1), limb(2), limb(3), limb(4) >> 5]);
        values.push([limb(0) & 1, limb(1), limb(2) & 1, limb(3), limb(4) >> 4 & 1]);
    }
    for multiple in 1..16 {
        let mut carry = 0u128;
        let p52 = [P[0] & M52, (P[0] >> 52 | P[1] << 12) & M52, M52, M52, P[3] >> 16];
        let exact = p52.map(|limb| {
            carry += u128::from(limb) * multiple;
            let low = carry as u64 & M52;
            carry >>= 52;
            low
        });
        values.push(exact);
        values.push([exact[0] - 1, exact[1], exact[2], exact[3], exact[4]]);
    }
    for _ in 0..200 {
        let random = [0; 5].map(|_| stream.word() & M52);
        values.push([random[0], random[1], random[2], random[3], random[4] % (15 << 48)]);
        // Sparse limbs, so that columns of a product vanish.
        let keep = stream.word();
        let sparse = |i: usize| if keep >> i & 1 == 1 { random[i] } else { 0 };
        values.push([sparse(0), sparse(1), sparse(2), sparse(3), sparse(4) % (15 << 48)]);
    }
    values
}

/// The element that the limbs stand for.
fn element(a: &[u64; 5]) -> FieldElement {
    // Horner's rule with 2^52; the limbs are Montgomery forms with 2^260, so divide by 2^260.
    let shift = FieldElement::new(&[1 << 52, 0, 0, 0]);
    let sum = a.iter().rev().fold(FieldElement::ZERO, |sum, &limb| {
        sum.multiply(&shift).add(&FieldElement::new(&[limb, 0, 0, 0]))
    });
    sum.multiply(&DIVISOR)
}

/// 2^-260.
static DIVISOR: LazyLock<FieldElement> =
    LazyLock::new(|| (0..260).fold(FieldElement::ONE, |power, _| power.halve()));

fn bytes(elements: [FieldElement; 8]) -> [[u8; 32]; 8] {
    elements.map(FieldElement::to_bytes)
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn load<V: Vector>(values: &[[u64; 5]; 8]) -> Lanes<V> {
    // What is above the low 52 bits of limbs 0 to 3 does not count.
    let above = |i| if i < 4 { !M52 } else { 0 };
    each_limb!(|I| V::load(&Words(values.map(|value| value[I] | above(I)))))
}

/// The lanes must hold the first of these elements, and a highest limb that is normalised.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn compare<V: Vector>(lanes: &Lanes<V>, expected: impl Fn(usize) -> FieldElement, case: &str) {
    let limbs = lanes.limbs().map(|limb| limb.store().0);
    for lane in 0..V::LANES {
        let limbs = limbs.map(|words| words[lane]);
        assert!(limbs[4] <= M52, "{case}");
        assert_eq!(element(&limbs).to_bytes(), expected(lane).to_bytes(), "lane {lane} of {case}");
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn check<V: Vector>(a: &[[u64; 5]; 8], b: &[[u64; 5]; 8]) {
    let (x, y) = (a.each_ref().map(element), b.each_ref().map(element));
    let (left, right) = (load::<V>(a), load::<V>(b));
    let case = format!("{a:x?} {b:x?}");
    let product = left.multiply(&right);
    compare(&product, |i| x[i].multiply(&y[i]), &case);
    compare(&left.square(), |i| x[i].square(), &case);
    assert_eq!(left.first_elements::<1>()[0].to_bytes(), x[0].to_bytes(), "{case}");
    let beside = Product::zero().add(&left, &right);
    let (first, second) = beside.reduce_beside(Product::zero(), &right, &right);
    compare(&first, |i| x[i].multiply(&y[i]), &case);
    let (first, second) = second.reduce_beside_square(&left.multiply(&right));
    compare(&first, |i| y[i].square(), &case);
    compare(&second.reduce(), |i| x[i].multiply(&y[i]).square(), &case);
    // What the formulas use: sums of two products, differences of them to values below 3p, and one
    // brought below 2.01p.
    if a.iter().chain(b).all(|value| value[4] < 3 << 48) {
        let twice = Product::zero().add(&left, &right).add_square(&left).reduce();
        compare(&twice, |i| x[i].multiply(&y[i]).add(&x[i].square()), &case);
        let less = Product::from(&right.negated::<3>()).add(&left, &right).reduce();
        compare(&less, |i| x[i].multiply(&y[i]).sub(&y[i]), &case);
        let twice_less = left.add_limbs(&left).negated::<6>();
        let shrunk = Product::zero().add_square(&right).plus(&twice_less);
        let (beside, _) = shrunk.shrink_beside(Product::zero(), &left, &right);
        for shrunk in [shrunk.shrink(), beside] {
            compare(&shrunk, |i| y[i].square().sub(&x[i]).sub(&x[i]), &case);
            assert!(shrunk.0[4].store().0.iter().all(|&limb| limb < 3 << 48), "{case}");
        }
        let sum = left.add(&right);
        compare(&sum, |i| x[i].add(&y[i]), &case);
        let lowered = sum.raised::<5>().lowered::<4>().normalise();
        compare(&lowered, |i| x[i].add(&y[i]), &case);
    }
    // 0 is told in both of its forms below 2p.
    if a.iter().all(|value| value[4] < 1 << 49) {
        let zeros = |is_zero: &dyn Fn(usize) -> bool| {
            (0..V::LANES).fold(0, |mask, i| mask | u8::from(is_zero(i)) << i)
        };
        let one = Lanes::broadcast(&FieldElement::ONE);
        let products = zeros(&|i| x[i].multiply(&y[i]).is_zero_vartime());
        assert_eq!(product.multiply(&one).zero_mask(), products, "{case}");
        let zeros = zeros(&|i| x[i].is_zero_vartime());
        assert_eq!(left.multiply(&one).zero_mask(), zeros, "{case}");
    }
}

#[test]
fn lanes_agree_with_the_field() {
    if Ifma::detect().is_none() {
        return crate::primitives::cpu::lacking("SM2 on AVX-512 IFMA");
    }
    let all = values();
    let small: Vec<_> = all.iter().copied().filter(|value| value[4] < 3 << 48).collect();
    check_all(&all);
    check_all(&small);
    let mut stream = random::Stream::new(52);
    let count = rounds(4000);
    for i in 0..count {
        // Every other time below 3p, which more of the operations ask for.
        let end = if i % 2 == 0 { 3 * (P[3] >> 16) } else { 15 << 48 };
        let [a, b] = [(); 2].map(|()| std::array::from_fn(|_| drawn(&mut stream, end)));
        // SAFETY: the CPU has the features, as was asked above.
        unsafe {
            check::<Eight>(&a, &b);
            check::<Four>(&a, &b);
        }
    }
    tell(&format!("sm2: {count} random pairs in every lane of eight and of four"));
}

/// A random value whose highest limb is below `end`. One limb in four is all ones or all zeros.
fn drawn(stream: &mut random::Stream, end: u64) -> [u64; 5] {
    let limb = |end: u64| match stream.below(8) {
        0 => 0,
        1 => end - 1,
        _ => stream.word() % end,
    };
    [1 << 52, 1 << 52, 1 << 52, 1 << 52, end].map(limb)
}

fn check_all(values: &[[u64; 5]]) {
    assert!(values.len() > 100);
    let at = |i: usize| values[i % values.len()];
    for i in 0..values.len() {
        // Each value meets itself, its neighbours and ever different others.
        for step in [0, 1, 7, 31 + i, 97 + 3 * i] {
            let a = std::array::from_fn(|lane| at(i + lane));
            let b = std::array::from_fn(|lane| at(i + lane * (step + 1) + step));
            // SAFETY: the CPU has the features, as was asked above.
            unsafe {
                check::<Eight>(&a, &b);
                check::<Four>(&a, &b);
            }
        }
    }
}

#[test]
fn elements_pass_through_lanes_unchanged() {
    if Ifma::detect().is_none() {
        return crate::primitives::cpu::lacking("SM2 on AVX-512 IFMA");
    }
    let mut stream = Stream(51);
    let one_less: Limbs = [P[0] - 1, P[1], P[2], P[3]];
    let mut element = || FieldElement(limbs::reduce_once(&stream.limbs(), false, &P));
    for _ in 0..1000 {
        let mut elements: [FieldElement; 8] = std::array::from_fn(|_| element());
        elements[3] = FieldElement::ZERO;
        elements[5] = FieldElement(one_less);
        let back = Lanes::from_elements(&elements).first_elements::<8>();
        assert_eq!(bytes(back), bytes(elements));
    }
}
