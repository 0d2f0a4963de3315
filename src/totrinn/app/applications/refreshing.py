"""A refresh token is exchanged for the next, once; the session behind it is judged anew (RFC 6749 §6, RFC 9700 §4.14).

Clients that load several pages at once refresh twice with the same token, and mean no harm. So the next token is
computed from the one that was shown: whoever shows it again within ten seconds, while the next has not been used, is
given the same next one. Everything older that comes again is in two hands, and ends all that came of the same answer.
A thief who is quick enough gets the same next token as its owner: whoever of the two uses it second is noticed then.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from totrinn.app.applications.exchanging import Tokens, give, revoked, signed
from totrinn.app.applications.grant_records import StoredToken
from totrinn.app.applications.granting import holder_of, keep_alive
from totrinn.app.applications.records import Application
from totrinn.app.applications.refusals import Error, Refused
from totrinn.app.applications.signing_keys import key_for
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit

SHOWN_AGAIN = timedelta(seconds=10)
_PURPOSE = "refresh token"


def refresh(
    services: Services,
    visitor: Visitor,
    application: Application,
    *,
    issuer: str,
    refresh_token: str,
    scope: str | None,
) -> Tokens | Refused:
    """The next tokens, for no more scopes than before. It counts as use of the session."""
    key = key_for(services, application.agreement.signing, visitor.now)
    digest, following = services.digest(refresh_token), next_of(services, refresh_token)
    with services.store.writing() as unit:
        found = _held(unit, application, digest)
        if found is None:
            return Refused(Error.INVALID_GRANT, "the refresh token is unknown, or has ended")
        authorisation = found.authorisation
        scopes = authorisation.scopes if scope is None else tuple(scope.split())
        if not frozenset(scopes) <= frozenset(authorisation.scopes) or "openid" not in scopes:
            return Refused(Error.INVALID_SCOPE, "scope must be openid and some of what was granted")
        if not _take(services, unit, found, digest, following, visitor.now):
            return revoked(unit, visitor, application, authorisation)
        holder = holder_of(unit, authorisation.grant, visitor.now)
        if holder is None:
            unit.grants.end(authorisation.grant.id)
            return Refused(Error.INVALID_GRANT, "the session has ended, or is not admitted any more")
        given = give(services, unit, visitor, holder, authorisation, refresh_token=following, scopes=scopes)
        keep_alive(unit, holder, visitor.now)
    return signed(services, visitor, given, key, issuer=issuer, audience=application.id)


def next_of(services: Services, refresh_token: str) -> str:
    """The token that follows this one: only who has the installation's keys can compute it."""
    return urlsafe_b64encode(services.vault.digest(refresh_token, _PURPOSE)).rstrip(b"=").decode("ascii")


def _held(unit: Unit, application: Application, digest: bytes) -> StoredToken | None:
    """The token, read when nobody else exchanges one of the same answer; another application's is unknown."""
    found = unit.authorisations.find_refresh(digest)
    if found is None or found.authorisation.grant.application_id != application.id:
        return None
    return unit.authorisations.find_refresh(digest) if unit.authorisations.hold(found.authorisation.id) else None


def _take(services: Services, unit: Unit, found: StoredToken, digest: bytes, following: str, now: datetime) -> bool:
    """Uses the token, or finds that it was used just now and the next has not been."""
    if found.used_at is None:
        return unit.authorisations.use_refresh(digest, now)
    after = unit.authorisations.find_refresh(services.digest(following))
    is_recent = abs(now - found.used_at) < SHOWN_AGAIN
    return is_recent and after is not None and after.used_at is None
