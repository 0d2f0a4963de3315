"""What is a person's own, as far as a program may act on it: never password, second factor or recovery codes (rule 12).

Who came through SSO sees and ends what lies in that organisation, and nothing of their life elsewhere.
"""

from totrinn.app import accounts
from totrinn.app.administering import KeepsPassword, LastGlobalAdministrator, accept_invitation, leave
from totrinn.app.judging import is_over
from totrinn.app.records import LiveSession, Membership
from totrinn.core.roles import Right
from totrinn.web.api.account_shapes import (
    AccountChange,
    AccountShape,
    MembershipShape,
    OwnFactors,
    OwnSession,
    OwnSessions,
)
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.shapes import FactorShape
from totrinn.web.cookies import Cookie


def read(call: Call) -> Done:
    """Who asks, and where they belong."""
    me = call.person
    with call.services.store.reading() as unit:
        person = unit.people.find(me.person.id) or me.person
        memberships = accounts.own_memberships(unit, me)
    return Done(
        AccountShape(
            id=person.id,
            email=person.email,
            name=person.name,
            language=person.language,
            through_sso=me.came_by_sso,
            must_enrol=person.must_enrol and not me.came_by_sso,
            password_changed_at=None if me.came_by_sso else person.password_changed_at,
            memberships=[_membership(call, each) for each in memberships],
        )
    )


def change(call: Call) -> Done:
    """One's own language."""
    accounts.set_language(call.services, call.visitor, call.person, call.body.language)
    return read(call)


def list_sessions(call: Call) -> Done:
    """One's own sessions, as far as this one may know of them."""
    with call.services.store.reading() as unit:
        sessions = accounts.own_sessions(unit, call.person)
    return Done(OwnSessions([_session(call, live) for live in sessions if not is_over(live, call.visitor.now)]))


def end_session(call: Call) -> Done:
    """Ends one of them; this one, too."""
    accounts.end_session(call.services, call.visitor, call.person, call.named("session"))
    return Done()


def end_other_sessions(call: Call) -> Done:
    """Ends all of them but this one, and sign-ins under way."""
    accounts.end_other_sessions(call.services, call.visitor, call.person)
    return Done()


def list_factors(call: Call) -> Done | Problem:
    """One's own second factors: kinds and times, and who requires one of them."""
    if call.person.came_by_sso:
        return Problem(Code.OWN_CREDENTIALS)
    person_id = call.person.person.id
    with call.services.store.reading() as unit:
        factors = unit.factors.of_person(person_id)
        left = unit.factors.recovery_codes_left(person_id) if factors else 0
        held = accounts.own_holders(unit, call.person)
    shown = [FactorShape(one.kind, one.created_at, one.used_at) for one in factors]
    return Done(OwnFactors(shown, left, list(held)))


def accept(call: Call) -> Done:
    """Accepts a membership that was offered."""
    accept_invitation(call.services, call.visitor, call.person, call.named("slug"))
    return Done()


def leave_one(call: Call) -> Done | Problem:
    """Leaves an organisation, or declines; the session goes with it if it was in that one."""
    slug = call.named("slug")
    outcome = leave(call.services, call.visitor, call.person, slug)
    if isinstance(outcome, LastGlobalAdministrator):
        return Problem(Code.LAST_GLOBAL_ADMINISTRATOR)
    if isinstance(outcome, KeepsPassword):
        return Problem(Code.KEEPS_PASSWORD)
    if slug == call.organisation.slug:
        call.ask.drop(Cookie.SESSION)
    return Done()


def _membership(call: Call, membership: Membership) -> MembershipShape:
    organisation = membership.organisation
    return MembershipShape(
        slug=organisation.slug,
        name=organisation.name,
        role=membership.role.value,
        is_accepted=membership.accepted_at is not None,
        is_current=organisation.id == call.organisation.id,
    )


def _session(call: Call, live: LiveSession) -> OwnSession:
    session, organisation = live.session, live.standing.organisation
    return OwnSession(
        id=session.id,
        organisation=organisation.slug if organisation else "",
        started_at=session.created_at,
        last_seen=session.last_seen,
        method=session.proof.method.value,
        browser=session.browser,
        address=session.address,
        is_this=session.id == call.person.live.session.id,
    )


_OWN = Right.USE_ACCOUNT
_SESSIONS, _MEMBERSHIP = "/account/sessions", "/account/memberships/{slug}"

ENDPOINTS = (
    Endpoint("GET", "/account", _OWN, "Who asks, and where they belong.", read, answer=AccountShape),
    Endpoint("PATCH", "/account", _OWN, "One’s own language.", change, body=AccountChange, answer=AccountShape),
    Endpoint("GET", _SESSIONS, _OWN, "One’s own sessions.", list_sessions, answer=OwnSessions),
    Endpoint("DELETE", _SESSIONS, _OWN, "Ends all of them but this one.", end_other_sessions),
    Endpoint("DELETE", f"{_SESSIONS}/{{session}}", _OWN, "Ends one of them.", end_session),
    Endpoint(
        "GET",
        "/account/factors",
        _OWN,
        "One’s own second factors.",
        list_factors,
        answer=OwnFactors,
        problems=(Code.OWN_CREDENTIALS,),
    ),
    Endpoint(
        "POST",
        f"{_MEMBERSHIP}/accept",
        _OWN,
        "Accepts a membership that was offered, by one’s own password.",
        accept,
        problems=(Code.OWN_CREDENTIALS,),
    ),
    Endpoint(
        "DELETE",
        _MEMBERSHIP,
        _OWN,
        "Leaves an organisation, or declines its offer.",
        leave_one,
        problems=(Code.LAST_GLOBAL_ADMINISTRATOR, Code.KEEPS_PASSWORD),
    ),
)
