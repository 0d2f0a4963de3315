"""The shapes of what the vendor's staff and programs send and are answered."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from totrinn.app.applications.records import ClientAuthentication, SigningAlgorithm
from totrinn.web.api.shapes import Adoption, Answer, Name, Paged, Query, Sent, Why

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$(?!\n)", max_length=40)]
Url = Annotated[str, Meta(max_length=2000)]


class CustomerShape(Answer, frozen=True):
    """A customer organisation, as the vendor sees it."""

    slug: str
    name: str
    available: bool
    available_since: datetime | None
    requirement: str
    adoption: Adoption


class CustomerList(Answer, frozen=True):
    """A page of customers, by name."""

    items: list[CustomerShape]
    next: str | None


class CustomersWanted(Paged, frozen=True):
    """Which customers."""

    q: Query = ""
    filter: Literal["all", "available", "unavailable", "required"] = "all"


class CustomerWanted(Sent, frozen=True):
    """An organisation to be started."""

    name: Name
    slug: Slug


class Availability(Sent, frozen=True):
    """Whether the feature is to be available, and why."""

    available: bool
    why: Why


class ResetWanted(Sent, frozen=True):
    """Whose second factor is to be reset, and why."""

    person: Annotated[str, Meta(max_length=36)]
    why: Why


class LinkMade(Answer, frozen=True):
    """A one-time link, told this once."""

    link: str
    expires_at: datetime


class ApplicationWanted(Sent, frozen=True):
    """What is to be agreed with an application."""

    name: Name
    redirect_uris: Annotated[tuple[Url, ...], Meta(max_length=20)] = ()
    logout_uris: Annotated[tuple[Url, ...], Meta(max_length=20)] = ()
    back_channel: Url = ""
    events: Url = ""
    home: Url = ""
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    keys: dict[str, Any] | None = None
    """Its public keys, a JWK set."""
    signing: SigningAlgorithm = SigningAlgorithm.RS256
    requires_pushed: bool = False
    hosts: Annotated[tuple[Annotated[str, Meta(max_length=300)], ...], Meta(max_length=20)] = ()


class ApplicationShape(Answer, frozen=True):
    """An application; never its secret."""

    id: str
    name: str
    redirect_uris: list[str]
    logout_uris: list[str]
    back_channel: str
    events: str
    home: str
    authentication: ClientAuthentication
    keys: dict[str, Any] | None
    signing: SigningAlgorithm
    requires_pushed: bool
    hosts: list[str]
    is_enabled: bool
    revision: int
    created_at: datetime


class ApplicationList(Answer, frozen=True):
    """The vendor's applications, by name."""

    items: list[ApplicationShape]


class ApplicationMade(Answer, frozen=True):
    """An application, and its secret, which is told this once."""

    application: ApplicationShape
    secret: str | None
