"""How values stand in columns, the same on every database.

Times are integers: microseconds since 1970, UTC. They keep every microsecond, sort and compare as times, and cost less
to read than text or a database's own type; a time without a zone is refused. Text holds no control characters,
whatever it was given. Text sorts by code point; `order_key` makes that the alphabetical order of Norwegian.
"""

# ruff: noqa: ARG002 - the signatures are SQLAlchemy's

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNPRINTED = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# The signs after z in ASCII stand for the letters after z in the alphabet.
_AFTER_Z = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


def clean(text: str) -> str:
    """The text with every control character, line break, lone surrogate and change of direction made a space.

    What is left can neither forge a line of a log nor be refused by a database.
    """
    if text.isprintable():
        return text
    return "".join(" " if _is_unprinted(letter) else letter for letter in text)


def folded(text: str) -> str:
    """The form in which text is searched: letter case and ways of composing a letter make no difference."""
    return unicodedata.normalize("NFC", clean(text).casefold())


def order_key(name: str) -> str:
    """The form by which names are sorted: a to z, æ, ø, å; other accents make no difference."""
    replaced = folded(name).translate(_AFTER_Z)
    return "".join(letter for letter in unicodedata.normalize("NFKD", replaced) if not unicodedata.combining(letter))


def microseconds(at: datetime) -> int:
    """The number that stands for a time. Raises `TypeError` for a time without a zone."""
    return (at - _EPOCH) // _MICROSECOND


def instant(number: int) -> datetime:
    """The time that a number stands for."""
    return _EPOCH + timedelta(microseconds=number)


def _is_unprinted(letter: str) -> bool:
    return letter in _DIRECTION or unicodedata.category(letter) in _UNPRINTED


class Instant(TypeDecorator[datetime]):
    """A time, in UTC, to the microsecond."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """To an aware time."""
        return None if value is None else instant(value)


class Text(TypeDecorator[str]):
    """Text, cleaned when it is written, that sorts and compares by code point on every database."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL compares by its own locale unless told; SQLite compares code points anyway."""
        return sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Cleaned."""
        return value if value is None or value.isprintable() else clean(value)


class Exact(TypeDecorator[str]):
    """Text of others that is compared to the last sign: what is stored is printable ASCII, and comes back unchanged.

    `Text` would make one of two names that differ in a control character only.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As of `Text`."""
        return sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escaped, where it must be."""
        return None if value is None else value.encode("unicode_escape").decode("ascii")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """As it was."""
        return value if value is None or "\\" not in value else value.encode("ascii").decode("unicode_escape")


class Choice(TypeDecorator[StrEnum]):
    """One of the values of an enumeration, as its text. An unknown text is an error, never a default."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, choices: type[StrEnum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """To text."""
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """To the enumeration."""
        return None if value is None else self.choices(value)


class Words(TypeDecorator[tuple[str, ...]]):
    """A few words without spaces, in order."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Joined by spaces."""
        return None if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Split again."""
        return None if value is None else tuple(value.split())


class Details(TypeDecorator[dict[str, str]]):
    """Names and texts, as JSON with sorted names; cleaned like all text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        """To JSON."""
        if not value:
            return "{}"
        plain = {clean(str(name)): clean(str(text)) for name, text in value.items()}
        return json.dumps(plain, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, str]:
        """From JSON."""
        return {} if value is None or value == "{}" else dict(json.loads(value))
