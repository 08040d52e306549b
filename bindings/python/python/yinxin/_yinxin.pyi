from typing import Final, Literal, final

from typing_extensions import Buffer

__all__: list[str]
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
