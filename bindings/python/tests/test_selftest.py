"""After a failed self-test every call raises `Error`, also what returns plain bytes."""

import subprocess
import sys

# In a process of its own: nothing leads out of that state.
PROGRAM = """
import yinxin
from yinxin import _yinxin

assert len(yinxin.sm3(b"abc")) == 32
_yinxin._alter_answers("sm3")
for call in (lambda: yinxin.sm3(b"abc"), lambda: yinxin.Sm2PublicKey(b"")) * 2:
    try:
        call()
    except yinxin.Error as error:
        print(error.code)
"""


def test_a_failed_self_test_is_an_exception() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.split() == ["SELF_TEST_FAILED"] * 4, done.stderr
