"""What `doctor` says of each thing that it looks at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and the line that mends it."""

    level: Level
    about: str
    text: str
    mend: str = ""


def bad(about: str, text: str, mend: str = "") -> Finding:
    """Something that keeps people out, or lets too many in, now or before long."""
    return Finding(Level.BAD, about, text, mend)


def note(about: str, text: str, mend: str = "") -> Finding:
    """Something worth knowing."""
    return Finding(Level.NOTE, about, text, mend)
