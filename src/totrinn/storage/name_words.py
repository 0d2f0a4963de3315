"""Who is found by which words: a row for each word of a name and address, with the words after it.

An index hands out the rows that begin with a word, those who are called exactly so first; however many there are, a
page of them is read and no more. Where further words, or a state, must fit too, so many rows are looked at and no more:
what is then not found is looked for by going on. Rows outlive a membership, since the log tells of who has left.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too
from sqlalchemy.engine import Connection

from totrinn.storage.columns import Text
from totrinn.storage.repository import is_which
from totrinn.storage.searching import LAST_LETTER, matching
from totrinn.storage.tables import name_word

LOOKED_AT = 4000
"""So many rows are looked at in one go, however few of them fit."""
_FEW = 1000
_N = name_word.c
_KEY = (_N.words, _N.person_id)

_ADD = insert(name_word).on_conflict_do_nothing()
_OF_PERSON = is_which(_N.person_id, "which_person")
_IN_ORGANISATION = is_which(_N.organisation_id, "which_organisation")
_ORGANISATIONS = select(_N.organisation_id).where(_OF_PERSON).distinct()
_REMOVE = delete(name_word).where(_OF_PERSON)
_KEYS = select(_N.words).where(_IN_ORGANISATION, _OF_PERSON).order_by(_N.words)


@dataclass(frozen=True, slots=True)
class Turn:
    """Which way a list is read."""

    is_beyond: Callable[[Any, Any], Any]
    is_within: Callable[[Any, Any], Any]
    in_order: Callable[[Any], Any]


ONWARD = Turn(operator.gt, operator.le, sa.asc)
BACK = Turn(operator.lt, operator.ge, sa.desc)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row: where reading goes on from."""

    words: str
    person_id: str
    number: int
    """Which of the person's rows in the organisation it is."""

    def __str__(self) -> str:
        return f"{self.person_id}.{self.number}"


@dataclass(frozen=True, slots=True)
class Found:
    """Persons in the order of the words, and where to go on when there may be more."""

    marks: tuple[Mark, ...]
    go_on: Mark | None


def turns_of(words: Sequence[str]) -> list[str]:
    """The words from each of them on, those before it last."""
    return [" ".join((*words[at:], *words[:at])) for at in range(len(words))]


def enter(connection: Connection, organisation_id: str, person_id: str, words: Sequence[str]) -> None:
    """Has the person found in the organisation. The caller has locked the person."""
    rows = [{"organisation_id": organisation_id, "words": turn, "person_id": person_id} for turn in turns_of(words)]
    if rows:
        connection.execute(_ADD, rows)


def rename(connection: Connection, person_id: str, words: Sequence[str]) -> None:
    """Has the person found by other words, wherever they are found. The caller has locked the person."""
    organisations = list(connection.execute(_ORGANISATIONS, {"which_person": person_id}).scalars())
    connection.execute(_REMOVE, {"which_person": person_id})
    for organisation_id in organisations:
        enter(connection, organisation_id, person_id, words)


def mark_of(connection: Connection, organisation_id: str, person_id: str, number: int) -> Mark | None:
    """The person's row of this number in the organisation; None when there is none."""
    which = {"which_organisation": organisation_id, "which_person": person_id}
    keys = list(connection.execute(_KEYS, which).scalars())
    return Mark(keys[number], person_id, number) if number < len(keys) else None


def find(
    connection: Connection,
    organisation_id: str,
    words: Sequence[str],
    *,
    only: Callable[[ColumnElement[str]], ColumnElement[bool]],
    turn: Turn = ONWARD,
    start: Mark | None = None,
    limit: int,
) -> Found:
    """The persons of the organisation whom all the words fit, each once; `only` is a condition on their id.

    More than `limit` are not read; `go_on` is the last one then.
    """
    drive = _rarest(connection, organisation_id, words)
    others = matching(sa.literal(" ", Text()) + _N.words, [word for word in words if word != drive])
    if start is not None and not start.words.startswith(drive):
        start = None
    rows = select(*_KEY).where(_N.organisation_id == organisation_id).order_by(*map(turn.in_order, _KEY))
    edge = connection.execute(_between(rows, drive, turn, start, None).limit(1).offset(LOOKED_AT - 1)).first()
    fitting = rows.where(others, only(_N.person_id)).limit(limit + 1)
    marks: list[Mark] = []
    while True:
        found = connection.execute(_between(fitting, drive, turn, start, edge)).all()
        marks += [mark for mark in (_mark(words_, person_id, drive) for words_, person_id in found) if mark]
        if len(marks) > limit:
            return Found(tuple(marks[:limit]), marks[limit - 1])
        if len(found) <= limit:
            return Found(tuple(marks), None if edge is None else _row(*edge))
        start = _row(*found[-1])


def _between(
    rows: sa.Select[Any], drive: str, turn: Turn, start: Mark | None, edge: Sequence[Any] | None
) -> sa.Select[Any]:
    """The rows that begin with the word, from the start to the edge; one bound a side, which an index stops at."""
    low, high = _N.words >= drive, _N.words < drive + LAST_LETTER
    first, last = (low, high) if turn is ONWARD else (high, low)
    if start is not None:
        first = turn.is_beyond(tuple_(*_KEY), _place(start.words, start.person_id))
    if edge is not None:
        last = turn.is_within(tuple_(*_KEY), _place(*edge))
    return rows.where(first, last)


def _place(words: str, person_id: str) -> sa.Tuple:
    return tuple_(sa.literal(words, Text()), sa.literal(person_id, Text()))


def _rarest(connection: Connection, organisation_id: str, words: Sequence[str]) -> str:
    """The word with the fewest rows; of those that have many, the first."""
    if len(words) == 1:
        return words[0]
    counts = [
        select(func.count()).select_from(
            select(sa.literal(1)).where(*_begins_with(organisation_id, word)).limit(_FEW).subquery()
        ).scalar_subquery()
        for word in words
    ]  # fmt: skip
    numbers = connection.execute(select(*counts)).one()
    return min(zip(words, numbers, strict=True), key=itemgetter(1))[0]


def _begins_with(organisation_id: str, word: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of the organisation's rows that begin with the word."""
    return (_N.organisation_id == organisation_id, _N.words >= word, _N.words < word + LAST_LETTER)


def _row(words: str, person_id: str) -> Mark:
    return Mark(words, person_id, sorted(turns_of(words.split(" "))).index(words))


def _mark(words: str, person_id: str, drive: str) -> Mark | None:
    """The row, if it is the first of the person's rows that begin with the word."""
    first = min(turn for turn in turns_of(words.split(" ")) if turn.startswith(drive))
    return _row(words, person_id) if words == first else None
