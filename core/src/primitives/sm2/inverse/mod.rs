//! Modular inversion in constant time: the division steps of Bernstein and Yang ("Fast
//! constant-time gcd computation and modular inversion", 2019), in batches of 59, which are done in
//! three parts.
//!
//! With delta starting at 1/2, 590 division steps bring any g below a 256-bit modulus to 0 (the
//! bound is computed by convex hulls in Wuille's analysis of that variant). Every step is the same
//! arithmetic whatever the values are; masks take the place of the decisions.

#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(not(target_arch = "x86_64"))]
use self::portable::{signed, steps};
#[cfg(target_arch = "x86_64")]
use self::x86_64::{signed, steps};
use super::limbs::{Limbs, negated_inverse};
use crate::primitives::{align::align_code, ct};

/// A signed integer in five limbs of 62 bits, least significant first: the value is the sum of
/// limb i * 2^(62 i). All but the top limb are in [0, 2^62).
type Signed62 = [i64; 5];

const M62: u64 = u64::MAX >> 2;

/// The bits of f and g that 20 division steps look at.
const LOW: i64 = (1 << 20) - 1;

/// An odd modulus below 2^256, prepared for inversions.
pub(super) struct Modulus {
    limbs: Signed62,
    /// 1/m modulo 2^62.
    inverse: u64,
}

/// A product of 59 division steps, times 2^62: (f, g) becomes (u f + v g, q f + r g) / 2^62.
/// |u| + |v| and |q| + |r| are at most 2^62.
struct Steps {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

impl Modulus {
    pub(super) const fn new(m: &Limbs) -> Self {
        Self { limbs: split(m), inverse: negated_inverse(m[0]).wrapping_neg() & M62 }
    }

    /// 1/x modulo m, or 0 for x = 0. x is below m.
    pub(super) fn invert(&self, x: &Limbs) -> Limbs {
        // Invariants: f = d x and g = e x modulo m; d and e are in (-2m, m).
        let (mut d, mut e) = ([0; 5], [1, 0, 0, 0, 0]);
        let (mut f, mut g) = (self.limbs, split(x));
        let mut zeta = -1; // -(delta + 1/2)
        let mut steps = divide_59(&mut zeta, f[0], g[0], || {}, || {});
        align_code();
        for _ in 1..10 {
            let Steps { u, v, q, r } = steps;
            (f, g) = (combine((u, v), &f, &g), combine((q, r), &f, &g));
            // d and e are a batch behind: nothing waits for them, and they fill the time in which the next
            // steps wait for each other.
            let (mut next_d, mut next_e) = (d, e);
            steps = divide_59(
                &mut zeta,
                f[0],
                g[0],
                || next_d = self.combine_modular((u, v), &d, &e),
                || next_e = self.combine_modular((q, r), &d, &e),
            );
            (d, e) = (next_d, next_e);
        }
        let Steps { u, v, .. } = steps;
        f = combine((u, v), &f, &g);
        d = self.combine_modular((u, v), &d, &e);
        // Now g = 0 and f = gcd = 1 or -1, so that 1/x is d or -d.
        join(&self.normalise(&d, ct::barrier(f[4] >> 63)))
    }

    /// (u d + v e) / 2^62 modulo m: in (-2m, m), as d and e are.
    #[inline(always)]
    fn combine_modular(&self, (u, v): (i64, i64), d: &Signed62, e: &Signed62) -> Signed62 {
        // Adding m to negative d and e first keeps the result in (-2m, m).
        let (d_sign, e_sign) = (ct::barrier(d[4] >> 63), ct::barrier(e[4] >> 63));
        let mut factor = (u & d_sign) + (v & e_sign);
        let low = product(u, d[0]) + product(v, e[0]);
        // The multiple of m that clears the low 62 bits, so that the division is exact.
        let rest = self.inverse.wrapping_mul(low as u64).wrapping_add(factor as u64) & M62;
        factor -= rest as i64;
        let mut carry = (low + product(factor, self.limbs[0])) >> 62;
        let mut result = [0; 5];
        for i in 1..5 {
            carry += product(u, d[i]) + product(v, e[i]) + product(factor, self.limbs[i]);
            result[i - 1] = low_62(carry);
            carry >>= 62;
        }
        result[4] = carry as i64;
        result
    }

    /// `value`, in (-2m, m), negated if `negate` is all ones, brought to [0, m).
    fn normalise(&self, value: &Signed62, negate: i64) -> Signed62 {
        let mut r = *value;
        let add = ct::barrier(r[4] >> 63);
        for (limb, m) in r.iter_mut().zip(self.limbs) {
            *limb = ((*limb + (m & add)) ^ negate) - negate;
        }
        carry(&mut r);
        let add = ct::barrier(r[4] >> 63);
        for (limb, m) in r.iter_mut().zip(self.limbs) {
            *limb += m & add;
        }
        carry(&mut r);
        r
    }
}

/// 59 division steps on the low limbs of f (odd) and g, and other work between their parts.
#[inline(always)]
fn divide_59(
    zeta: &mut i64,
    f: i64,
    g: i64,
    after_20: impl FnOnce(),
    after_40: impl FnOnce(),
) -> Steps {
    let first = divide::<20>(zeta, f, g);
    after_20();
    // The quotients are right in as many low bits as the steps that remain, and more.
    let (f, g) = first.apply::<20>(f, g);
    let second = divide::<20>(zeta, f, g);
    after_40();
    let (f, g) = second.apply::<20>(f, g);
    let third = divide::<19>(zeta, f, g);
    // 2^59 * 8 = 2^62.
    third.after(&second.after(&first, 1), 8)
}

/// N division steps, at most 20, on the low 20 bits of f (odd) and g: as in [`Steps`], times 2^N.
///
/// Each of the two words holds what becomes of f or g and, above it, of minus one unit of f at bit 41
/// and of g at bit 62, so that a step is done once for all three. Halving is exact in the low bits and
/// thereby in the others, which end at bits 41 - N and 62 - N. The coefficients are in (-2^N, 2^N] and,
/// being kept negated, in the range of a signed field of 21 bits; what becomes of f and g is below
/// 2^20 in size.
#[inline(always)]
fn divide<const N: u32>(zeta: &mut i64, f: i64, g: i64) -> Steps {
    let (mut f, mut g) = ((f & LOW) - (1 << 41), (g & LOW) - (1 << 62));
    steps::<N>(zeta, &mut f, &mut g);
    // Half a unit of each field is added, so that what is below it is dropped when not negative.
    let coefficients = |word: i64| {
        let word = word + (1 << 20);
        let high = word.wrapping_add(1 << (61 - N)) >> (62 - N);
        (-((word << (2 + N)) >> 43), -high)
    };
    let ((u, v), (q, r)) = (coefficients(f), coefficients(g));
    Steps { u, v, q, r }
}

impl Steps {
    /// (u f + v g, q f + r g) / 2^N, of the low limbs.
    #[inline(always)]
    const fn apply<const N: u32>(&self, f: i64, g: i64) -> (i64, i64) {
        let next_f = self.u.wrapping_mul(f).wrapping_add(self.v.wrapping_mul(g));
        let next_g = self.q.wrapping_mul(f).wrapping_add(self.r.wrapping_mul(g));
        (next_f >> N, next_g >> N)
    }

    /// `factor` times these steps after `first`.
    #[inline(always)]
    const fn after(&self, first: &Self, factor: i64) -> Self {
        let (u, v, q, r) = (self.u * factor, self.v * factor, self.q * factor, self.r * factor);
        Self {
            u: u * first.u + v * first.q,
            v: u * first.v + v * first.r,
            q: q * first.u + r * first.q,
            r: q * first.v + r * first.r,
        }
    }
}

/// (u f + v g) / 2^62, which is exact.
#[inline(always)]
fn combine((u, v): (i64, i64), f: &Signed62, g: &Signed62) -> Signed62 {
    let mut carry = (product(u, f[0]) + product(v, g[0])) >> 62;
    let mut result = [0; 5];
    for i in 1..5 {
        carry += product(u, f[i]) + product(v, g[i]);
        result[i - 1] = low_62(carry);
        carry >>= 62;
    }
    result[4] = carry as i64;
    result
}

#[inline(always)]
fn low_62(carry: i128) -> i64 {
    signed((carry as u64 & M62) as i64)
}

/// Brings all limbs but the top one to [0, 2^62).
fn carry(r: &mut Signed62) {
    for i in 0..4 {
        r[i + 1] += r[i] >> 62;
        r[i] &= M62 as i64;
    }
}

#[inline(always)]
const fn product(a: i64, b: i64) -> i128 {
    a as i128 * b as i128
}

const fn split(a: &Limbs) -> Signed62 {
    [
        (a[0] & M62) as i64,
        ((a[0] >> 62 | a[1] << 2) & M62) as i64,
        ((a[1] >> 60 | a[2] << 4) & M62) as i64,
        ((a[2] >> 58 | a[3] << 6) & M62) as i64,
        (a[3] >> 56) as i64,
    ]
}

const fn join(a: &Signed62) -> Limbs {
    let a = [a[0] as u64, a[1] as u64, a[2] as u64, a[3] as u64, a[4] as u64];
    [a[0] | a[1] << 62, a[1] >> 2 | a[2] << 60, a[2] >> 4 | a[3] << 58, a[3] >> 6 | a[4] << 56]
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::primitives::sm2::tests::Stream;

    /// Both on words of the layout of [`divide`], with every zeta that inversions meet and beyond.
    #[test]
    fn steps_agree_with_portable() {
        let mut stream = Stream(6);
        let mut edges = vec![0, 1, 2, 3, LOW >> 1, LOW - 1, LOW, 1 << 19, (1 << 19) - 1];
        edges.extend((0..300).map(|_| stream.word() as i64 & LOW));
        for &f in edges.iter().filter(|&f| f & 1 == 1) {
            for &g in &edges {
                for zeta in [-1, 0, 1, -2, 19, -20, 590, -590, stream.word() as i64 % 600] {
                    let start = (zeta, f - (1 << 41), g - (1 << 62));
                    let run = |steps: fn(&mut i64, &mut i64, &mut i64)| {
                        let (mut zeta, mut f, mut g) = start;
                        steps(&mut zeta, &mut f, &mut g);
                        (zeta, f, g)
                    };
                    assert_eq!(run(steps::<20>), run(portable::steps::<20>), "{start:?}");
                    assert_eq!(run(steps::<19>), run(portable::steps::<19>), "{start:?}");
                }
            }
        }
    }
}
