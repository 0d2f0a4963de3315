"""What applications are told of a person, by scope (OpenID Connect Core §5.4).

Each claim is named here; nothing that is stored of a person can name one, least of all one of the protocol.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from totrinn.app.applications.grant_records import Authorisation
from totrinn.app.judging import Actor
from totrinn.app.ports import Unit


class Scope(StrEnum):
    """What can be asked for. Others are passed over, as OpenID Connect Core §3.1.2.1 wishes."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    ORGANISATION = "organisation"


def known_scopes(asked: str) -> tuple[str, ...]:
    """Those of the scopes that we know, in our order."""
    named = set(asked.split(" "))
    return tuple(scope.value for scope in Scope if scope.value in named)


def claims_of(unit: Unit, actor: Actor, scopes: tuple[str, ...]) -> dict[str, Any]:
    """What these scopes tell of an admitted person, in the organisation of their session."""
    person, organisation = actor.person, actor.organisation
    claims: dict[str, Any] = {"sub": person.id}
    if Scope.PROFILE in scopes:
        claims |= {"name": person.name} if person.name else {}
        claims["locale"] = person.language or organisation.language
    if Scope.EMAIL in scopes:
        claims |= {"email": person.email, "email_verified": _is_verified(unit, actor)}
    if Scope.ORGANISATION in scopes:
        claims["organisation"] = organisation.slug
        claims["organisation_id"] = organisation.id
        claims["organisation_name"] = organisation.name
        claims["roles"] = [actor.role.value]
    return claims


def session_claims(authorisation: Authorisation) -> dict[str, Any]:
    """How and when the person proved who they are, and by which name the session is told to have ended."""
    return {
        "sid": authorisation.grant.id,
        "auth_time": seconds(authorisation.auth_time),
        "acr": authorisation.level.value,
        "amr": list(authorisation.amr),
    }


def seconds(at: datetime) -> int:
    """A time as tokens hold it (RFC 7519 §2)."""
    return int(at.timestamp())


def _is_verified(unit: Unit, actor: Actor) -> bool:
    """Whether the organisation has proven that the address's domain is its own.

    An address is only the name of an account: whoever invites somebody types it, and nobody has looked into its
    mailbox. An application that took it for verified would let anybody in who makes an account of that name.
    """
    domain = unit.domains.find(actor.organisation.id, actor.person.email.rpartition("@")[2])
    return domain is not None and domain.proven_at is not None
