#!/usr/bin/env bash
# Records whether times depend on secrets, on one core that nothing else should use for some minutes:
#
#   benches/constant-time/timing.sh [CORE]          the core to pin it to, 1 unless named
#
# Writes benches/record/<cpu>/<date>-timing.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
core=${1:-1}
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet --release -p yinxin-constant-time

cpu=$(lscpu | sed -n 's/^Model name: *//p' | head -1 | tr -c 'A-Za-z0-9\n' '-' | tr -s - | sed 's/-$//')
family=$(lscpu | sed -n 's/^CPU family: *//p')-$(lscpu | sed -n 's/^Model: *//p')
folder=benches/record/$(uname -m)-${cpu,,}-$family
record=$folder/$(date -u +%F)-timing.txt
mkdir -p "$folder"
pinned=(taskset -c "$core")
if chrt -r 1 true 2>/dev/null; then pinned=(chrt -r 1 "${pinned[@]}"); fi
{
    echo "commit: $(git rev-parse --short HEAD)"
    echo "pinned to core $core of $(nproc); load at the start: $(cut -d' ' -f1-3 /proc/loadavg)"
    lscpu | grep -E '^(Model name|CPU family|Model|Stepping|Flags)'
    rustc -vV | grep -E 'release|host|LLVM'
} >"$record"
"${pinned[@]}" "$target/release/yinxin-constant-time" timing | tee -a "$record"
echo "recorded in $record"
