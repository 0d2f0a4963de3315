"""What an application's developer has to be told of us."""

from dataclasses import dataclass

from totrinn.app.applications.records import Application

_DISCOVERY = "/.well-known/openid-configuration"
"""OpenID Connect Discovery §4."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is typed into the application's own settings; the secret is told once, when it is made."""

    issuer: str
    discovery: str
    client_id: str


def told_of(application: Application, base_url: str) -> Told:
    """What the developer of this application is told; the issuer is the address that people use."""
    return Told(base_url, f"{base_url}{_DISCOVERY}", application.id)
