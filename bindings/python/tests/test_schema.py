"""Reports keep to the published schema, docs/report.schema.json."""

import json
from pathlib import Path

import jsonschema
import pytest

import yinxin

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT.parent / "shared" / "samples" / "ofd").glob("*.ofd"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    text = (ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def test_demonstration(
    schema: jsonschema.Draft202012Validator, verifier: yinxin.Verifier, demo: Path
) -> None:
    files = [*demo.glob("licences/*.ofd"), *demo.glob("forged/*.ofd")]
    assert len(files) >= 6
    for file in files:
        report = verifier.verify(file.read_bytes(), file=file.name)
        schema.validate(json.loads(report.json()))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_samples(
    schema: jsonschema.Draft202012Validator, verifier: yinxin.Verifier, sample: Path
) -> None:
    report = verifier.verify(sample.read_bytes(), file=sample.name)
    schema.validate(json.loads(report.json()))


def test_the_schema_refuses_other_objects(schema: jsonschema.Draft202012Validator) -> None:
    text = {"en": "x", "zh": "y"}
    error = {"code": "BAD_ZIP", "text": text, "hint": text, "field": "ZIP", "offset": 0}
    unreadable = {"file": "a", "error": error}
    schema.validate(unreadable)
    other = {"file": "a", "error": {**error, "reason": "x"}}
    for wrong in ({}, {"file": "a"}, {**unreadable, "indication": "passed"}, other):
        assert not schema.is_valid(wrong)
