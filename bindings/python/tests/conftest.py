"""The licences that `yinxin demo` issued; run.sh says where they are."""

import os
from pathlib import Path

import pytest

import yinxin


@pytest.fixture(scope="session")
def demo() -> Path:
    return Path(os.environ["YINXIN_DEMO"])


@pytest.fixture(scope="session")
def roots(demo: Path) -> bytes:
    return (demo / "trust.pem").read_bytes()


@pytest.fixture(scope="session")
def crls(demo: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(demo.glob("*.crl"))]


@pytest.fixture(scope="session")
def verifier(roots: bytes, crls: list[bytes]) -> yinxin.Verifier:
    return yinxin.Verifier(roots, crls=crls)


@pytest.fixture(scope="session")
def good(demo: Path) -> bytes:
    return next(demo.glob("licences/*.ofd")).read_bytes()


@pytest.fixture(scope="session")
def changed(demo: Path) -> bytes:
    return next(demo.glob("forged/1-*.ofd")).read_bytes()
