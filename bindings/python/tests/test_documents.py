"""The Python blocks of the documents run as they stand."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("document", ["docs/guide/quickstart.md", "bindings/python/README.md"])
def test_blocks_run(
    document: str, demo: Path, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo-out").symlink_to(demo)
    for file in [demo / "trust.pem", *demo.glob("*.crl")]:
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "licence.ofd").write_bytes(good)
    monkeypatch.chdir(tmp_path)
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), {})
