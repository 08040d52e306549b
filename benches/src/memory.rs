//! How much memory of this process is in use, as Linux tells it.

use std::fs;

/// What is in use, and from now on the most that is.
pub(crate) struct Watch {
    before_kib: u64,
}

impl Watch {
    /// `None` where the system does not tell.
    pub(crate) fn begin() -> Option<Self> {
        // "5" makes what is in use now the peak (man 5 proc_pid_clear_refs).
        fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self { before_kib: kib("VmRSS:")? })
    }

    /// How much more than at the beginning was ever in use.
    pub(crate) fn more_kib(&self) -> Option<u64> {
        Some(kib("VmHWM:")?.saturating_sub(self.before_kib))
    }
}

fn kib(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Watch;

    #[test]
    fn memory_that_was_used_and_given_back_is_seen() {
        let watch = Watch::begin();
        let bytes = std::hint::black_box(vec![1_u8; 32 << 20]);
        drop(bytes);
        let more = watch.and_then(|watch| watch.more_kib());
        assert!(more.is_some_and(|kib| kib > 30 << 10), "{more:?}");
    }
}
