"""An application proves that it is itself: in the one way that was agreed, and in no other (RFC 6749 §2.3, RFC 7523).

Wrong secrets are not counted: they have 256 random bits, and guessing at them leads nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from totrinn.app.applications.records import TAKES_SECRET, Application, ClientAuthentication
from totrinn.app.applications.refusals import Error, Refused
from totrinn.app.ports import Services
from totrinn.core.lifetimes import CLOCK_TOLERANCE

_LONGEST_ASSERTION = timedelta(minutes=10)
_LONGEST_JTI = 512


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with a request, and in which way; `proof` is a secret or a signed assertion."""

    client_id: str
    way: ClientAuthentication
    proof: str = ""


def authenticated(
    services: Services, credentials: Credentials, now: datetime, *, audiences: frozenset[str]
) -> Application | Refused:
    """The application that has proven itself; an unknown one is refused like one that has not.

    `audiences`: whom an assertion may be meant for, of which it must name one.
    """
    client_id = credentials.client_id
    if credentials.way is ClientAuthentication.PRIVATE_KEY and not client_id:
        client_id = services.openid.unverified(credentials.proof, "sub")
    with services.store.reading() as unit:
        application = unit.applications.find(client_id)
        if application is None or not application.is_enabled:
            return _REFUSED
        way = application.agreement.authentication
        if way is not credentials.way:
            return _REFUSED
        if way in TAKES_SECRET and not unit.applications.has_secret(
            application.id, services.digest(credentials.proof), now
        ):
            return _REFUSED
    if way is not ClientAuthentication.PRIVATE_KEY:
        return application
    return application if _has_signed(services, application, credentials.proof, now, audiences) else _REFUSED


_REFUSED = Refused(Error.INVALID_CLIENT, "the application has not proven itself in the way that was agreed")


def _has_signed(
    services: Services, application: Application, assertion: str, now: datetime, audiences: frozenset[str]
) -> bool:
    """Whether the assertion is the application's, meant for us, and shown for the first time."""
    claims = services.openid.claims_of_assertion(assertion, application.agreement.keys)
    expires_at = None if claims is None else _accepted_until(claims, application.id, now, audiences)
    jti = None if claims is None else claims.get("jti")
    if expires_at is None or not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        return False
    with services.store.writing() as unit:
        return unit.assertions.take(application.id, jti, expires_at)


def _accepted_until(
    claims: Mapping[str, Any], client_id: str, now: datetime, audiences: frozenset[str]
) -> datetime | None:
    """Until when the assertion would be accepted, if it is now (RFC 7523 §3); else None."""
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return None
    named = claims.get("aud")
    if audiences.isdisjoint(each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)):
        return None
    times = {name: _time(claims.get(name)) for name in ("exp", "nbf", "iat")}
    if any(times[name] is None and name in claims for name in times):
        return None
    begins = [time for time in (times["nbf"], times["iat"]) if time is not None]
    expires_at = times["exp"]
    if expires_at is None or any(time > now + CLOCK_TOLERANCE for time in begins):
        return None
    return expires_at if now < expires_at <= now + _LONGEST_ASSERTION + CLOCK_TOLERANCE else None


def _time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
