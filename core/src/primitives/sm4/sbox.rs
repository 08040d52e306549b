//! The SM4 S-box as a circuit of 110 gates (32 AND, 78 XOR): no table, so no address depends on a secret.
//!
//! S(x) = A·I(A·x + C) + C, I being the inverse in GF(2)[t]/(t^8 + t^7 + t^6 + t^5 + t^4 + t^2 + 1).
//! That field is isomorphic to the one of AES, whose inverse Boyar and Peralta's S-box circuit of 115
//! gates computes in 62 gates, from 22 linear forms of the input to 18 products. Each of the 8
//! isomorphisms, scaled by each of the 255 non-zero c (I(x) = c·I(c·x)), gives other linear maps
//! before and after: the pair used here, t to 0x23 and c = 0xe8, was the cheapest that a greedy
//! search found, 21 gates before and 27 after.
//!
//! Both constants are left to the caller: S(x) = `sbox(x ^ SBOX_IN) ^ SBOX_OUT`. They cost nothing
//! where they are folded into the round keys.

use std::ops::{BitAnd, BitXor};

/// What the caller adds to the input byte.
pub(super) const SBOX_IN: u8 = 0x75;

/// What the caller adds to the output byte.
pub(super) const SBOX_OUT: u8 = 0xd3;

/// The S-box without its constants on bit planes: plane p holds bit p (0 the lowest) of every byte.
#[inline(always)]
pub(super) fn sbox<W>([x0, x1, x2, x3, x4, x5, x6, x7]: [W; 8]) -> [W; 8]
where
    W: Copy + BitAnd<Output = W> + BitXor<Output = W>,
{
    // The linear forms that enter the inverse.
    let y9 = x2 ^ x6;
    let y1 = y9 ^ x7;
    let y8 = x1 ^ y9;
    let p0 = x4 ^ x0;
    let y17 = p0 ^ y8;
    let y10 = x6 ^ y17;
    let y6 = y10 ^ y1;
    let y19 = p0 ^ x6;
    let y18 = x5 ^ y19;
    let p1 = x5 ^ x3;
    let y0 = p1 ^ y1;
    let y7 = x6 ^ y0;
    let y2 = y18 ^ y7;
    let y4 = y9 ^ y2;
    let y12 = x0 ^ p1;
    let y3 = y12 ^ y4;
    let y5 = y8 ^ y3;
    let y13 = y2 ^ y5;
    let y15 = y10 ^ p1;
    let y16 = y7 ^ y1;
    let y21 = y13 ^ y16;
    // The inverse in GF((2^4)^2), short of the factors that the products below bring in.
    let t2 = y12 & y15;
    let t3 = y3 & y6;
    let t4 = t3 ^ t2;
    let t5 = y4 & y0;
    let t6 = t5 ^ t2;
    let t7 = y13 & y16;
    let t8 = y5 & y1;
    let t9 = t8 ^ t7;
    let t10 = y2 & y7;
    let t11 = t10 ^ t7;
    let t12 = y9 & x6;
    let t13 = x1 & y17;
    let t14 = t13 ^ t12;
    let t15 = y8 & y10;
    let t16 = t15 ^ t12;
    let t17 = t4 ^ x2;
    let t18 = t6 ^ t16;
    let t19 = t9 ^ t14;
    let t20 = t11 ^ t16;
    let t21 = t17 ^ t14;
    let t22 = t18 ^ y19;
    let t23 = t19 ^ y21;
    let t24 = t20 ^ y18;
    let t25 = t21 ^ t22;
    let t26 = t21 & t23;
    let t27 = t24 ^ t26;
    let t28 = t25 & t27;
    let t29 = t28 ^ t22;
    let t30 = t23 ^ t24;
    let t31 = t22 ^ t26;
    let t32 = t31 & t30;
    let t33 = t32 ^ t24;
    let t34 = t23 ^ t33;
    let t35 = t27 ^ t33;
    let t36 = t24 & t35;
    let t37 = t36 ^ t34;
    let t38 = t27 ^ t36;
    let t39 = t29 & t38;
    let t40 = t25 ^ t39;
    let t41 = t40 ^ t37;
    let t42 = t29 ^ t33;
    let t43 = t29 ^ t40;
    let t44 = t33 ^ t37;
    let t45 = t42 ^ t41;
    // The 18 products.
    let z0 = t44 & y15;
    let z1 = t37 & y6;
    let z2 = t33 & y0;
    let z3 = t43 & y16;
    let z4 = t40 & y1;
    let z5 = t29 & y7;
    let z6 = t42 & x6;
    let z7 = t45 & y17;
    let z8 = t41 & y10;
    let z9 = t44 & y12;
    let z10 = t37 & y3;
    let z11 = t33 & y4;
    let z12 = t43 & y13;
    let z13 = t40 & y5;
    let z14 = t29 & y2;
    let z15 = t42 & y9;
    let z16 = t45 & x1;
    let z17 = t41 & y8;
    // Back to the field of SM4, and A.
    let q0 = z7 ^ z8;
    let q1 = z0 ^ z2;
    let q2 = z3 ^ q1;
    let q3 = z4 ^ q0;
    let q4 = q3 ^ q2;
    let q5 = z13 ^ q4;
    let q6 = z11 ^ z14;
    let q7 = z10 ^ q5;
    let q8 = q6 ^ q7;
    let q9 = z17 ^ z14;
    let q10 = z16 ^ q5;
    let q11 = q10 ^ q9;
    let q12 = z15 ^ q9;
    let q13 = q12 ^ z12;
    let q14 = z9 ^ z12;
    let q15 = z6 ^ z8;
    let q16 = q15 ^ q1;
    let q17 = q16 ^ q7;
    let q18 = q17 ^ q14;
    let q19 = q4 ^ q13;
    let q20 = q11 ^ q18;
    let q21 = z1 ^ q0;
    let q22 = q21 ^ z2;
    let q23 = q22 ^ q8;
    let q24 = z5 ^ q2;
    let q25 = q24 ^ q11;
    let q26 = q6 ^ q14;
    [q18, q19, q20, q13, q8, q23, q25, q26]
}
