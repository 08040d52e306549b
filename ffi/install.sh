#!/usr/bin/env bash
# Builds the C library and installs it with its header and pkg-config file:
#   ffi/install.sh PREFIX [CARGO_PROFILE]
# The profile is `release` unless named. Set DESTDIR to stage the files for a package.
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${1:?usage: ffi/install.sh PREFIX [CARGO_PROFILE]}
profile=${2:-release}
root=${DESTDIR:-}$prefix
cargo=${CARGO:-cargo}

"$cargo" build --quiet --package yinxin-ffi --profile "$profile"
folder=$profile
if [ "$profile" = dev ]; then folder=debug; fi
built=${CARGO_TARGET_DIR:-target}/$folder
version=$("$cargo" pkgid --package yinxin-ffi | sed 's/.*[#@]//')
soname=libyinxin.so.${version%.*}

install -d "$root/include" "$root/lib/pkgconfig"
install -m 644 ffi/include/yinxin.h "$root/include/"
install -m 644 "$built/libyinxin_ffi.a" "$root/lib/libyinxin.a"
install -m 755 "$built/libyinxin_ffi.so" "$root/lib/libyinxin.so.$version"
ln -sfn "libyinxin.so.$version" "$root/lib/$soname"
ln -sfn "$soname" "$root/lib/libyinxin.so"
cat > "$root/lib/pkgconfig/yinxin.pc" <<PC
prefix=$prefix
includedir=\${prefix}/include
libdir=\${prefix}/lib

Name: yinxin
Description: SM2, SM3 and verification of sealed electronic licences
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lyinxin
Libs.private: -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
PC
