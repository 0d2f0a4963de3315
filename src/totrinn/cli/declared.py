"""The file that `apply` reads: TOML, every name of it known, every value of its type. Nothing here changes anything."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from totrinn.app.applications.records import Agreement, ClientAuthentication, SigningAlgorithm
from totrinn.app.declaring.wanted import Wanted, WantedApplication, WantedConnection, WantedOrganisation
from totrinn.cli.connection_options import Given, read_draft
from totrinn.cli.connections import read_domain
from totrinn.cli.options import Refused, read_line
from totrinn.core.enforcement import Wish
from totrinn.core.identity import is_slug

if TYPE_CHECKING:
    from totrinn.bootstrap import Installation

_LARGEST = 1 << 20
_LONGEST_SECRET = 4096


class _Declared(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What stands in a file; a name that nobody knows is an error, as it is probably misspelt."""


class DeclaredConnection(_Declared):
    """`[[organisation.connection]]`: the options of `connection add`, by their names."""

    name: str
    kind: Literal["oidc", "saml"]
    enabled: bool = True
    domains: tuple[str, ...] = ()
    vouch: bool = False
    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    authentication: str = ""
    scopes: tuple[str, ...] = ()
    groups_claim: str = ""
    trust_email: bool = False
    metadata: str = ""
    entity_id: str = ""
    email_attribute: str = ""
    name_attribute: str = ""
    groups_attribute: str = ""
    allow_cbc: bool = False
    allow_idp_initiated: bool = False
    require_mfa_evidence: bool = False
    evidence: tuple[str, ...] = ()
    evidence_age: int | None = None
    ask_for: tuple[str, ...] = ()
    members: bool = True
    role: Literal["user", "administrator"] = "user"
    groups: dict[str, str] = {}


class DeclaredOrganisation(_Declared):
    """`[[organisation]]`."""

    slug: str
    name: str
    language: Literal["nb", "nn", "en"] | None = None
    time_zone: str | None = None
    two_factor_available: bool | None = None
    why: str = ""
    require_two_factor: bool | datetime | None = None
    connection: tuple[DeclaredConnection, ...] = ()


class DeclaredApplication(_Declared):
    """`[[application]]`: the options of `application add`, by their names."""

    name: str
    enabled: bool = True
    redirect_uris: tuple[str, ...] = ()
    logout_uris: tuple[str, ...] = ()
    back_channel: str = ""
    events: str = ""
    home: str = ""
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    keys_file: str = ""
    signing: SigningAlgorithm = SigningAlgorithm.RS256
    requires_pushed: bool = False
    hosts: tuple[str, ...] = ()


class _File(_Declared):
    organisation: tuple[DeclaredOrganisation, ...] = ()
    application: tuple[DeclaredApplication, ...] = ()


def read_declared(installation: "Installation", path: Path) -> Wanted:
    """What the file declares. Raises `Refused`, and says where the mistake stands."""
    with path.open("rb") as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise Refused(f"{path} is larger than {_LARGEST} bytes")
    try:
        found = msgspec.toml.decode(text, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: {error}") from None
    _refuse_twice(path, "organisation", [each.slug for each in found.organisation])
    _refuse_twice(path, "application", [each.name for each in found.application])
    return Wanted(
        tuple(_organisation(installation, path, each) for each in found.organisation),
        tuple(_application(path, each) for each in found.application),
    )


def _refuse_twice(path: Path, what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"{path}: the {what} {name!r} is declared twice")


def _organisation(installation: "Installation", path: Path, found: DeclaredOrganisation) -> WantedOrganisation:
    slug = found.slug
    if not is_slug(slug):
        raise Refused(f"{path}: {slug[:200]!r} is no slug: 2 to 40 of a to z, 0 to 9 and hyphens")
    if found.time_zone is not None and found.time_zone not in available_timezones():
        raise Refused(f"{path}: {slug}: {found.time_zone[:200]!r} is no time zone such as Europe/Oslo")
    if found.two_factor_available is not None and not found.why.strip():
        raise Refused(f"{path}: {slug}: two_factor_available needs `why`, for the organisation's log")
    names = [each.name for each in found.connection]
    _refuse_twice(path, f"connection of {slug}", names)
    return WantedOrganisation(
        slug=slug,
        name=read_line(found.name, f"the name of {slug}", longest=100),
        language=found.language,
        time_zone=found.time_zone,
        is_available=found.two_factor_available,
        why=read_line(found.why, "why") if found.why else "",
        requirement=_wish(found),
        connections=tuple(_connection(installation, path, each) for each in found.connection),
    )


def _wish(found: DeclaredOrganisation) -> Wish | None:
    required = found.require_two_factor
    if required is None or isinstance(required, bool):
        return None if required is None else Wish(required)
    if required.tzinfo is None:
        required = required.replace(tzinfo=ZoneInfo(found.time_zone or "Europe/Oslo"))
    return Wish(on=True, from_=required)


def _connection(installation: "Installation", path: Path, found: DeclaredConnection) -> WantedConnection:
    given = Given(
        kind=found.kind,
        name=found.name,
        issuer=found.issuer,
        client_id=found.client_id,
        client_secret_stdin=False,
        authentication=found.authentication,
        scope=found.scopes,
        groups_claim=found.groups_claim,
        trust_email=found.trust_email,
        metadata=_beside(path, found.metadata) if found.metadata else None,
        entity_id=found.entity_id,
        email_attribute=found.email_attribute,
        name_attribute=found.name_attribute,
        groups_attribute=found.groups_attribute,
        allow_cbc=found.allow_cbc,
        allow_idp_initiated=found.allow_idp_initiated,
        require_mfa_evidence=found.require_mfa_evidence,
        evidence=found.evidence,
        evidence_age=found.evidence_age,
        ask_for=found.ask_for,
        no_members=not found.members,
        role=found.role,
        map_group=tuple(f"{group}={role}" for group, role in found.groups.items()),
        secret=_secret(path, found.client_secret_file) if found.client_secret_file else None,
    )
    domains = tuple(read_domain(domain) for domain in found.domains)
    return WantedConnection(read_draft(installation, given), found.enabled, domains, found.vouch)


def _application(path: Path, found: DeclaredApplication) -> WantedApplication:
    agreement = Agreement(
        name=read_line(found.name, "the name of an application", longest=100),
        redirect_uris=found.redirect_uris,
        logout_uris=found.logout_uris,
        back_channel=found.back_channel,
        events=found.events,
        home=found.home,
        authentication=found.authentication,
        keys=_read(_beside(path, found.keys_file)) if found.keys_file else "",
        signing=found.signing,
        requires_pushed=found.requires_pushed,
        hosts=tuple(sorted(found.hosts)),
    )
    return WantedApplication(agreement, found.enabled)


def _beside(path: Path, name: str) -> Path:
    """A file that is named in another: from where that other stands."""
    found = path.parent / name
    if not found.is_file():
        raise Refused(f"{path}: there is no file {found}")
    return found


def _secret(path: Path, name: str) -> str:
    secret = _read(_beside(path, name)).strip()
    if not secret or len(secret) > _LONGEST_SECRET or not secret.isprintable():
        raise Refused(f"{path}: {name} holds no client secret in one line")
    return secret


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8") from None
