"""What administrators do with their members, and what members may do with their own memberships."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from totrinn.app.accounts import own_memberships
from totrinn.app.api_tokens import Caller, acting_either, source_of
from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.errors import NotAllowed, NotFound
from totrinn.app.judging import Actor, acting, acting_as_oneself
from totrinn.app.landing import Visitor
from totrinn.app.notifying import tell
from totrinn.app.own_factors import StaleProof, is_keeper, stale_for_organisation
from totrinn.app.ports import Services, Unit
from totrinn.app.records import MailKind, Member, Organisation
from totrinn.core.api_tokens import may_token_manage
from totrinn.core.events import Event, Kind, Source
from totrinn.core.roles import ASSIGNABLE, Right, Role, may_manage


@dataclass(frozen=True, slots=True)
class Done:
    """It is done."""


@dataclass(frozen=True, slots=True)
class LastGlobalAdministrator:
    """It would leave the organisation without a global administrator."""


@dataclass(frozen=True, slots=True)
class KeepsPassword:
    """It would take away one of those who keep their password while it is closed: open it, or name others, first."""


@dataclass(frozen=True, slots=True)
class Oneself:
    """It cannot be done to oneself here."""


@dataclass(frozen=True, slots=True)
class NothingToReset:
    """The person has no second factor, and is not waiting to set one up anew."""


@dataclass(frozen=True, slots=True)
class MemberElsewhere:
    """The person belongs to other organisations too, or not (yet) to this one: only a recovery code, or the vendor,
    helps (rule 12)."""


def save_settings(
    services: Services, visitor: Visitor, caller: Caller, *, name: str, language: str, time_zone: str
) -> Done:
    """Saves name, language and time zone of the organisation."""
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.CHANGE_SETTINGS, visitor)
        wanted = {"name": name, "language": language, "time_zone": time_zone}
        _save_settings(unit, visitor.now, source_of(visitor, current), current.organisation, wanted)
        return Done()


def save_settings_by_operator(
    services: Services, source: Source, slug: str, changed: Mapping[str, str], *, now: datetime
) -> None:
    """Saves those of name, language and time zone that are given. Raises `NotFound`."""
    with services.store.writing() as unit:
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None:
            raise NotFound(slug)
        _save_settings(unit, now, source, organisation, changed)


def _save_settings(
    unit: Unit, now: datetime, source: Source, organisation: Organisation, wanted: Mapping[str, str]
) -> None:
    old = {"name": organisation.name, "language": organisation.language, "time_zone": organisation.time_zone}
    changed = {key: value for key, value in wanted.items() if value != old[key]}
    if not changed:
        return
    new = {**old, **changed}
    unit.organisations.save_settings(
        organisation.id, name=new["name"], language=new["language"], time_zone=new["time_zone"]
    )
    unit.log.write(Event(Kind.SETTINGS_CHANGED, now, source, organisation_id=organisation.id, detail=changed))


def change_role(
    services: Services, visitor: Visitor, actor: Actor, person_id: str, role: Role
) -> Done | LastGlobalAdministrator | KeepsPassword | StaleProof:
    """Gives a member another role; the last global administrator keeps theirs.

    Every change makes or unmakes an administrator, so that a session left open is not enough for it (rule 13).
    Raises `NotFound`, `NotAllowed`.
    """
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.CHANGE_ROLES, visitor.now)
        unit.members.lock(current.organisation.id)
        member = _member(unit, current, person_id)
        if role not in ASSIGNABLE:
            raise NotAllowed(Right.CHANGE_ROLES)
        if member.role is role:
            return Done()
        if role is not Role.GLOBAL_ADMINISTRATOR and is_last_global_administrator(
            unit, current.organisation.id, member.id
        ):
            return LastGlobalAdministrator()
        if is_keeper(unit, current.organisation, member.id):
            return KeepsPassword()
        stale = stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        unit.members.set_role(current.organisation.id, member.id, role)
        with because(unit, WhyEnded.ROLE_CHANGED, member.id, visitor.now):
            unit.grants.end_of_member(current.organisation.id, member.id)
        _log(unit, visitor, Kind.ROLE_CHANGED, current, member.id, old=member.role, new=role)
        return Done()


def end_sessions(services: Services, visitor: Visitor, caller: Caller, person_id: str) -> Done:
    """Ends a member's sessions in this organisation, save the one that asks. Raises `NotFound`, `NotAllowed`."""
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.MANAGE_MEMBERS, visitor)
        member = _manageable(unit, current, person_id)
        keep = current.live.session.id if isinstance(current, Actor) else None
        with because(unit, WhyEnded.BY_ADMINISTRATOR, member.id, visitor.now):
            ended = unit.sessions.end_of_person(member.id, keep=keep, organisation_id=current.organisation.id)
        _log(unit, visitor, Kind.SESSIONS_ENDED, current, member.id, count=str(ended))
        return Done()


def end_session_of_member(
    services: Services, visitor: Visitor, caller: Caller, person_id: str, session_id: str
) -> Done | Oneself:
    """Ends one of a member's sessions in this organisation, and not the one that asks.

    Raises `NotFound`, `NotAllowed`.
    """
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.MANAGE_MEMBERS, visitor)
        member, organisation_id = _manageable(unit, current, person_id), current.organisation.id
        live = unit.sessions.find_by_id(session_id)
        whose = None if live is None else (live.session.person_id, live.session.organisation_id)
        if whose != (member.id, organisation_id):
            raise NotFound(session_id)
        if isinstance(current, Actor) and session_id == current.live.session.id:
            return Oneself()
        with because(unit, WhyEnded.BY_ADMINISTRATOR, member.id, visitor.now):
            unit.sessions.end_one(session_id, member.id)
        _log(unit, visitor, Kind.SESSIONS_ENDED, current, member.id, count="1")
        return Done()


def remove_member(
    services: Services, visitor: Visitor, caller: Caller, person_id: str
) -> Done | LastGlobalAdministrator | KeepsPassword | Oneself:
    """Removes a member, and with it every session in this organisation (R49). Raises `NotFound`, `NotAllowed`."""
    with services.store.writing() as unit:
        current = acting_either(unit, caller, Right.MANAGE_MEMBERS, visitor)
        unit.members.lock(current.organisation.id)
        member = _manageable(unit, current, person_id)
        if isinstance(current, Actor) and member.id == current.person.id:
            return Oneself()
        if is_last_global_administrator(unit, current.organisation.id, member.id):
            return LastGlobalAdministrator()
        if is_keeper(unit, current.organisation, member.id):
            return KeepsPassword()
        with because(unit, WhyEnded.MEMBERSHIP_ENDED, member.id, visitor.now):
            end_membership(unit, current.organisation.id, member.id)
        _log(unit, visitor, Kind.MEMBER_REMOVED, current, member.id)
        return Done()


def reset_factor(
    services: Services, visitor: Visitor, actor: Actor, person_id: str, *, why: str
) -> Done | Oneself | MemberElsewhere | StaleProof:
    """Removes a member's lost factor: everything that it proved ends, and they must enrol anew (R34).

    Raises `NotFound`, `NotAllowed`.
    """
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.RESET_FACTOR, visitor.now)
        member = _member(unit, current, person_id)
        if member.id == current.person.id:
            return Oneself()
        # Held already here, so that nobody becomes a member elsewhere between the question and the reset.
        unit.people.lock(member.id)
        if member.accepted_at is None or is_member_elsewhere(unit, member.id, current.organisation.id):
            return MemberElsewhere()
        stale = stale_for_organisation(current.live, visitor)
        if stale is not None:
            return stale
        reset(services, unit, visitor, member.id, source=visitor.source(current.person.id), why=why)
        return Done()


def reset(services: Services, unit: Unit, visitor: Visitor, person_id: str, *, source: Source, why: str) -> None:
    """Resets a person's factors, whoever is entitled to order it; the one place that does.

    Logged in each organisation that the person is a member of, and told to the person. Whoever has only invited them
    learns nothing.
    """
    unit.people.lock(person_id)
    person = unit.people.find(person_id)
    if person is None:
        raise NotFound(person_id)
    unit.factors.remove_all(person_id)
    unit.people.mark_must_enrol(person_id)
    with because(unit, WhyEnded.FACTOR_RESET, person_id, visitor.now):
        unit.sessions.end_of_person(person_id)
    unit.signins.end_of_person(person_id)
    unit.api_tokens.end_of_person(person_id)
    unit.throttles.clear(f"factor:{person_id}")
    for membership in unit.members.of_person(person_id):
        if membership.accepted_at is None:
            continue
        unit.log.write(
            Event(
                Kind.FACTOR_RESET,
                visitor.now,
                source,
                organisation_id=membership.organisation.id,
                person_id=person_id,
                detail={"why": why},
            )
        )
    tell(services, unit, person, MailKind.FACTOR_RESET, visitor)


def leave(
    services: Services, visitor: Visitor, actor: Actor, slug: str
) -> Done | LastGlobalAdministrator | KeepsPassword:
    """Leaves one of one's own organisations, or declines its invitation (rule 8). Raises `NotFound`."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        organisation = next(
            (m.organisation for m in own_memberships(unit, current) if m.organisation.slug == slug), None
        )
        if organisation is None:
            raise NotFound(slug)
        unit.members.lock(organisation.id)
        if is_last_global_administrator(unit, organisation.id, current.person.id):
            return LastGlobalAdministrator()
        if is_keeper(unit, organisation, current.person.id):
            return KeepsPassword()
        # Whoever has left comes back by being asked, and not by a provider's word.
        unit.identities.remove_of_person(organisation.id, current.person.id)
        with because(unit, WhyEnded.MEMBERSHIP_ENDED, current.person.id, visitor.now):
            end_membership(unit, organisation.id, current.person.id)
        _log_in(unit, visitor, Kind.MEMBER_LEFT, current, organisation.id)
        return Done()


def accept_invitation(services: Services, visitor: Visitor, actor: Actor, slug: str) -> Done:
    """Accepts a membership that somebody has offered, from an admitted session (rule 12). Raises `NotFound`."""
    with services.store.writing() as unit:
        current = acting_as_oneself(unit, actor, visitor.now)
        organisation = unit.organisations.find_by_slug(slug)
        if organisation is None or not unit.members.accept(organisation.id, current.person.id, visitor.now):
            raise NotFound(slug)
        _log_in(unit, visitor, Kind.MEMBER_ADDED, current, organisation.id)
        return Done()


def is_last_global_administrator(unit: Unit, organisation_id: str, person_id: str) -> bool:
    """Whether nobody else could govern the organisation (or, for the vendor's, staff it)."""
    others = unit.members.global_administrators(organisation_id)
    return [member.id for member in others] == [person_id]


def end_membership(unit: Unit, organisation_id: str, person_id: str) -> None:
    """Removes a membership with every session and unfinished sign-in there (R49); who may, is asked before."""
    unit.members.remove(organisation_id, person_id)
    unit.sessions.end_of_person(person_id, organisation_id=organisation_id)
    unit.signins.end_of_person(person_id, organisation_id=organisation_id)


def is_member_elsewhere(unit: Unit, person_id: str, organisation_id: str) -> bool:
    """Whether the person has accepted membership of any other organisation, even where its directory keeps them out."""
    return unit.members.is_elsewhere(person_id, organisation_id)


def _member(unit: Unit, current: Caller, person_id: str) -> Member:
    member = unit.members.find(current.organisation.id, person_id)
    if member is None:
        raise NotFound(person_id)
    return member


def _manageable(unit: Unit, current: Caller, person_id: str) -> Member:
    member = _member(unit, current, person_id)
    may = may_manage(current.role, member.role) if isinstance(current, Actor) else may_token_manage(member.role)
    if not may:
        raise NotAllowed(Right.MANAGE_MEMBERS)
    return member


def _log(unit: Unit, visitor: Visitor, kind: Kind, current: Caller, person_id: str | None, **detail: str) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            source_of(visitor, current),
            organisation_id=current.organisation.id,
            person_id=person_id,
            detail=detail,
        )
    )


def _log_in(unit: Unit, visitor: Visitor, kind: Kind, current: Actor, organisation_id: str) -> None:
    unit.log.write(
        Event(
            kind,
            visitor.now,
            visitor.source(current.person.id),
            organisation_id=organisation_id,
            person_id=current.person.id,
        )
    )
