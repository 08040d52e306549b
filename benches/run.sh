#!/usr/bin/env bash
# Measures the whole job and the kernels on one core, beside peers in the same run, and records them:
#
#   benches/run.sh [--quick | --trial] [CORE]    the core to pin everything to, 1 unless named
#
# --quick is shorter and less exact. --trial only tries whether everything runs: its figures mean nothing and
# go to target/bench/trial; it takes less than two minutes where the peers are built.
#
# Writes benches/record/<cpu>/<date>.csv (a row each) and .txt (the machine, the tools, the figures asked
# for, every row beside its peers), and draws docs/speed.svg. A peer that could not be measured is named in
# the text. What it installs for the peers goes to target/bench, and what comes from apt is installed by apt
# if the caller is root.
#
# Everyone has two turns for each operation, there and back, and all that in rounds, so that what else the
# machine does meets everyone; of the whole job ofdrw has one, between two of ours. Told are the medians of
# the turns, and beside the figures asked the fastest of them too. Where the caller may, what is measured runs
# at real-time priority. BENCH_LOCK=FILE locks that file for each operation, where several people measure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=3 milliseconds=60 documents=1000 cms_mib=1024 records=benches/record
case ${1:-} in
--quick) rounds=2 milliseconds=20 cms_mib=256 ;;
--trial) rounds=1 milliseconds=2 documents=20 cms_mib=16 records=trial ;;
esac
[[ ${1:-} = --* ]] && shift
core=${1:-1}
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/bench
yinxin=$target/release/yinxin
benches=$target/release/yinxin-benches
rust=$work/rust/release/yinxin-bench-peers
mkdir -p "$work"

cpu=$(lscpu | sed -n 's/^Model name: *//p' | head -1 | tr -c 'A-Za-z0-9\n' '-' | tr -s - | sed 's/-$//')
family=$(lscpu | sed -n 's/^CPU family: *//p')-$(lscpu | sed -n 's/^Model: *//p')
[ $records = trial ] && records=$work/trial
folder=$records/$(uname -m)-${cpu,,}-$family
record=$folder/$(date -u +%F)
rows=$work/rows
mkdir -p "$folder"
: >"$rows"

pinned=(taskset -c "$core")
if chrt -r 1 true 2>/dev/null; then pinned=(chrt -r 1 "${pinned[@]}"); fi

# What each harness is called with: MILLISECONDS OPERATION.
harnesses=()

say() { echo "$*" | tee -a "$record.txt"; }

locked() {
    (
        if [ -n "${BENCH_LOCK:-}" ]; then exec 9>"$BENCH_LOCK" && flock 9; fi
        "$@"
    )
}

# attempt NAME COMMAND...: builds a peer; if that fails, the record says so.
attempt() {
    local name=$1
    shift
    "$@" >"$work/log" 2>&1 || { say "not measured: $name: $* failed: $(tail -1 "$work/log")"; return 1; }
}

install_from_apt() {
    local packages=(g++ libbotan-2-dev libgcrypt20-dev libssl-dev pkg-config)
    dpkg -s "${packages[@]}" >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ]; then
        apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"
    else
        echo "not root, so these are not installed: ${packages[*]}" >&2
        return 1
    fi
}

build_rust_peers() {
    attempt 'Rust peers' env CARGO_TARGET_DIR="$work/rust" \
        cargo build --release --manifest-path benches/peers/rust/Cargo.toml || return 0
    local peer
    for peer in RustCrypto efficient-sm2 libsm libsmx gm-rs gmcrypto-core sm-crypto smcrypto; do
        harnesses+=("$rust $peer")
    done
    local openssl=$target/openssl4
    attempt 'OpenSSL 4' vectors/interop/openssl/build.sh "$openssl" || return 0
    attempt 'OpenSSL 4' cc -O2 -I"$openssl/include" -o "$work/openssl4-bench" \
        benches/peers/c/openssl.c "$openssl/lib/libcrypto.a" -lpthread -ldl || return 0
    harnesses+=("$work/openssl4-bench")
}

build_c_peers() {
    attempt 'libgcrypt, Botan, OpenSSL 3' install_from_apt || true
    local name
    for name in openssl gcrypt; do
        attempt "$name" cc -O2 -o "$work/$name" "benches/peers/c/$name.c" \
            $([ $name = openssl ] && echo -lcrypto || echo -lgcrypt) || continue
        harnesses+=("$work/$name")
    done
    attempt botan g++ -O2 -o "$work/botan" benches/peers/c/botan.cpp \
        $(pkg-config --cflags --libs botan-2 2>/dev/null) && harnesses+=("$work/botan") || true
}

build_other_peers() {
    attempt gmsm go build -C benches/peers/go -o "$work/gmsm" . && harnesses+=("$work/gmsm") || true
    local python=$work/python/bin/python
    [ -x "$python" ] || attempt 'Python peers' "${PYTHON:-python3}" -m venv "$work/python" || return 0
    attempt 'Python peers' "$python" -m pip install -q -r benches/peers/python/requirements.txt || return 0
    harnesses+=("$python benches/peers/python/peers.py gmssl" "$python benches/peers/python/peers.py tongsuopy")
}

describe_machine() {
    echo "commit: $(git rev-parse --short HEAD)"
    echo "pinned to core $core of $(nproc), ${pinned[*]}; load at the start: $(cut -d' ' -f1-3 /proc/loadavg)"
    uname -srm
    lscpu | grep -E '^(Model name|CPU family|Model|Stepping|CPU\(s\)|L[123]|Flags)'
    rustc -vV | grep -E 'release|host|LLVM'
    go version 2>/dev/null || true
    cc --version 2>/dev/null | head -1 || true
    "${PYTHON:-python3}" --version
}

# The whole job: ours, ofdrw, ours. A drift of the machine shows between the two.
measure_whole_job() {
    "$yinxin" demo --out "$work/demo" --count $documents >"$work/demo.txt"
    locked "${pinned[@]}" "$benches" licences "$work/demo" >>"$rows"
    if command -v java >/dev/null && command -v mvn >/dev/null; then
        attempt ofdrw mvn -q -B -f vectors/interop/ofdrw/pom.xml compile dependency:build-classpath \
            -Dwork="$work" -Dmdep.outputFile="$work/classpath" || return 0
        java -version 2>&1 | head -1 >>"$record.txt"
        locked "${pinned[@]}" java -cp "$work/maven/classes:$(cat "$work/classpath")" interop.Main verify \
            --repeat 1 "$work/demo/licences" | tail -1 | tee -a "$record.txt" |
            sed -nE 's/.* ([0-9.]+) documents\/s.*/licence-verify,ofdrw 2.2.10,,1,0,\1,0/p' >>"$rows"
        locked "${pinned[@]}" "$benches" licences "$work/demo" >>"$rows"
    else
        say 'not measured: ofdrw: no Java or no Maven'
    fi
}

ours() {
    grep -qx "$1" <<<"$our_operations" || return 0
    "${pinned[@]}" "$yinxin" speed --json --seconds "$(printf 0.%03d $((milliseconds / 2)))" \
        --size 64 --size 1024 --size 16384 "$1" >>"$rows"
}

# One operation by everyone, there and back: each has two turns of half the time, so that the fastest of the
# turns is of as many for everyone. A harness without it prints nothing.
measure_operation() {
    local op=$1 i
    ours "$op"
    for ((i = 0; i < ${#harnesses[@]}; i++)); do theirs "$op" "${harnesses[i]}"; done
    for ((i = ${#harnesses[@]} - 1; i >= 0; i--)); do theirs "$op" "${harnesses[i]}"; done
    ours "$op"
}

theirs() {
    # shellcheck disable=SC2086 # a harness is a command with its first arguments
    "${pinned[@]}" $2 $((milliseconds / 2)) "$1" >>"$rows" 2>"$work/log" ||
        say "not measured: $1 by ${2#"$work/"}: $(head -1 "$work/log")"
}

: >"$record.txt"
describe_machine >>"$record.txt"
cargo build --quiet --release -p yinxin-cli -p yinxin-benches
build_rust_peers
build_c_peers
build_other_peers
cargo tree --manifest-path benches/peers/rust/Cargo.toml --depth 1 --prefix none |
    sed "s/ (\/.*//" >>"$record.txt" || say 'the versions of the Rust peers are not known'
measure_whole_job

our_operations=$("$yinxin" speed --json --seconds 0 --size 64 | sed -nE 's/.*"op":"([^"]*)".*/\1/p' | sort -u)
their_operations='sm2-sign sm2-sign-digest sm2-verify sm2-verify-digest sm2-keygen sm2-encrypt sm2-decrypt
    sm2-ecdh sm2-exchange sm3 sm4-ecb sm4-cbc-encrypt sm4-cbc-decrypt sm4-ctr sm4-gcm sm4-ccm sm4-xts'
# shellcheck disable=SC2086 # words
operations=$(printf '%s\n' $our_operations $their_operations | sort -u)
for round in $(seq "$rounds"); do
    echo "round $round of $rounds"
    locked "${pinned[@]}" "$benches" certificates $((milliseconds * 8)) >>"$rows"
    locked "${pinned[@]}" "$benches" cms $cms_mib >>"$rows" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
    [ "$round" = 1 ] && cat "$work/log" >>"$record.txt"
    for op in $operations; do
        locked measure_operation "$op"
    done
done
"$benches" record "$rows" "$record"
echo "recorded in $record.csv and $record.txt, drawn in docs/speed.svg"
