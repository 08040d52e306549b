//! The implementations of the curve's arithmetic, and the one place where one is chosen.

use std::iter;

use zeroize::{Zeroize, Zeroizing};

#[cfg(target_arch = "x86_64")]
use super::ifma;
use super::{
    comb::{self, Comb},
    field::FieldElement,
    multiply,
    point::{Affine, Extended},
    scalar::Scalar,
};
#[cfg(target_arch = "x86_64")]
use crate::primitives::cpu;
use crate::primitives::selftest::demand;

/// An implementation of the curve's arithmetic. All give the same results.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// 64-bit integers, on every processor; with the products of BMI2 and ADX, and tables searched by AVX2, where
    /// there are any.
    Portable,
    /// Eight lanes of AVX-512 IFMA.
    #[cfg(target_arch = "x86_64")]
    Ifma(cpu::Ifma),
    /// The same, but the windows of a single multiple of any point spread over four lanes: faster where an
    /// instruction on 512 bits takes twice the time of one on 256.
    #[cfg(target_arch = "x86_64")]
    IfmaFour(cpu::Ifma),
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
        let lanes = cpu::Ifma::detect().map(|cpu| {
            let (eight, four) = (Self::Ifma(cpu), Self::IfmaFour(cpu));
            if cpu.in_halves() { [eight, four] } else { [four, eight] }
        });
        #[cfg(not(target_arch = "x86_64"))]
        let lanes: Option<[Self; 2]> = None;
        iter::once(Self::Portable).chain(lanes.into_iter().flatten())
    }

    /// A short name, for listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(_) => "ifma",
            #[cfg(target_arch = "x86_64")]
            Self::IfmaFour(_) => "ifma-4",
        }
    }

    pub(super) fn fastest() -> Self {
        Self::runnable().next_back().unwrap_or(Self::Portable)
    }

    /// [k]G for k in [1, n-1], in constant time.
    pub(super) fn multiply_base(self, k: &Scalar) -> Affine {
        to_affine(self.multiply_base_to_sum(k))
    }

    /// The x-coordinate of [k]G for k in [1, n-1], in constant time.
    pub(super) fn multiply_base_for_x(self, k: &Scalar) -> FieldElement {
        demand(self);
        let portable = || comb::multiply(&comb::BASE, k).x();
        let mut x = match self {
            Self::Portable => portable(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) | Self::IfmaFour(cpu) => {
                let x = ifma::multiply_base_for_x(cpu, k);
                // Infinity: see `finite_or`.
                if x.denominator.is_zero().declassify() { portable() } else { x }
            }
        };
        let quotient = x.numerator.multiply(&x.denominator.invert());
        x.zeroize();
        quotient
    }

    /// [k]G as [`Self::multiply_base`], not yet in affine form.
    pub(super) fn multiply_base_to_sum(self, k: &Scalar) -> Extended {
        demand(self);
        let portable = || comb::multiply(&comb::BASE, k);
        match self {
            Self::Portable => portable(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) | Self::IfmaFour(cpu) => {
                finite_or(ifma::multiply_base(cpu, k), portable)
            }
        }
    }

    /// [k]G for each k in [1, n-1], in constant time.
    pub(super) fn multiply_base_all(self, scalars: &[Scalar]) -> Vec<Affine> {
        if let [k] = scalars {
            return vec![self.multiply_base(k)];
        }
        demand(self);
        match self {
            Self::Portable => comb_all(&comb::BASE, scalars),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) | Self::IfmaFour(cpu) => {
                each_finite_or(ifma::multiply_base_all(cpu, scalars), |i| {
                    to_affine(comb::multiply(&comb::BASE, &scalars[i]))
                })
            }
        }
    }

    /// [k]P for k in [1, n-1], in constant time.
    pub(super) fn multiply(self, k: &Scalar, point: &Affine) -> Affine {
        to_affine(self.multiply_to_sum(k, point))
    }

    /// The same, not yet in affine form.
    pub(super) fn multiply_to_sum(self, k: &Scalar, point: &Affine) -> Extended {
        demand(self);
        let portable = || Extended::from_jacobian(&multiply::multiply(k, point));
        match self {
            Self::Portable => portable(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) => finite_or(ifma::multiply(cpu, k, point), portable),
            #[cfg(target_arch = "x86_64")]
            Self::IfmaFour(cpu) => finite_or(ifma::multiply_in_four(cpu, k, point), portable),
        }
    }

    /// [k]P for each k in [1, n-1] and its P, in constant time.
    pub(super) fn multiply_all(self, inputs: &[(Scalar, Affine)]) -> Vec<Affine> {
        if let [(k, point)] = inputs {
            return vec![self.multiply(k, point)];
        }
        demand(self);
        let portable = |(k, point): &(Scalar, Affine)| Self::Portable.multiply(k, point);
        match self {
            Self::Portable => inputs.iter().map(portable).collect(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) | Self::IfmaFour(cpu) => {
                each_finite_or(ifma::multiply_all(cpu, inputs), |i| portable(&inputs[i]))
            }
        }
    }

    /// [s]G + [t]P. Variable time: all inputs are public.
    pub(super) fn double_multiply_vartime(self, input: &Verification) -> Extended {
        let Verification { s, t, point } = input;
        let portable = || multiply::double_multiply_vartime(s, t, point);
        match self {
            Self::Portable => portable(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(_) | Self::IfmaFour(_) if input.has_zero() => portable(),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) => finite_or(ifma::double_multiply(cpu, s, t, point), portable),
            #[cfg(target_arch = "x86_64")]
            Self::IfmaFour(cpu) => {
                finite_or(ifma::double_multiply_in_four(cpu, s, t, point), portable)
            }
        }
    }

    /// [s]G + [t]P for each input. Variable time: all inputs are public.
    pub(super) fn double_multiply_all_vartime(self, inputs: &[Verification]) -> Vec<Extended> {
        match self {
            Self::Portable => {
                inputs.iter().map(|input| self.double_multiply_vartime(input)).collect()
            }
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu) | Self::IfmaFour(cpu) => in_lanes_vartime(
                inputs,
                |input| self.double_multiply_vartime(input),
                |[s, t], points| ifma::double_multiply_lanes(cpu, &s, &t, &points),
            ),
        }
    }
}

/// The multiples of a key's point that make its multiplication fast.
#[derive(Clone)]
pub(super) enum KeyTable {
    Portable(Box<Comb>),
    #[cfg(target_arch = "x86_64")]
    Ifma(cpu::Ifma, ifma::KeyTable),
}

impl KeyTable {
    /// The table of `point` for `backend`.
    pub(super) fn new(backend: Backend, point: &Affine) -> Self {
        match backend {
            Backend::Portable => Self::Portable(comb::build(point)),
            #[cfg(target_arch = "x86_64")]
            Backend::Ifma(cpu) | Backend::IfmaFour(cpu) => {
                Self::Ifma(cpu, ifma::KeyTable::new(point))
            }
        }
    }

    /// [k]G and [k]P for k in [1, n-1], in constant time.
    pub(super) fn multiply_base_and_key(&self, k: &Scalar) -> [Affine; 2] {
        let base = || comb::multiply(&comb::BASE, k);
        to_affine_pair(match self {
            Self::Portable(comb) => [base(), comb::multiply(comb, k)],
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu, table) => {
                let [first, second] = ifma::multiply_base_and_key(*cpu, table, k);
                let key = || Extended::from_jacobian(&multiply::multiply(k, table.point()));
                [finite_or(first, base), finite_or(second, key)]
            }
        })
    }

    /// [k]P for each k in [1, n-1], in constant time.
    pub(super) fn multiply_all(&self, scalars: &[Scalar]) -> Vec<Affine> {
        match self {
            Self::Portable(comb) => comb_all(comb, scalars),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu, table) => {
                each_finite_or(ifma::multiply_key_all(*cpu, table, scalars), |i| {
                    Backend::Portable.multiply(&scalars[i], table.point())
                })
            }
        }
    }

    /// [s]G + [t]P. Variable time: all inputs are public.
    pub(super) fn double_multiply_vartime(&self, input: &Verification) -> Extended {
        match self {
            Self::Portable(comb) => {
                let sum = comb::add_multiple_vartime(Extended::INFINITY, &comb::BASE, &input.s);
                comb::add_multiple_vartime(sum, comb, &input.t)
            }
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(..) if input.has_zero() => Backend::Portable.double_multiply_vartime(input),
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu, table) => {
                finite_or(ifma::double_multiply_key(*cpu, table, &input.s, &input.t), || {
                    Backend::Portable.double_multiply_vartime(input)
                })
            }
        }
    }

    /// [s]G + [t]P for each input. Variable time: all inputs are public.
    pub(super) fn double_multiply_all_vartime(&self, inputs: &[Verification]) -> Vec<Extended> {
        match self {
            Self::Portable(_) => {
                inputs.iter().map(|input| self.double_multiply_vartime(input)).collect()
            }
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(cpu, table) => in_lanes_vartime(
                inputs,
                |input| self.double_multiply_vartime(input),
                |[s, t], _| ifma::double_multiply_key_lanes(*cpu, table, &s, &t),
            ),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Verification {
    fn has_zero(&self) -> bool {
        self.s.is_zero().declassify() || self.t.is_zero().declassify()
    }
}

/// The affine forms of two sums, for one inversion.
pub(super) fn to_affine_pair(mut sums: [Extended; 2]) -> [Affine; 2] {
    let points = Extended::to_affine_pair(&sums);
    sums.iter_mut().for_each(Zeroize::zeroize);
    points
}

fn comb_all(comb: &Comb, scalars: &[Scalar]) -> Vec<Affine> {
    let sums: Vec<Extended> = scalars.iter().map(|k| comb::multiply(comb, k)).collect();
    Extended::to_affine_all(&Zeroizing::new(sums))
}

fn to_affine(mut sum: Extended) -> Affine {
    let point = sum.to_affine();
    sum.zeroize();
    point
}

/// The sum of a kernel that gives infinity for a few scalars, or for those what `portable` gives.
#[cfg(target_arch = "x86_64")]
fn finite_or(sum: Extended, portable: impl FnOnce() -> Extended) -> Extended {
    if sum.zz.is_zero().declassify() { portable() } else { sum }
}

/// The same for many.
#[cfg(target_arch = "x86_64")]
fn each_finite_or(points: Vec<Option<Affine>>, portable: impl Fn(usize) -> Affine) -> Vec<Affine> {
    let points = Zeroizing::new(points);
    let points = points.iter().enumerate();
    points.map(|(i, point)| point.unwrap_or_else(|| portable(i))).collect()
}

/// The sums of all inputs, eight at a time by `kernel`, and one that is left over by `single`; those that
/// come out as infinity are computed again with care.
#[cfg(target_arch = "x86_64")]
fn in_lanes_vartime(
    inputs: &[Verification],
    single: impl Fn(&Verification) -> Extended,
    kernel: impl Fn([[Scalar; 8]; 2], [Affine; 8]) -> [Extended; 8],
) -> Vec<Extended> {
    let mut sums = Vec::with_capacity(inputs.len());
    for group in inputs.chunks(8) {
        if let [input] = group {
            sums.push(single(input));
            continue;
        }
        let at = |i: usize| &group[i.min(group.len() - 1)];
        let scalars = |of: fn(&Verification) -> Scalar| {
            // The kernel takes no 0: such an input is computed again.
            std::array::from_fn(|i| if at(i).has_zero() { Scalar::ONE } else { of(at(i)) })
        };
        let points = std::array::from_fn(|i| at(i).point);
        let lanes = kernel([scalars(|input| input.s), scalars(|input| input.t)], points);
        sums.extend(group.iter().zip(lanes).map(|(input, sum)| {
            // Infinity, or equal or opposite points on the way: rare, but for those who choose their keys
            // and signatures so.
            let again = input.has_zero() || sum.zz.is_zero_vartime();
            if again { Backend::Portable.double_multiply_vartime(input) } else { sum }
        }));
    }
    sums
}
