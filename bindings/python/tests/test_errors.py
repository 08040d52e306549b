"""Errors carry the code, both texts and the place; arguments of a wrong type are a TypeError."""

import pytest

import yinxin


def test_an_error_carries_code_and_both_texts() -> None:
    with pytest.raises(yinxin.Error) as caught:
        yinxin.Sm2PublicKey(b"\x04")
    error = caught.value
    assert (error.code, error.number) == ("BAD_PUBLIC_KEY", 203)
    assert error.en == "the bytes are not a point of the SM2 curve (public key)"
    assert error.zh == "不是 SM2 曲线上的公钥（public key）"
    assert (error.field, error.file, error.offset) == ("public key", None, None)
    assert str(error) == f"{error.code}: {error.en}"


@pytest.mark.parametrize("wrong", [None, 5, "abc", [1, 2], object()])
def test_only_bytes_like_objects_are_bytes(wrong: object) -> None:
    with pytest.raises(TypeError):
        yinxin.sm3(wrong)  # type: ignore[arg-type]


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert yinxin.__version__ == version("yinxin")
