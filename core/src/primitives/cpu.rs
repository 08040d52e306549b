//! Proofs that this CPU has what a kernel needs. A value of one of these types exists only after the CPU
//! said so, which is what the kernels' `unsafe` calls rely on.

/// AVX-512 F and DQ with IFMA, the 52-bit multiply-add (Intel since Ice Lake, AMD since Zen 4).
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ifma(());

#[cfg(target_arch = "x86_64")]
impl Ifma {
    /// The proof, if this CPU has the features.
    #[must_use]
    pub fn detect() -> Option<Self> {
        (std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512ifma"))
        .then_some(Self(()))
    }
}
