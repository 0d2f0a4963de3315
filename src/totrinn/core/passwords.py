"""Which passwords may be chosen (R1 to R6). Whether one is *right* is checked elsewhere; this is about setting one."""

import unicodedata
from collections.abc import Collection
from enum import StrEnum

SHORTEST_WITH_FACTOR = 8
SHORTEST_ALONE = 15
LONGEST = 1024


class Weakness(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    NAMES_US = "names_us"
    UNREADABLE = "unreadable"


def canonical(password: str) -> str:
    """The one form in which a password is hashed and checked: Unicode NFC (NIST SP 800-63B §5.1.1.2), uncut."""
    return unicodedata.normalize("NFC", password)


def shortest(*, has_factor: bool, is_required: bool) -> int:
    """The least number of characters: 15 where the password is the only factor, else 8."""
    return SHORTEST_WITH_FACTOR if has_factor or is_required else SHORTEST_ALONE


def weakness(password: str, *, minimum: int, names: Collection[str]) -> Weakness | None:
    """Why the canonical password may not be chosen; None when it may, unless it stands on a list of common ones.

    `names` are the words that anybody would guess first: the organisation's, the product's, the address.
    """
    if len(password) > LONGEST:
        return Weakness.TOO_LONG
    if len(password) < minimum:
        return Weakness.TOO_SHORT
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in password):
        return Weakness.UNREADABLE
    plain = password.casefold()
    if len(set(plain)) < 4:
        return Weakness.COMMON
    return Weakness.NAMES_US if _is_made_of(plain, names) else None


def _is_made_of(plain: str, names: Collection[str]) -> bool:
    """Whether nothing but digits and signs is left once one of the names is taken out."""
    for name in names:
        word = name.casefold().strip()
        if len(word) >= 3 and word in plain:
            rest = plain.replace(word, "")
            if not any(letter.isalpha() for letter in rest):
                return True
    return False
