"""What a token says, held against what was expected (OpenID Connect Core §3.1.3.7, Back-Channel Logout §2.6)."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import new
from typing import Any

from totrinn.sso.oidc_json import mismatch, shown, text_of, time_of
from totrinn.sso.oidc_refusals import Examination, OidcCheck, OidcRefusal, Refused, require
from totrinn.sso.oidc_tokens import SignedToken

SKEW = timedelta(seconds=60)
"""By how much the provider's clock and ours may differ."""
ID_TOKEN_AGE = timedelta(minutes=10)
LOGOUT_TOKEN_AGE = timedelta(minutes=2)
LONGEST_LIFE = timedelta(days=31)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_SKEW = int(SKEW.total_seconds())
_HASHES = {"256": "sha256", "384": "sha384", "512": "sha512", "EdDSA": "sha512"}
"""By the end of the algorithm's name; Ed25519 is made with SHA-512 (RFC 8032 §5.1)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token of this connection must say, now."""

    issuer: str
    client_id: str
    now: datetime


def check_addressed(claims: Mapping[str, Any], expected: Expected, examination: Examination) -> None:
    """The token comes from the issuer, and is meant for us."""
    issuer, audience, party = claims.get("iss"), claims.get("aud"), claims.get("azp")
    require(issuer == expected.issuer, OidcRefusal.ISSUER, mismatch(expected.issuer, issuer))
    examination.passes(OidcCheck.ISSUER)
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise Refused(OidcRefusal.AUDIENCE, mismatch(expected.client_id, audience))
    require(expected.client_id in audiences, OidcRefusal.AUDIENCE, mismatch(expected.client_id, audience))
    if party is not None or "azp" in claims or len(set(audiences)) > 1:
        require(party == expected.client_id, OidcRefusal.AUDIENCE, "azp: " + mismatch(expected.client_id, party))
    examination.passes(OidcCheck.AUDIENCE)


def check_times(
    claims: Mapping[str, Any], expected: Expected, longest_age: timedelta, examination: Examination
) -> datetime:
    """The token is valid now and was issued lately; returns when it expires."""
    issued, expires = time_of(claims, "iat"), time_of(claims, "exp")
    starts = time_of(claims, "nbf") if "nbf" in claims else issued
    now = int(expected.now.timestamp())
    require(now < expires + _SKEW, OidcRefusal.EXPIRED, f"exp {expires}, now {now}")
    require(max(issued, starts) <= now + _SKEW, OidcRefusal.NOT_YET, f"iat {issued}, nbf {starts}, now {now}")
    require(issued + longest_age.total_seconds() + _SKEW >= now, OidcRefusal.TOO_OLD, f"iat {issued}, now {now}")
    require(expires - issued <= LONGEST_LIFE.total_seconds(), OidcRefusal.TOO_LASTING, f"iat {issued}, exp {expires}")
    examination.passes(OidcCheck.TIMES)
    return datetime.fromtimestamp(expires, expected.now.tzinfo)


def check_id_token(
    token: SignedToken, expected: Expected, *, nonce: str, access_token: str, examination: Examination
) -> datetime:
    """The token is an ID token for this sign-in; returns when it expires."""
    claims = token.claims
    require(
        token.kind in {"", "jwt"} and "events" not in claims, OidcRefusal.OTHER_KIND, shown(token.header.get("typ"))
    )
    examination.passes(OidcCheck.KIND)
    check_addressed(claims, expected, examination)
    expires_at = check_times(claims, expected, ID_TOKEN_AGE, examination)
    require(_is_same(claims.get("nonce"), nonce), OidcRefusal.NONCE)
    examination.passes(OidcCheck.NONCE)
    if "at_hash" in claims:
        expected_hash = access_token_hash(access_token, str(token.header["alg"]))
        require(_is_same(claims["at_hash"], expected_hash), OidcRefusal.ACCESS_TOKEN)
        examination.passes(OidcCheck.ACCESS_TOKEN)
    return expires_at


def check_logout_token(token: SignedToken, expected: Expected, examination: Examination) -> datetime:
    """The token is a logout token for us; returns when it expires."""
    claims = token.claims
    require(token.kind in {"logout+jwt", "jwt"}, OidcRefusal.OTHER_KIND, shown(token.header.get("typ")))
    require("nonce" not in claims, OidcRefusal.OTHER_KIND, "nonce")
    examination.passes(OidcCheck.KIND)
    check_addressed(claims, expected, examination)
    expires_at = check_times(claims, expected, LOGOUT_TOKEN_AGE, examination)
    events = claims.get("events")
    is_logout = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)
    require(is_logout, OidcRefusal.LOGOUT_EVENT)
    examination.passes(OidcCheck.LOGOUT_EVENT)
    return expires_at


def subject_of(claims: Mapping[str, Any]) -> str:
    """`sub`: 1 to 255 printable ASCII signs (OpenID Connect Core §2)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not _is_printable_ascii(subject):
        raise Refused(OidcRefusal.SUBJECT)
    return subject


def token_name(claims: Mapping[str, Any]) -> str:
    """`jti`, which is never used twice."""
    name = text_of(claims, "jti")
    require(bool(name), OidcRefusal.CLAIM, "jti")
    return name


def access_token_hash(access_token: str, algorithm: str) -> str:
    """`at_hash`: the left half of the hash of the access token, by the hash of the algorithm (§3.1.3.6)."""
    name = next(name for ending, name in _HASHES.items() if algorithm.endswith(ending))
    digest = new(name, access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _is_same(value: object, expected: str) -> bool:
    """In constant time; nothing is the same as an empty text."""
    return bool(expected) and isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _is_printable_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()
