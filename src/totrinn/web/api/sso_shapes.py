"""The shapes of connections, domains and password sign-in. What is secret is sent, and never answered."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from totrinn.app.identity_providers import ClientAuthentication
from totrinn.core.sso import DEFAULT_EVIDENCE
from totrinn.web.api.shapes import Answer, Name, Sent

_Text = Annotated[str, Meta(max_length=500)]
_Words = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...], Meta(max_length=200)]
_Role = Literal["user", "administrator", "global_administrator"]
_LARGEST_METADATA = 3 * 1024 * 1024


class GroupRole(Struct, frozen=True, forbid_unknown_fields=True):
    """A group of the provider, and the role that it gives."""

    group: Annotated[str, Meta(min_length=1, max_length=500)]
    role: _Role


class _Rules(Sent, frozen=True, kw_only=True):
    """What sign-ins by the connection are worth."""

    name: Name
    demands_evidence: bool = False
    evidence: _Words = DEFAULT_EVIDENCE
    evidence_age: Annotated[int, Meta(ge=1, le=525_600, description="Minutes.")] | None = None
    asks_for: _Words = ()
    creates_members: bool = True
    default_role: Literal["user", "administrator"] = "user"
    roles: Annotated[tuple[GroupRole, ...], Meta(max_length=200)] = ()


class OidcWanted(_Rules, frozen=True, kw_only=True, tag_field="kind", tag="oidc"):
    """A connection to an OpenID provider. Without `client_secret` the one that is there stays, if the issuer does."""

    issuer: _Text = ""
    client_id: _Text = ""
    client_secret: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    scopes: _Words = ("openid", "email", "profile")
    groups_claim: Annotated[str, Meta(max_length=100)] = "groups"
    trusts_email: bool = False


class SamlWanted(_Rules, frozen=True, kw_only=True, tag_field="kind", tag="saml"):
    """A connection to a SAML identity provider: its options. Addresses and certificates come by its metadata."""

    email_attribute: _Text = ""
    name_attribute: _Text = ""
    groups_attribute: _Text = ""
    allows_cbc: bool = False
    allows_idp_initiated: bool = False


ConnectionWanted = OidcWanted | SamlWanted


class MetadataWanted(Sent, frozen=True):
    """The provider's metadata, or the address where it stands: one of the two."""

    metadata: Annotated[str, Meta(max_length=_LARGEST_METADATA)] = ""
    address: Annotated[str, Meta(max_length=1000)] = ""
    entity_id: Annotated[str, Meta(max_length=1000, description="Which one, if it describes several.")] = ""
    beside: Annotated[bool, Meta(description="Its certificates are added, while one rolls over.")] = False


class ConnectionShape(Answer, frozen=True):
    """A connection to an identity provider; never its secret."""

    id: str
    kind: Literal["oidc", "saml"]
    name: str
    is_enabled: bool
    is_tested: bool
    demands_evidence: bool
    domains: list[str]
    created_at: datetime


class ConnectionList(Answer, frozen=True):
    """The organisation's connections."""

    items: list[ConnectionShape]


class OurAddresses(Answer, frozen=True):
    """Our side of a connection, as the provider must know it."""

    callback: str
    acs: str
    metadata: str
    backchannel_logout: str
    single_logout: str
    sign_in: str
    signed_out: str


class CertificateShape(Answer, frozen=True):
    """A pinned certificate; without a fingerprint it cannot be read."""

    fingerprint: str
    until: datetime | None
    is_over: bool


class _Standing(Answer, frozen=True, kw_only=True):
    """What is agreed, and how it stands."""

    id: str
    name: str
    is_enabled: bool
    is_tested: bool
    is_complete: bool
    demands_evidence: bool
    evidence: tuple[str, ...]
    evidence_age: int | None
    asks_for: tuple[str, ...]
    creates_members: bool
    default_role: str
    roles: list[GroupRole]
    domains: list[str]
    ours: OurAddresses
    revision: int
    created_at: datetime


class OidcConnection(_Standing, frozen=True, kw_only=True, tag_field="kind", tag="oidc"):
    """A connection to an OpenID provider; never its secret."""

    issuer: str
    client_id: str
    has_secret: bool
    authentication: ClientAuthentication
    scopes: tuple[str, ...]
    groups_claim: str
    trusts_email: bool


class SamlConnection(_Standing, frozen=True, kw_only=True, tag_field="kind", tag="saml"):
    """A connection to a SAML identity provider."""

    entity_id: str
    sso_url: str
    slo_url: str
    certificates: list[CertificateShape]
    email_attribute: str
    name_attribute: str
    groups_attribute: str
    allows_cbc: bool
    allows_idp_initiated: bool


ConnectionDetails = OidcConnection | SamlConnection


class ClaimShape(Answer, frozen=True):
    """Something that the provider said of whoever tried the connection."""

    name: str
    value: str


class TriedShape(Answer, frozen=True):
    """What came back when the connection was tried last. `is_current`: with the settings as they are now."""

    at: datetime
    passed: bool
    is_current: bool
    cause: str
    """A stable code; empty when it passed."""
    says: str
    """The cause in the caller's language."""
    detail: str
    checks: list[str]
    claims: list[ClaimShape]
    has_evidence: bool


class LastTest(Answer, frozen=True):
    """The last test; null while there has been none."""

    test: TriedShape | None


class WayOut(Answer, frozen=True):
    """Where to go in the browser that asked, within minutes; it comes back to the connection's page."""

    address: str


class DomainShape(Answer, frozen=True):
    """An e-mail domain, and the TXT record that proves it."""

    name: str
    connection: str | None
    """Where its addresses are led to."""
    is_proven: bool
    proven_at: datetime | None
    record_name: str
    record_value: str


class DomainList(Answer, frozen=True):
    """The organisation's domains."""

    items: list[DomainShape]


class DomainWanted(Sent, frozen=True):
    """A domain to be claimed, and the connection that its addresses are led to."""

    name: Annotated[str, Meta(min_length=1, max_length=253)]
    connection: Annotated[str, Meta(max_length=36)] | None = None


class DomainLead(Sent, frozen=True):
    """The connection that the domain's addresses are led to; null: none."""

    connection: Annotated[str, Meta(max_length=36)] | None


class Keeper(Answer, frozen=True):
    """A global administrator who has a password and a second factor of their own."""

    id: str
    name: str
    keeps: bool


class PasswordsShape(Answer, frozen=True):
    """Whether password sign-in is closed for those whom SSO governs, and who may keep theirs, or does."""

    closed: bool
    keepers: list[Keeper]


class PasswordsWanted(Sent, frozen=True):
    """Closed, with at least two who keep their password; or open."""

    closed: bool
    keepers: Annotated[tuple[Annotated[str, Meta(max_length=36)], ...], Meta(max_length=40)] = ()
