"""An application that relies on a sign-in here, as the vendor has registered it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ClientAuthentication(StrEnum):
    """How the application proves that it is itself, by the names of OpenID Connect Core §9. It has exactly one way."""

    SECRET_BASIC = "client_secret_basic"
    SECRET_POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"
    NONE = "none"
    """A public client: it can keep no secret, and PKCE alone binds its code."""


TAKES_SECRET = frozenset({ClientAuthentication.SECRET_BASIC, ClientAuthentication.SECRET_POST})


class SigningAlgorithm(StrEnum):
    """What its ID tokens, logout tokens and events are signed with (RFC 7518, RFC 8037)."""

    RS256 = "RS256"
    EDDSA = "EdDSA"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is agreed with an application."""

    name: str
    redirect_uris: tuple[str, ...] = ()
    """Where answers may go: compared to the last sign, save the port of a loopback address (RFC 8252 §7.3)."""
    logout_uris: tuple[str, ...] = ()
    """Where the browser may go on to after signing out here (`post_logout_redirect_uris`)."""
    back_channel: str = ""
    """Where it is told that a session has ended (`backchannel_logout_uri`); empty: it is not told."""
    events: str = ""
    """Where security events are sent (RFC 8935): that a session has ended; empty: none is sent."""
    home: str = ""
    """Where people find it; «Continue» leads there."""
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    keys: str = ""
    """Its public keys, a JWK set as JSON, for `private_key_jwt`."""
    signing: SigningAlgorithm = SigningAlgorithm.RS256
    requires_pushed: bool = False
    """Requests are taken only by RFC 9126."""
    hosts: tuple[str, ...] = ()
    """Host names, with the port where it is not the usual one, that stand behind the gate."""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application; its id is the `client_id`."""

    id: str
    agreement: Agreement
    is_enabled: bool
    revision: int
    created_at: datetime

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.agreement.name
