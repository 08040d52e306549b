//! Proofs that this CPU can run a kernel: a value of these types exists only after the CPU said so.

/// A proof for each set of features that a kernel is compiled for.
macro_rules! witnesses {
    ($($(#[$doc:meta])* $name:ident: $($feature:tt),+;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq)]
            pub struct $name(());

            impl $name {
                /// The proof, if this CPU and its operating system have every feature.
                #[must_use]
                pub fn detect() -> Option<Self> {
                    ($(std::arch::is_x86_feature_detected!($feature))&&+).then_some(Self(()))
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("detected")
                }
            }
        )*
    };
}

witnesses! {
    /// 512-bit vectors with the 52-bit multiply-add (Intel since Ice Lake, AMD since Zen 4).
    Ifma: "avx512f", "avx512dq", "avx512ifma";
    /// 256-bit vectors, with the rounds of AES as instructions.
    Aes: "avx2", "aes";
    /// 256-bit vectors, with inversion in the field of AES as an instruction.
    Gfni: "avx2", "gfni";
    /// Rotations that leave the flags alone.
    Bmi2: "bmi2";
    /// 256-bit vectors.
    Avx2: "avx2", "bmi2";
    /// 512-bit vectors of bytes and words.
    Avx512: "avx512f", "avx512bw", "avx512vl", "bmi2";
    /// 512-bit vectors, with inversion in the field of AES and carry-less products.
    Avx512Gfni: "avx2", "avx512f", "avx512bw", "avx512vl", "gfni", "pclmulqdq", "vpclmulqdq";
}

impl Avx512Gfni {
    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn gfni(self) -> Gfni {
        Gfni(())
    }
}

impl Avx2 {
    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn bmi2(self) -> Bmi2 {
        Bmi2(())
    }
}

impl Avx512 {
    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn bmi2(self) -> Bmi2 {
        Bmi2(())
    }
}
