"""What a customer's directory says of members and groups, as it is kept for that organisation alone."""

from dataclasses import dataclass
from datetime import datetime

from totrinn.app.records import Member


@dataclass(frozen=True, slots=True)
class DirectoryEmail:
    """An address as the directory has it. It proves nothing, and nobody signs in by it."""

    value: str
    type: str = ""
    is_primary: bool | None = None


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A person as the directory describes them; empty texts are what it does not say."""

    user_name: str
    external_id: str = ""
    formatted: str = ""
    given_name: str = ""
    family_name: str = ""
    display_name: str = ""
    emails: tuple[DirectoryEmail, ...] = ()

    @property
    def name(self) -> str:
        """The name to show; empty when none is told."""
        parts = " ".join(part for part in (self.given_name, self.family_name) if part)
        return self.display_name or self.formatted or parts


@dataclass(frozen=True, slots=True)
class DirectoryMember:
    """A member, invited or inactive ones too, with what the directory has said of them."""

    member: Member
    entry: DirectoryEntry | None
    """None for whom the directory has not described yet."""
    groups: tuple[tuple[str, str], ...]
    """(id, name) of the groups that they are in, by name."""
    created_at: datetime
    changed_at: datetime

    @property
    def described(self) -> DirectoryEntry:
        """What the directory says, or else what is known without it."""
        email = self.member.email
        told = DirectoryEmail(email, "work", is_primary=True)
        return self.entry or DirectoryEntry(email, display_name=self.member.name, emails=(told,))


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group of the directory; it gives nobody any right."""

    id: str
    organisation_id: str
    name: str
    external_id: str
    created_at: datetime
    changed_at: datetime
