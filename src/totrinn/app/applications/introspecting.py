"""What a token is worth now: userinfo, introspection, revocation (OpenID Connect Core §5.3, RFC 7662, RFC 7009).

The session behind the token is judged at every call: a requirement turned on, or a role that was lost, bites at once.
"""

from typing import Any

from totrinn.app.applications.claims import claims_of, seconds, session_claims
from totrinn.app.applications.grant_records import StoredToken
from totrinn.app.applications.granting import holder_of
from totrinn.app.applications.records import Application
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.ports import Services, Unit

_INACTIVE: dict[str, Any] = {"active": False}


def userinfo(services: Services, visitor: Visitor, access_token: str) -> dict[str, Any] | None:
    """What the token's scopes tell of its person; None when it is worth nothing."""
    with services.store.reading() as unit:
        found = unit.authorisations.find_access(services.digest(access_token))
        holder = _holder(unit, found, visitor)
        if found is None or holder is None:
            return None
        application = unit.applications.find(found.authorisation.grant.application_id)
        if application is None or not application.is_enabled:
            return None
        return claims_of(unit, holder, found.scopes)


def introspect(
    services: Services, visitor: Visitor, application: Application, token: str, *, issuer: str
) -> dict[str, Any]:
    """What a token of the application's own is worth; of any other, be it good, it is said to be inactive."""
    digest = services.digest(token)
    with services.store.reading() as unit:
        found = unit.authorisations.find_access(digest) or unit.authorisations.find_refresh(digest)
        if found is None or found.authorisation.grant.application_id != application.id:
            return _INACTIVE
        holder = _holder(unit, found, visitor)
        if holder is None or found.used_at is not None:
            return _INACTIVE
        told = claims_of(unit, holder, found.scopes) | session_claims(found.authorisation)
    expires = {"exp": seconds(found.expires_at)} if found.expires_at else {}
    return (
        told
        | expires
        | {
            "active": True,
            "iss": issuer,
            "aud": application.id,
            "client_id": application.id,
            "token_type": "Bearer" if found.expires_at else "refresh_token",
            "scope": " ".join(found.scopes),
            "iat": seconds(found.created_at),
        }
    )


def revoke(services: Services, application: Application, token: str) -> None:
    """Ends a token of the application's own: a refresh token with all that came of the same answer."""
    digest = services.digest(token)
    with services.store.writing() as unit:
        refresh = unit.authorisations.find_refresh(digest)
        if refresh is not None and refresh.authorisation.grant.application_id == application.id:
            unit.authorisations.end(refresh.authorisation.id)
        access = unit.authorisations.find_access(digest)
        if access is not None and access.authorisation.grant.application_id == application.id:
            unit.authorisations.end_access(digest)


def _holder(unit: Unit, found: StoredToken | None, visitor: Visitor) -> Actor | None:
    if found is None or (found.expires_at is not None and found.expires_at <= visitor.now):
        return None
    return holder_of(unit, found.authorisation.grant, visitor.now)
