"""What `connection add` is told, and the draft of a connection that it amounts to. Nothing here uses the network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, ProviderKind, Rejected, SamlSettings
from totrinn.app.web_addresses import is_issuer
from totrinn.cli.options import Refused, read_line, read_secret
from totrinn.core.roles import ASSIGNABLE, Role
from totrinn.core.sso import DEFAULT_EVIDENCE, SsoRules

if TYPE_CHECKING:
    from totrinn.app.connecting import Draft
    from totrinn.bootstrap import Installation

Function = TypeVar("Function", bound=Callable[..., Any])

_LARGEST_METADATA = 2 * 1024 * 1024
_LONGEST = 1024
_MOST_MINUTES = 525_600
_NO_SECRET = ClientAuthentication.PRIVATE_KEY_JWT
_ROLES = [role.value for role in ASSIGNABLE if role is not Role.GLOBAL_ADMINISTRATOR]


@dataclass(frozen=True, slots=True)
class Given:
    """The options as they were given; empty or None: left out."""

    kind: str
    name: str
    issuer: str
    client_id: str
    client_secret_stdin: bool
    authentication: str
    scope: tuple[str, ...]
    groups_claim: str
    trust_email: bool
    metadata: Path | None
    entity_id: str
    email_attribute: str
    name_attribute: str
    groups_attribute: str
    allow_cbc: bool
    allow_idp_initiated: bool
    require_mfa_evidence: bool
    evidence: tuple[str, ...]
    evidence_age: int | None
    ask_for: tuple[str, ...]
    no_members: bool
    role: str
    map_group: tuple[str, ...]
    secret: str | None = None
    """The client secret itself, where it comes by another way than standard input."""


_OF_ONE_KIND = {
    ProviderKind.OIDC: (
        "issuer",
        "client_id",
        "client_secret_stdin",
        "authentication",
        "scope",
        "groups_claim",
        "trust_email",
    ),
    ProviderKind.SAML: (
        "metadata",
        "entity_id",
        "email_attribute",
        "name_attribute",
        "groups_attribute",
        "allow_cbc",
        "allow_idp_initiated",
    ),
}


def _text(name: str, metavar: str, words: str) -> Callable[[Function], Function]:
    return click.option(name, default="", metavar=metavar, help=words)


def _flag(name: str, words: str) -> Callable[[Function], Function]:
    return click.option(name, is_flag=True, help=words)


def _several(name: str, metavar: str, words: str) -> Callable[[Function], Function]:
    return click.option(name, multiple=True, metavar=metavar, help=f"{words} May be given several times.")


_OPTIONS = (
    click.option(
        "--kind",
        required=True,
        type=click.Choice([kind.value for kind in ProviderKind]),
        help="OpenID Connect, or SAML 2.0.",
    ),
    _text("--name", "TEXT", "What people see on its button; else the provider's host name."),
    _text("--issuer", "URL", "oidc: the provider's issuer, from which everything else is discovered."),
    _text("--client-id", "ID", "oidc: how the provider names us."),
    _flag("--client-secret-stdin", "oidc: read the client secret from the first line of standard input."),
    click.option(
        "--authentication",
        default="",
        type=click.Choice(["", *(way.value for way in ClientAuthentication)]),
        metavar="WAY",
        help="oidc: client_secret_basic (the usual), client_secret_post, or private_key_jwt, which needs no secret.",
    ),
    _several("--scope", "SCOPE", "oidc: what is asked for, instead of openid, email and profile."),
    _text("--groups-claim", "CLAIM", "oidc: the claim that lists the person's groups; else `groups`."),
    _flag("--trust-email", "oidc: believe addresses of which the provider does not say whether they are verified."),
    click.option(
        "--metadata",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="saml: the provider's metadata.",
    ),
    _text("--entity-id", "ID", "saml: which provider, if the metadata describes several."),
    _text("--email-attribute", "NAME", "saml: the attribute with the e-mail address; else the usual ones."),
    _text("--name-attribute", "NAME", "saml: the attribute with the person's name; else the usual ones."),
    _text("--groups-attribute", "NAME", "saml: the attribute that lists the person's groups; else the usual ones."),
    _flag("--allow-cbc", "saml: accept assertions encrypted in CBC mode, too."),
    _flag("--allow-idp-initiated", "saml: accept sign-ins that begin at the provider."),
    _flag("--require-mfa-evidence", "Ask for our own second factor unless the provider states that two were used."),
    _several("--evidence", "VALUE", "What states that (amr, acr, authentication context), instead of the usual."),
    click.option(
        "--evidence-age",
        type=click.IntRange(1, _MOST_MINUTES),
        metavar="MINUTES",
        help="How long ago the person may have proven themselves to the provider; else any time.",
    ),
    _several("--ask-for", "VALUE", "The acr value or authentication context that the provider is asked for."),
    _flag("--no-members", "Somebody unknown does not become a member by signing in."),
    click.option("--role", type=click.Choice(_ROLES), default=Role.USER.value, help="The role of whoever becomes one."),
    _several("--map-group", "GROUP=ROLE", "The role that a group of the provider gives, at each sign-in."),
)


def describes_connection(function: Function) -> Function:
    """Adds the options that describe a connection."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_draft(installation: "Installation", given: Given) -> "Draft":
    """The connection that is wanted. Raises `Refused`."""
    from totrinn.app.connecting import Draft

    kind = ProviderKind(given.kind)
    _refuse_of_other_kind(given, kind)
    settings: OidcSettings | SamlSettings
    if kind is ProviderKind.OIDC:
        settings = _oidc(given, allow_private=installation.settings.allow_private_addresses)
        address, secret = settings.issuer, _secret(given, settings)
    else:
        settings = _saml(installation, given)
        address, secret = settings.sso_url, None
    name = given.name or urlsplit(address).hostname or kind.value
    return Draft(name=read_line(name, "--name", longest=100), settings=settings, rules=_rules(given), secret=secret)


def _refuse_of_other_kind(given: Given, kind: ProviderKind) -> None:
    for other, names in _OF_ONE_KIND.items():
        for name in names:
            if other is not kind and getattr(given, name):
                raise Refused(f"--{name.replace('_', '-')} is for --kind {other.value} only")


def _oidc(given: Given, *, allow_private: bool) -> OidcSettings:
    if not given.issuer or not given.client_id:
        raise Refused("--kind oidc needs --issuer and --client-id")
    defaults = OidcSettings(read_issuer(given.issuer, allow_private=allow_private), given.client_id)
    scopes = tuple(dict.fromkeys(("openid", *given.scope))) if given.scope else defaults.scopes
    return OidcSettings(
        issuer=defaults.issuer,
        client_id=read_line(given.client_id, "--client-id", longest=_LONGEST),
        authentication=ClientAuthentication(given.authentication or defaults.authentication),
        scopes=tuple(_word(scope, "--scope") for scope in scopes),
        groups_claim=_short(given.groups_claim, "--groups-claim") or defaults.groups_claim,
        trusts_email=given.trust_email,
    )


def read_issuer(text: str, *, allow_private: bool) -> str:
    """The issuer, exactly as it was given (OpenID Connect Discovery §4: https, no query). Raises `Refused`."""
    if not is_issuer(text, allow_private=True):
        raise Refused(f"--issuer is an https address without query or fragment, not {text[:200]!r}")
    if not is_issuer(text, allow_private=allow_private):
        raise Refused("--issuer must begin with https:// (http only with TOTRINN_ALLOW_PRIVATE_ADDRESSES=yes)")
    return text


def _secret(given: Given, settings: OidcSettings) -> str | None:
    if settings.authentication is _NO_SECRET:
        if given.client_secret_stdin:
            raise Refused(f"{_NO_SECRET.value} needs no secret: leave out --client-secret-stdin")
        return None
    if given.secret is not None:
        return given.secret
    if not given.client_secret_stdin:
        raise Refused(f"{settings.authentication.value} needs a client secret: give --client-secret-stdin")
    return read_secret("client secret")


def _saml(installation: "Installation", given: Given) -> SamlSettings:
    if given.metadata is None:
        raise Refused("--kind saml needs --metadata")
    with given.metadata.open("rb") as file:
        document = file.read(_LARGEST_METADATA + 1)
    found = installation.services.providers.read_metadata(document, entity_id=given.entity_id)
    if isinstance(found, Rejected):
        detail = f" ({found.detail})" if found.detail else ""
        raise Refused(f"the metadata cannot be used: {found.code}{detail}")
    return replace(
        found,
        email_attribute=_short(given.email_attribute, "--email-attribute"),
        name_attribute=_short(given.name_attribute, "--name-attribute"),
        groups_attribute=_short(given.groups_attribute, "--groups-attribute"),
        allows_cbc=given.allow_cbc,
        allows_idp_initiated=given.allow_idp_initiated,
    )


def _rules(given: Given) -> SsoRules:
    evidence = tuple(read_line(word, "--evidence", longest=_LONGEST) for word in given.evidence)
    return SsoRules(
        demands_evidence=given.require_mfa_evidence,
        evidence=evidence or DEFAULT_EVIDENCE,
        evidence_age=timedelta(minutes=given.evidence_age) if given.evidence_age else None,
        creates_members=not given.no_members,
        default_role=Role(given.role),
        asks_for=tuple(_word(word, "--ask-for") for word in given.ask_for),
        roles=tuple(_mapped(pair) for pair in given.map_group),
    )


def _mapped(pair: str) -> tuple[str, Role]:
    """A group and its role; the name of a group may hold the sign, too."""
    group, _, role = pair.rpartition("=")
    if not group.strip() or role not in {each.value for each in ASSIGNABLE}:
        raise Refused(f"--map-group is GROUP=ROLE, with {', '.join(ASSIGNABLE)} as the role, not {pair[:200]!r}")
    return read_line(group, "--map-group", longest=_LONGEST), Role(role)


def _word(text: str, what: str) -> str:
    """A value that is sent in a list with spaces between."""
    if " " in text.strip():
        raise Refused(f"{what} is one word; give it several times for several")
    return read_line(text, what, longest=_LONGEST)


def _short(text: str, what: str) -> str:
    return read_line(text, what, longest=_LONGEST) if text else ""
