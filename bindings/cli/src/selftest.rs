//! `yinxin selftest`: every self-test of every backend, whether it passed, and how long it took.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use yinxin::primitives::selftest::{self, SelfTest};

use crate::{
    Ending,
    failure::Failure,
    output::{Colour, Output},
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub(crate) struct Arguments {
    /// Let the tests of this algorithm (sm2, sm3, sm4) find false answers, to see what a failure looks like.
    #[arg(long, value_name = "ALGORITHM", hide = true, value_parser = ["sm2", "sm3", "sm4"])]
    fail: Option<String>,
}

const NOTE: &str = "\
The library runs the tests of a backend by itself when it is first used. Exit status: 0 if every test
passed, 1 if one failed.";

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Ending, Failure> {
    if let Some(algorithm) = &arguments.fail {
        selftest::alter_answers(algorithm);
    }
    let (mut count, mut failed) = (0_u32, 0_u32);
    for test in selftest::all() {
        count += 1;
        failed += u32::from(!one(&test, output)?);
    }
    if !output.json {
        let (colour, text) = if failed == 0 {
            let text = output.pick("every self-test passed", "全部自检通过");
            (Colour::Green, format!("{text} ({count})"))
        } else {
            let text = output.pick("self-tests failed: nothing serves", "自检失败，停止密码服务");
            (Colour::Red, format!("{text} ({failed}/{count})"))
        };
        output.line(&output.paint(colour, &text))?;
    }
    Ok(if failed == 0 { Ending::Done } else { Ending::NotPassed })
}

/// Runs a test, prints what came of it, and says whether it passed.
fn one(test: &SelfTest, output: &Output) -> Result<bool, Failure> {
    let start = Instant::now();
    let passed = test.run();
    let microseconds = start.elapsed().as_micros();
    let SelfTest { algorithm, backend, en, zh, .. } = test;
    let value = json!({
        "algorithm": algorithm,
        "backend": backend,
        "name": en,
        "name_zh": zh,
        "passed": passed,
        "microseconds": u64::try_from(microseconds).unwrap_or(u64::MAX),
    });
    output.result(&value, || {
        let (colour, word) = if passed {
            (Colour::Green, output.pick("passed", "通过"))
        } else {
            (Colour::Red, output.pick("FAILED", "失败"))
        };
        let name = output.pick(en, zh);
        let word = output.paint(colour, word);
        format!("{algorithm:<5}{backend:<10}{microseconds:>7} µs  {word}  {name}")
    })?;
    Ok(passed)
}
