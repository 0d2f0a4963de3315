"""The demonstration's OpenID provider: Nordlys kommune's own sign-in service, as Entra ID or Feide in earnest.

It knows one client, to which it speaks the authorization code flow with PKCE (OpenID Connect Core §3.1, RFC 7636). It
asks at every visit who somebody is, believes the answer, and has forgotten everything when the demonstration ends.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric import ec

from totrinn.core.roles import Role
from totrinn.demo.people import NORDLYS, PEOPLE, DemoPerson

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

PATH = "/demo/provider"
CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(minutes=5)
MOST_CODES = 1000
ALGORITHM = "ES256"

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Client:
    """The one application that the provider knows, and the only place to which it sends anybody."""

    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str


class TokenRefusal(StrEnum):
    """Why a code is not redeemed (RFC 6749 §5.2)."""

    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a code is worth: who signed in, when, and what the answer is bound to."""

    who: DemoPerson
    nonce: str
    code_challenge: str
    at: datetime


class DemoProvider:
    """The provider with its key and the codes that are under way; for any number of threads."""

    def __init__(self, base_url: str, client: Client) -> None:
        self.issuer = f"{base_url}{PATH}"
        self._client = client
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._kid = secrets.token_hex(8)
        self._grants: OrderedDict[str, _Grant] = OrderedDict()
        self._lock = threading.Lock()

    def people(self) -> tuple[DemoPerson, ...]:
        """Whom the provider knows."""
        return tuple(person for person in PEOPLE if person.organisation == NORDLYS)

    def find(self, subject: str) -> DemoPerson | None:
        """The person whom `sub` names."""
        return next((person for person in self.people() if subject_of(person) == subject), None)

    def metadata(self) -> dict[str, object]:
        """The discovery document (OpenID Connect Discovery §3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": ["sub", "email", "email_verified", "name", "groups", "amr", "auth_time"],
            "authorization_response_iss_parameter_supported": True,
            "request_uri_parameter_supported": False,
        }

    def key_set(self) -> dict[str, object]:
        """The public key (RFC 7517)."""
        return {"keys": [self._key().as_dict(private=False)]}

    def is_from_client(self, asked: Mapping[str, str]) -> bool:
        """Whether the client that we know asks, and for its own address; nobody else is ever answered by redirect."""
        given = asked.get("client_id"), asked.get("redirect_uri")
        return given == (self._client.client_id, self._client.redirect_uri)

    def problem_with(self, asked: Mapping[str, str]) -> str:
        """The error code of a request that is not granted (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6), or ""."""
        if "request" in asked or "request_uri" in asked:
            return "request_not_supported" if "request" in asked else "request_uri_not_supported"
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        if "openid" not in asked.get("scope", "").split():
            return "invalid_scope"
        challenge = asked.get("code_challenge", "")
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            return "invalid_request"
        return "login_required" if asked.get("prompt") == "none" else ""

    def issue(self, asked: Mapping[str, str], who: DemoPerson, now: datetime) -> str:
        """A code for a request without problems, after somebody has signed in."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._grants[code] = _Grant(who, asked.get("nonce", ""), asked["code_challenge"], now)
            while len(self._grants) > MOST_CODES:
                self._grants.popitem(last=False)
        return code

    def way_back(self, asked: Mapping[str, str], **answer: str) -> str:
        """The client's address with the answer, which names its issuer (RFC 9207)."""
        state = {"state": asked["state"]} if "state" in asked else {}
        return f"{self._client.redirect_uri}?{urlencode({**answer, **state, 'iss': self.issuer})}"

    def redeem(self, authorization: str, sent: Mapping[str, str], now: datetime) -> dict[str, object] | TokenRefusal:
        """The tokens for a code, which is worth something once, for a minute, to the client that can verify it."""
        if not self._is_client(authorization):
            return TokenRefusal.INVALID_CLIENT
        if sent.get("grant_type") != "authorization_code":
            return TokenRefusal.UNSUPPORTED_GRANT_TYPE
        with self._lock:
            grant = self._grants.pop(sent.get("code", ""), None)
        if grant is None or not self._may_redeem(grant, sent, now):
            return TokenRefusal.INVALID_GRANT
        return {
            "access_token": secrets.token_urlsafe(32),  # demanded by RFC 6749; opens nothing here
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "id_token": self._id_token(grant, now),
        }

    def _is_client(self, authorization: str) -> bool:
        """`client_secret_basic`: both parts are form-encoded before they are joined (RFC 6749 §2.3.1)."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return False
        is_known = unquote_plus(client_id) == self._client.client_id
        is_secret = hmac.compare_digest(unquote_plus(secret).encode(), self._client.secret.encode())
        return scheme.lower() == "basic" and is_known and is_secret

    def _may_redeem(self, grant: _Grant, sent: Mapping[str, str], now: datetime) -> bool:
        verifier = sent.get("code_verifier", "")
        return (
            now - grant.at < CODE_LIFETIME
            and sent.get("redirect_uri") == self._client.redirect_uri
            and _VERIFIER.fullmatch(verifier) is not None
            and hmac.compare_digest(challenge_of(verifier), grant.code_challenge)
        )

    def _id_token(self, grant: _Grant, now: datetime) -> str:
        from joserfc import jwt

        claims = {
            "iss": self.issuer,
            "aud": self._client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
            "auth_time": int(grant.at.timestamp()),
            **({"nonce": grant.nonce} if grant.nonce else {}),
            **claims_of(grant.who),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._kid}, claims, self._key())

    def _key(self) -> "ECKey":
        # Loaded when it is first asked for: a start needs none of it.
        from joserfc.jwk import ECKey

        return ECKey.import_key(self._private, {"kid": self._kid, "use": "sig", "alg": ALGORITHM})


def subject_of(who: DemoPerson) -> str:
    """`sub`: theirs for ever, whatever their address will be."""
    return f"{NORDLYS}-{who.key}"


def claims_of(who: DemoPerson) -> dict[str, object]:
    """What the provider says of somebody."""
    governs = who.role is Role.GLOBAL_ADMINISTRATOR
    return {
        "sub": subject_of(who),
        "email": who.email,
        "email_verified": True,
        "name": who.name,
        "groups": ["Alle tilsette", "IT-avdelinga"] if governs else ["Alle tilsette"],
        "amr": list(who.amr),
    }


def challenge_of(verifier: str) -> str:
    """The challenge that belongs to a verifier, by S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
