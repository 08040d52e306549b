#!/usr/bin/env bash
# Builds OpenSSL 4, library and command, from the source that crate `openssl-src` holds:
#
#   vectors/interop/openssl/build.sh FOLDER
#
# Leaves FOLDER/bin/openssl, FOLDER/lib/libcrypto.a and FOLDER/include. Does nothing if they are there. What is
# left out is what no SM2 file can need, so that two cores are done in a few minutes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
[ ! -x "$folder/bin/openssl" ] || exit 0
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
source=$(cargo run --quiet --manifest-path "$here/Cargo.toml" --target-dir "$folder/cargo")

rm -rf "$folder/build" "$folder/lib" "$folder/include"
mkdir -p "$folder/build" "$folder/lib" "$folder/bin"
cd "$folder/build"
without=(shared module tests docs legacy dso comp zlib ssl3 quic dtls ech ct cmp srp psk ocb siphash
    aria bf blake2 camellia cast idea md4 mdc2 rc4 seed whirlpool rmd160 gost
    ml-dsa ml-kem slh-dsa ec2m ssl-trace srtp sctp)
log=$folder/build.log
say_why() { tail -20 "$log" >&2; }
trap 'status=$?; [ $status = 0 ] || say_why' EXIT
perl "$source/Configure" "${without[@]/#/no-}" --libdir=lib --prefix=/usr --openssldir=/etc/ssl >"$log" 2>&1
make -j"$(nproc)" build_generated >>"$log" 2>&1
make -j"$(nproc)" libcrypto.a libssl.a apps/openssl >>"$log" 2>&1
cp libcrypto.a "$folder/lib/"
cp -r "$source/include" "$folder/include"
cp -r include/. "$folder/include/"
cp apps/openssl "$folder/bin/"
cd "$folder" && rm -rf build
