#!/usr/bin/env bash
# Measures the whole job and the kernels on one core, beside peers in the same run, and records them:
#
#   benches/run.sh [CORE]          the core to pin everything to, 1 unless named
#
# Writes benches/record/<cpu>/<date>.csv (job, implementation, per second) and .txt (the machine, the
# tools, the full output). Without Java and Maven the rows of ofdrw are missing, and the text says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
core=${1:-1}
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/bench
mkdir -p "$work"

cargo build --quiet --release -p yinxin-cli -p yinxin-benches
"$target/release/yinxin" demo --out "$work/demo" --count 1000 >"$work/demo.txt"
cpu=$(lscpu | sed -n 's/^Model name: *//p' | head -1 | tr -c 'A-Za-z0-9\n' '-' | tr -s - | sed 's/-$//')
family=$(lscpu | sed -n 's/^CPU family: *//p')-$(lscpu | sed -n 's/^Model: *//p')
folder=benches/record/$(uname -m)-${cpu,,}-$family
mkdir -p "$folder"
record=$folder/$(date -u +%F)

pinned() { taskset -c "$core" "$@"; }

{
    echo "commit: $(git rev-parse --short HEAD)"
    echo "pinned to core $core of $(nproc); load at the start: $(cut -d' ' -f1-3 /proc/loadavg)"
    uname -srm
    lscpu | grep -E '^(Model name|CPU family|Model|Stepping|CPU\(s\)|L[123]|Flags)'
    rustc -vV | grep -E 'release|host|LLVM'
} >"$record.txt"
echo 'job,implementation,per_second' >"$record.csv"

# A peer between two runs of ours: a drift of the machine shows as a difference between the two.
ours() {
    pinned "$target/release/yinxin-benches" licences "$work/demo" | tee -a "$record.txt" |
        sed -nE 's/^(issue|verify.*[a-z]) +([0-9]+)$/"\1",yinxin,\2/p' >>"$record.csv"
}

ours
if command -v java >/dev/null && command -v mvn >/dev/null; then
    mvn -q -B -f vectors/interop/ofdrw/pom.xml compile dependency:build-classpath \
        -Dwork="$work" -Dmdep.outputFile="$work/classpath"
    java -version 2>&1 | head -1 >>"$record.txt"
    pinned java -cp "$work/maven/classes:$(cat "$work/classpath")" interop.Main verify --repeat 3 \
        "$work/demo/licences" | tail -1 | tee -a "$record.txt" |
        sed -nE 's/.* ([0-9.]+) documents\/s.*/"verify, one signature and the digests only",ofdrw 2.2.10,\1/p' \
            >>"$record.csv"
    ours
else
    echo 'no Java or no Maven: ofdrw was not measured' | tee -a "$record.txt"
fi
pinned "$target/release/yinxin-benches" primitives | tee -a "$record.txt"
echo "recorded in $record.csv and $record.txt"
