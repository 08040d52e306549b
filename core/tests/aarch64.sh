#!/usr/bin/env bash
# The core on aarch64, emulated: cross-builds the core and its unit tests and runs those of the primitives
# with qemu, as a CPU that has instructions for SM3 and SM4 and as one that has not. Linker and emulator are
# Debian's packages; so is the compiler, unless the one in use has the standard library of the target
# (`rustup target add aarch64-unknown-linux-gnu`).
#
# With the argument `quick`, as in `make test`: builds the primitives alone, and runs the tests of SM3 and
# SM4, of which the code differs on aarch64, but those of SM2 not. What else it leaves out is named below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ $# = 0 ] || [ "$*" = quick ] || { echo "usage: $0 [quick]" >&2; exit 2; }
form=${1:-long}
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/aarch64"
target=$(cd "$target" && pwd)
work=$target/aarch64
triple=aarch64-unknown-linux-gnu

skip() {
    echo "skipped: $1"
    echo "the core on aarch64: $1" >> "$target/skipped.txt"
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

has() {
    command -v "$1" > /dev/null
}

# Debian's compiler and its library for both architectures, unpacked under $work/debian and not installed:
# of a release that is new enough, with the system library that it was made for.
unpack_compiler() {
    local debian=$work/debian suite=trixie mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$debian"
    mkdir -p "$debian"/{unpacked,apt/etc/apt/preferences.d,apt/var/lib/dpkg,apt/var/lib/apt/lists/partial,debs/partial}
    mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian //p' | sort -u | sed -n 1p)
    echo "deb [arch=amd64,arm64 signed-by=$keys] $mirror $suite main" > "$debian/apt/etc/apt/sources.list"
    : > "$debian/apt/var/lib/dpkg/status"
    cat > "$debian/apt.conf" << END
Dir "$debian/apt";
Dir::State::status "$debian/apt/var/lib/dpkg/status";
Dir::Cache::archives "$debian/debs";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "";
END
    local apt=(apt-get -qq -c "$debian/apt.conf")
    "${apt[@]}" update &&
        "${apt[@]}" --yes --no-install-recommends --download-only install libstd-rust-web-dev &&
        (cd "$debian/debs" && "${apt[@]}" download rustc-web libstd-rust-web-dev:arm64) ||
        skip "needs a compiler for $triple, which could not be downloaded"
    local deb
    for deb in "$debian"/debs/*.deb; do
        dpkg-deb --extract "$deb" "$debian/unpacked"
    done
    rm -r "$debian/debs"
    local libraries=$debian/unpacked/usr/lib/x86_64-linux-gnu
    cat > "$debian/rustc" << END
#!/bin/sh
exec '$libraries/ld-linux-x86-64.so.2' --library-path '$libraries' '$debian/unpacked/usr/bin/rustc' "\$@"
END
    chmod +x "$debian/rustc"
}

if [ "$(uname -m)" = aarch64 ]; then
    echo 'nothing to emulate: the unit tests run on aarch64 here'
    exit 0
fi

echo '-- linker, emulator, compiler'
if ! has aarch64-linux-gnu-gcc || ! has qemu-aarch64; then
    if [ "$(id -u)" = 0 ] && has apt-get; then
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends \
            install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user > "$work/install.txt" ||
            skip 'needs a linker for aarch64 and qemu-user, which could not be downloaded'
    else
        skip 'needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user'
    fi
fi
if ! compgen -G "$("${RUSTC:-rustc}" --print target-libdir --target "$triple")/libstd-*" > /dev/null; then
    if [ ! -x "$work/debian/rustc" ]; then
        [ "$(uname -m)" = x86_64 ] && has apt-get || skip "needs a compiler for $triple"
        unpack_compiler
    fi
    export RUSTC=$work/debian/rustc
fi
"${RUSTC:-rustc}" --version

export CARGO_TARGET_DIR=$work/build
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# `make lint` does not see this target: what only another one uses must say so.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS='-D unused'
build=()

# test_as CPU BACKENDS TESTS...: the tests so named, on an emulated CPU that must have those backends. That
# it has is a test of its own, named here so that none of this passes without it.
test_as() {
    local cpu=$1 backends=$2 cargo
    shift 2
    export YINXIN_BACKENDS=$backends
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu $cpu"
    cargo=("${CARGO:-cargo}" "${build[@]}" test --quiet --package yinxin --lib --target "$triple" --)
    echo "-- as a $cpu: $backends"
    "${cargo[@]}" --exact primitives::cpu::tests::the_backends_of_this_cpu | tee "$work/passed.txt"
    grep -q '^test result: ok. 1 passed' "$work/passed.txt"
    echo "-- as a $cpu: $*"
    "${cargo[@]}" "$@" | tee "$work/passed.txt"
    grep -q '^test result: ok. [1-9][0-9]* passed' "$work/passed.txt"
}

with=(max 'sm2: portable; sm3: portable neon sm3; sm4: portable aes sm4')
without=(cortex-a72 'sm2: portable; sm3: portable neon; sm4: portable aes')

if [ "$form" = quick ]; then
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS+=' --cfg yinxin_primitives'
    export CARGO_INCREMENTAL=0
    # Nothing is optimised but ours and what ours is compared with.
    build=(--config profile.dev.opt-level=0 --config profile.dev.debug=0)
    for peer in sm3 sm4; do
        build+=(--config "profile.dev.package.$peer.opt-level=2")
    done
    test_as "${with[@]}" primitives::sm3 primitives::sm4
    test_as "${without[@]}" primitives::sm3 primitives::sm4
else
    # SM2 is the same portable code as everywhere: without its long comparisons of backends.
    test_as "${with[@]}" primitives:: --skip primitives::sm2::tests::agreement
    test_as "${without[@]}" primitives::sm3 primitives::sm4
fi
