"""An application in words and as data: what is agreed, and what its developer has to be told. A secret only at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from totrinn.app.applications.records import Application
from totrinn.app.applications.setting_up import told_of


@dataclass(frozen=True, slots=True)
class Shown:
    """An application, the address that people use of us, and its secret where it was made just now."""

    application: Application
    base_url: str
    secret: str | None = None


def for_programs(shown: Shown) -> dict[str, Any]:
    """An application for programs, by the names of RFC 7591 §2 and OpenID Connect Back-Channel Logout §2.2."""
    application, agreed = shown.application, shown.application.agreement
    secret = {"client_secret": shown.secret} if shown.secret else {}
    told = told_of(application, shown.base_url)
    return {
        "client_id": told.client_id,
        **secret,
        "issuer": told.issuer,
        "discovery": told.discovery,
        "name": application.name,
        "is_enabled": application.is_enabled,
        "redirect_uris": agreed.redirect_uris,
        "post_logout_redirect_uris": agreed.logout_uris,
        "backchannel_logout_uri": agreed.back_channel or None,
        "events": agreed.events or None,
        "home": agreed.home or None,
        "token_endpoint_auth_method": agreed.authentication,
        "id_token_signed_response_alg": agreed.signing,
        "require_pushed_authorization_requests": agreed.requires_pushed,
        "hosts": agreed.hosts,
        "created_at": application.created_at,
    }


def for_people(shown: Shown) -> str:
    """An application for people."""
    return "\n".join(f"  {name:<28}{value}" for name, value in (*_told(shown), *_agreed(shown.application)))


def _told(shown: Shown) -> Iterator[tuple[str, str]]:
    told = told_of(shown.application, shown.base_url)
    yield "issuer", told.issuer
    yield "discovery", told.discovery
    yield "client id", told.client_id
    if shown.secret:
        yield "client secret", f"{shown.secret}  (shown this once)"


def _agreed(application: Application) -> Iterator[tuple[str, str]]:
    agreed = application.agreement
    yield "name", application.name
    yield "switched on", _yes(application.is_enabled)
    several = (("redirect address", agreed.redirect_uris), ("address after signing out", agreed.logout_uris))
    for name, addresses in several:
        yield from ((name, each) for each in addresses)
    yield "back-channel logout", agreed.back_channel or "none"
    yield "security events", agreed.events or "none"
    yield "home", agreed.home or "none"
    yield "authentication", agreed.authentication.value
    yield "ID tokens signed with", agreed.signing.value
    yield "only pushed requests", _yes(agreed.requires_pushed)
    yield from (("host behind the gate", host) for host in agreed.hosts)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
