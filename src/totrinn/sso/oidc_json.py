"""JSON from strangers: one reading or none, and claims of the types that they must have."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from totrinn.fetching.showing import shortened
from totrinn.sso.oidc_refusals import OidcRefusal, Refused, require

LATEST = 253370764799
"""The last second of the year 9998: a `datetime` holds one year more, so that it can be reckoned with."""
_LONGEST_SHOWN = 200


def read_object(text: bytes) -> dict[str, Any] | None:
    """The JSON object in it; None for all else, and for what two readers could read differently.

    Members that come twice, NaN and infinities, numbers of thousands of digits, halves of surrogate pairs and nesting
    without end are refused.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_refuse)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def text_of(claims: Mapping[str, Any], name: str, *, longest: int = 255, default: str | None = None) -> str:
    """A claim that is a printable text; `default` stands for one that is missing or null, where it may be."""
    value = claims.get(name)
    value = default if value is None else value
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise Refused(OidcRefusal.CLAIM, name)
    return value


def texts_of(claims: Mapping[str, Any], name: str, *, most: int = 1000) -> tuple[str, ...]:
    """A claim that is a list of printable texts; none when it is missing or null."""
    values = claims.get(name)
    values = [] if values is None else values
    require(isinstance(values, list) and len(values) <= most, OidcRefusal.CLAIM, name)
    for value in values:
        require(isinstance(value, str) and len(value) <= 255 and value.isprintable(), OidcRefusal.CLAIM, name)
    return tuple(values)


def time_of(claims: Mapping[str, Any], name: str) -> int:
    """A claim that is a number of seconds since 1970, whole."""
    value = claims.get(name)
    if type(value) is not int or not 0 <= value <= LATEST:
        raise Refused(OidcRefusal.CLAIM, name)
    return value


def shown(value: object) -> str:
    """A value as short text, for whoever sets the connection up."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shortened(text, _LONGEST_SHOWN)


def mismatch(expected: str, got: object) -> str:
    """What was expected and what came."""
    return f"expected {shown(expected)}, got {shown(got)}"
