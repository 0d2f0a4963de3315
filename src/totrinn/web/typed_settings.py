"""What may be typed as an organisation's name and time zone, wherever it is typed."""

import unicodedata
from functools import cache
from zoneinfo import available_timezones

from totrinn.web.languages import Language

LONGEST_NAME = 100
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def name_problem(language: Language, name: str) -> str:
    """What is wrong with the name; empty when nothing is."""
    say = language.say
    if not name:
        return say("Type the name of the organisation.")
    if len(name) > LONGEST_NAME:
        return say("The name is too long. Use at most 100 characters.")
    if any(unicodedata.category(letter) in _UNPRINTED for letter in name):
        return say("The name contains a character that cannot be shown.")
    return ""


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones())
