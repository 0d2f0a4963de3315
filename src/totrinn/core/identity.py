"""What things are called: ids for the program, slugs of organisations for people.

Ids are UUIDv7 (RFC 9562 §5.7): the milliseconds first, so that they sort by time and indexes grow at one end.
"""

import re

CHANCE_BITS = 74
_LOW_BITS = 62
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")


def is_slug(text: str) -> bool:
    """Whether it may be a slug: 2 to 40 of a to z, 0 to 9 and hyphens, none of these first or last."""
    return _SLUG.fullmatch(text) is not None


def uuid7(milliseconds: int, chance: int) -> str:
    """The UUIDv7 of a time in milliseconds since 1970 and 74 bits that tell it from others of the same millisecond.

    Of two ids of the same millisecond the one with the greater `chance` sorts after the other.
    """
    high = (milliseconds & (1 << 48) - 1) << 16 | 0x7000 | chance >> _LOW_BITS & 0x0FFF
    low = 1 << 63 | chance & (1 << _LOW_BITS) - 1
    digits = f"{high:016x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
