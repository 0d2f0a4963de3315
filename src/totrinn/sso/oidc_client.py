"""Us at a provider's endpoints: who we are, what the code is worth, and whom the access token speaks of."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from joserfc import jwt

from totrinn.app.identity_providers import ClientAuthentication, OidcSettings, Party, Unavailable
from totrinn.fetching.exchange import Fetched, Fetcher
from totrinn.sso.oidc_discovery import DOCUMENT_LIMIT, Metadata, settings_of
from totrinn.sso.oidc_json import read_object, shown
from totrinn.sso.oidc_keys import own_key
from totrinn.sso.oidc_refusals import OidcRefusal, Refused, Unreached, require

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60

_REFUSALS = {
    "invalid_client": OidcRefusal.CLIENT_REFUSED,
    "unauthorized_client": OidcRefusal.CLIENT_REFUSED,
    "invalid_grant": OidcRefusal.CODE_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code is worth."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    """Empty when there is none."""


def redeem(
    fetcher: Fetcher, party: Party, metadata: Metadata, code: str, verifier: str, redirect_uri: str, now: datetime
) -> Tokens:
    """The tokens for a code; raises `Refused` or `Unreached`."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    proof, authorization = authenticate(party, metadata.issuer, now)
    answer = fetcher.post(metadata.token_endpoint, fields | proof, authorization=authorization, limit=DOCUMENT_LIMIT)
    if isinstance(answer, Unavailable):
        raise Unreached(answer)
    return _read_tokens(answer)


def authenticate(party: Party, issuer: str, now: datetime) -> tuple[dict[str, str], str]:
    """(fields, header `Authorization`) by which we prove who we are, as is agreed."""
    settings = settings_of(party)
    if settings.authentication is ClientAuthentication.PRIVATE_KEY_JWT:
        assertion = _assertion(settings, party.key, issuer, now)
        fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return {"client_id": settings.client_id, **fields}, ""
    secret = check_secret(party)
    if settings.authentication is ClientAuthentication.SECRET_POST:
        return {"client_id": settings.client_id, "client_secret": secret}, ""
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
    return {}, f"Basic {b64encode(pair.encode()).decode()}"


def check_secret(party: Party) -> str:
    """The client secret; raises `Refused` when the agreed authentication needs one and there is none."""
    needs_one = settings_of(party).authentication is not ClientAuthentication.PRIVATE_KEY_JWT
    require(bool(party.secret) or not needs_one, OidcRefusal.SECRET_MISSING)
    return party.secret or ""


def _assertion(settings: OidcSettings, der: bytes, issuer: str, now: datetime) -> str:
    """A token by which we prove that we hold our key (RFC 7523), for this provider, once, within a minute."""
    key, issued = own_key(der), int(now.timestamp())
    claims = {
        "iss": settings.client_id,
        "sub": settings.client_id,
        "aud": issuer,
        "jti": secrets.token_urlsafe(24),
        "iat": issued,
        "exp": issued + ASSERTION_SECONDS,
    }
    return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, key)


def _read_tokens(answer: Fetched) -> Tokens:
    members = read_object(answer.body)
    if answer.status >= 400:
        error = members.get("error") if members is not None else None
        code = error if isinstance(error, str) else f"status {answer.status}"
        raise Refused(_REFUSALS.get(code, OidcRefusal.PROVIDER_ERROR), shown(code))
    if members is None:
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, "token_endpoint")
    id_token, access_token = members.get("id_token"), members.get("access_token", "")
    require(id_token is not None, OidcRefusal.NO_ID_TOKEN)
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, "token_endpoint")
    return Tokens(id_token, access_token)


def read_userinfo(fetcher: Fetcher, address: str, access_token: str, subject: object) -> Mapping[str, Any]:
    """The claims of the userinfo endpoint, if they are about the same person; raises `Refused` or `Unreached`."""
    if not _is_bearer(access_token):
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, "token_endpoint: access_token")
    answer = fetcher.get(address, bearer=access_token, limit=DOCUMENT_LIMIT)
    if isinstance(answer, Unavailable):
        raise Unreached(answer)
    members = read_object(answer.body)
    if members is None:
        raise Refused(OidcRefusal.DOCUMENT_MALFORMED, "userinfo_endpoint")
    require(members.get("sub") == subject, OidcRefusal.USERINFO_SUBJECT)
    return members


def _is_bearer(token: str) -> bool:
    """Whether it can stand in a header."""
    return 0 < len(token) <= 8192 and token.isascii() and token.isprintable() and " " not in token
