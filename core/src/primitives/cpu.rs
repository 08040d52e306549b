//! Proofs that this CPU can run a kernel: a value of these types exists only after the CPU said so.

/// A proof for each set of features that a kernel is compiled for, `$detected` being what asks the CPU.
macro_rules! witnesses {
    ($detected:ident; $($(#[$doc:meta])* $name:ident $(if $built:ident)?: $($feature:tt),+;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq)]
            pub struct $name(());

            impl $name {
                /// The proof, if this CPU and its operating system have every feature, and this build
                /// the kernels for them.
                #[must_use]
                pub fn detect() -> Option<Self> {
                    $(if !$built {
                        return None;
                    })?
                    #[cfg(test)]
                    if plain() {
                        return None;
                    }
                    ($(std::arch::$detected!($feature))&&+).then_some(Self(()))
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

#[cfg(target_arch = "x86_64")]
witnesses! {
    is_x86_feature_detected;

    /// 512-bit and 256-bit vectors with the 52-bit multiply-add (Intel since Ice Lake, AMD since Zen 4). Never
    /// in a build without optimisation.
    Ifma if OPTIMISED: "avx2", "avx512f", "avx512dq", "avx512vl", "avx512ifma";
    /// Products and two chains of carries side by side.
    Adx: "bmi2", "adx";
    /// 256-bit vectors, with the rounds of AES as instructions.
    Aes: "avx2", "aes";
    /// 256-bit vectors, with inversion in the field of AES as an instruction.
    Gfni: "avx2", "gfni";
    /// 256-bit vectors, and rotations and complements that leave their operands alone.
    Avx2: "avx2", "bmi1", "bmi2";
    /// 512-bit vectors of bytes and words.
    Avx512: "avx2", "avx512f", "avx512bw", "avx512vl", "bmi2";
    /// 512-bit vectors, with inversion in the field of AES and carry-less products.
    Avx512Gfni: "avx2", "avx512f", "avx512bw", "avx512vl", "gfni", "pclmulqdq", "vpclmulqdq";
}

/// Whether the compiler keeps vectors in registers: see `core/build.rs`.
#[cfg(target_arch = "x86_64")]
const OPTIMISED: bool = cfg!(not(yinxin_unoptimised));

/// Whether vector instructions take longer while many of them wait for operands, as on Zen 5.
#[cfg(target_arch = "x86_64")]
#[must_use]
#[inline(never)] // so that machine code shows that what is asked here has to do with the CPU alone
pub fn full_queues_delay() -> bool {
    has_sse4a() && is_newer_than_zen_4()
}

#[cfg(target_arch = "x86_64")]
impl Ifma {
    /// Whether this CPU does an instruction on 512 bits in two halves, as Zen 4 does.
    #[must_use]
    pub fn in_halves(self) -> bool {
        has_sse4a() && !is_newer_than_zen_4()
    }
}

/// A CPU of AMD or Hygon, which alone have these instructions.
#[cfg(target_arch = "x86_64")]
fn has_sse4a() -> bool {
    std::arch::is_x86_feature_detected!("sse4a")
}

/// Of those CPUs one that came after Zen 4, which has neither of the two; a hypervisor may hide one.
#[cfg(target_arch = "x86_64")]
fn is_newer_than_zen_4() -> bool {
    std::arch::is_x86_feature_detected!("avx512vp2intersect")
        || std::arch::is_x86_feature_detected!("avxvnni")
}

/// Whether the environment asks for tests of what is left where a CPU has nothing but the instructions of every
/// CPU of its kind.
#[cfg(test)]
pub(crate) fn plain() -> bool {
    std::env::var("YINXIN_PLAIN").is_ok_and(|plain| plain == "1")
}

/// Records that a test of this kernel cannot run: this CPU lacks the instructions, or this build the kernel.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn lacking(kernel: &str) {
    if plain() {
        return;
    }
    if OPTIMISED { yinxin_vectors::lacking(kernel) } else { yinxin_vectors::skip(kernel) }
}

#[cfg(target_arch = "aarch64")]
witnesses! {
    is_aarch64_feature_detected;

    /// 128-bit vectors.
    Neon: "neon";
    /// 128-bit vectors, with the rounds of AES as instructions.
    Aes: "neon", "aes";
    /// The steps of SM3 and the rounds of SM4 as instructions.
    Sm: "neon", "sm4";
}

#[cfg(target_arch = "aarch64")]
impl Sm {
    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn neon(self) -> Neon {
        Neon(())
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx512Gfni {
    /// The smaller proof that this one holds.
    #[must_use]
    pub const fn gfni(self) -> Gfni {
        Gfni(())
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::{sm2, sm3, sm4};

    #[test]
    fn plain_rust_is_alone_where_it_is_asked_for() {
        let backends = sm2::Backend::runnable().count()
            + sm3::Backend::runnable().count()
            + sm4::Backend::runnable().count();
        if super::plain() {
            assert_eq!(backends, 3);
            #[cfg(target_arch = "x86_64")]
            assert!(super::Adx::detect().is_none() && super::Avx2::detect().is_none());
        }
        assert!(backends >= 3);
    }

    /// Who runs the tests names in `YINXIN_BACKENDS` what the CPU must have: a backend that is not found
    /// would be left out of every other test in silence.
    #[test]
    fn the_backends_of_this_cpu() {
        let sm2: Vec<_> = sm2::Backend::runnable().map(sm2::Backend::name).collect();
        let sm3: Vec<_> = sm3::Backend::runnable().map(sm3::Backend::name).collect();
        let sm4: Vec<_> = sm4::Backend::runnable().map(sm4::Backend::name).collect();
        let [sm2, sm3, sm4] = [sm2, sm3, sm4].map(|names| names.join(" "));
        let found = format!("sm2: {sm2}; sm3: {sm3}; sm4: {sm4}");
        if let Ok(expected) = std::env::var("YINXIN_BACKENDS") {
            assert_eq!(found, expected);
        }
    }
}
