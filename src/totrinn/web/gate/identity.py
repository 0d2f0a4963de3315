"""What an application behind the gate is told of whoever was let in.

Every header is on every answer that lets somebody in, empty if need be: some proxies pass on the client's own where one
is missing. No value holds a line break: what is not printable ASCII is percent-encoded (RFC 3986 §2.1).
"""

import string
from collections.abc import Mapping
from urllib.parse import quote

from totrinn.app.judging import Actor
from totrinn.app.records import LiveSession
from totrinn.core.authorising import level_of, proven_at
from totrinn.web.settings import IDENTITY_HEADERS

_IN_NAMES = frozenset(string.ascii_letters + string.digits + " -._~")
_IN_ADDRESSES = frozenset(string.ascii_letters + string.digits + "!#$&'*+/=?^_`{|}~-.@")

Headers = list[tuple[bytes, bytes]]
_MOST_KEPT = 5_000


class Teller:
    """Writes the headers, under the names that the operator wants.

    What a session says is written once: they are kept beside the very object that they were written from, which does
    not change. Whoever was read anew is another object.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = [names[told].lower().encode() for told in IDENTITY_HEADERS]
        self._kept: dict[str, tuple[LiveSession, Headers]] = {}

    def headers(self, actor: Actor) -> Headers:
        """All of them. They belong to us: whoever adds to them makes a list of their own."""
        live = actor.live
        kept = self._kept.get(live.session.id)
        if kept is not None and kept[0] is live:
            return kept[1]
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        headers = list(zip(self._names, _values(actor), strict=True))
        self._kept[live.session.id] = (live, headers)
        return headers


def _values(actor: Actor) -> tuple[bytes, ...]:
    """In the order of `IDENTITY_HEADERS`."""
    person, organisation, session = actor.person, actor.organisation, actor.live.session
    return (
        _plain(person.id),
        _escaped(person.email, _IN_ADDRESSES),
        _escaped(person.name.strip(), _IN_NAMES),
        _plain(organisation.slug),
        _plain(organisation.id),
        _plain(actor.role),
        _plain(" ".join(session.amr)),
        _plain(level_of(session.proof)),
        b"%d" % proven_at(session.proof).timestamp(),
    )


def _escaped(text: str, as_they_are: frozenset[str]) -> bytes:
    if as_they_are.issuperset(text):
        return text.encode()
    return quote(text, safe="".join(as_they_are)).encode()


def _plain(text: str) -> bytes:
    """Ids and codes of ours are; what a provider said may not be."""
    return text.encode() if text.isascii() and text.isprintable() else _escaped(text, _IN_NAMES)
