"""The append-only log. Names are looked up when it is read, so that a person who is erased is erased here, too."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, union, update
from sqlalchemy.dialects.postgresql import insert as insert_once  # its ON CONFLICT is SQLite's, too
from sqlalchemy.engine import Connection

from totrinn.app import ports
from totrinn.app.records import LoggedEvent, LogPage, Seal
from totrinn.core.events import Event
from totrinn.core.identity import CHANCE_BITS, uuid7
from totrinn.core.topics import topic_of
from totrinn.storage.columns import clean, microseconds
from totrinn.storage.log_search import Question, search
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import event, person, seal
from totrinn.storage.webhooks import SUBSCRIBED

_LONGEST = 500
_COUNTER_BITS = 24
_E, _S = event.c, seal.c
_WRITTEN = (
    _E.id, _E.kind, _E.at, _E.actor, _E.address, _E.browser, _E.organisation_id, _E.person_id, _E.detail,
)  # fmt: skip
_actor, _about = person.alias("actor_person"), person.alias("about")

_WRITE = insert(event)
# On PostgreSQL with what is to be delivered of it, in one statement: each costs a way to the server and back.
_WRITE_AT_ONCE = SUBSCRIBED.add_cte(
    insert(event)
    .values({column: bindparam(f"new_{column.name}", type_=column.type) for column in _WRITTEN})
    .cte("written")
)
_LOGGED = (
    _E.id, _E.kind, _E.at, _E.actor, func.coalesce(_actor.c.name, _E.actor), _E.person_id,
    func.coalesce(_about.c.name, ""), _E.organisation_id, _E.address, _E.browser, _E.detail,
)  # fmt: skip
"""In the order of the fields of `LoggedEvent`."""
_READ = select(*_LOGGED).select_from(
    event.outerjoin(_actor, _actor.c.id == _E.actor).outerjoin(_about, _about.c.id == _E.person_id)
)
_FIND = _READ.where(is_which(_E.id))
_NEWEST_FIRST = _READ.order_by(_E.id.desc())
_OF_ORGANISATION = _NEWEST_FIRST.where(is_which(_E.organisation_id))
_OF_PERSON = _NEWEST_FIRST.where(is_which(_E.person_id))
_OLDEST_FIRST = _READ.order_by(_E.id).execution_options(yield_per=500)

_UNSEALED = _READ.order_by(_E.id).where(_E.batch.is_(None), _E.at < bindparam("before"))
_NEW_SEAL = insert_once(seal).on_conflict_do_nothing().returning(_S.number)
_PUT_INTO_BATCH = (
    update(event)
    .where(_E.id.in_(bindparam("event_ids", expanding=True)), _E.batch.is_(None))
    .values(batch=bindparam("number"))
)
_CHAINS = union(select(_S.organisation_id), select(func.coalesce(_E.organisation_id, "")).where(_E.batch.is_not(None)))
_SEALS = select(
    _S.organisation_id, _S.number, _S.first_event, _S.last_event, _S.count, _S.digest, _S.sealed_at
).where(is_which(_S.organisation_id))  # fmt: skip
"""In the order of the fields of `Seal`."""
_LAST_SEAL = _SEALS.order_by(_S.number.desc()).limit(1)
_SEALS_IN_ORDER = _SEALS.order_by(_S.number).execution_options(yield_per=500)
_SEALED = _READ.add_columns(_E.batch).where(_E.batch.is_not(None)).order_by(_E.batch, _E.id)


class SqlLog(Repository, ports.Log):
    """Implements `ports.Log`."""

    __slots__ = ("written",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.written: list[Event] = []

    def write(self, event: Event) -> str:
        """Writes one event, in this transaction, with what is to be delivered of it; its id.

        Events of one transaction keep the order in which they were written.

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
        wanted = {
            "new_event": values["id"],
            "new_at": event.at,
            "which_organisation": event.organisation_id,
            "which_topic": topic_of(event.kind),
        }
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_WRITE_AT_ONCE, {**{f"new_{name}": it for name, it in values.items()}, **wanted})
        else:
            self._connection.execute(_WRITE, values)
            self._connection.execute(SUBSCRIBED, wanted)
        self.written.append(event)
        return str(values["id"])

    def find(self, event_id: str) -> LoggedEvent | None:
        """The event with this id."""
        row = self._connection.execute(_FIND, {"which": event_id}).first()
        return None if row is None else _event_of(row)

    def of_organisation(
        self, organisation_id: str, *, kind: str, before: str | None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        """The newest events of an organisation; `kind`: empty for all."""
        shown = _OF_ORGANISATION
        if kind:
            shown = shown.where(_E.kind == kind)
        if before is not None:
            shown = shown.where(_E.id < before)
        return tuple(_event_of(row) for row in self._connection.execute(shown.limit(limit), {"which": organisation_id}))

    def search(self, organisation_id: str, *, query: str, kind: str, before: str | None, limit: int) -> LogPage:
        """The newest events that every word of the query fits, as far as this looked.

        A word fits who acted or whom it is about, by the beginning of a word of name or address, or the beginning of
        the network address.
        """
        found = search(self._connection, Question(organisation_id, query, kind, before), limit)
        rows = self._connection.execute(_NEWEST_FIRST.where(_E.id.in_(found.ids)))
        return LogPage(tuple(_event_of(row) for row in rows), found.go_on)

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

    def unsealed(self, *, before: datetime, limit: int) -> tuple[LoggedEvent, ...]:
        """The first events from before that time which stand in no sealed batch yet."""
        rows = self._connection.execute(_UNSEALED.limit(limit), {"before": before})
        return tuple(_event_of(row) for row in rows)

    def seal(self, seal: Seal, event_ids: Sequence[str]) -> bool:
        """Adds the seal and puts these events into its batch; False when that number is taken, or one of the events."""
        if not self._has_row(_NEW_SEAL, asdict(seal)):
            return False
        return self._change(_PUT_INTO_BATCH, {"event_ids": list(event_ids), "number": seal.number}) == len(event_ids)

    def chains(self) -> tuple[str, ...]:
        """The organisations that have seals, or events in batches; empty text for events of no organisation."""
        return tuple(sorted(self._connection.execute(_CHAINS).scalars()))

    def last_seal(self, organisation_id: str) -> Seal | None:
        """The newest seal of a chain."""
        row = self._connection.execute(_LAST_SEAL, {"which": organisation_id}).first()
        return None if row is None else _seal_of(row)

    def seals(self, organisation_id: str) -> Iterator[Seal]:
        """The seals of a chain, by number, read as they are asked for."""
        with self._connection.execute(_SEALS_IN_ORDER, {"which": organisation_id}) as rows:
            for row in rows:
                yield _seal_of(row)

    def sealed_events(self, organisation_id: str) -> Iterator[tuple[int, LoggedEvent]]:
        """(batch, event) of a chain, by batch and id, read as they are asked for."""
        in_chain = _E.organisation_id == organisation_id if organisation_id else _E.organisation_id.is_(None)
        shown = _SEALED.where(in_chain).execution_options(yield_per=500)
        with self._connection.execute(shown) as rows:
            for *values, batch in rows:
                yield batch, _event_of(values)

    def _next_id(self, event: Event) -> str:
        chance = len(self.written) << CHANCE_BITS - _COUNTER_BITS | secrets.randbits(CHANCE_BITS - _COUNTER_BITS)
        return uuid7(microseconds(event.at) // 1000, chance)


def _event_of(row: Sequence[Any]) -> LoggedEvent:
    return LoggedEvent(*row)


def _seal_of(row: Sequence[Any]) -> Seal:
    return Seal(*row)


def _short(text: str) -> str:
    return clean(text[:_LONGEST])
