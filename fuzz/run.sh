#!/usr/bin/env bash
# Fuzzes with libFuzzer and the address sanitizer, on nightly Rust:
#
#   fuzz/run.sh SECONDS [TARGET...]      every target if none is named
#
# Findings go to target/fuzz/TARGET/found/; what is worth keeping moves to fuzz/corpus/TARGET/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?seconds per target}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls fuzz/corpus)

triple=$(rustc +nightly -vV | sed -n 's/^host: //p')
flags=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Zsanitizer=address
    -Cdebug-assertions
    -Coverflow-checks
)
RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR=target/fuzz/build cargo +nightly build --quiet --release \
    --target "$triple" -p yinxin-fuzz --features libfuzzer --bin libfuzzer

# Samples of other implementations, where that folder is at hand: seeds that are read in place.
samples() {
    case $1 in
        zip | ofd | verify) echo ../shared/samples/ofd ;;
        seal | signed_value) echo ../shared/samples/ses ;;
    esac
}

status=0
for target in "${targets[@]}"; do
    found=target/fuzz/$target/found
    grown=target/fuzz/$target/corpus
    mkdir -p "$found" "$grown"
    seeds=("$grown" "fuzz/corpus/$target")
    extra=$(samples "$target")
    [ -z "$extra" ] || [ ! -d "$extra" ] || seeds+=("$extra")
    if TARGET=$target "target/fuzz/build/$triple/release/libfuzzer" "${seeds[@]}" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$found/" -print_final_stats=1 >"target/fuzz/$target/log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "target/fuzz/$target/log")
        echo "$target: $runs runs in $seconds s, no finding"
    else
        status=1
        echo "$target: see $found and target/fuzz/$target/log"
    fi
done
exit $status
