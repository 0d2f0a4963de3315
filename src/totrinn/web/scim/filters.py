"""Filters and the paths of changes, read by the grammar of RFC 7644 §3.4.2.2 and §3.5.2, and bounded.

What is read is a small tree, which is compared with resources. Nothing of it becomes part of a statement.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from totrinn.web.scim.attributes import Attribute, Schema, Type, get, is_plain
from totrinn.web.scim.errors import Detail, bad

LONGEST = 2000
DEEPEST = 8
MOST_CONDITIONS = 40
MOST_COMPARED = 100_000
"""So many values are compared for one call, which takes about a second."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()\[\]])|(?P<text>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*")
    |(?P<number>-?\d{1,18}(?:\.\d{1,18})?(?![\w.]))|(?P<word>\.?[A-Za-z$][\w$.:-]*))""",
    re.VERBOSE,
)
_NAME = re.compile(r"\$?[A-Za-z][\w-]*")
_COMPARISONS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_ORDERED = frozenset({"gt", "ge", "lt", "le"})
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Place:
    """An attribute, or a part of it; names in lower case. `where` chooses among several values."""

    name: str
    sub: str = ""
    where: "Condition | None" = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The value at a place compared with a constant; `pr`: it has one."""

    place: Place
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Each of these."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these."""

    conditions: tuple["Condition", ...]


Condition = Comparison | Not | All | Some


def read_filter(text: str, schema: Schema) -> Condition:
    """The condition that a filter says. Raises `ScimRefused` (`invalidFilter`)."""
    reader = _Reader(text, schema, Detail.INVALID_FILTER)
    condition = reader.condition(0)
    reader.end()
    return condition


def read_path(text: str, schema: Schema) -> Place:
    """The place that a path of a change names. Raises `ScimRefused` (`invalidPath`)."""
    reader = _Reader(text, schema, Detail.INVALID_PATH)
    place = reader.place(0)
    reader.end()
    return place


def fits(condition: Condition, resource: Mapping[str, Any], attributes: Mapping[str, Attribute]) -> bool:
    """Whether the condition holds of a resource, or of one of the values of an attribute."""
    if isinstance(condition, All):
        return all(fits(each, resource, attributes) for each in condition.conditions)
    if isinstance(condition, Some):
        return any(fits(each, resource, attributes) for each in condition.conditions)
    if isinstance(condition, Not):
        return not fits(condition.condition, resource, attributes)
    return _compare(condition, resource, attributes)


def needed(condition: Condition) -> Iterator[Comparison]:
    """The comparisons that must hold of whatever the condition holds of."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, All):
        for each in condition.conditions:
            yield from needed(each)


class Effort:
    """What one call may still compare. Whoever is served beside it waits for it, and a change holds up all others."""

    def __init__(self) -> None:
        self._left = MOST_COMPARED

    def spend(self, condition: Condition, resource: Mapping[str, Any]) -> None:
        """Counts what the condition compares in this resource. Raises `ScimRefused` (`tooMany`)."""
        self._left -= _cost(condition, resource)
        if self._left < 0:
            raise bad(Detail.TOO_MANY, "There is too much to compare. Ask for less at once.")


def _cost(condition: Condition, resource: Mapping[str, Any]) -> int:
    """How many comparisons it takes at most."""
    if isinstance(condition, All | Some):
        return sum(_cost(each, resource) for each in condition.conditions)
    if isinstance(condition, Not):
        return _cost(condition.condition, resource)
    values = get(resource, condition.place.name)
    inner = 0 if condition.place.where is None else _cost(condition.place.where, {})
    return (len(values) if isinstance(values, list) else 1) * (1 + inner)


def values_at(place: Place, resource: Mapping[str, Any], attributes: Mapping[str, Attribute]) -> list[Any]:
    """Every value at a place; of complex values without a part named, their `value`."""
    found = get(resource, place.name)
    values = found if isinstance(found, list) else [] if found is None else [found]
    attribute = attributes.get(place.name)
    if place.where is not None:
        subs = attribute.by_name if attribute else {}
        values = [value for value in values if isinstance(value, dict) and fits(place.where, value, subs)]
    part = place.sub or ("value" if attribute and attribute.type is Type.COMPLEX else "")
    if part:
        values = [get(value, part) for value in values if isinstance(value, dict)]
    return [value for value in values if value is not None]


def _compare(condition: Comparison, resource: Mapping[str, Any], attributes: Mapping[str, Attribute]) -> bool:
    place, operator, wanted = condition.place, condition.operator, condition.value
    if operator == "pr":
        whole = get(resource, place.name)
        return bool(values_at(place, resource, attributes)) or (not place.sub and isinstance(whole, dict))
    values = values_at(place, resource, attributes)
    if operator == "ne":
        return not any(_is_equal(value, wanted, _is_exact(place, attributes)) for value in values) and (
            wanted is not None or bool(values)
        )
    if wanted is None:
        return operator == "eq" and not values
    is_exact = _is_exact(place, attributes)
    if operator == "eq":
        return any(_is_equal(value, wanted, is_exact) for value in values)
    return any(_holds(operator, value, wanted, is_exact) for value in values)


def _is_exact(place: Place, attributes: Mapping[str, Attribute]) -> bool:
    attribute = attributes.get(place.name)
    if attribute is not None and attribute.type is Type.COMPLEX:
        attribute = attribute.by_name.get(place.sub or "value")
    return attribute is not None and attribute.is_exact


def _is_equal(value: Any, wanted: Any, is_exact: bool) -> bool:
    if isinstance(value, str) and isinstance(wanted, str) and not is_exact:
        return value.casefold() == wanted.casefold()
    if isinstance(value, bool) and isinstance(wanted, str):
        return str(value).lower() == wanted.lower()
    return type(value) is type(wanted) and bool(value == wanted)


def _holds(operator: str, value: Any, wanted: Any, is_exact: bool) -> bool:
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    if operator in _ORDERED:
        return _is_ordered(operator, value, wanted, is_exact)
    if not is_exact:
        value, wanted = value.casefold(), wanted.casefold()
    if operator == "co":
        return wanted in value
    return bool(value.startswith(wanted) if operator == "sw" else value.endswith(wanted))


def _is_ordered(operator: str, value: str, wanted: str, is_exact: bool) -> bool:
    first: Any = value if is_exact else value.casefold()
    second: Any = wanted if is_exact else wanted.casefold()
    times = _time(value), _time(wanted)
    if None not in times:
        first, second = times
    if first == second:
        return operator in ("ge", "le")
    return bool(first > second) is operator.startswith("g")


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str, schema: Schema, kind: Detail) -> None:
        self._kind = kind
        self._schema = schema.id.lower() + ":"
        self._conditions = 0
        if len(text) > LONGEST:
            raise self._wrong("it is too long")
        self._tokens = list(self._split(text))
        self._at = 0

    def end(self) -> None:
        """Makes sure that nothing follows."""
        if self._at < len(self._tokens):
            raise self._wrong(f"there is something left over: {self._tokens[self._at][:40]}")

    def condition(self, depth: int) -> Condition:
        """A whole condition: parts joined by `or`, which binds least."""
        if depth > DEEPEST:
            raise self._wrong("it is nested too deeply")
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def place(self, depth: int) -> Place:
        """The name of an attribute, with what chooses among its values and which part is meant."""
        name, _, sub = self._name(self._next()).partition(".")
        where: Condition | None = None
        if not sub and self._takes("["):
            where = self.condition(depth + 1)
            self._expect("]")
            if self._peek().startswith("."):
                sub = self._next()[1:].lower()
        if not _NAME.fullmatch(name) or (sub and not _NAME.fullmatch(sub)):
            raise self._wrong("this is no name of an attribute")
        return Place(name, sub, where)

    def _both(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self, depth: int) -> Condition:
        is_contrary = self._peek().lower() == "not" and self._peek(1) == "("
        if is_contrary:
            self._next()
        if self._takes("("):
            inner = self.condition(depth + 1)
            self._expect(")")
            return Not(inner) if is_contrary else inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Condition:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            raise self._wrong("it has too many conditions")
        place = self.place(depth)
        operator = self._peek().lower()
        if place.where is not None and not place.sub and operator not in {*_COMPARISONS, "pr"}:
            return Comparison(place, "pr")
        self._next()
        if operator == "pr":
            return Comparison(place, "pr")
        if operator not in _COMPARISONS:
            raise self._wrong("a comparison is missing")
        return Comparison(place, operator, self._value())

    def _value(self) -> Any:
        token = self._next()
        if token.startswith('"'):
            text: str = json.loads(token)
            if not is_plain(text):
                raise self._wrong("there is something in it that is no letter")
            return text
        if token.lower() in _CONSTANTS:
            return _CONSTANTS[token.lower()]
        try:
            return float(token) if "." in token else int(token)
        except ValueError:
            raise self._wrong("a value is missing") from None

    def _name(self, token: str) -> str:
        """In lower case, without the schema's own URN before it; one of another schema's names nothing here."""
        lower = token.lower()
        if lower.startswith(self._schema):
            return lower.removeprefix(self._schema)
        if lower.startswith("urn:"):
            return "urn-of-another"
        return lower

    def _peek(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._wrong("it ends too early")
        self._at += 1
        return token

    def _takes(self, token: str) -> bool:
        if self._peek().lower() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise self._wrong(f"{token} is missing")

    def _split(self, text: str) -> Iterator[str]:
        at, text = 0, text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._wrong(f"this cannot be read: {text[at : at + 20]!r}")
            yield found[0].strip() if found["text"] is None else found["text"]
            at = found.end()

    def _wrong(self, words: str) -> Exception:
        what = "filter" if self._kind is Detail.INVALID_FILTER else "path"
        return bad(self._kind, f"The {what} cannot be used: {words}.")
