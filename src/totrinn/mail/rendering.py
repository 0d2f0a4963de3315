"""A row of the outbox as subject and text.

The first line of a template is the subject, the rest the text. Whatever comes from people is made one plain line before
it is put in, so that no name can add a header, a line or a link (R67).
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from totrinn.app.records import Mail, MailKind
from totrinn.mail.wording import browser_name, moment

LANGUAGES = ("nb", "nn", "en")
DEFAULT_LANGUAGE = "nb"
DEFAULT_ZONE = "Europe/Oslo"
_TEXTS = Path(__file__).parent / "texts"
_LONGEST_NAME = 60
_SIGNS_OF_NAMES = frozenset(" '’.-")
_SIGNS_OF_CONNECTIONS = frozenset(" '’-&()")
"""No full stop: mail programs make a link of whatever looks like a host's name."""
_QUOTED = {"nb": " «{}»", "nn": " «{}»", "en": " “{}”"}


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail, ready to be read. The subject is one line."""

    subject: str
    text: str


def render(mail: Mail) -> RenderedMail:
    """The mail in its language; an unknown language is bokmål."""
    language = mail.language if mail.language in LANGUAGES else DEFAULT_LANGUAGE
    subject, text = template(mail.kind, language)
    values = _values(mail, language)
    return RenderedMail(subject.substitute(values), text.substitute(values))


@cache
def template(kind: MailKind, language: str) -> tuple[Template, Template]:
    """Subject and text of one kind of mail in one language."""
    subject, _, text = (_TEXTS / language / f"{kind.value}.txt").read_text(encoding="utf-8").partition("\n")
    return Template(subject.strip()), Template(text.lstrip("\n"))


def _values(mail: Mail, language: str) -> dict[str, str]:
    given = mail.values
    at = _time(given.get("at", ""), mail.created_at)
    name = _name(given.get("name", ""))
    failures = given.get("failures", "")
    return {
        "greeting": f" {name}" if name else "",
        "application": _line(given.get("application", "")) or "Totrinn",
        "when": moment(at.astimezone(_zone(given.get("time_zone", ""))), language),
        "browser": browser_name(given.get("browser", ""), language),
        "connection": _quoted(_connection(given.get("connection", "")), language),
        "failures": failures if failures.isascii() and failures.isdigit() else "5",
    }


def _time(text: str, otherwise: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return at if at.tzinfo is not None else otherwise


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)


def _name(text: str) -> str:
    """The name, if it is made as names are; whoever made the account could have written anything there."""
    name = _line(text)
    is_name = len(name) <= _LONGEST_NAME and all(letter.isalpha() or letter in _SIGNS_OF_NAMES for letter in name)
    return name if is_name and "www." not in name.casefold() else ""


def _connection(text: str) -> str:
    """The name of a connection, if nobody could take it for an address; an administrator may have chosen any."""
    name = _line(text)
    is_plain = all(letter.isalnum() or letter in _SIGNS_OF_CONNECTIONS for letter in name)
    return name if is_plain and len(name) <= _LONGEST_NAME else ""


def _quoted(name: str, language: str) -> str:
    return _QUOTED[language].format(name) if name else ""


def _line(text: str) -> str:
    """One line: control characters and marks of direction are spaces, and spaces are single."""
    plain = (
        " " if unicodedata.category(letter)[0] in "CZ" else letter for letter in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(plain).split())
