"""A code is exchanged for tokens, once (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3).

A code that comes a second time is in two hands: what it gave is taken back. The refusal is returned, not raised, so
that what it undid stays undone.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from totrinn.app.applications.claims import claims_of, seconds, session_claims
from totrinn.app.applications.grant_records import Authorisation, SigningKey
from totrinn.app.applications.granting import holder_of, log_of_grant
from totrinn.app.applications.records import Application
from totrinn.app.applications.refusals import Error, Refused
from totrinn.app.applications.signing_keys import key_for, sign
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit
from totrinn.core.events import Kind

ACCESS_LIVES = timedelta(minutes=5)
_ID_TOKEN_LIVES = timedelta(minutes=5)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the application is given."""

    access_token: str
    refresh_token: str
    id_token: str
    scopes: tuple[str, ...]
    expires_in: int = int(ACCESS_LIVES.total_seconds())
    """Seconds, of the access token."""


@dataclass(frozen=True, slots=True)
class Given:
    """The same before the ID token is signed, which is done outside the transaction."""

    access_token: str
    refresh_token: str
    scopes: tuple[str, ...]
    claims: dict[str, Any]


def exchange_code(
    services: Services,
    visitor: Visitor,
    application: Application,
    *,
    issuer: str,
    code: str,
    redirect_uri: str,
    verifier: str,
) -> Tokens | Refused:
    """Tokens for a code of this application, with the address and the verifier that it was asked for with."""
    key = key_for(services, application.agreement.signing, visitor.now)
    with services.store.writing() as unit:
        found = unit.authorisations.find(services.digest(code))
        if found is None or found.grant.application_id != application.id:
            return _refused("the code is unknown")
        if found.is_used:
            return revoked(unit, visitor, application, found)
        if not visitor.now < found.expires_at:
            return _refused("the code is too old")
        if found.redirect_uri != redirect_uri:
            return _refused("redirect_uri is not that of the request")
        if not _fits(verifier, found.challenge):
            return _refused("code_verifier does not fit")
        if not unit.authorisations.use(found.id, visitor.now):
            return revoked(unit, visitor, application, found)
        holder = holder_of(unit, found.grant, visitor.now)
        if holder is None:
            unit.grants.end(found.grant.id)
            return _refused("the session has ended")
        given = give(services, unit, visitor, holder, found, refresh_token=services.random.token())
    return signed(services, visitor, given, key, issuer=issuer, audience=application.id, nonce=found.nonce)


def give(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    holder: Actor,
    found: Authorisation,
    *,
    refresh_token: str,
    scopes: tuple[str, ...] | None = None,
) -> Given:
    """A new access token, this refresh token, and what the ID token says, for an admitted holder."""
    access_token, now = services.random.token(), visitor.now
    narrowed = found.scopes if scopes is None else scopes
    unit.authorisations.add_access(
        services.digest(access_token), found.id, narrowed, now=now, expires_at=now + ACCESS_LIVES
    )
    unit.authorisations.add_refresh(services.digest(refresh_token), found.id, now)
    claims = claims_of(unit, holder, narrowed) | session_claims(found)
    return Given(access_token, refresh_token, narrowed, claims)


def signed(
    services: Services, visitor: Visitor, given: Given, key: SigningKey, *, issuer: str, audience: str, nonce: str = ""
) -> Tokens:
    """The same with the ID token."""
    now = visitor.now
    own = {
        "iss": issuer,
        "aud": audience,
        "iat": seconds(now),
        "exp": seconds(now + _ID_TOKEN_LIVES),
        "at_hash": services.openid.half_hash(given.access_token, key.algorithm),
    }
    claims = given.claims | own | ({"nonce": nonce} if nonce else {})
    return Tokens(given.access_token, given.refresh_token, sign(services, key, claims, kind="JWT"), given.scopes)


def revoked(unit: Unit, visitor: Visitor, application: Application, found: Authorisation) -> Refused:
    """Something came a second time that is good for once: all that came of the same answer ends."""
    unit.authorisations.end(found.id)
    log_of_grant(unit, visitor, found.grant, Kind.APPLICATION_TOKENS_REVOKED, application.name)
    return _refused("it was used before: everything that came of it has ended")


def _refused(description: str) -> Refused:
    return Refused(Error.INVALID_GRANT, description)


def _fits(verifier: str, challenge: str) -> bool:
    """Whether the verifier is that of the challenge, by S256 (RFC 7636 §4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
    return hmac.compare_digest(digest, challenge)
