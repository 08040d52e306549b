#!/usr/bin/env bash
# The interoperability matrix: sets up every peer under target/, lets it read what yinxin makes and make what
# yinxin reads, and compares how each case ended with vectors/interop/expected.json.
#
#   vectors/interop/matrix.sh [PEER...]      all peers unless some are named
#
# CELLS='encrypted-key pkcs12' tries these cells alone, and leaves the published page as it is. Set-ups are kept: a second run needs no network and builds nothing. A peer that cannot be set up here is
# recorded as skipped. UPDATE=1 rewrites docs/interoperability.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=vectors/interop
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/interop
matrix=$work/matrix
mkdir -p "$work"

skip() {
    echo "skipped: $1"
    echo "$1" >>"$target/skipped.txt"
    [ -z "${CI:-}" ] || { echo 'nothing may be skipped with CI=true' >&2; exit 1; }
}

# once STAMP FILES... -- COMMAND...: runs the command unless it has succeeded before with these files.
once() {
    local stamp=$work/$1.stamp sum files=()
    shift
    while [ "$1" != -- ]; do files+=("$1"); shift; done
    shift
    sum=$(cat "${files[@]}" | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
    "$@" >"$work/set-up.log" 2>&1 || { tail -20 "$work/set-up.log" >&2; return 1; }
    echo "$sum" >"$stamp"
}

has() {
    local command
    for command; do command -v "$command" >/dev/null || return 1; done
}

set_up_openssl3() {
    openssl version 2>/dev/null | grep -q '^OpenSSL 3' && return
    [ "$(id -u)" = 0 ] && has apt-get && once openssl3 "$here/matrix.sh" -- apt-get install -y openssl &&
        openssl version | grep -q '^OpenSSL 3'
}
openssl3() { "$python" "$here/openssl/driver.py" openssl "$@"; }

set_up_openssl4() { "$here/openssl/build.sh" "$target/openssl4"; }
openssl4() { "$python" "$here/openssl/driver.py" "$target/openssl4/bin/openssl" "$@"; }

make_environment() {
    rm -rf "$work/python"
    "$python" -m venv "$work/python"
    "$work/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
}
set_up_python() { once python "$here/python/requirements.txt" -- make_environment; }
# GmSSL tells on standard error what it refuses.
of_python() { "$work/python/bin/python" "$here/python/driver.py" "$@" 2>"$work/python.log"; }
set_up_gmssl-pyx() { set_up_python; }
set_up_gmalglib() { set_up_python; }
set_up_tongsuopy() { set_up_python; }
gmssl-pyx() { of_python gmssl-pyx "$@"; }
gmalglib() { of_python gmalglib "$@"; }
tongsuopy() { of_python tongsuopy "$@"; }

install_modules() {
    mkdir -p "$work/npm"
    cp "$here"/sm-crypto/package*.json "$work/npm/"
    npm ci --prefix "$work/npm" --no-audit --no-fund
}
set_up_sm-crypto() { has node npm && once npm "$here/sm-crypto/package-lock.json" -- install_modules; }
sm-crypto() { NODE_PATH=$work/npm/node_modules node "$here/sm-crypto/driver.js" "$@"; }

set_up_gmsm() {
    has go && once gmsm "$here"/gmsm/*.{go,mod,sum} -- go build -C "$here/gmsm" -o "$work/gmsm" .
}
gmsm() { "$work/gmsm" "$@"; }

set_up_bouncycastle() {
    local folder=$here/bouncycastle
    has java mvn && once bouncycastle "$folder/pom.xml" "$folder"/src/main/java/interop/*.java -- \
        mvn -q -B -f "$folder/pom.xml" compile dependency:build-classpath \
        -Dwork="$work/bouncycastle" -Dmdep.outputFile="$work/bouncycastle.classpath"
}
bouncycastle() {
    java -cp "$work/bouncycastle/classes:$(cat "$work/bouncycastle.classpath")" interop.Main "$@"
}

set_up_rustcrypto() {
    local folder=$here/rustcrypto
    once rustcrypto "$folder"/Cargo.{toml,lock} "$folder"/src/*.rs -- \
        cargo build --locked --manifest-path "$folder/Cargo.toml" --target-dir "$work/rustcrypto"
}
rustcrypto() { "$work/rustcrypto/debug/yinxin-interop-rustcrypto" "$@"; }

python=${PYTHON:-python3}
peers=("$@")
[ $# -gt 0 ] || peers=(openssl3 openssl4 bouncycastle gmsm rustcrypto gmssl-pyx gmalglib tongsuopy sm-crypto)

echo '-- yinxin: make files for the other implementations'
cargo build --quiet -p yinxin-interop
yinxin=$target/debug/yinxin-interop
# Our side of what needs both at once.
export YINXIN=$yinxin
rm -rf "$matrix"
read -ra cells <<<"${CELLS:-}"
"$yinxin" make "$matrix" "${cells[@]}"
done=()
for peer in "${peers[@]}"; do
    echo "-- $peer"
    if "set_up_$peer"; then
        "$peer" "$matrix/ours" "$matrix/tasks" "$matrix/peers/$peer"
        done+=("$peer")
    else
        skip "interoperability with $peer: it could not be set up here"
    fi
done
"$yinxin" compare "$matrix" "${done[@]}"
