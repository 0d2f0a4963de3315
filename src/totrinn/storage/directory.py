"""What directories say of members. Every statement names the organisation."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, case, exists, false, func, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.directory.records import DirectoryEmail, DirectoryEntry, DirectoryMember
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.core.roles import Role
from totrinn.storage.columns import folded
from totrinn.storage.counting import MEMBERS, lock_person, recount
from totrinn.storage.directory_tables import directory_entry, directory_group, directory_group_member
from totrinn.storage.members import MEMBER, member_of
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import membership, person

_AT_ONCE = 500
_E, _G, _IN, _M, _P = directory_entry.c, directory_group.c, directory_group_member.c, membership.c, person.c
_HERE = is_which(_M.organisation_id, "which_organisation")
_THIS = (_HERE, is_which(_M.person_id, "which_person"))
_ENTRY = (
    _E.user_name, _E.external_id, _E.formatted, _E.given_name, _E.family_name, _E.display_name, _E.emails,
)  # fmt: skip
"""In the order of the fields of `DirectoryEntry`."""
_MEMBER_END = len(MEMBER)
_ENTRY_END = _MEMBER_END + len(_ENTRY)
_IS_DESCRIBED = (_E.organisation_id == _M.organisation_id) & (_E.person_id == _M.person_id)

_ALL = (
    select(*MEMBER, *_ENTRY, _M.created_at, _E.changed_at)
    .select_from(MEMBERS.outerjoin(directory_entry, _IS_DESCRIBED))
    .where(_HERE)
    .order_by(_M.person_id)
)
_GROUPS = (
    select(_IN.person_id, _G.id, _G.name)
    .join_from(directory_group_member, directory_group, _G.id == _IN.group_id)
    .where(is_which(_IN.organisation_id, "which_organisation"))
    .order_by(_G.name_key)
)
_BY_USER_NAME = select(_E.person_id).where(
    is_which(_E.organisation_id, "which_organisation"), is_which(_E.user_key, "which_key")
)
_BY_ADDRESS = (
    select(_M.person_id)
    .select_from(MEMBERS)
    .where(_HERE, is_which(_P.email, "which_email"), ~exists(select(1).where(_IS_DESCRIBED)))
)
_BY_EXTERNAL_ID = select(_E.person_id).where(
    is_which(_E.organisation_id, "which_organisation"), is_which(_E.external_id, "which_external")
)
_new = insert(directory_entry)
_DESCRIBE = _new.on_conflict_do_update(
    index_elements=["organisation_id", "person_id"],
    set_={
        column.name: _new.excluded[column.name]
        for column in directory_entry.columns
        if column.name not in ("organisation_id", "person_id")
    },
)
_DEACTIVATE = (
    update(membership)
    .where(*_THIS, _M.inactive_since.is_(None))
    .values(
        inactive_since=bindparam("now", type_=_M.inactive_since.type),
        was_accepted=_M.accepted_at.is_not(None),
        accepted_at=null(),
        role=Role.USER,
    )
)
_REACTIVATE = (
    update(membership)
    .where(*_THIS, _M.inactive_since.is_not(None))
    .values(
        inactive_since=null(),
        was_accepted=false(),
        accepted_at=case((_M.was_accepted, bindparam("now", type_=_M.accepted_at.type)), else_=null()),
    )
)
_LAST_CHANGE = select(func.max(_E.changed_at)).where(is_which(_E.organisation_id, "which_organisation"))


class SqlDirectory(Repository, ports.Directory):
    """Implements `ports.Directory`."""

    __slots__ = ()

    def find(self, organisation_id: str, person_id: str) -> DirectoryMember | None:
        """One member."""
        return next(iter(self.these(organisation_id, [person_id])), None)

    def find_by_user_name(self, organisation_id: str, user_name: str) -> str | None:
        """The id of the member of this name; whom nobody has described has their address."""
        which = {"which_organisation": organisation_id}
        row = self._connection.execute(_BY_USER_NAME, {**which, "which_key": folded(user_name)}).first()
        email = canonical_email(user_name)
        if row is None and not isinstance(email, AddressProblem):
            row = self._connection.execute(_BY_ADDRESS, {**which, "which_email": email}).first()
        return None if row is None else str(row[0])

    def find_by_external_id(self, organisation_id: str, external_id: str) -> tuple[str, ...]:
        """The ids of the members that the directory calls so."""
        which = {"which_organisation": organisation_id, "which_external": external_id}
        return tuple(self._connection.execute(_BY_EXTERNAL_ID, which).scalars())

    def page(self, organisation_id: str, *, limit: int, offset: int) -> tuple[DirectoryMember, ...]:
        """Members in the order of their ids."""
        return self._found(organisation_id, _ALL.limit(limit).offset(offset))

    def these(self, organisation_id: str, person_ids: Sequence[str]) -> tuple[DirectoryMember, ...]:
        """Those of these persons who are members."""
        return self._found(organisation_id, _ALL.where(_M.person_id.in_(person_ids)))

    def known(self, organisation_id: str, person_ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that are members."""
        ordered = sorted(person_ids)
        found: set[str] = set()
        for at in range(0, len(ordered), _AT_ONCE):
            some = select(_M.person_id).where(_HERE, _M.person_id.in_(ordered[at : at + _AT_ONCE]))
            found.update(self._connection.execute(some, {"which_organisation": organisation_id}).scalars())
        return frozenset(found)

    def describe(self, organisation_id: str, person_id: str, entry: DirectoryEntry, now: datetime) -> None:
        """Keeps what the directory says of a member now."""
        emails = [[each.value, each.type, each.is_primary] for each in entry.emails]
        values = {
            "organisation_id": organisation_id,
            "person_id": person_id,
            "user_name": entry.user_name,
            "user_key": folded(entry.user_name),
            "external_id": entry.external_id,
            "formatted": entry.formatted,
            "given_name": entry.given_name,
            "family_name": entry.family_name,
            "display_name": entry.display_name,
            "emails": json.dumps(emails),
            "changed_at": now,
        }
        self._connection.execute(_DESCRIBE, values)

    def deactivate(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Makes a member, or whoever is invited, inactive."""
        return self._turned(_DEACTIVATE, organisation_id, person_id, now)

    def reactivate(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Makes an inactive one what they were, member or invited."""
        return self._turned(_REACTIVATE, organisation_id, person_id, now)

    def last_change(self, organisation_id: str) -> datetime | None:
        """When the directory last said something new of a member."""
        changed: datetime | None = self._connection.execute(
            _LAST_CHANGE, {"which_organisation": organisation_id}
        ).scalar()
        return changed

    def _turned(self, statement: Any, organisation_id: str, person_id: str, now: datetime) -> bool:
        lock_person(self._connection, person_id)
        which = {"which_organisation": organisation_id, "which_person": person_id}
        is_turned = self._change(statement, {**which, "now": now}) == 1
        recount(self._connection, person_id)
        return is_turned

    def _found(self, organisation_id: str, statement: Select[Any]) -> tuple[DirectoryMember, ...]:
        which = {"which_organisation": organisation_id}
        rows = self._connection.execute(statement, which).all()
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        of_these = _GROUPS.where(_IN.person_id.in_([row[0] for row in rows]))
        for person_id, group_id, name in self._connection.execute(of_these, which) if rows else ():
            groups[person_id].append((group_id, name))
        return tuple(_member_of(row, tuple(groups[row[0]])) for row in rows)


def _member_of(row: Sequence[Any], groups: tuple[tuple[str, str], ...]) -> DirectoryMember:
    member = member_of(row[:_MEMBER_END])
    created_at, changed_at = row[_ENTRY_END:]
    times = (created_at, changed_at, member.inactive_since)
    entry = None if row[_MEMBER_END] is None else _entry_of(row[_MEMBER_END:_ENTRY_END])
    return DirectoryMember(member, entry, groups, created_at, max(at for at in times if at is not None))


def _entry_of(values: Sequence[Any]) -> DirectoryEntry:
    user_name, external_id, formatted, given_name, family_name, display_name, emails = values
    told = tuple(DirectoryEmail(*each) for each in json.loads(emails))
    return DirectoryEntry(user_name, external_id, formatted, given_name, family_name, display_name, told)
