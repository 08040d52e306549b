import builtins
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, final

from typing_extensions import Buffer

__all__ = [
    "SM2_DEFAULT_ID",
    "Check",
    "Error",
    "Report",
    "Sm2PublicKey",
    "Verifier",
    "__version__",
    "_alter_answers",
    "sm3",
]

__version__: Final[str]
SM2_DEFAULT_ID: Final[bytes]

class Error(Exception):
    """The call could not do its work. `code` is stable; `en` and `zh` are for readers."""

    code: str
    number: int
    en: str
    zh: str
    field: str | None
    file: str | None
    offset: int | None

def sm3(data: Buffer, /) -> bytes:
    """The SM3 digest (GB/T 32905-2016) of `data`: 32 bytes."""

@final
class Sm2PublicKey:
    """An SM2 public key: 04 and x and y (65 bytes), or 02 or 03 and x (33 bytes)."""

    def __new__(cls, sec1: Buffer, /) -> Sm2PublicKey: ...
    def sec1(self) -> bytes:
        """04 and x and y: 65 bytes."""

    def verify(
        self, message: Buffer, signature: Buffer, *, id: Buffer, form: Literal["der", "raw"]
    ) -> None:
        """Raise `Error` unless `signature` over `message` is valid (GB/T 32918.2-2016, clause 7)."""

@final
class Verifier:
    """Verifies sealed licences against trust anchors, certificates, revocation lists and a policy."""

    def __new__(
        cls,
        roots: Buffer,
        *,
        certificates: Buffer | None = None,
        crls: Sequence[Buffer] = ...,
        signer_certificates: Buffer | None = None,
        revocation: Literal["required", "not_checked"] = "required",
    ) -> Verifier: ...
    def verify(
        self, data: Buffer, /, *, file: str | None = None, at: int | datetime | None = None
    ) -> Report:
        """Verify the OFD package `data` and return the report, whatever the answer is."""

@final
class Report:
    """What a verification found: the answer, and every check that was made."""

    @property
    def indication(self) -> Literal["passed", "failed", "indeterminate"]:
        """The answer."""

    @property
    def sub_indication(self) -> str | None:
        """Why the answer is not `passed`, in the words of EN 319 102-1, such as `HASH_FAILURE`."""

    @property
    def checks(self) -> list[Check]:
        """Every check that makes the answer, in the order in which it was made."""

    def json(self) -> str:
        """Everything, as JSON with both languages."""

    def dict(self) -> builtins.dict[str, Any]:
        """Everything, as a dictionary."""

    def text(self, language: Literal["en", "zh"], /) -> str:
        """As plain text for a reader."""

    def html(self, language: Literal["en", "zh"], /) -> str:
        """As a whole HTML page without script or outside reference."""

@final
class Check:
    """One check: what was looked at, by which clause, and what was found."""

    @property
    def id(self) -> str:
        """Stable, lower case, dotted: `signature.value`."""

    @property
    def outcome(self) -> Literal["passed", "failed", "indeterminate", "skipped"]:
        """How it ended."""

    @property
    def level(self) -> Literal["required", "warning", "information"]:
        """How much it counts."""

    @property
    def sub_indication(self) -> str | None:
        """What it contributes to the verdict when it did not pass."""

    @property
    def clause(self) -> str:
        """The standard and its clause."""

    @property
    def evidence(self) -> dict[str, str]:
        """Values compared, times, names."""

    @property
    def en(self) -> str:
        """What was found, in English."""

    @property
    def zh(self) -> str:
        """What was found, in Chinese."""

def _alter_answers(algorithm: str, /) -> None:
    """For tests: let the self-tests of `algorithm` find false answers from now on."""
