//! The implementations of the curve's arithmetic, and the one place where one is chosen.

use zeroize::{Zeroize as _, Zeroizing};

#[cfg(target_arch = "x86_64")]
use super::ifma;
use super::{
    comb, multiply,
    point::{Affine, Extended},
    scalar::Scalar,
};
#[cfg(target_arch = "x86_64")]
use crate::primitives::cpu;

/// An implementation of the curve's arithmetic. All give the same results.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// 64-bit integers, on every processor.
    Portable,
    /// Eight lanes of AVX-512 IFMA.
    #[cfg(target_arch = "x86_64")]
    Ifma(cpu::Ifma),
}

/// The scalars and the point of one verification: [s]G + [t]P is wanted.
pub(super) struct Verification {
    pub(super) s: Scalar,
    pub(super) t: Scalar,
    pub(super) point: Affine,
}

impl Backend {
    /// Every backend this CPU can run, slowest first: keys are made with the last.
    pub fn runnable() -> impl DoubleEndedIterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let ifma = cpu::Ifma::detect().map(Self::Ifma);
        #[cfg(not(target_arch = "x86_64"))]
        let ifma = None;
        [Some(Self::Portable), ifma].into_iter().flatten()
    }

    /// A short name, for listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(_) => "ifma",
        }
    }

    pub(super) fn fastest() -> Self {
        Self::runnable().next_back().unwrap_or(Self::Portable)
    }

    /// [k]G for k in [1, n-1], in constant time.
    pub(super) fn multiply_base(self, k: &Scalar) -> Affine {
        let mut sum = match self {
            Self::Portable => comb::multiply(&comb::BASE, k),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) => {
                let (mut odd, negated) = k.odd();
                let sum = ifma::multiply_base_single(cpu, &odd);
                odd.zeroize();
                comb::complete(&comb::BASE, sum, negated)
            }
        };
        let point = sum.to_affine();
        sum.zeroize();
        point
    }

    /// [k]G for each k in [1, n-1], in constant time.
    pub(super) fn multiply_base_all(self, scalars: &[Scalar]) -> Vec<Affine> {
        let sums = Zeroizing::new(match self {
            Self::Portable => {
                let products = scalars.iter().map(|k| comb::multiply(&comb::BASE, k));
                products.collect::<Vec<_>>()
            }
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) => multiply_base_in_lanes(cpu, scalars),
        });
        Extended::to_affine_all(&sums)
    }

    /// [k]P for k in [1, n-1], in constant time.
    pub(super) fn multiply(self, k: &Scalar, point: &Affine) -> Affine {
        // One scalar leaves seven of eight lanes idle: the portable arithmetic is as fast.
        let mut product = multiply::multiply(k, point);
        let point = product.to_affine();
        product.zeroize();
        point
    }

    /// [k]P for each k in [1, n-1] and its P, in constant time.
    pub(super) fn multiply_all(self, inputs: &[(Scalar, Affine)]) -> Vec<Affine> {
        inputs.iter().map(|(k, point)| self.multiply(k, point)).collect()
    }

    /// [s]G + [t]P. Variable time: all inputs are public.
    pub(super) fn double_multiply_vartime(self, input: &Verification) -> Extended {
        // As in `multiply`.
        multiply::double_multiply_vartime(&input.s, &input.t, &input.point)
    }

    /// [s]G + [t]P for each input. Variable time: all inputs are public.
    pub(super) fn double_multiply_all_vartime(self, inputs: &[Verification]) -> Vec<Extended> {
        match self {
            Self::Portable => {
                inputs.iter().map(|input| self.double_multiply_vartime(input)).collect()
            }
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) => double_multiply_in_lanes_vartime(cpu, inputs),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn multiply_base_in_lanes(cpu: cpu::Ifma, scalars: &[Scalar]) -> Vec<Extended> {
    let mut sums = Vec::with_capacity(scalars.len());
    for group in scalars.chunks(8) {
        // The lanes that are left over compute G.
        let mut odd = Zeroizing::new([Scalar::ONE; 8]);
        for (odd, k) in odd.iter_mut().zip(group) {
            *odd = k.odd().0;
        }
        let lanes = ifma::multiply_base(cpu, &odd);
        for (sum, k) in lanes.into_iter().zip(group) {
            sums.push(comb::complete(&comb::BASE, sum, k.odd().1));
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
fn double_multiply_in_lanes_vartime(cpu: cpu::Ifma, inputs: &[Verification]) -> Vec<Extended> {
    let mut sums = Vec::with_capacity(inputs.len());
    for group in inputs.chunks(8) {
        if let [single] = group {
            sums.push(Backend::Portable.double_multiply_vartime(single));
            continue;
        }
        let (mut s, mut t) = ([Scalar::ONE; 8], [Scalar::ONE; 8]);
        let mut points = [Affine::GENERATOR; 8];
        for (lane, input) in group.iter().enumerate() {
            let (s_odd, s_negated) = input.s.odd();
            let (t_odd, t_negated) = input.t.odd();
            (s[lane], t[lane]) = (s_odd, t_odd);
            // The lane gives the sum or its opposite, according to the sign of s.
            let opposite = s_negated.declassify() != t_negated.declassify();
            points[lane] = if opposite { input.point.negate() } else { input.point };
        }
        let lanes = ifma::double_multiply(cpu, &s, &t, &points);
        for (mut sum, input) in lanes.into_iter().zip(group) {
            let zero = input.s.is_zero().declassify() || input.t.is_zero().declassify();
            if zero || sum.zz.is_zero_vartime() {
                // Infinity, or an addition of equal or opposite points on the way: rare, but for those who
                // choose their keys and signatures so.
                sum = Backend::Portable.double_multiply_vartime(input);
            } else if input.s.odd().1.declassify() {
                sum.y = sum.y.negate();
            }
            sums.push(sum);
        }
    }
    sums
}
