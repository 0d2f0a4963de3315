"""What belongs to the person alone: password, language, sessions (rule 12)."""

from dataclasses import dataclass, replace

from totrinn.app.applications.ending import because
from totrinn.app.applications.grant_records import WhyEnded
from totrinn.app.errors import NotFound
from totrinn.app.judging import Actor, acting, acting_as_oneself
from totrinn.app.landing import Landing, Visitor, land_switch
from totrinn.app.naming import product_name
from totrinn.app.notifying import tell
from totrinn.app.own_factors import Changed, holders, log_refused_proof, renewed, stale_proof
from totrinn.app.ports import Services, Unit
from totrinn.app.proving import (
    CodeRefused,
    CodeRight,
    PasswordRight,
    PasswordWrong,
    Throttled,
    check_code,
    check_password,
    with_factor,
)
from totrinn.app.records import LiveSession, LoggedEvent, MailKind, Membership, Organisation, Person
from totrinn.core import passwords
from totrinn.core.events import Event, Kind
from totrinn.core.policy import Method, Proof
from totrinn.core.roles import Right


@dataclass(frozen=True, slots=True)
class WeakPassword:
    """The new password may not be chosen."""

    weakness: passwords.Weakness
    minimum: int


def change_password(
    services: Services, visitor: Visitor, actor: Actor, *, password: str, new_password: str, code: str
) -> Changed | WeakPassword | PasswordWrong | Throttled | CodeRefused:
    """Changes the password with the current one, and a fresh code where there is a factor (R7).

    Everything that the old password proved ends: other sessions, sign-ins under way, one-time links (R58).
    """
    with services.store.reading() as unit:
        acting_as_oneself(unit, actor, visitor.now)
    weak = find_weakness(services, actor.person, new_password)
    if weak is not None:
        return weak
    proven = check_password(services, visitor, actor.person.email, password)
    if not isinstance(proven, PasswordRight):
        log_refused_proof(services, visitor, actor)
        return proven
    encoded = services.passwords.hash(passwords.canonical(new_password))
    with services.store.writing() as unit:
        unit.people.lock(actor.person.id)
        current = acting_as_oneself(unit, actor, visitor.now)
        proof = _proof_after_change(services, unit, visitor, current, code)
        if not isinstance(proof, Proof):
            return proof
        set_password(services, unit, visitor, current.person, encoded, organisation_id=current.organisation.id)
        session = current.live.session
        with because(unit, WhyEnded.CREDENTIALS_CHANGED, current.person.id, visitor.now):
            unit.sessions.end_of_person(current.person.id, keep=session.id)
        changed = unit.people.find(current.person.id)
        if changed is None:
            raise NotFound(current.person.id)
        return Changed(renewed(services, unit, replace(session, proof=proof, person_version=changed.version)))


def _proof_after_change(
    services: Services, unit: Unit, visitor: Visitor, current: Actor, code: str
) -> Proof | CodeRefused:
    """The session's proof with the password just given, and a factor not older than 20 minutes where there is one."""
    proof = Proof(Method.PASSWORD, visitor.now, factor_at=current.live.session.proof.factor_at)
    if not current.live.standing.has_factor:
        return proof
    if not code and stale_proof(current.live, visitor) is None:
        return proof
    outcome = check_code(services, unit, visitor, current.person, code, organisation_id=current.organisation.id)
    return with_factor(proof, visitor.now) if isinstance(outcome, CodeRight) else outcome


def set_password(
    services: Services, unit: Unit, visitor: Visitor, person: Person, encoded: str, *, organisation_id: str | None
) -> None:
    """Stores a new password; sign-ins under way and links end, and the person is told. Sessions are the caller's."""
    unit.people.set_password(person.id, encoded, visitor.now)
    unit.signins.end_of_person(person.id)
    unit.links.end_of_person(person.id)
    unit.log.write(
        Event(
            Kind.PASSWORD_CHANGED,
            visitor.now,
            visitor.source(person.id),
            organisation_id=organisation_id,
            person_id=person.id,
        )
    )
    tell(services, unit, person, MailKind.PASSWORD_CHANGED, visitor)


def find_weakness(
    services: Services,
    person: Person | None,
    new_password: str,
    *,
    email: str = "",
    organisation_id: str | None = None,
) -> WeakPassword | None:
    """Why this new password may not be chosen by this person (or, before there is one, for this address)."""
    minimum = shortest_password(services, person, organisation_id)
    address = person.email if person else email
    with services.store.reading() as unit:
        names = {services.application_name, product_name(services, unit), services.vendor_name, "totrinn"}
    names |= {address, address.partition("@")[0]}
    for organisation in _organisations(services, person, organisation_id):
        names |= {organisation.name, organisation.slug}
    canonical = passwords.canonical(new_password)
    found = passwords.weakness(canonical, minimum=minimum, names=names)
    if found is None and services.passwords.is_common(canonical):
        found = passwords.Weakness.COMMON
    return WeakPassword(found, minimum) if found else None


def shortest_password(services: Services, person: Person | None, organisation_id: str | None = None) -> int:
    """The least number of characters for this person, or for a newcomer to this organisation (R1).

    It may be short only where it is nowhere the only factor: every organisation of theirs must require another.
    """
    with services.store.reading() as unit:
        has_factor = bool(person and unit.factors.of_person(person.id))
    organisations = _organisations(services, person, organisation_id)
    is_required = all(organisation.policy.requirement.stands() for organisation in organisations)
    return passwords.shortest(has_factor=has_factor, is_required=is_required and bool(organisations))


def _organisations(services: Services, person: Person | None, organisation_id: str | None) -> tuple[Organisation, ...]:
    """Those that the person is a member of, which an invitation alone does not make them; a newcomer's is the one."""
    with services.store.reading() as unit:
        if person is not None:
            return tuple(m.organisation for m in unit.members.of_person(person.id) if m.accepted_at is not None)
        joined = unit.organisations.find(organisation_id) if organisation_id else None
        return (joined,) if joined else ()


def set_language(services: Services, visitor: Visitor, actor: Actor, language: str) -> None:
    """The person's own setting, which goes before everything else."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        unit.people.set_language(current.person.id, language)


def end_session(services: Services, visitor: Visitor, actor: Actor, session_id: str) -> None:
    """Ends one of one's own sessions. Raises `NotFound` for anything else."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        if session_id not in {live.session.id for live in own_sessions(unit, current)}:
            raise NotFound(session_id)
        with because(unit, WhyEnded.BY_PERSON, current.person.id, visitor.now):
            unit.sessions.end_one(session_id, current.person.id)
        _log_ended(unit, visitor, current, 1)


def end_other_sessions(services: Services, visitor: Visitor, actor: Actor) -> int:
    """Ends all of one's own sessions but this one, and sign-ins under way."""
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        with because(unit, WhyEnded.BY_PERSON, current.person.id, visitor.now):
            ended = unit.sessions.end_of_person(
                current.person.id, keep=current.live.session.id, organisation_id=_reach(current)
            )
        unit.signins.end_of_person(current.person.id, organisation_id=_reach(current))
        _log_ended(unit, visitor, current, ended)
        return ended


def own_sessions(unit: Unit, current: Actor) -> tuple[LiveSession, ...]:
    """The person's sessions, as far as this one may see and end them: through SSO only those in its organisation."""
    reach = _reach(current)
    return tuple(
        live for live in unit.sessions.of_person(current.person.id) if reach in (None, live.session.organisation_id)
    )


def own_memberships(unit: Unit, current: Actor) -> tuple[Membership, ...]:
    """The person's memberships and invitations, as far as this session may know of them; the last used first."""
    reach = _reach(current)
    return tuple(one for one in unit.members.of_person(current.person.id) if reach in (None, one.organisation.id))


def own_holders(unit: Unit, current: Actor) -> tuple[str, ...]:
    """The organisations that hold the person's last factor, as far as this session may know of them."""
    return holders(unit, current.person.id, within=_reach(current))


def own_activity(unit: Unit, current: Actor, *, limit: int) -> tuple[LoggedEvent, ...]:
    """What the person has done lately, as far as this session may know of it."""
    reach = _reach(current)
    events = unit.log.of_person(current.person.id, limit=limit)
    return tuple(event for event in events if reach in (None, event.organisation_id))


def _reach(current: Actor) -> str | None:
    """The one organisation that the session may look into; None: all that the person belongs to.

    An organisation's provider opens that organisation and nothing of the person's life elsewhere.
    """
    return current.organisation.id if current.came_by_sso else None


def sign_out(services: Services, visitor: Visitor, token: str) -> None:
    """Ends the session behind this cookie, whatever its state."""
    with services.store.writing() as unit:
        live = unit.sessions.find(services.digest(token))
        if live is None:
            return
        with because(unit, WhyEnded.SIGNED_OUT, live.session.person_id, visitor.now):
            is_taken = unit.sessions.take(live.session.id)
        if not is_taken:
            return
        unit.log.write(
            Event(
                Kind.SIGNED_OUT,
                visitor.now,
                visitor.source(live.session.person_id),
                organisation_id=live.session.organisation_id,
                person_id=live.session.person_id,
            )
        )


def switch_organisation(services: Services, visitor: Visitor, actor: Actor, slug: str) -> Landing | None:
    """Goes to another of one's own organisations: the session ends, and its proof is judged for the other one.

    None when the slug is none of theirs; nothing changes then.
    """
    with services.store.writing() as unit:
        current = acting(unit, actor, Right.USE_ACCOUNT, visitor.now)
        target = next(
            (
                m.organisation
                for m in own_memberships(unit, current)
                if m.organisation.slug == slug and m.accepted_at and m.organisation.is_active
            ),
            None,
        )
        if target is None:
            return None
        return land_switch(services, unit, visitor, current.live, target.id)


def _log_ended(unit: Unit, visitor: Visitor, current: Actor, count: int) -> None:
    unit.log.write(
        Event(
            Kind.SESSIONS_ENDED,
            visitor.now,
            visitor.source(current.person.id),
            organisation_id=current.organisation.id,
            person_id=current.person.id,
            detail={"count": str(count)},
        )
    )
