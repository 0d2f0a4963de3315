"""Groups of directories. Every statement names the organisation, or a group that was found by it."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT is SQLite's, too

from totrinn.app import ports
from totrinn.app.directory.records import DirectoryGroup
from totrinn.storage.columns import Text, folded
from totrinn.storage.directory_tables import directory_group, directory_group_member
from totrinn.storage.repository import Repository, is_which
from totrinn.storage.tables import membership

_AT_ONCE = 500
_G, _IN, _M = directory_group.c, directory_group_member.c, membership.c
_HERE = is_which(_G.organisation_id, "which_organisation")

_ALL = select(_G.id, _G.organisation_id, _G.name, _G.external_id, _G.created_at, _G.changed_at).where(_HERE)
"""In the order of the fields of `DirectoryGroup`."""
_FIND = _ALL.where(is_which(_G.id))
_BY_NAME = select(_G.id).where(_HERE, is_which(_G.name_key, "which_key"))
_BY_EXTERNAL_ID = select(_G.id).where(_HERE, is_which(_G.external_id, "which_external"))
_COUNT = select(func.count()).select_from(directory_group).where(_HERE)
_new = insert(directory_group)
_SAVE = _new.on_conflict_do_update(
    index_elements=["id"],
    set_={name: _new.excluded[name] for name in ("name", "name_key", "external_id", "changed_at")},
)
_REMOVE = delete(directory_group).where(_HERE, is_which(_G.id))
_MEMBERS = select(_IN.person_id).where(is_which(_IN.group_id)).order_by(_IN.person_id)


class SqlGroups(Repository, ports.Groups):
    """Implements `ports.Groups`."""

    __slots__ = ()

    def find(self, organisation_id: str, group_id: str) -> DirectoryGroup | None:
        """One group."""
        row = self._connection.execute(_FIND, {"which_organisation": organisation_id, "which": group_id}).first()
        return None if row is None else _group_of(row)

    def find_by_name(self, organisation_id: str, name: str) -> str | None:
        """The id of the group of this name."""
        which = {"which_organisation": organisation_id, "which_key": folded(name)}
        row = self._connection.execute(_BY_NAME, which).first()
        return None if row is None else str(row[0])

    def find_by_external_id(self, organisation_id: str, external_id: str) -> tuple[str, ...]:
        """The ids of the groups that the directory calls so."""
        which = {"which_organisation": organisation_id, "which_external": external_id}
        return tuple(self._connection.execute(_BY_EXTERNAL_ID, which).scalars())

    def page(self, organisation_id: str, *, limit: int, offset: int) -> tuple[DirectoryGroup, ...]:
        """Groups in the order of their ids."""
        shown = _ALL.order_by(_G.id).limit(limit).offset(offset)
        return tuple(map(_group_of, self._connection.execute(shown, {"which_organisation": organisation_id})))

    def count(self, organisation_id: str) -> int:
        """How many there are."""
        return int(self._connection.execute(_COUNT, {"which_organisation": organisation_id}).scalar_one())

    def save(self, group: DirectoryGroup) -> None:
        """Adds a group, or stores its names and time of change."""
        values = {
            "id": group.id,
            "organisation_id": group.organisation_id,
            "name": group.name,
            "name_key": folded(group.name),
            "external_id": group.external_id,
            "created_at": group.created_at,
            "changed_at": group.changed_at,
        }
        self._connection.execute(_SAVE, values)

    def remove(self, organisation_id: str, group_id: str) -> bool:
        """Deletes one; False when there is none."""
        return self._change(_REMOVE, {"which_organisation": organisation_id, "which": group_id}) == 1

    def members(self, group_id: str) -> tuple[str, ...]:
        """The ids of all persons who are in a group, in their order."""
        return tuple(self._connection.execute(_MEMBERS, {"which": group_id}).scalars())

    def add_members(self, group: DirectoryGroup, person_ids: Collection[str]) -> int:
        """Adds those of these persons who are members of the organisation; how many were added."""
        added = 0
        for some in _batches(person_ids):
            members = select(literal(group.id, Text()), _M.organisation_id, _M.person_id).where(
                _M.organisation_id == group.organisation_id, _M.person_id.in_(some)
            )
            into = insert(directory_group_member).from_select(["group_id", "organisation_id", "person_id"], members)
            added += self._change(into.on_conflict_do_nothing(), {})
        return added

    def remove_members(self, group: DirectoryGroup, person_ids: Collection[str]) -> int:
        """Takes these persons out of the group; how many were in it."""
        return sum(
            self._change(delete(directory_group_member).where(_IN.group_id == group.id, _IN.person_id.in_(some)), {})
            for some in _batches(person_ids)
        )


def _batches(person_ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(person_ids)
    return [ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE)]


def _group_of(row: Sequence[Any]) -> DirectoryGroup:
    return DirectoryGroup(*row)
