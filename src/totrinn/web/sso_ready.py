"""Identity providers that many organisations have: what is the same for all of them is filled in already.

`key` names the steps that the page of a connection shows; they stand in `sso_guide.html`.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, ProviderKind, SamlSettings
from totrinn.core.sso import SsoRules

_BOTH = (ProviderKind.OIDC, ProviderKind.SAML)
_OIDC = (ProviderKind.OIDC,)
_SAML = (ProviderKind.SAML,)
OTHER = "other"


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A kind of provider."""

    key: str
    label: str
    kinds: tuple[ProviderKind, ...]
    issuer: str = ""
    issuer_example: str = ""
    marks: tuple[str, ...] = ()
    """What an issuer's or entity's address contains, by which this provider is recognised."""
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    asks_for: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """What it says, beyond the usual words, when two factors were used."""


READY_MADE = (
    ReadyMade(
        "entra",
        "Microsoft Entra ID",
        _BOTH,
        issuer_example="https://login.microsoftonline.com/{tenant}/v2.0",
        marks=("login.microsoftonline.", "sts.windows.net"),
    ),
    ReadyMade(
        "google",
        "Google Workspace",
        _BOTH,
        issuer="https://accounts.google.com",
        issuer_example="https://accounts.google.com",
        marks=("accounts.google.com",),
    ),
    ReadyMade("okta", "Okta", _BOTH, issuer_example="https://example.okta.com", marks=(".okta.com", "www.okta.com")),
    ReadyMade(
        "keycloak",
        "Keycloak",
        _BOTH,
        issuer_example="https://keycloak.example.no/realms/example",
        marks=("/realms/",),
    ),
    ReadyMade("adfs", "AD FS", _SAML, marks=("/adfs/",)),
    ReadyMade(
        "feide",
        "Feide",
        _OIDC,
        issuer="https://auth.dataporten.no",
        issuer_example="https://auth.dataporten.no",
        marks=("auth.dataporten.no",),
    ),
    ReadyMade(
        "idporten",
        "ID-porten",
        _OIDC,
        issuer="https://idporten.no",
        issuer_example="https://idporten.no",
        marks=("idporten.no",),
        authentication=ClientAuthentication.PRIVATE_KEY_JWT,
        scopes=("openid", "profile"),
        asks_for=("idporten-loa-substantial",),
        evidence=("idporten-loa-substantial", "idporten-loa-high"),
    ),
    ReadyMade(OTHER, "", _BOTH, issuer_example="https://id.example.no"),
)


def of_kind(kind: ProviderKind) -> tuple[ReadyMade, ...]:
    """Those that speak the protocol."""
    return tuple(ready for ready in READY_MADE if kind in ready.kinds)


def ready_made(key: str, kind: ProviderKind) -> ReadyMade | None:
    """The one of this name, if it speaks the protocol."""
    return next((ready for ready in of_kind(kind) if ready.key == key), None)


def recognised(settings: OidcSettings | SamlSettings) -> ReadyMade:
    """Whose provider it is, by its address."""
    is_oidc = isinstance(settings, OidcSettings)
    kind = ProviderKind.OIDC if is_oidc else ProviderKind.SAML
    address = settings.issuer if isinstance(settings, OidcSettings) else settings.entity_id
    parts = urlsplit(address) if "://" in address else None
    place = f"{parts.netloc}{parts.path}/" if parts else ""
    found = (ready for ready in of_kind(kind) if any(mark in place for mark in ready.marks))
    return next(found, of_kind(kind)[-1])


def first_settings(ready: ReadyMade, kind: ProviderKind) -> tuple[OidcSettings | SamlSettings, SsoRules]:
    """What a new connection begins with: an issuer that may be missing still, and metadata that always is."""
    rules = SsoRules(asks_for=ready.asks_for)
    rules = replace(rules, evidence=(*rules.evidence, *ready.evidence))
    if kind is ProviderKind.SAML:
        return SamlSettings(entity_id="", sso_url="", certificates=()), rules
    return OidcSettings(ready.issuer, "", ready.authentication, ready.scopes), rules


def is_complete(settings: OidcSettings | SamlSettings) -> bool:
    """Whether there is enough to ask the provider."""
    if isinstance(settings, OidcSettings):
        return bool(settings.issuer and settings.client_id)
    return bool(settings.entity_id and settings.sso_url and settings.certificates)
