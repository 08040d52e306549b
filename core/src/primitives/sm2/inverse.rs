//! Modular inversion in constant time: the division steps of Bernstein and Yang ("Fast
//! constant-time gcd computation and modular inversion", 2019), in batches of 59.
//!
//! With delta starting at 1/2, 590 division steps bring any g below a 256-bit modulus to 0 (the
//! bound is computed by convex hulls in Wuille's analysis of that variant). Every step is the same
//! arithmetic whatever the values are; masks take the place of the decisions.

use super::limbs::{Limbs, negated_inverse};
use crate::primitives::ct;

/// A signed integer in five limbs of 62 bits, least significant first: the value is the sum of
/// limb i * 2^(62 i). All but the top limb are in [0, 2^62).
type Signed62 = [i64; 5];

const M62: u64 = u64::MAX >> 2;

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
        for _ in 0..10 {
            let steps = divide_59(&mut zeta, f[0], g[0]);
            self.update_de(&mut d, &mut e, &steps);
            update_fg(&mut f, &mut g, &steps);
        }
        // Now g = 0 and f = gcd = 1 or -1, so that 1/x is d or -d.
        join(&self.normalise(&d, ct::barrier(f[4] >> 63)))
    }

    /// (d, e) becomes (u d + v e, q d + r e) / 2^62 modulo m.
    #[inline(always)]
    fn update_de(&self, d: &mut Signed62, e: &mut Signed62, t: &Steps) {
        // Adding m to negative d and e first keeps the results in (-2m, m).
        let (d_sign, e_sign) = (ct::barrier(d[4] >> 63), ct::barrier(e[4] >> 63));
        let mut md = (t.u & d_sign) + (t.v & e_sign);
        let mut me = (t.q & d_sign) + (t.r & e_sign);
        let mut cd = product(t.u, d[0]) + product(t.v, e[0]);
        let mut ce = product(t.q, d[0]) + product(t.r, e[0]);
        // The multiples of m that clear the low 62 bits, so that the division is exact.
        md -= (self.inverse.wrapping_mul(cd as u64).wrapping_add(md as u64) & M62) as i64;
        me -= (self.inverse.wrapping_mul(ce as u64).wrapping_add(me as u64) & M62) as i64;
        cd = (cd + product(self.limbs[0], md)) >> 62;
        ce = (ce + product(self.limbs[0], me)) >> 62;
        for i in 1..5 {
            cd += product(t.u, d[i]) + product(t.v, e[i]) + product(self.limbs[i], md);
            ce += product(t.q, d[i]) + product(t.r, e[i]) + product(self.limbs[i], me);
            d[i - 1] = (cd as u64 & M62) as i64;
            e[i - 1] = (ce as u64 & M62) as i64;
            cd >>= 62;
            ce >>= 62;
        }
        (d[4], e[4]) = (cd as i64, ce as i64);
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

/// 59 division steps on the low limbs of f (odd) and g.
#[inline(always)]
fn divide_59(zeta: &mut i64, f0: i64, g0: i64) -> Steps {
    // Starting at 8 and doubling 59 times gives the factor 2^62.
    let (mut u, mut v, mut q, mut r) = (8i64, 0i64, 0i64, 8i64);
    let (mut f, mut g) = (f0, g0);
    let mut z = *zeta;
    for _ in 0..59 {
        let swap = z >> 63; // delta > 0
        let odd = -(g & 1);
        // g is odd: add f to it, or -f where f and g change places.
        g = g.wrapping_add(((f ^ swap).wrapping_sub(swap)) & odd);
        q += ((u ^ swap) - swap) & odd;
        r += ((v ^ swap) - swap) & odd;
        // Where they change places, the new f is the old g = (g - f) + f.
        let both = swap & odd;
        z = (z ^ both) - 1;
        f = f.wrapping_add(g & both);
        u += q & both;
        v += r & both;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *zeta = z;
    Steps { u, v, q, r }
}

/// (f, g) becomes (u f + v g, q f + r g) / 2^62, which is exact.
#[inline(always)]
fn update_fg(f: &mut Signed62, g: &mut Signed62, t: &Steps) {
    let mut cf = (product(t.u, f[0]) + product(t.v, g[0])) >> 62;
    let mut cg = (product(t.q, f[0]) + product(t.r, g[0])) >> 62;
    for i in 1..5 {
        cf += product(t.u, f[i]) + product(t.v, g[i]);
        cg += product(t.q, f[i]) + product(t.r, g[i]);
        f[i - 1] = (cf as u64 & M62) as i64;
        g[i - 1] = (cg as u64 & M62) as i64;
        cf >>= 62;
        cg >>= 62;
    }
    (f[4], g[4]) = (cf as i64, cg as i64);
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
