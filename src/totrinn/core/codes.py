"""What a person typed into a code field, made canonical once, before it is checked or counted.

A one-time code is six ASCII digits, with or without spaces. A recovery code is 24 characters of base32 (120 bits),
in any letter case, with or without hyphens and spaces. Everything else is malformed (R20).
"""

from dataclasses import dataclass

RECOVERY_CODE_LENGTH = 24
RECOVERY_CODE_COUNT = 10
_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_LONGEST_TYPED = 64


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """Six ASCII digits."""

    digits: str


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """24 upper-case base32 characters."""

    letters: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Neither."""


TypedCode = OneTimeCode | RecoveryCode | Malformed


def read_code(typed: str) -> TypedCode:
    """The code that was typed, in its one canonical form."""
    if len(typed) > _LONGEST_TYPED:
        return Malformed()
    bare = typed.replace(" ", "")
    if len(bare) == 6 and bare.isascii() and bare.isdigit():
        return OneTimeCode(bare)
    letters = bare.replace("-", "").upper() if bare.isascii() else ""
    if len(letters) == RECOVERY_CODE_LENGTH and _BASE32.issuperset(letters):
        return RecoveryCode(letters)
    return Malformed()


def grouped(letters: str, size: int = 4, between: str = "-") -> str:
    """The letters in groups, as they are shown: `ABCD-EFGH-…`."""
    return between.join(letters[at : at + size] for at in range(0, len(letters), size))
