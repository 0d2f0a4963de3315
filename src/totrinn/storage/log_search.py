"""The log, searched: by what happened, by the words of those who did it or whom it is about, by network address.

One word is looked up first. Where it means a few persons and addresses, their events are read by indexes; where it
means many, the newest events are looked at. Either way so many events are looked at and no more; the answer tells from
which event to go on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.engine import Connection

from totrinn.app.operating import VENDOR_SLUG
from totrinn.storage.columns import folded
from totrinn.storage.name_words import find
from totrinn.storage.searching import LAST_LETTER, asked_words, matching, words_of
from totrinn.storage.tables import BY_OTHERS, event, organisation, person

LOOKED_AT = 2000
"""So many events are looked at in one go, of everybody or of each person and address."""
_FEW = 5
_MOST_TOKENS = 6
_JUST_BEHIND = "~"
"""An id and this sort behind the id, and before every other one."""
_E = event.c
_VENDOR = select(organisation.c.id).where(organisation.c.slug == VENDOR_SLUG)
Condition = ColumnElement[bool]

_BY_OTHERS: Condition = sa.literal_column(BY_OTHERS)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: words, a kind of event (empty for all), and before which event."""

    organisation_id: str
    query: str
    kind: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest events that fit, and the mark to go on from when there may be more."""

    ids: tuple[str, ...]
    go_on: str | None


def search(connection: Connection, asked: Question, limit: int) -> Answer:
    """The ids of the newest events that every word of the query fits."""
    tokens = folded(asked.query).split()[:_MOST_TOKENS]
    among: tuple[tuple[Condition, ...], ...] = ((_in_organisation(asked),),)
    for token in tokens:
        meant = _meant(connection, asked, token)
        if meant is not None:
            among = meant
            break
    looks = [_look(connection, asked, conditions, tokens, limit) for conditions in among]
    edges = [look.go_on for look in looks if look.go_on is not None]
    # Below the newest edge, what another look did not reach may be missing.
    edge = max(edges, default="")
    ids = sorted({id_ for look in looks for id_ in look.ids if id_ >= edge}, reverse=True)
    if len(ids) > limit:
        return Answer(tuple(ids[:limit]), ids[limit - 1])
    return Answer(tuple(ids), _own_edge(connection, asked, edge) if edge else None)


def _own_edge(connection: Connection, asked: Question, edge: str) -> str | None:
    """Where to go on in the organisation's own log: the edge may be an event of another one (R46)."""
    older = select(func.max(_E.id)).where(_E.organisation_id == asked.organisation_id, _E.id < edge)
    newest: str | None = connection.execute(older).scalar()
    return newest and newest + _JUST_BEHIND


def _look(
    connection: Connection, asked: Question, among: tuple[Condition, ...], tokens: Sequence[str], limit: int
) -> Answer:
    rows = select(_E.id).where(*among).order_by(_E.id.desc())
    if asked.before is not None:
        rows = rows.where(_E.id < asked.before)
    edge = connection.execute(rows.limit(1).offset(LOOKED_AT - 1)).scalar()
    fitting = rows.where(_in_organisation(asked), *map(_fits, tokens)).limit(limit + 1)
    if edge is not None:
        fitting = fitting.where(_E.id >= edge)
    ids = tuple(connection.execute(fitting).scalars())
    return Answer(ids, ids[limit] if len(ids) > limit else edge)


def _in_organisation(asked: Question) -> Condition:
    here = _E.organisation_id == asked.organisation_id
    return here & (_E.kind == asked.kind) if asked.kind else here


def _fits(token: str) -> Condition:
    words = words_of(token)
    return or_(
        _E.address.startswith(token, autoescape=True),
        matching(_text_of(_E.actor), words),
        matching(_text_of(_E.person_id), words),
    )


def _text_of(person_id: ColumnElement[Any]) -> ColumnElement[str]:
    return select(person.c.search).where(person.c.id == person_id).scalar_subquery()


def _meant(connection: Connection, asked: Question, token: str) -> tuple[tuple[Condition, ...], ...] | None:
    """The conditions of the events of each person and address that a word may mean; None when they are many."""
    here = _E.organisation_id == asked.organisation_id
    persons = _persons(connection, asked.organisation_id, token)
    addresses = tuple(_addresses(connection, here, token))
    if persons is None or len(addresses) > _FEW:
        return None
    about = ((_E.person_id == person_id,) for person_id in persons)
    by = ((here, _E.actor == person_id, _BY_OTHERS) for person_id in persons)
    return (*about, *by, *((here, _E.address == address) for address in addresses))


def _persons(connection: Connection, organisation_id: str, token: str) -> tuple[str, ...] | None:
    """Who is, or was, a member, and those of the vendor, who act everywhere; None when they are many."""
    vendor = connection.execute(_VENDOR).scalar()
    persons: list[str] = []
    for where in dict.fromkeys((organisation_id, vendor or organisation_id)):
        found = find(connection, where, asked_words(token), only=_anybody, limit=_FEW)
        if found.go_on is not None:
            return None
        persons += [mark.person_id for mark in found.marks]
    return tuple(dict.fromkeys(persons))


def _anybody(_person_id: ColumnElement[str]) -> Condition:
    return sa.true()


def _addresses(connection: Connection, here: Condition, token: str) -> Iterator[str]:
    """The network addresses that begin so, each found behind the one before; one more than a few at most."""
    is_beyond = _E.address >= token
    for _ in range(_FEW + 1):
        first = select(func.min(_E.address)).where(here, is_beyond, _E.address < token + LAST_LETTER)
        address = connection.execute(first).scalar()
        if address is None:
            return
        yield address
        is_beyond = _E.address > address
