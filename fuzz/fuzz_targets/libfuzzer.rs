//! libFuzzer's way in. The environment variable `TARGET` names one of [`yinxin_fuzz::TARGETS`].

#![no_main]
#![allow(clippy::expect_used, reason = "without a target there is nothing to run")]

use std::{env, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use yinxin_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = env::var("TARGET").expect("TARGET names a target");
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target.expect("a target of that name").1
});

fuzz_target!(|data: &[u8]| TARGET(data));
