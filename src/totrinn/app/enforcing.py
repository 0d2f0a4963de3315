"""The requirement: the vendor makes it available; the organisation's global administrator previews and confirms it."""

from dataclasses import dataclass
from datetime import datetime

from totrinn.app.api_tokens import Caller, acting_either, source_of
from totrinn.app.errors import NotFound
from totrinn.app.judging import Actor
from totrinn.app.landing import Visitor
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.ports import Confirmations, Services, Unit
from totrinn.app.records import Organisation
from totrinn.core.enforcement import (
    CONFIRMATION_LIFETIME,
    Change,
    Confirmation,
    Preview,
    Refusal,
    Wish,
    change_of,
    granted,
    refuse_confirmation,
    refuse_stricter,
    refuse_wish,
)
from totrinn.core.events import Event, Kind, Source
from totrinn.core.policy import Requirement
from totrinn.core.roles import Right


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that waits for its confirmation: whom it hits, and the token that confirms exactly this."""

    wish: Wish
    change: Change
    preview: Preview
    token: str
    stale: StaleProof | None
    """What must be proven again before it can be confirmed."""
    refusal: Refusal | None = None
    """Why the confirmation before this one did not count."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The wish is what stands already."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The change is not made."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Changed:
    """The requirement now stands as wished."""

    change: Change


def propose(services: Services, visitor: Visitor, caller: Caller, wish: Wish) -> Proposal | Unchanged | Refused:
    """Previews a wish and hands out its confirmation; changes nothing."""
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.SEE_SETTINGS, visitor)
        policy = current.organisation.policy
        change = change_of(policy, wish, visitor.now)
        if change is Change.NOTHING:
            return Unchanged()
        refusal = _refuse_wish(current, wish, visitor)
        if refusal is not None:
            _log_refused(unit, visitor, current, refusal)
            return Refused(refusal)
        return _proposal(services, unit, visitor, current, wish, None)


def confirm(services: Services, visitor: Visitor, caller: Caller, token: str) -> Changed | Proposal | Refused:
    """Makes the confirmed change, or says why not and, where that helps, proposes it anew."""
    digest = services.digest(token)
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.SEE_SETTINGS, visitor)
        stored = _confirmations(unit, current).find(digest)
        if stored is None or not _is_ours(stored, current):
            return _refuse(unit, visitor, current, Refusal.UNKNOWN_CONFIRMATION)
        refusal = _refusal(unit, visitor, current, stored)
        if refusal is Refusal.STALE_PROOF:
            return _proposal(services, unit, visitor, current, stored.wish, refusal)
        if _confirmations(unit, current).take(digest) is None:
            return _refuse(unit, visitor, current, Refusal.UNKNOWN_CONFIRMATION)
        if refusal is None:
            return _change(unit, visitor, current, stored)
        _log_refused(unit, visitor, current, refusal)
        if refusal not in (Refusal.EXPIRED, Refusal.SOMEONE_ELSE, Refusal.PEOPLE_CHANGED):
            return Refused(refusal)
        if change_of(current.organisation.policy, stored.wish, visitor.now) is Change.NOTHING:
            return Refused(refusal)
        return _proposal(services, unit, visitor, current, stored.wish, refusal)


def look_again(services: Services, visitor: Visitor, caller: Caller, token: str) -> Proposal | Refused:
    """What a confirmation that was handed out would confirm; it is not used, and holds for as long as it did."""
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.SEE_SETTINGS, visitor)
        stored = _confirmations(unit, current).find(services.digest(token))
        if stored is None or not _is_ours(stored, current):
            return _refuse(unit, visitor, current, Refusal.UNKNOWN_CONFIRMATION)
        preview = _preview(unit, current)
        return _shown(visitor, current, stored.wish, preview, token, None)


def require_by_operator(
    services: Services, source: Source, slug: str, wish: Wish, *, now: datetime, revision: int, fingerprint: str
) -> Changed | Unchanged | Refused:
    """The operator requires two-factor of an organisation, of exactly the people that were counted beforehand.

    Only what is stricter than what stands: on, or earlier. Raises `NotFound`.
    """
    with services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            raise NotFound(slug)
        policy = organisation.policy
        change = change_of(policy, wish, now)
        if change is Change.NOTHING:
            return Unchanged()
        refusal = refuse_stricter(policy, change)
        if refusal is None and unit.members.preview(organisation.id, "").fingerprint != fingerprint:
            refusal = Refusal.PEOPLE_CHANGED
        if refusal is not None:
            return Refused(refusal)
        requirement = granted(policy, wish, now)
        if not unit.organisations.take_requirement(
            organisation.id, requirement, by=source.actor, expected_revision=revision
        ):
            return Refused(Refusal.SOMEONE_ELSE)
        _take_note(unit, now, source, organisation.id, change, requirement)
        return Changed(change)


def make_available(
    services: Services, source: Source, slug: str, *, why: str, now: datetime, caller: Caller | None = None
) -> Organisation:
    """Lets an organisation's global administrator turn the requirement on. Raises `NotFound` for an unknown slug."""
    return _set_available(services, source, slug, why=why, now=now, caller=caller, since=now)


def withdraw(
    services: Services, source: Source, slug: str, *, why: str, now: datetime, caller: Caller | None = None
) -> Organisation:
    """Takes the availability back. What is required stays required (rule 7). Raises `NotFound`."""
    return _set_available(services, source, slug, why=why, now=now, caller=caller, since=None)


def _set_available(
    services: Services,
    source: Source,
    slug: str,
    *,
    why: str,
    now: datetime,
    caller: Caller | None,
    since: datetime | None,
) -> Organisation:
    with services.store.writing() as unit:
        if caller is not None:
            acting_either(unit, caller, Right.RUN_ORGANISATIONS, Visitor(now, source.address, source.browser))
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None or organisation.is_vendor:
            raise NotFound(slug)
        if (since is None) != (organisation.policy.available_since is None):
            unit.organisations.set_available(organisation.id, since, source.actor if since else None)
            kind = Kind.FEATURE_GRANTED if since else Kind.FEATURE_WITHDRAWN
            unit.log.write(Event(kind, now, source, organisation_id=organisation.id, detail={"why": why}))
        return unit.organisations.find(organisation.id) or organisation


def _proposal(
    services: Services,
    unit: Unit,
    visitor: Visitor,
    current: Caller,
    wish: Wish,
    because: Refusal | None,
) -> Proposal:
    organisation = current.organisation
    preview = _preview(unit, current)
    token = services.random.token()
    _confirmations(unit, current).add(
        services.digest(token),
        Confirmation(
            session_id=_id_of(current),
            organisation_id=organisation.id,
            wish=wish,
            revision=organisation.policy.revision,
            fingerprint=preview.fingerprint,
            expires_at=visitor.now + CONFIRMATION_LIFETIME,
        ),
    )
    return _shown(visitor, current, wish, preview, token, because)


def _shown(
    visitor: Visitor, current: Caller, wish: Wish, preview: Preview, token: str, because: Refusal | None
) -> Proposal:
    stale = _stale(current, visitor)
    return Proposal(
        wish=wish,
        change=change_of(current.organisation.policy, wish, visitor.now),
        preview=preview,
        token=token,
        stale=stale,
        refusal=because,
    )


def _refuse_wish(current: Caller, wish: Wish, visitor: Visitor) -> Refusal | None:
    """What role and policy say; a token, moreover, only strengthens (rule 13)."""
    policy = current.organisation.policy
    refusal = refuse_wish(policy, current.role, wish, visitor.now)
    if refusal is not None or isinstance(current, Actor):
        return refusal
    if not current.may(Right.CHANGE_REQUIREMENT):
        return Refusal.NOT_ALLOWED
    weakens = refuse_stricter(policy, change_of(policy, wish, visitor.now)) is Refusal.NOT_ALLOWED
    return Refusal.NEEDS_PERSON if weakens else None


def _confirmations(unit: Unit, current: Caller) -> Confirmations:
    return unit.confirmations if isinstance(current, Actor) else unit.token_confirmations


def _id_of(current: Caller) -> str:
    """Who must confirm what was proposed to them: the session, or the token."""
    return current.live.session.id if isinstance(current, Actor) else current.token.id


def _preview(unit: Unit, current: Caller) -> Preview:
    me = current.person.id if isinstance(current, Actor) else ""
    return unit.members.preview(current.organisation.id, me)


def _stale(current: Caller, visitor: Visitor) -> StaleProof | None:
    return stale_for_organisation(current.live, visitor) if isinstance(current, Actor) else None


def _is_ours(stored: Confirmation, current: Caller) -> bool:
    return stored.session_id == _id_of(current) and stored.organisation_id == current.organisation.id


def _refusal(unit: Unit, visitor: Visitor, current: Caller, stored: Confirmation) -> Refusal | None:
    refusal = _refuse_wish(current, stored.wish, visitor) or refuse_confirmation(
        stored,
        expected_session=_id_of(current),
        expected_organisation=current.organisation.id,
        policy=current.organisation.policy,
        preview=_preview(unit, current),
        now=visitor.now,
    )
    if refusal is None and _stale(current, visitor) is not None:
        return Refusal.STALE_PROOF
    return refusal


def _change(unit: Unit, visitor: Visitor, current: Caller, stored: Confirmation) -> Changed | Refused:
    policy = current.organisation.policy
    change = change_of(policy, stored.wish, visitor.now)
    requirement = granted(policy, stored.wish, visitor.now)
    taken = unit.organisations.take_requirement(
        current.organisation.id,
        requirement,
        by=current.person.id if stored.wish.on and isinstance(current, Actor) else None,
        expected_revision=stored.revision,
    )
    if not taken:
        return _refuse(unit, visitor, current, Refusal.SOMEONE_ELSE)
    source = source_of(visitor, current)
    _take_note(unit, visitor.now, source, current.organisation.id, change, requirement)
    return Changed(change)


def _take_note(
    unit: Unit, now: datetime, source: Source, organisation_id: str, change: Change, requirement: Requirement
) -> None:
    """Logs a change; sessions that applications rely on are looked at as soon as it bites."""
    if requirement.stands():
        unit.sweeps.add(organisation_id, max(requirement.from_ or now, now))
    kind = {Change.ON: Kind.REQUIREMENT_ON, Change.OFF: Kind.REQUIREMENT_OFF}.get(change, Kind.REQUIREMENT_MOVED)
    detail = {"from": requirement.from_.isoformat()} if requirement.from_ else {}
    unit.log.write(Event(kind, now, source, organisation_id=organisation_id, detail=detail))


def _refuse(unit: Unit, visitor: Visitor, current: Caller, refusal: Refusal) -> Refused:
    _log_refused(unit, visitor, current, refusal)
    return Refused(refusal)


def _log_refused(unit: Unit, visitor: Visitor, current: Caller, refusal: Refusal) -> None:
    unit.log.write(
        Event(
            Kind.REQUIREMENT_REFUSED,
            visitor.now,
            source_of(visitor, current),
            organisation_id=current.organisation.id,
            person_id=current.person.id if isinstance(current, Actor) else None,
            detail={"reason": refusal},
        )
    )
