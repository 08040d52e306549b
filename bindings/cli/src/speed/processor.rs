//! What the figures were measured on: processor, its features, the backends that are the default.

use yinxin::primitives::{sm2, sm3, sm4};

use crate::{failure::Failure, output::Output};

use super::clock;

/// Prints it.
pub(super) fn introduce(output: &Output) -> Result<(), Failure> {
    let clock = clock::hz().map(|hz| format!(", {:.2} GHz", hz / 1e9)).unwrap_or_default();
    let model = model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let defaults = [
        ("sm2", sm2::Backend::runnable().last().map_or("-", sm2::Backend::name)),
        ("sm3", sm3::Backend::default().name()),
        ("sm4", sm4::Backend::default().name()),
    ];
    let defaults = defaults.map(|(name, backend)| format!("{name} {backend}")).join(", ");
    let features = features();
    for (en, zh, text) in [
        ("processor", "处理器", format!("{model}{clock}")),
        ("features", "指令集", if features.is_empty() { "-".to_owned() } else { features }),
        ("default backends", "默认后端", defaults),
    ] {
        output.line(&format!("{}{}{text}", output.pick(en, zh), output.pick(": ", "：")))?;
    }
    Ok(())
}

/// The name that the processor gives itself, where the system tells it.
fn model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Those features that a backend asks for, as far as the processor has them.
fn features() -> String {
    let found: Vec<&str> =
        detected().into_iter().filter_map(|(name, has)| has.then_some(name)).collect();
    found.join(" ")
}

macro_rules! detect {
    ($detect:tt: $($feature:tt)*) => { vec![$(($feature, std::arch::$detect!($feature))),*] };
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<(&'static str, bool)> {
    detect!(is_x86_feature_detected: "avx2" "bmi1" "bmi2" "adx" "aes" "gfni" "vaes" "pclmulqdq" "vpclmulqdq" "avx512f"
        "avx512bw" "avx512dq" "avx512vl" "avx512vbmi" "avx512ifma")
}

#[cfg(target_arch = "aarch64")]
fn detected() -> Vec<(&'static str, bool)> {
    detect!(is_aarch64_feature_detected: "neon" "aes" "pmull" "sha3" "sm4")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Vec<(&'static str, bool)> {
    Vec::new()
}
