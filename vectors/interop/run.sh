#!/usr/bin/env bash
# Interoperability with implementations that share no line with this one: ofdrw (Java, Bouncy Castle) must
# accept what yinxin issues, and yinxin what ofdrw issues. What cannot run here is recorded as skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/interop
mkdir -p "$work"

skip() {
    echo "skipped: $1"
    echo "$1" >>"$target/skipped.txt"
    [ -z "${CI:-}" ] || { echo 'nothing may be skipped with CI=true' >&2; exit 1; }
}

# ofdrw FORM FILE...: every file must be accepted.
ofdrw_accepts() {
    java -cp "$classpath" interop.Main verify --form "$1" "${@:2}"
}

# ofdrw FORM FILE...: every file must be refused, else the check above would prove nothing.
ofdrw_refuses() {
    local lines
    lines=$(java -cp "$classpath" interop.Main verify --form "$1" "${@:2}") || true
    echo "$lines"
    if [ -z "$lines" ] || grep -q $'\tok$' <<<"$lines"; then
        echo 'ofdrw accepted a file that it must refuse' >&2
        exit 1
    fi
}

if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then
    skip 'interoperability with ofdrw: needs Java 17 and Maven'
    exit 0
fi

echo '-- ofdrw 2.2.10: build the driver'
mvn -q -B -f vectors/interop/ofdrw/pom.xml compile dependency:build-classpath \
    -Dwork="$work" -Dmdep.outputFile="$work/classpath"
classpath=$work/maven/classes:$(cat "$work/classpath")

echo '-- ofdrw on files of its own kind: it accepts sound ones and refuses a changed one'
if [ -d ../shared/samples/ofd ]; then
    ofdrw_accepts ses4 ../shared/samples/ofd/t0[123]_*.ofd
    ofdrw_refuses ses4 ../shared/samples/ofd/t04_*.ofd
else
    skip '../shared/samples: the folder is missing'
fi

echo '-- ofdrw issues'
rm -rf "$work/from-ofdrw"
java -cp "$classpath" interop.Main issue "$work/from-ofdrw"
ofdrw_accepts ses4 "$work"/from-ofdrw/ses4-*.ofd
