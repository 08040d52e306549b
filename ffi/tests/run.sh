#!/usr/bin/env bash
# Installs the C library under target/c, builds smoke.c against it, shared and static, as C11, and
# smoke.cc as C++, and runs them on licences just issued; under valgrind too where that is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/c"
work=$(cd "$target/c" && pwd)
prefix=$work/prefix
ffi/install.sh "$prefix" dev
"${CARGO:-cargo}" run --quiet --package yinxin-cli -- demo --count 1 --out "$work/demo" > /dev/null

warnings=(-Wall -Wextra -Werror -pedantic)
private=$(sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/yinxin.pc")
cc=${CC:-cc}
cxx=${CXX:-c++}
"$cc" -std=c11 "${warnings[@]}" -I "$prefix/include" ffi/tests/smoke.c -o "$work/smoke-shared" \
    -L "$prefix/lib" -lyinxin -Wl,-rpath,"$prefix/lib" -lpthread
# shellcheck disable=SC2086 # one word a library
"$cc" -std=c11 "${warnings[@]}" -I "$prefix/include" ffi/tests/smoke.c -o "$work/smoke-static" \
    "$prefix/lib/libyinxin.a" $private
programs=(smoke-shared smoke-static)
if command -v "$cxx" > /dev/null; then
    "$cxx" -std=c++17 "${warnings[@]}" -I "$prefix/include" ffi/tests/smoke.cc \
        -o "$work/smoke-cxx" -L "$prefix/lib" -lyinxin -Wl,-rpath,"$prefix/lib"
    programs+=(smoke-cxx)
else
    echo 'the header as C++: no C++ compiler is installed' >> "$target/skipped.txt"
fi

arguments=("$work"/demo/{trust.pem,licences/*.ofd,forged/1-*.ofd,root.crl,issuing.crl})
"$work/smoke-shared" "${arguments[@]}"
"$work/smoke-static" "${arguments[@]}"
"$work/smoke-cxx"

if command -v valgrind > /dev/null; then
    valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite,possible \
        "$work/smoke-shared" "${arguments[@]}"
else
    echo 'the C smoke test under valgrind: valgrind is not installed' >> "$target/skipped.txt"
fi
