"""A real OpenID provider for tests: node-oidc-provider on a free port of the loopback, with people of our own."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.providers import node
from totrinn.app.identity_providers import ClientAuthentication


@dataclass(frozen=True)
class User:
    """Somebody whom the provider knows."""

    email: str
    email_verified: bool = True
    name: str = ""
    groups: tuple[str, ...] = ()
    amr: tuple[str, ...] = ("pwd",)
    acr: str = ""
    password: str = "mild regn over fjorden"

    def told(self) -> dict[str, Any]:
        """As the program reads it."""
        claims = {"email": self.email, "email_verified": self.email_verified, "groups": list(self.groups)}
        claims |= {"name": self.name} if self.name else {}
        return {
            "claims": claims,
            "amr": list(self.amr),
            "acr": self.acr or None,
            "password": self.password,
        }


KARI = User("kari@example.no", name="Kari Nordmann", groups=("staff",))
CLIENT_ID = "totrinn"
USERS: Mapping[str, User] = {"kari": KARI}


@dataclass(frozen=True)
class OidcProvider:
    """One that runs, and the one client that it knows."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class _Client:
    """We, as the provider is told of us."""

    redirect_uris: Sequence[str]
    backchannel_logout_uri: str | None
    post_logout_redirect_uris: Sequence[str]
    authentication: ClientAuthentication
    algorithm: str

    def told(self, secret: str, keys: bytes | None) -> dict[str, Any]:
        """As the program reads it."""
        client: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "redirect_uris": list(self.redirect_uris),
            "post_logout_redirect_uris": list(self.post_logout_redirect_uris),
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": self.authentication.value,
            "id_token_signed_response_alg": self.algorithm,
        }
        if self.authentication is not ClientAuthentication.PRIVATE_KEY_JWT:
            client["client_secret"] = secret
        if keys is not None:
            client["jwks"] = json.loads(keys)
        if self.backchannel_logout_uri is not None:
            client["backchannel_logout_uri"] = self.backchannel_logout_uri
            client["backchannel_logout_session_required"] = True
        return client


@contextmanager
def running_oidc_provider(
    redirect_uris: Sequence[str],
    *,
    backchannel_logout_uri: str | None = None,
    post_logout_redirect_uris: Sequence[str] = (),
    users: Mapping[str, User] = USERS,
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC,
    algorithm: str = "RS256",
    client_keys: bytes | None = None,
    claims_by_userinfo_only: bool = False,
    port: int = 0,
    client_secret: str = "",
) -> Iterator[OidcProvider]:
    """Starts the provider, and stops it. Port and secret are chosen by chance unless they are given.

    `client_keys` is the client's key set, for `private_key_jwt`. People sign in with a user name of `users` and the
    password that stands there.
    """
    client = _Client(redirect_uris, backchannel_logout_uri, post_logout_redirect_uris, authentication, algorithm)
    secret = client_secret or secrets.token_urlsafe(32)
    told = {
        "acrValues": sorted({user.acr for user in users.values() if user.acr}),
        "claimsByUserinfoOnly": claims_by_userinfo_only,
        "client": client.told(secret, client_keys),
        "port": port,
        "users": {name: user.told() for name, user in users.items()},
    }
    with node.running("oidc", "provider.mjs", told) as said:
        yield OidcProvider(said["issuer"], CLIENT_ID, secret)
