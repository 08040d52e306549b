#!/usr/bin/env bash
# Shows that secrets decide neither branches nor addresses, on x86-64 Linux, in the release build:
#
#   valgrind follows marked secrets through every operation, on the backends that it can run;
#   the machine code of the kernels of every backend is analysed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo=${CARGO:-cargo}
work=$target/constant-time
mkdir -p "$work"

skip() {
    echo "constant time: $1" | tee -a "$target/skipped.txt"
    exit 0
}

[ "$(uname -sm)" = 'Linux x86_64' ] || skip 'the job is for x86-64 Linux'
for tool in valgrind objdump; do
    command -v "$tool" >/dev/null && continue
    echo "installing $tool"
    { apt-get update && apt-get install --yes --no-install-recommends "${tool/objdump/binutils}"; } \
        >"$work/install.log" 2>&1 || skip "$tool is not installed, and could not be"
done

# A target folder of its own: these flags would throw away everything that was compiled without them.
RUSTFLAGS='--cfg yinxin_taint -D warnings' CARGO_TARGET_DIR=$work \
    "$cargo" build --quiet --release -p yinxin-constant-time
if ! valgrind --quiet --error-limit=no --num-callers=6 --log-file="$work/valgrind.log" \
    "$work/release/yinxin-constant-time" taint; then
    head -n 150 "$work/valgrind.log"
    echo "the whole report: $work/valgrind.log"
    exit 1
fi

"$cargo" build --quiet --release -p yinxin-constant-time
program=$target/release/yinxin-constant-time
{
    objdump --dynamic-reloc "$program"
    objdump --full-contents --section=.rodata "$program"
    objdump --disassemble --demangle --disassembler-options=intel --no-show-raw-insn "$program"
} >"$work/disassembly.txt"
"$program" machine-code <"$work/disassembly.txt"
