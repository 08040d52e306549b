"""Licences that the command line issued: the same answers as there, with every check."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

import yinxin


def test_a_good_licence_passes(verifier: yinxin.Verifier, good: bytes) -> None:
    report = verifier.verify(good, file="licence.ofd")
    assert (report.indication, report.sub_indication) == ("passed", None)
    assert repr(report) == "<yinxin.Report passed>"
    assert {check.outcome for check in report.checks if check.level == "required"} <= {
        "passed",
        "skipped",
    }


def test_a_changed_licence_fails_with_the_reason(verifier: yinxin.Verifier, changed: bytes) -> None:
    report = verifier.verify(changed)
    assert (report.indication, report.sub_indication) == ("failed", "HASH_FAILURE")
    failed = [check for check in report.checks if check.outcome == "failed"]
    assert "signature.references" in [check.id for check in failed]
    for check in failed:
        assert check.clause and check.en and check.zh
        assert all(isinstance(value, str) for value in check.evidence.values())


def test_revocation_is_asked_for_unless_waived(roots: bytes, good: bytes) -> None:
    report = yinxin.Verifier(roots).verify(good)
    assert (report.indication, report.sub_indication) == ("indeterminate", "TRY_LATER")
    report = yinxin.Verifier(roots, revocation="not_checked").verify(good)
    assert report.indication == "passed"


def test_a_report_has_four_forms(verifier: yinxin.Verifier, good: bytes) -> None:
    report = verifier.verify(good, file="licence.ofd")
    assert report.dict() == json.loads(report.json())
    assert report.dict()["file"] == "licence.ofd"
    assert report.text("zh") != report.text("en")
    assert report.html("zh").rstrip().endswith("</html>")
    with pytest.raises(ValueError, match="language"):
        report.text("fr")  # type: ignore[arg-type]


def test_the_time_is_an_argument(verifier: yinxin.Verifier, good: bytes) -> None:
    at = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    by_datetime = verifier.verify(good, at=at)
    assert by_datetime.indication != "passed"
    assert by_datetime.dict()["validated_at"] == "2019-12-31T16:00:00Z"
    assert verifier.verify(good, at=int(at.timestamp())).json() == by_datetime.json()
    with pytest.raises(ValueError, match="time zone"):
        verifier.verify(good, at=datetime(2020, 1, 1))
    with pytest.raises(TypeError):
        verifier.verify(good, at="2020-01-01")  # type: ignore[arg-type]
    with pytest.raises(yinxin.Error) as caught:
        verifier.verify(good, at=1 << 62)
    assert caught.value.code == "BAD_TIME"


def test_threads_share_a_verifier(verifier: yinxin.Verifier, good: bytes, changed: bytes) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(verifier.verify, [good, changed] * 8))
    assert [report.indication for report in reports] == ["passed", "failed"] * 8


def test_what_cannot_be_read_is_an_error(verifier: yinxin.Verifier, roots: bytes) -> None:
    with pytest.raises(yinxin.Error) as caught:
        verifier.verify(b"no package")
    assert caught.value.code == "BAD_ZIP"
    with pytest.raises(yinxin.Error) as caught:
        yinxin.Verifier(b"no PEM")
    assert caught.value.code == "BAD_PEM"
    with pytest.raises(yinxin.Error):
        yinxin.Verifier(roots, crls=[b"no list"])
    with pytest.raises(TypeError):
        yinxin.Verifier(roots, crls=b"one list, not a list of lists")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="revocation"):
        yinxin.Verifier(roots, revocation="maybe")  # type: ignore[arg-type]
