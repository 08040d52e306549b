"""SM3 and SM2 against the examples of the standards."""

import array
import threading

import pytest

import yinxin

# GB/T 32905-2016, A.1.
ABC = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")

# GB/T 32918.5-2017, A.2.
KEY = bytes.fromhex(
    "04"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
R = bytes.fromhex("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3")
S = bytes.fromhex("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")
DER = bytes([0x30, 70, 2, 33, 0]) + R + bytes([2, 33, 0]) + S
MESSAGE = b"message digest"


@pytest.mark.parametrize(
    "data",
    [b"abc", bytearray(b"abc"), memoryview(b"xabcx")[1:4], memoryview(b"axbxcx")[::2]],
)
def test_sm3_takes_any_bytes_like_object(data: bytes) -> None:
    assert yinxin.sm3(data) == ABC


def test_sm3_takes_the_bytes_of_an_array() -> None:
    words = array.array("H", [1, 2, 3])
    assert yinxin.sm3(words) == yinxin.sm3(words.tobytes())


def test_the_lock_is_released_while_hashing() -> None:
    data = bytes(64 << 20)
    done = threading.Event()

    def work() -> None:
        yinxin.sm3(data)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    ticks = 0
    while not done.is_set():
        ticks += 1
    thread.join()
    # A call that kept the lock would let this loop turn a few times at most.
    assert ticks > 1000


def test_sm2_verifies_the_example_of_the_standard() -> None:
    key = yinxin.Sm2PublicKey(KEY)
    assert key.sec1() == KEY
    key.verify(MESSAGE, R + S, id=yinxin.SM2_DEFAULT_ID, form="raw")
    key.verify(MESSAGE, DER, id=b"1234567812345678", form="der")


@pytest.mark.parametrize(
    ("message", "signature", "id", "form", "code"),
    [
        (b"message", R + S, yinxin.SM2_DEFAULT_ID, "raw", "BAD_SIGNATURE"),
        (MESSAGE, R + S, b"", "raw", "BAD_SIGNATURE"),
        (MESSAGE, S + R, yinxin.SM2_DEFAULT_ID, "raw", "BAD_SIGNATURE"),
        (MESSAGE, R + S, yinxin.SM2_DEFAULT_ID, "der", "BAD_SIGNATURE_ENCODING"),
        (MESSAGE, DER, yinxin.SM2_DEFAULT_ID, "raw", "BAD_SIGNATURE_ENCODING"),
        (MESSAGE, R + S, bytes(8192), "raw", "BAD_DIST_ID"),
    ],
)
def test_sm2_says_no_with_a_code(
    message: bytes, signature: bytes, id: bytes, form: str, code: str
) -> None:
    with pytest.raises(yinxin.Error) as caught:
        yinxin.Sm2PublicKey(KEY).verify(message, signature, id=id, form=form)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_an_unknown_form_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="form"):
        yinxin.Sm2PublicKey(KEY).verify(MESSAGE, R + S, id=b"", form="guess")  # type: ignore[arg-type]


def test_objects_are_frozen() -> None:
    with pytest.raises(AttributeError):
        yinxin.Sm2PublicKey(KEY).x = 1  # type: ignore[attr-defined]
