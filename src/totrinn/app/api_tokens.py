"""API tokens: made and ended by people, and judged afresh each time that a program acts by one.

A token is worth what its maker is worth: it stops when they have lost the role that they made it with, have left, are
inactive, or would no longer be admitted with what they had proven (R41). Whoever makes one needs a proof not older
than 20 minutes, and no token makes another (rule 13).
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from totrinn.app.errors import NotAdmitted, NotAllowed, NotFound, StoreUnavailable
from totrinn.app.judging import Actor, acting, verdict_on_maker
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.records import Organisation
from totrinn.app.token_records import ApiToken, Bearer, LiveToken
from totrinn.core.api_tokens import LONGEST_LIFE, Scope, is_token, scopes_of, token_text
from totrinn.core.events import Event, Kind, Source
from totrinn.core.lifetimes import CLOCK_TOLERANCE
from totrinn.core.policy import Admit
from totrinn.core.roles import Right, may

Caller = Actor | Bearer
"""A person in a session, or a program by a token."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: its text is shown once."""

    token: ApiToken
    text: str


class TokenObstacle(StrEnum):
    """Why it was not made."""

    NAME_TAKEN = "name_taken"
    NO_SCOPE = "no_scope"
    WRONG_SCOPE = "wrong_scope"
    """The scope is for the vendor's tokens, and this is an organisation's; or the other way round."""
    BAD_LIFE = "bad_life"
    """It would end at once, or live for more than 366 days."""


@dataclass(frozen=True, slots=True)
class WantedToken:
    """A token as somebody wants it."""

    name: str
    scopes: frozenset[Scope]
    lasting: timedelta


def judge_token(services: Services, visitor: Visitor, text: str) -> Bearer | None:
    """Who acts by this token, read and judged afresh; None when it is unknown, over, or its maker is not admitted."""
    if not is_token(text):
        return None
    with services.store.reading() as unit:
        live = unit.api_tokens.find(services.digest(text))
    bearer = _bearer(live, visitor)
    if bearer is not None and _is_new_day(bearer.token, visitor):
        # Where nothing can be written it is judged all the same: when it was last used, is for the eye.
        with suppress(StoreUnavailable), services.store.writing() as unit:
            unit.api_tokens.used(bearer.token.id, _today(visitor))
    return bearer


def acting_either(unit: Unit, caller: Caller, right: Right, visitor: Visitor) -> Caller:
    """A person or a program, read and judged again within the transaction that is about to change something.

    Raises `NotAdmitted` when session or token no longer hold, `NotAllowed` when role or scopes do not carry the right.
    """
    if isinstance(caller, Actor):
        return acting(unit, caller, right, visitor.now)
    current = _bearer(unit.api_tokens.find_by_id(caller.token.id), visitor)
    if current is None:
        raise NotAdmitted
    if not current.may(right):
        raise NotAllowed(right)
    return current


def source_of(visitor: Visitor, caller: Caller) -> Source:
    """Where an event comes from that a person or a program has caused."""
    return visitor.source(caller.person.id if isinstance(caller, Actor) else caller.name_in_log)


def make_token(services: Services, visitor: Visitor, actor: Actor, wanted: WantedToken) -> (
    NewToken | TokenObstacle | StaleProof
):  # fmt: skip
    """Makes a token of the actor's organisation, which counts for no more than the actor does."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.KEEP_TOKENS, visitor.now)
        stale = stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        source = visitor.source(current.person.id)
        token = _token(services, visitor, source, current.organisation, wanted)
        proven = replace(token, person_id=current.person.id, proof=current.live.session.proof)
        return _stored(services, unit, visitor, source, current.organisation, proven)


def make_token_by_operator(
    services: Services, visitor: Visitor, source: Source, slug: str, wanted: WantedToken
) -> NewToken | TokenObstacle:
    """The operator makes a token of an organisation, or of the vendor. Raises `NotFound`."""
    with services.store.writing() as unit:
        organisation = _organisation(unit, slug)
        token = _token(services, visitor, source, organisation, wanted)
        return _stored(services, unit, visitor, source, organisation, token)


def end_token(services: Services, visitor: Visitor, actor: Actor, token_id: str) -> ApiToken:
    """Ends one of the organisation's tokens: its next call is refused. Raises `NotFound`, `NotAllowed`."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.KEEP_TOKENS, visitor.now)
        return _end(unit, visitor, visitor.source(current.person.id), current.organisation.id, token_id)


def end_token_by_operator(services: Services, visitor: Visitor, source: Source, slug: str, token_id: str) -> ApiToken:
    """The operator ends it. Raises `NotFound`."""
    with services.store.writing() as unit:
        return _end(unit, visitor, source, _organisation(unit, slug).id, token_id)


def tokens_of(unit: Unit, organisation_id: str, visitor: Visitor) -> tuple[tuple[ApiToken, bool], ...]:
    """The organisation's tokens, the newest first, each with whether it would be taken now."""
    found = unit.api_tokens.of_organisation(organisation_id)
    return tuple((live.token, _bearer(live, visitor) is not None) for live in found)


def tokens_of_slug(services: Services, visitor: Visitor, slug: str) -> tuple[tuple[ApiToken, bool], ...]:
    """The same, for the operator. Raises `NotFound`."""
    with services.store.reading() as unit:
        return tokens_of(unit, _organisation(unit, slug).id, visitor)


def log_refused_token(services: Services, visitor: Visitor, bearer: Bearer, *, method: str, path: str) -> None:
    """Logs that a token tried what its scopes do not include (R92)."""
    with services.store.writing() as unit:
        detail = {"method": method, "path": path[:200]}
        _log(unit, visitor, visitor.source(bearer.name_in_log), Kind.TOKEN_REFUSED, bearer.organisation.id, detail)


def _bearer(live: LiveToken | None, visitor: Visitor) -> Bearer | None:
    if live is None or not live.organisation.is_active:
        return None
    token, now = live.token, visitor.now
    if not token.created_at - CLOCK_TOLERANCE <= now < token.ends_at:
        return None
    if live.maker is not None:
        role, verdict = live.maker.role, verdict_on_maker(live.maker, token.proof, live.connection, now)
        if role is None or not may(role, Right.KEEP_TOKENS) or not isinstance(verdict, Admit):
            return None
    return Bearer(token, live.organisation)


def _is_new_day(token: ApiToken, visitor: Visitor) -> bool:
    return token.used_at is None or token.used_at < _today(visitor)


def _today(visitor: Visitor) -> datetime:
    """When a token was last used is known to the day, so that using it writes once a day."""
    return visitor.now.replace(hour=0, minute=0, second=0, microsecond=0)


def _token(
    services: Services, visitor: Visitor, source: Source, organisation: Organisation, wanted: WantedToken
) -> ApiToken:
    return ApiToken(
        id=services.random.id(visitor.now),
        organisation_id=organisation.id,
        name=wanted.name,
        scopes=wanted.scopes,
        person_id=None,
        made_by=source.actor,
        proof=None,
        created_at=visitor.now,
        ends_at=visitor.now + wanted.lasting,
    )


def _stored(
    services: Services, unit: Unit, visitor: Visitor, source: Source, organisation: Organisation, token: ApiToken
) -> NewToken | TokenObstacle:
    obstacle = _obstacle(token, scopes_of(is_vendor=organisation.is_vendor))
    if obstacle is not None:
        return obstacle
    text = token_text(services.random.token())
    if not unit.api_tokens.add(services.digest(text), token):
        return TokenObstacle.NAME_TAKEN
    detail = {"token": token.name, "scopes": " ".join(sorted(token.scopes)), "until": token.ends_at.isoformat()}
    _log(unit, visitor, source, Kind.TOKEN_ADDED, organisation.id, detail)
    return NewToken(token, text)


def _obstacle(token: ApiToken, possible: Collection[Scope]) -> TokenObstacle | None:
    if not token.scopes:
        return TokenObstacle.NO_SCOPE
    if not token.scopes <= set(possible):
        return TokenObstacle.WRONG_SCOPE
    if not timedelta() < token.ends_at - token.created_at <= LONGEST_LIFE:
        return TokenObstacle.BAD_LIFE
    return None


def _end(unit: Unit, visitor: Visitor, source: Source, organisation_id: str, token_id: str) -> ApiToken:
    token = unit.api_tokens.end(organisation_id, token_id)
    if token is None:
        raise NotFound(token_id)
    _log(unit, visitor, source, Kind.TOKEN_ENDED, organisation_id, {"token": token.name})
    return token


def _organisation(unit: Unit, slug: str) -> Organisation:
    organisation = unit.organisations.find_by_slug(slug)
    if organisation is None:
        raise NotFound(slug)
    return organisation


def _log(
    unit: Unit, visitor: Visitor, source: Source, kind: Kind, organisation_id: str, detail: dict[str, str]
) -> None:
    unit.log.write(Event(kind, visitor.now, source, organisation_id=organisation_id, detail=detail))
