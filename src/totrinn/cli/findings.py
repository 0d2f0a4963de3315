"""What `doctor` says of each thing that it looks at."""

import os
import shlex
from dataclasses import dataclass
from enum import StrEnum

from totrinn.config import Settings, without_password


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


def place_of(settings: Settings) -> str:
    """The options by which a command finds what is looked at; the database's only where no variable names it."""
    words = ["--data", str(settings.data) if settings.data else "DIR"]
    if not settings.is_embedded and not any(f"TOTRINN_DATABASE{end}" in os.environ for end in ("", "_FILE")):
        words += ["--database", without_password(settings.database)]
    return shlex.join(words)
