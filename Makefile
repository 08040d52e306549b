# Two commands: `make demo` shows the main job, `make test` checks everything. The rest are the steps of
# `make test`, to be run alone while working; each sets up what it needs under target/.

.NOTPARALLEL:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
CARGO ?= cargo
PYTHON ?= python3

TARGET := $(or $(CARGO_TARGET_DIR),target)
SKIPPED := $(TARGET)/skipped.txt
LACKING := $(TARGET)/lacking.txt
heading = @printf '\n== %s\n' '$(1)'

.PHONY: aarch64 aarch64-quick agreement avx512 bench demo test start format lint unit doc-tests docs constant-time c python fuzz international interop skipped unoptimised

# Issues a root, a seal maker, seals and licences into demo-out/, then verifies good and bad ones.
demo:
	$(CARGO) run --quiet --release -p yinxin-cli -- demo --out demo-out

test: start format lint unit unoptimised international agreement doc-tests docs constant-time aarch64-quick c python fuzz interop skipped

start:
	@mkdir -p $(TARGET) && : > $(SKIPPED) && : > $(LACKING)

format:
	$(call heading,formatting)
	$(CARGO) fmt --all --check

lint:
	$(call heading,clippy: warnings denied)
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p yinxin --all-targets --features international -- -D warnings
	$(CARGO) clippy -p yinxin-cli --all-targets --features international -- -D warnings

unit:
	$(call heading,unit and vector and property tests)
	$(CARGO) test --workspace --exclude yinxin-fuzz --lib --bins --tests

# As a program that depends on this crate is first built: nothing may need a larger stack than threads have.
unoptimised:
	$(call heading,the core without optimisation$(comma) on the default stack)
	$(CARGO) --config profile.dev.package.yinxin.opt-level=0 test -p yinxin --test default_stack --test backends

# The tests of certificates, signers and time stamps once more, with RSA, ECDSA and Ed25519 verified as well.
international:
	$(call heading,certificates$(comma) signers and time stamps of other countries: the feature `international`)
	$(CARGO) test -p yinxin --features international --lib -- pki::x509:: pki::crl:: pki::cms:: pki::timestamp::
	$(CARGO) test -p yinxin --features international --test openssl -- time_stamps
	$(CARGO) test -p yinxin --features international --test openssl_cms
	$(CARGO) test -p yinxin-cli --features international --test international

# The same tests of the kernels as in `unit`, built as they are shipped and with more inputs.
agreement:
	$(call heading,agreement: every kernel optimised$(comma) against textbooks and other implementations)
	ROUNDS=$${ROUNDS:-50} $(CARGO) test --profile agreement -p yinxin --lib -- primitives::
	$(call heading,agreement: the same in plain Rust alone$(comma) but for GHASH)
	YINXIN_PLAIN=1 $(CARGO) test --profile agreement -p yinxin --lib -- primitives::

doc-tests:
	$(call heading,documentation tests)
	$(CARGO) test --workspace --exclude yinxin-fuzz --doc

docs:
	$(call heading,documentation: warnings denied)
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --exclude yinxin-cli

constant-time:
	$(call heading,constant time: secrets followed by valgrind$(comma) machine code analysed)
	benches/constant-time/run.sh

c:
	$(call heading,C: smoke test$(comma) under valgrind where it is installed)
	ffi/tests/run.sh

python:
	$(call heading,Python: tests in a virtual environment of their own)
	PYTHON=$(PYTHON) bindings/python/run.sh

fuzz:
	$(call heading,fuzz corpus: replayed through every parser)
	$(CARGO) test -p yinxin-fuzz

aarch64-quick:
	$(call heading,aarch64: SM3 and SM4$(comma) cross-built and emulated)
	core/tests/aarch64.sh quick

# Not part of `make test`: the whole core cross-built, and SM2 with it. It takes ten minutes of one core.
aarch64:
	$(call heading,aarch64: the primitives$(comma) cross-built and emulated)
	core/tests/aarch64.sh

# Not part of `make test`: a whole computer is emulated, for kernels that this one cannot run.
avx512:
	$(call heading,AVX-512$(comma) IFMA and GFNI: the primitives$(comma) emulated)
	core/tests/avx512.sh

interop:
	$(call heading,interoperability: ofdrw and the matrix of the other implementations)
	vectors/interop/run.sh

# What could not run here is never passed over in silence, and with CI=true it is a failure; but for kernels whose
# instructions this processor has not, which are named.
skipped:
	@touch $(SKIPPED) $(LACKING); \
	if [ -s $(LACKING) ]; then printf '\n== this processor has not the instructions\n'; sort -u $(LACKING); fi; \
	count=$$(sort -u $(SKIPPED) | wc -l); \
	printf '\n== skipped: %s\n' "$$count"; \
	if [ "$$count" -gt 0 ]; then sort -u $(SKIPPED); fi; \
	if [ "$$count" -gt 0 ] && [ -n "$${CI:-}" ]; then echo 'nothing may be skipped with CI=true'; exit 1; fi; \
	echo 'everything else passed'

# Measures and records in benches/record; not part of `make test`. `make bench BENCH=--trial` tries it.
bench:
	benches/run.sh $(BENCH)

comma := ,
