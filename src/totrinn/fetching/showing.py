"""What is shown to whoever tests a connection: little of much, and nothing that a page could not show.

A provider says what it likes, at any length, and all of it would be stored with the attempt.
"""

from collections.abc import Iterable
from itertools import islice

MOST_CLAIMS = 100
LONGEST_NAME = 200
LONGEST_VALUE = 1000
LONGEST_DETAIL = 500


def shortened(text: str, longest: int) -> str:
    """The beginning of a text, in signs that print; what is left out is told by the last one."""
    begin = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in begin)


def shown_claims(claims: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The first claims, shortened."""
    return tuple(
        (shortened(name, LONGEST_NAME), shortened(value, LONGEST_VALUE)) for name, value in islice(claims, MOST_CLAIMS)
    )


def shown_detail(text: str) -> str:
    """The detail of a refusal or a failure, shortened."""
    return shortened(text, LONGEST_DETAIL)
