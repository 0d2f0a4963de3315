"""What is kept of a customer's directory; the rules that hold for all that is kept stand in `ports`.

Whoever writes here has made others of the organisation wait (`Members.lock`), so that names stay unique.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from totrinn.app.directory.records import DirectoryEntry, DirectoryGroup, DirectoryMember


class Directory(Protocol):
    """Members as the directory describes them. Everything is reached by (organisation, person)."""

    def find(self, organisation_id: str, person_id: str) -> DirectoryMember | None:
        """One member."""

    def find_by_user_name(self, organisation_id: str, user_name: str) -> str | None:
        """The id of the member of this name, whatever its letter case; whom nobody has described has their address."""

    def find_by_external_id(self, organisation_id: str, external_id: str) -> tuple[str, ...]:
        """The ids of the members that the directory calls so."""

    def page(self, organisation_id: str, *, limit: int, offset: int) -> tuple[DirectoryMember, ...]:
        """Members in the order of their ids."""

    def these(self, organisation_id: str, person_ids: Sequence[str]) -> tuple[DirectoryMember, ...]:
        """Those of these persons who are members."""

    def known(self, organisation_id: str, person_ids: Collection[str]) -> frozenset[str]:
        """Those of these ids that are members, invited or inactive ones too."""

    def describe(self, organisation_id: str, person_id: str, entry: DirectoryEntry, now: datetime) -> None:
        """Keeps what the directory says of a member now."""

    def deactivate(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Makes a member, or whoever is invited, inactive: no member any more, and a user if they return."""

    def reactivate(self, organisation_id: str, person_id: str, now: datetime) -> bool:
        """Makes an inactive one what they were, member or invited."""

    def last_change(self, organisation_id: str) -> datetime | None:
        """When the directory last said something new of a member."""


class Groups(Protocol):
    """Groups of a directory. Everything is reached by (organisation, group)."""

    def find(self, organisation_id: str, group_id: str) -> DirectoryGroup | None:
        """One group."""

    def find_by_name(self, organisation_id: str, name: str) -> str | None:
        """The id of the group of this name, whatever its letter case."""

    def find_by_external_id(self, organisation_id: str, external_id: str) -> tuple[str, ...]:
        """The ids of the groups that the directory calls so."""

    def page(self, organisation_id: str, *, limit: int, offset: int) -> tuple[DirectoryGroup, ...]:
        """Groups in the order of their ids."""

    def count(self, organisation_id: str) -> int:
        """How many there are."""

    def save(self, group: DirectoryGroup) -> None:
        """Adds a group, or stores its names and time of change."""

    def remove(self, organisation_id: str, group_id: str) -> bool:
        """Deletes one; False when there is none."""

    def members(self, group_id: str) -> tuple[str, ...]:
        """The ids of all persons who are in a group, in their order."""

    def add_members(self, group: DirectoryGroup, person_ids: Collection[str]) -> int:
        """Adds those of these persons who are members of the organisation; how many were added."""

    def remove_members(self, group: DirectoryGroup, person_ids: Collection[str]) -> int:
        """Takes these persons out of the group; how many were in it."""
