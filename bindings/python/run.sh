#!/usr/bin/env bash
# Builds the Python module and runs its tests in a virtual environment under target/python. PYTHON names
# the interpreter (3.9 or later).
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/python"
work=$(cd "$target/python" && pwd)
bin=$work/venv/bin
if [ ! -x "$bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$work/venv"
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$bin/pip" install --quiet "$(sed -n 's/^requires = \["\(.*\)"\]/\1/p' bindings/python/pyproject.toml)"

rm -rf "$work/wheels"
"$bin/maturin" build --quiet --profile dev --manifest-path bindings/python/Cargo.toml \
    --interpreter "$bin/python" --out "$work/wheels"
wheel=$(echo "$work"/wheels/yinxin-*.whl)
"$bin/pip" uninstall --quiet --yes yinxin 2> /dev/null # or the old build of the same version stays
"$bin/pip" install --quiet "$wheel[test]"

"${CARGO:-cargo}" run --quiet --package yinxin-cli -- demo --count 1 --out "$work/demo" > /dev/null
YINXIN_DEMO=$work/demo "$bin/python" -m pytest --quiet bindings/python
# The stub says exactly what the module has.
cd "$work"
"$bin/python" -m mypy.stubtest yinxin
