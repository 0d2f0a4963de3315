"""Ids are UUIDv7 (RFC 9562 §5.7): the milliseconds first, so that they sort by time and indexes grow at one end."""

CHANCE_BITS = 74
_LOW_BITS = 62


def uuid7(milliseconds: int, chance: int) -> str:
    """The UUIDv7 of a time in milliseconds since 1970 and 74 bits that tell it from others of the same millisecond.

    Of two ids of the same millisecond the one with the greater `chance` sorts after the other.
    """
    high = (milliseconds & (1 << 48) - 1) << 16 | 0x7000 | chance >> _LOW_BITS & 0x0FFF
    low = 1 << 63 | chance & (1 << _LOW_BITS) - 1
    digits = f"{high:016x}{low:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
