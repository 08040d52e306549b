"""SM2, SM3, and verification of sealed electronic licences (电子证照)."""

from ._yinxin import (
    SM2_DEFAULT_ID,
    Check,
    Error,
    Report,
    Sm2PublicKey,
    Verifier,
    __version__,
    sm3,
)

__all__ = [
    "SM2_DEFAULT_ID",
    "Check",
    "Error",
    "Report",
    "Sm2PublicKey",
    "Verifier",
    "__version__",
    "sm3",
]
