"""Memberships. Every statement names the organisation, so that a foreign id is as unknown as a random one."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, exists, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.records import Member, MemberCounts, MemberPage, Membership, MemberState
from totrinn.core.enforcement import Preview
from totrinn.core.roles import Role
from totrinn.storage import counting, name_words
from totrinn.storage.counting import COUNTS, MEMBERS, STATE, counts_of, lock_person, recount, uncount
from totrinn.storage.name_words import BACK, ONWARD, Turn, find, mark_of
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.searching import asked_words, matching
from totrinn.storage.standing import ORGANISATION, found_organisation
from totrinn.storage.tables import GOVERNS, membership, organisation, person, tally

_TAG_BITS = 40
_FEW = 1000
"""Of a state that so few members are in, everyone is looked at; with more, the words say whom to look at."""
_NUMBER = re.compile("[0-9]{1,2}")
_M, _P = membership.c, person.c

_IN_ORGANISATION = is_which(_M.organisation_id, "which_organisation")
_OF_PERSON = is_which(_M.person_id, "which_person")
_THIS = and_(_IN_ORGANISATION, _OF_PERSON)

MEMBER = (
    _P.id, _P.email, _P.name, _M.role, STATE, _P.must_enrol, _M.accepted_at, _M.last_used_at,
    _M.inactive_since,
)  # fmt: skip
"""In the order of the fields of `Member`."""

_ADD = insert(membership).on_conflict_do_nothing(index_elements=["organisation_id", "person_id"]).returning(_M.id)
_OF = (
    select(_M.id, _M.person_id, _M.role, _M.created_at, _M.accepted_at, _M.last_used_at, *ORGANISATION)
    .join_from(membership, organisation, organisation.c.id == _M.organisation_id)
    .where(_OF_PERSON, _M.inactive_since.is_(None))
    .order_by(_M.last_used_at.desc().nulls_last(), organisation.c.name_order, _M.id)
)
_ELSEWHERE = (
    select(_M.id)
    .where(
        _OF_PERSON,
        _M.organisation_id != bindparam("other_than", type_=_M.organisation_id.type),
        or_(_M.accepted_at.is_not(None), _M.was_accepted),
    )
    .limit(1)
)
_ALL = select(*MEMBER).select_from(MEMBERS).where(_IN_ORGANISATION)
_ONE = _ALL.where(_OF_PERSON)
_BY_NAME = (_M.name_order, _M.person_id)
_PLACE = select(*_BY_NAME).where(_THIS)
# By themselves: PostgreSQL takes them for as many as elsewhere, and would read every person to join them.
_GOVERNORS = select(_M.person_id).where(_IN_ORGANISATION, text(GOVERNS)).order_by(*_BY_NAME)
_IS_MISSING = _M.counted_as == MemberState.MISSING.value
_MISSING_NAMES = select(_P.id, _P.name).select_from(MEMBERS).where(_IN_ORGANISATION, _IS_MISSING).order_by(*_BY_NAME)
_COUNTS = select(tally.c.missing, tally.c.has, tally.c.sso).where(
    is_which(tally.c.organisation_id, "which_organisation")
)
_LISTED = select(tally.c.missing + tally.c.has + tally.c.sso + tally.c.others).where(
    is_which(tally.c.organisation_id, "which_organisation")
)
# The sum of the random tags of those who lack a factor changes whenever the set of them does.
_PREVIEW = _COUNTS.add_columns(tally.c.missing_tags, exists(select(1).where(_THIS, _IS_MISSING)))
_NAMED = select(_P.name_order, _P.search).where(is_which(_P.id))
_SET = update(membership).where(_THIS)
_ACCEPT = _SET.where(_M.accepted_at.is_(None), _M.inactive_since.is_(None))
_REMOVE = delete(membership).where(_THIS).returning(_M.tag, _M.counted_as)
_LOCK = select(organisation.c.id).where(is_which(organisation.c.id)).with_for_update(key_share=True)

_FILTERS: dict[str, tuple[ColumnElement[bool], ...]] = {
    "all": (),
    **{state.value: (_M.counted_as == state.value,) for state in MemberState},
}
_NOBODY = (0, 0, 0)


class SqlMembers(Repository, ports.Members):
    """Implements `ports.Members`."""

    __slots__ = ()

    def add(
        self,
        membership_id: str,
        organisation_id: str,
        person_id: str,
        role: Role,
        *,
        now: datetime,
        accepted_at: datetime | None,
    ) -> bool:
        """Adds a membership or invitation; False when there is one, as the unique constraint says."""
        lock_person(self._connection, person_id)
        named = self._connection.execute(_NAMED, {"which": person_id}).first()
        name_order, search = named or ("", "")
        tag = secrets.randbits(_TAG_BITS)
        values = {
            "id": membership_id,
            "organisation_id": organisation_id,
            "person_id": person_id,
            "role": role,
            "tag": tag,
            "name_order": name_order,
            "created_at": now,
            "accepted_at": accepted_at,
        }
        if not self._has_row(_ADD, values):
            return False
        name_words.enter(self._connection, organisation_id, person_id, search.split())
        counting.enter(self._connection, organisation_id, tag)
        recount(self._connection, person_id)
        return True

    def of_person(self, person_id: str) -> tuple[Membership, ...]:
        """Memberships of a person, invitations too, inactive ones not; the last used first."""
        rows = self._connection.execute(_OF, {"which_person": person_id})
        return tuple(_membership_of(row) for row in rows)

    def is_elsewhere(self, person_id: str, organisation_id: str) -> bool:
        """Whether they have accepted membership of any other organisation, active or not."""
        return self._has_row(_ELSEWHERE, {"which_person": person_id, "other_than": organisation_id})

    def find(self, organisation_id: str, person_id: str) -> Member | None:
        """One member."""
        row = self._connection.execute(_ONE, _which(organisation_id, person_id)).first()
        return None if row is None else member_of(row)

    def page(
        self,
        organisation_id: str,
        *,
        query: str,
        filter_: str,
        limit: int,
        after: str | None = None,
        before: str | None = None,
    ) -> MemberPage:
        """Members by name, or by the words of the query; `all` shows invitations and the disabled, too."""
        way = _Way(ONWARD, after) if before is None else _Way(BACK, before)
        words = asked_words(query)
        if words and not self._are_few(organisation_id, filter_):
            return self._found(organisation_id, words, filter_, way, limit)
        return self._listed(organisation_id, words, filter_, way, limit)

    def listed(self, organisation_id: str) -> int:
        """How many members there are, with the invited and the disabled."""
        return int(self._connection.execute(_LISTED, {"which_organisation": organisation_id}).scalar() or 0)

    def _are_few(self, organisation_id: str, filter_: str) -> bool:
        return filter_ != "all" and getattr(self.counts(organisation_id), filter_) <= _FEW

    def _listed(self, organisation_id: str, words: Sequence[str], filter_: str, way: "_Way", limit: int) -> MemberPage:
        values = _which(organisation_id, way.person_id)
        place = self._connection.execute(_PLACE, values).first() if way.mark else None
        turn = ONWARD if place is None else way.turn
        listed = _ALL.where(*_FILTERS[filter_]).order_by(*map(turn.in_order, _BY_NAME)).limit(limit + 1)
        if words:
            listed = listed.where(matching(_P.search, words))
        if place is not None:
            listed = listed.where(turn.is_beyond(tuple_(*_BY_NAME), tuple_(*place)))
        members = self._members(listed, {"which_organisation": organisation_id})
        shown = members[:limit]
        go_on = shown[-1].id if len(members) > limit else None
        return _paged(shown, turn, start=place and place[1], first=shown[0].id if shown else None, go_on=go_on)

    def _found(self, organisation_id: str, words: Sequence[str], filter_: str, way: "_Way", limit: int) -> MemberPage:
        start = mark_of(self._connection, organisation_id, way.person_id, way.number) if way.mark else None
        turn = way.turn if start else ONWARD
        only = partial(_is_listed, organisation_id, filter_)
        found = find(self._connection, organisation_id, words, only=only, turn=turn, start=start, limit=limit)
        shown = self._these(organisation_id, [mark.person_id for mark in found.marks])
        return _paged(
            shown,
            turn,
            start=str(start) if start else None,
            first=str(found.marks[0]) if shown else None,
            go_on=str(found.go_on) if found.go_on else None,
        )

    def preview(self, organisation_id: str, me: str) -> Preview:
        """Whom the requirement hits, by one statement; the fingerprint tells any two sets of people apart."""
        row = self._connection.execute(_PREVIEW, _which(organisation_id, me)).first()
        *numbers, tags, includes_me = row or (*_NOBODY, 0, False)
        counts = counts_of(numbers)
        return Preview(
            missing=counts.missing,
            has=counts.has,
            sso=counts.sso,
            fingerprint=f"{counts.missing}-{int(tags)}-{counts.has}-{counts.sso}",
            includes_me=bool(includes_me),
        )

    def missing_names(self, organisation_id: str, *, limit: int, offset: int) -> tuple[tuple[str, str], ...]:
        """(person id, name) of those who lack a factor, by name."""
        shown = _MISSING_NAMES.limit(limit).offset(offset)
        rows = self._connection.execute(shown, {"which_organisation": organisation_id})
        return tuple((person_id, name) for person_id, name in rows)

    def counts(self, organisation_id: str) -> MemberCounts:
        """Members by state."""
        row = self._connection.execute(_COUNTS, {"which_organisation": organisation_id}).first()
        return counts_of(row or _NOBODY)

    def global_administrators(self, organisation_id: str) -> tuple[Member, ...]:
        """The accepted, active global administrators."""
        which = {"which_organisation": organisation_id}
        return self._these(organisation_id, list(self._connection.execute(_GOVERNORS, which).scalars()), COUNTS)

    def set_role(self, organisation_id: str, person_id: str, role: Role) -> None:
        """Changes the role."""
        self._change(_SET, {**_which(organisation_id, person_id), "role": role})

    def accept(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Accepts an invitation, once."""
        lock_person(self._connection, person_id)
        accepted = self._change(_ACCEPT, {**_which(organisation_id, person_id), "accepted_at": now}) == 1
        recount(self._connection, person_id)
        return accepted

    def remove(self, organisation_id: str, person_id: str) -> bool:
        """Removes a membership or invitation; False when there is none."""
        lock_person(self._connection, person_id)
        removed = self._connection.execute(_REMOVE, _which(organisation_id, person_id)).first()
        if removed is None:
            return False
        uncount(self._connection, organisation_id, *removed)
        return True

    def used(self, organisation_id: str, person_id: str, now: datetime) -> None:
        """Remembers the last sign-in to this organisation."""
        self._change(_SET, {**_which(organisation_id, person_id), "last_used_at": now})

    def lock(self, organisation_id: str) -> None:
        """Makes other writers of this organisation's roles wait; on SQLite every other writer waits anyway."""
        self._connection.execute(_LOCK, {"which": organisation_id}).first()

    def _these(
        self, organisation_id: str, person_ids: Sequence[str], *conditions: ColumnElement[bool]
    ) -> tuple[Member, ...]:
        """Those of these persons who are members and meet the conditions, in this order."""
        found = self._members(
            _ALL.where(_M.person_id.in_(person_ids), *conditions), {"which_organisation": organisation_id}
        )
        by_id = {member.id: member for member in found}
        return tuple(by_id[person_id] for person_id in person_ids if person_id in by_id)

    def _members(self, statement: Select[Any], values: dict[str, Any]) -> tuple[Member, ...]:
        return tuple(member_of(row) for row in self._connection.execute(statement, values))


@dataclass(frozen=True, slots=True)
class _Way:
    """Which way a list is read, and from whom on: a person's id, and in a search which of their rows it is."""

    turn: Turn
    mark: str | None

    @property
    def person_id(self) -> str:
        return (self.mark or "").partition(".")[0]

    @property
    def number(self) -> int:
        number = (self.mark or "").partition(".")[2]
        return int(number) if _NUMBER.fullmatch(number) else 0


def _paged(
    shown: tuple[Member, ...], turn: Turn, *, start: str | None, first: str | None, go_on: str | None
) -> MemberPage:
    came_from = (first or start) if start else None
    if turn is BACK:
        return MemberPage(shown[::-1], earlier=go_on, later=came_from)
    return MemberPage(shown, earlier=came_from, later=go_on)


def _is_listed(organisation_id: str, filter_: str, person_id: ColumnElement[str]) -> ColumnElement[bool]:
    # No EXISTS, as for authenticators (`standing`).
    of_both = and_(_M.organisation_id == organisation_id, _M.person_id == person_id, *_FILTERS[filter_])
    return select(_M.id).where(of_both).limit(1).scalar_subquery().is_not(None)


def _which(organisation_id: str, person_id: str) -> dict[str, Any]:
    return {"which_organisation": organisation_id, "which_person": person_id}


def member_of(values: Sequence[Any]) -> Member:
    """The member in the columns `MEMBER`."""
    person_id, email, name, role, state, *rest = values
    return Member(person_id, email, name, role, MemberState(state), *rest)


def _membership_of(values: Sequence[Any]) -> Membership:
    membership_id, person_id, role, created_at, accepted_at, last_used_at, *columns = values
    organisation = found_organisation(columns)
    return Membership(membership_id, organisation, person_id, role, created_at, accepted_at, last_used_at)
