#!/usr/bin/env bash
# The kernels for AVX-512, IFMA and GFNI on a processor that has not these instructions, emulated: builds the
# unit tests of the primitives and runs them in Bochs, which emulates a whole computer with an Ice Lake, under
# a Linux of nothing but kernel, busybox and tests. Qemu and valgrind do not know these instructions. Bochs,
# kernel and tools are Debian's packages, unpacked and not installed.
#
# What it shows is that the kernels compute the right values, and nothing about their speed. What it leaves
# out is named below. With arguments it runs the tests whose names contain one of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
names=("${@:-primitives::}")
repository=$(pwd -P)
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/avx512"
target=$(cd "$target" && pwd -P)
work=$target/avx512
debian=$work/debian
triple=x86_64-unknown-linux-gnu

skip() {
    echo "skipped: $1"
    echo "the core on AVX-512: $1" >> "$target/skipped.txt"
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

has() {
    command -v "$1" > /dev/null
}

# The emulator of one release of Debian: Linux finds the sizes of registers wrong that an older one reports. The
# kernel of the release before, which is compressed by LZ4: others take longer to unpack.
unpack_emulator() {
    local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg suite
    rm -rf "$debian"
    mkdir -p "$debian"/{unpacked,kernel,debs/partial}
    mkdir -p "$debian"/apt/{etc/apt/preferences.d,var/lib/dpkg,var/lib/apt/lists/partial}
    mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian //p' | sort -u | sed -n 1p)
    for suite in trixie bookworm; do
        echo "deb [arch=amd64 signed-by=$keys] $mirror $suite main"
    done > "$debian/apt/etc/apt/sources.list"
    : > "$debian/apt/var/lib/dpkg/status"
    cat > "$debian/apt.conf" << END
Dir "$debian/apt";
Dir::State::status "$debian/apt/var/lib/dpkg/status";
Dir::Cache::archives "$debian/debs";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "";
END
    local packages=(bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso busybox-static)
    local missing="needs ${packages[*]} and a kernel, which could not be downloaded"
    apt-get -qq -c "$debian/apt.conf" update || skip "$missing"
    local kernel
    kernel=$(apt-cache -c "$debian/apt.conf" pkgnames linux-image-6.1. |
        grep -E '^linux-image-[0-9.-]+-cloud-amd64$' | sort -V | tail -n 1) || skip "$missing"
    apt-get -qq -c "$debian/apt.conf" --yes --no-install-recommends --download-only install \
        "${packages[@]}" && (cd "$debian/kernel" && apt-get -qq -c "$debian/apt.conf" download "$kernel") ||
        skip "$missing"
    local deb
    for deb in "$debian"/debs/*.deb; do
        dpkg-deb --extract "$deb" "$debian/unpacked"
    done
    dpkg-deb --fsys-tarfile "$debian"/kernel/*.deb | tar -x -C "$debian/kernel" --wildcards './boot/vmlinuz-*'
    rm -r "$debian/debs" "$debian"/kernel/*.deb
    mv "$debian"/kernel/boot/vmlinuz-* "$debian/vmlinuz"
}

# A program of those packages runs with its own system library.
libraries=$debian/unpacked/usr/lib/x86_64-linux-gnu
unpacked=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries")

if [ "$(uname -m)" = x86_64 ] &&
    [ "$(grep -m 1 '^flags' /proc/cpuinfo | grep -owE 'avx512(f|bw|dq|vl|ifma)|gfni|vpclmulqdq' | wc -l)" = 7 ]; then
    echo 'nothing to emulate: the unit tests run on AVX-512, IFMA and GFNI here'
    exit 0
fi

echo '-- emulator, kernel, compiler'
[ "$(uname -m)" = x86_64 ] && has apt-get || skip 'needs Debian on x86-64'
[ -f "$debian/vmlinuz" ] || unpack_emulator
"${RUSTC:-rustc}" --version

# Linked statically, so that the emulated system needs no library.
export CARGO_TARGET_DIR=$work/build CARGO_INCREMENTAL=0
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS='--cfg yinxin_primitives -C target-feature=+crt-static'
"${CARGO:-cargo}" --config profile.agreement.debug=0 --config profile.agreement.strip=true \
    test --profile agreement --package yinxin --lib --target "$triple" --no-run \
    --message-format json-render-diagnostics > "$work/build.json"
tests=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$work/build.json")
[ -x "$tests" ]

backends='sm2: portable ifma-4 ifma; sm3: portable avx2 avx512; sm4: portable aes gfni avx512'
rounds=1/10
seconds_max=2400
# Left out, unless tests are named, is what compares only code that every processor runs; what multiplies by the
# textbook anew for each scalar, where the walks of `agreement` compare the same multiples with one addition of
# the textbook for each; and what repeats the same so often that it takes minutes each: iterations of PBKDF2, the
# million encryptions of the standard, a MAC of every length in every number of pieces, all ways for windows to meet.
left_out=()
if [ $# = 0 ]; then
    left_out=(
        primitives::sm2::tests::agreement::windows::scalars_whose_windows_meet
        primitives::sm2::tests::agreement::windows::keys_whose_windows_meet_those_of_the_base_point
        primitives::sm2::tests::arithmetic::{field_agrees,scalars_agree}_with_integers
        primitives::sm2::tests::arithmetic::inverses_are_inverses
        primitives::sm2::tests::arithmetic::{multiples,sums_of_multiples}_agree_with_the_textbook
        primitives::sm2::tests::arithmetic::many_multiples_are_each_as_one
        primitives::sm2::tests::vectors::signatures_equal_the_textbook
        primitives::sm3::tests::every_shared_vector
        primitives::sm4::tests::chains::macs_of_every_length
        primitives::sm4::tests::a_million_encryptions
    )
fi

echo '-- what the emulated computer boots'
root=$work/root
rm -rf "$root" "$work/cd" "$work/cd.iso"
mkdir -p "$root"/{bin,proc,dev,tmp,target} "$work/cd"
cp "$debian/unpacked/usr/bin/busybox" "$root/bin/"
cp "$tests" "$root/tests"
# The tests read their vectors where they were when the tests were built.
mkdir -p "$root$repository/vectors" "$root$repository/core/src/primitives/sm2/comb"
cp -r vectors/sm2 vectors/sm3 vectors/sm4 vectors/exceptions.json "$root$repository/vectors/"
cp core/src/primitives/sm2/comb/base.bin "$root$repository/core/src/primitives/sm2/comb/"
if [ -d ../shared ]; then
    mkdir -p "$root$(dirname "$repository")/shared"
    cp -rL ../shared/vectors "$root$(dirname "$repository")/shared/"
fi
cat > "$root/init" << END
#!/bin/busybox sh
busybox=/bin/busybox
\$busybox mount -t proc proc /proc
\$busybox mount -t devtmpfs dev /dev
export CARGO_TARGET_DIR=/target ROUNDS=$rounds YINXIN_BACKENDS='$backends'
# That the backends are there is a test of its own, named here so that none of this passes without it.
/tests --exact primitives::cpu::tests::the_backends_of_this_cpu &&
    /tests --test-threads 1 ${names[*]} ${left_out[*]/#/--skip }
echo "the tests ended with \$?"
for list in skipped lacking; do
    [ ! -f /target/\$list.txt ] || \$busybox sed "s/^/\$list: /" /target/\$list.txt
done
\$busybox poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | LC_ALL=C sort | "$root/bin/busybox" cpio -o -H newc) > "$work/cd/initrd" 2> "$work/cpio.txt"
cp "$debian/vmlinuz" "$debian/unpacked/usr/lib/ISOLINUX/isolinux.bin" \
    "$debian/unpacked/usr/lib/syslinux/modules/bios/ldlinux.c32" "$work/cd/"
# fsrm: with copies of any length as one instruction (`rep movsb`) this kernel does not come up in Bochs. tsc: the
# processor claims a clock of 1.5 GHz and counts as many ticks as `ips` below says; by the wrong number every wait
# of the kernel takes 75 times as long.
cat > "$work/cd/isolinux.cfg" << 'END'
default linux
label linux
    kernel vmlinuz
    initrd initrd
    append console=ttyS0,115200 loglevel=1 panic=-1 nokaslr mitigations=off clearcpuid=fsrm tsc_early_khz=20000
END
"${unpacked[@]}" "$debian/unpacked/usr/bin/xorriso" -as mkisofs -quiet -o "$work/cd.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
    -boot-load-size 4 -boot-info-table "$work/cd" 2> "$work/xorriso.txt"

cat > "$work/bochsrc" << END
romimage: file="$debian/unpacked/usr/share/bochs/BIOS-bochs-latest", options=fastboot
vgaromimage: file="$debian/unpacked/usr/share/vgabios/vgabios.bin"
cpu: model=corei7_icelake_u, count=1, ips=20000000, reset_on_triple_fault=0
memory: guest=512, host=512
display_library: term
config_interface: textconfig
ata0-master: type=cdrom, path="$work/cd.iso", status=inserted
boot: cdrom
clock: sync=none
com1: enabled=1, mode=file, dev="$work/serial.txt"
log: "$work/bochs.txt"
panic: action=fatal
error: action=ignore
info: action=ignore
END

echo "-- as an Ice Lake: $backends; ROUNDS=$rounds"
echo "left out: ${left_out[*]:-nothing}"
: > "$work/serial.txt"
TERM=linux LTDL_LIBRARY_PATH=$libraries/bochs/plugins timeout --signal=KILL "$seconds_max" \
    "${unpacked[@]}" "$debian/unpacked/usr/bin/bochs-bin" -q -f "$work/bochsrc" \
    < /dev/null > "$work/screen.txt" 2>&1 &
emulator=$!
trap 'kill "$emulator" 2> /dev/null || true' EXIT
# Bochs draws the screen on a terminal that it makes, and stops when nobody reads it.
until screen=$(sed -n 's/^Bochs connected to screen "\(.*\)"$/\1/p' "$work/screen.txt") && [ -n "$screen" ]; do
    kill -0 "$emulator" 2> /dev/null || break
    sleep 0.1
done
[ -z "$screen" ] || cat "$screen" > /dev/null 2>&1 &
tail --pid="$emulator" --sleep-interval=1 --lines=+1 --follow "$work/serial.txt" 2> /dev/null | sed -u 's/\r$//'
wait "$emulator" || true

# What ended the emulator does not matter, only what the tests have written on the line.
sed -i 's/\r$//' "$work/serial.txt"
sed -n 's/^skipped: //p' "$work/serial.txt" >> "$target/skipped.txt"
if ! grep -q '^the tests ended with 0$' "$work/serial.txt"; then
    echo "the tests failed, or did not end: see $work/serial.txt and $work/bochs.txt"
    exit 1
fi
[ "$(grep -c '^test result: ok. [1-9][0-9]* passed; 0 failed' "$work/serial.txt")" = 2 ]
if grep '^lacking: ' "$work/serial.txt"; then
    echo 'the emulated processor has not all instructions'
    exit 1
fi
if [ "${CI:-}" = true ] && grep -q '^skipped: ' "$work/serial.txt"; then
    echo 'nothing may be skipped with CI=true'
    exit 1
fi
