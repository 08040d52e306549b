#!/usr/bin/env bash
# Interoperability with implementations that share no line with this one. ofdrw (Java, Bouncy Castle) must
# accept the licences that yinxin issues, and yinxin those that ofdrw issues; everything else is in matrix.sh.
# What cannot run here is recorded as skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/interop
mkdir -p "$work"

skip() {
    echo "skipped: $1"
    echo "$1" >>"$target/skipped.txt"
    [ -z "${CI:-}" ] || fail 'nothing may be skipped with CI=true'
}

fail() {
    echo "interoperability: $1" >&2
    exit 1
}

# must_refuse COMMAND...: the command must run and say no; without this, a yes would prove nothing.
must_refuse() {
    local status=0
    "$@" >"$work/refused.txt" 2>&1 || status=$?
    [ "$status" = 1 ] || [ "$status" = 3 ] || {
        cat "$work/refused.txt"
        fail "status $status in place of a refusal: $*"
    }
}

ofdrw() {
    java -cp "$classpath" interop.Main "$@"
}

echo '-- yinxin: issue licences'
cargo build --quiet -p yinxin-cli
yinxin=$target/debug/yinxin
ours=$work/from-yinxin
rm -rf "$ours"
"$yinxin" demo --out "$ours" --count 20 >"$work/demo.txt"

if command -v java >/dev/null && command -v mvn >/dev/null; then
    echo '-- ofdrw: build the driver'
    mvn -q -B -f vectors/interop/ofdrw/pom.xml compile dependency:build-classpath \
        -Dwork="$work" -Dmdep.outputFile="$work/classpath"
    classpath=$work/maven/classes:$(cat "$work/classpath")

    echo '-- ofdrw verifies the licences of yinxin'
    ofdrw verify "$ours/licences"
    must_refuse ofdrw verify "$ours/forged/1-byte-changed.ofd"

    echo '-- yinxin verifies documents of ofdrw: seals of version 4 and 1, SignedData, one and two signatures'
    theirs=$work/from-ofdrw
    rm -rf "$theirs"
    ofdrw issue "$theirs"
    ofdrw verify "$theirs"/ses4-*.ofd
    sealed=("$theirs"/ses4-*.ofd "$theirs"/cms-*.ofd)
    path=(--intermediate "$theirs/intermediates.pem" --crl "$theirs/root.crl" --crl "$theirs/ca.crl")
    "$yinxin" licence verify "${sealed[@]}" --trust "$theirs/roots.pem" "${path[@]}"
    must_refuse "$yinxin" licence verify "${sealed[@]}" --trust "$ours/trust.pem" "${path[@]}"
    must_refuse "$yinxin" licence verify "$theirs/unsigned.ofd" --trust "$theirs/roots.pem" "${path[@]}"

    # ofdrw writes the signing time of version 1 without a zone: all holds but the time.
    must_refuse "$yinxin" licence verify "$theirs"/ses1-*.ofd --trust "$theirs/roots.pem" "${path[@]}"
    [ "$(grep -cE '^ +(x failed|\? indeterminate)' "$work/refused.txt")" = 1 ] &&
        grep -qF '[signature.time;' "$work/refused.txt" || fail 'version 1: more than the time is doubted'
else
    skip 'interoperability with ofdrw: needs Java 17 and Maven'
fi

echo '-- the matrix: keys, signatures, ciphertexts, certificates with every other implementation'
vectors/interop/matrix.sh
