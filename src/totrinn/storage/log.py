"""The append-only log. Names are looked up when it is read, so that a person who is erased is erased here, too."""

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.engine import Connection

from totrinn.app import ports
from totrinn.app.records import LoggedEvent
from totrinn.core.events import Event
from totrinn.core.identity import CHANCE_BITS, uuid7
from totrinn.storage.columns import clean, microseconds
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.searching import matching
from totrinn.storage.tables import event, person

_LONGEST = 500
_COUNTER_BITS = 24
_E = event.c
_actor, _about = person.alias("actor_person"), person.alias("about")

_WRITE = insert(event)
_LOGGED = (
    _E.id, _E.kind, _E.at, _E.actor, func.coalesce(_actor.c.name, _E.actor), _E.person_id,
    func.coalesce(_about.c.name, ""), _E.organisation_id, _E.address, _E.browser, _E.detail,
)  # fmt: skip
"""In the order of the fields of `LoggedEvent`."""
_READ = select(*_LOGGED).select_from(
    event.outerjoin(_actor, _actor.c.id == _E.actor).outerjoin(_about, _about.c.id == _E.person_id)
)
_NEWEST_FIRST = _READ.order_by(_E.id.desc())
_OF_ORGANISATION = _NEWEST_FIRST.where(is_which(_E.organisation_id))
_OF_PERSON = _NEWEST_FIRST.where(is_which(_E.person_id))
_OLDEST_FIRST = _READ.order_by(_E.id).execution_options(yield_per=500)


class SqlLog(Repository, ports.Log):
    """Implements `ports.Log`."""

    __slots__ = ("_written",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._written = 0

    def write(self, event: Event) -> None:
        """Writes one event, in this transaction. Events of one transaction keep the order in which they were written.

        Control characters become spaces and long texts are cut, so that nothing that a stranger sent can forge a line
        or fill the log.
        """
        values = {
            "id": self._next_id(event),
            "kind": event.kind.value,
            "at": event.at,
            "actor": _short(event.source.actor),
            "address": _short(event.source.address),
            "browser": _short(event.source.browser),
            "organisation_id": event.organisation_id,
            "person_id": event.person_id,
            "detail": {name: _short(str(text)) for name, text in event.detail.items()},
        }
        self._connection.execute(_WRITE, values)

    def of_organisation(
        self, organisation_id: str, *, kind: str, query: str, before: str | None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        """The newest events of an organisation.

        `kind`: empty for all, a kind, or the beginning of one up to a colon (`signin`). `query`: words of the names and
        addresses of who acted and of whom it is about, or of the network address.
        """
        shown = _OF_ORGANISATION.where(*_of_kind(kind), *_about_words(query))
        if before is not None:
            shown = shown.where(_E.id < before)
        return tuple(_event_of(row) for row in self._connection.execute(shown.limit(limit), {"which": organisation_id}))

    def of_person(self, person_id: str, *, limit: int) -> tuple[LoggedEvent, ...]:
        """The newest events about a person's own account."""
        rows = self._connection.execute(_OF_PERSON.limit(limit), {"which": person_id})
        return tuple(_event_of(row) for row in rows)

    def all(self, *, organisation_id: str | None = None) -> Iterator[LoggedEvent]:
        """Every event, oldest first, read as it is asked for; only within this transaction."""
        shown = _OLDEST_FIRST
        if organisation_id is not None:
            shown = shown.where(_E.organisation_id == organisation_id)
        with self._connection.execute(shown) as rows:
            for row in rows:
                yield _event_of(row)

    def _next_id(self, event: Event) -> str:
        chance = self._written << CHANCE_BITS - _COUNTER_BITS | secrets.randbits(CHANCE_BITS - _COUNTER_BITS)
        self._written += 1
        return uuid7(microseconds(event.at) // 1000, chance)


def _event_of(row: Sequence[Any]) -> LoggedEvent:
    return LoggedEvent(*row)


def _short(text: str) -> str:
    return clean(text[:_LONGEST])


def _of_kind(kind: str) -> tuple[ColumnElement[bool], ...]:
    if not kind:
        return ()
    return (or_(_E.kind == kind, _E.kind.startswith(f"{kind}:", autoescape=True)),)


def _about_words(query: str) -> tuple[ColumnElement[bool], ...]:
    places = (_actor.c.search, _about.c.search, _E.address)
    return tuple(or_(*each) for each in zip(*(matching(place, query) for place in places), strict=True))
