"""What a file may declare. What it does not mention stays as it is, and nothing is ever removed for not being there."""

from dataclasses import dataclass

from totrinn.app.applications.records import Agreement
from totrinn.app.connecting import Draft
from totrinn.core.enforcement import Wish


@dataclass(frozen=True, slots=True)
class WantedConnection:
    """A connection, by its name within the organisation."""

    draft: Draft
    is_enabled: bool
    domains: tuple[str, ...]
    """Canonical e-mail domains whose people sign in by it."""
    vouch: bool
    """The vendor vouches that the domains are the organisation's."""


@dataclass(frozen=True, slots=True)
class WantedOrganisation:
    """An organisation, by its slug; None: as it is."""

    slug: str
    name: str
    language: str | None
    time_zone: str | None
    is_available: bool | None
    """Whether the feature is made available to it."""
    why: str
    """The reason, for the organisation's log, where availability changes."""
    requirement: Wish | None
    connections: tuple[WantedConnection, ...]


@dataclass(frozen=True, slots=True)
class WantedApplication:
    """An application, by its name."""

    agreement: Agreement
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that a file declares."""

    organisations: tuple[WantedOrganisation, ...]
    applications: tuple[WantedApplication, ...]
