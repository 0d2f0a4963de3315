"""Members: who they are, how they get in, and what administrators do with them."""

from totrinn.app.administering import (
    Done as Changed,
)
from totrinn.app.administering import (
    KeepsPassword,
    LastGlobalAdministrator,
    MemberElsewhere,
    Oneself,
    change_role,
    end_sessions,
    remove_member,
    reset_factor,
)
from totrinn.app.errors import NotFound
from totrinn.app.judging import is_over
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.records import Member
from totrinn.app.sso_endings import end_links
from totrinn.core.roles import Right, Role
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import plain, stale_problem
from totrinn.web.api.shapes import (
    Factors,
    FactorShape,
    MemberList,
    MemberShape,
    MembersWanted,
    Reason,
    RoleWanted,
    SessionList,
    SessionShape,
)

_CODES: dict[type, Code] = {
    LastGlobalAdministrator: Code.LAST_GLOBAL_ADMINISTRATOR,
    KeepsPassword: Code.KEEPS_PASSWORD,
    Oneself: Code.ONESELF,
    MemberElsewhere: Code.MEMBER_ELSEWHERE,
}


def list_them(call: Call) -> Done:
    """A page of members, by name."""
    wanted = call.query
    with call.services.store.reading() as unit:
        found = unit.members.page(
            call.organisation.id,
            query=wanted.q.strip(),
            filter_=wanted.filter,
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return Done(MemberList([_shape(member) for member in found.members], found.later))


def read(call: Call) -> Done:
    """One member."""
    with call.services.store.reading() as unit:
        return Done(_shape(_member(unit, call)))


def give_role(call: Call) -> Done | Problem:
    """Gives the member another role."""
    person_id = call.named("id")
    outcome = change_role(call.services, call.visitor, call.person, person_id, Role(call.body.role))
    return _problem(outcome) or _as_it_is_now(call)


def remove(call: Call) -> Done | Problem:
    """Removes the member from the organisation."""
    outcome = remove_member(call.services, call.visitor, call.caller, call.named("id"))
    return _problem(outcome) or Done()


def list_sessions(call: Call) -> Done:
    """The member's sessions in this organisation."""
    with call.services.store.reading() as unit:
        member = _member(unit, call)
        sessions = unit.sessions.of_person(member.id) if member.accepted_at is not None else ()
    here = [
        live.session
        for live in sessions
        if live.session.organisation_id == call.organisation.id and not is_over(live, call.visitor.now)
    ]
    return Done(
        SessionList([SessionShape(one.created_at, one.last_seen, one.proof.method.value, one.browser) for one in here])
    )


def end_all_sessions(call: Call) -> Done:
    """Ends them, save the one that asks."""
    end_sessions(call.services, call.visitor, call.caller, call.named("id"))
    return Done()


def list_factors(call: Call) -> Done:
    """The member's second factors: kinds and times."""
    with call.services.store.reading() as unit:
        member = _member(unit, call)
        factors = unit.factors.of_person(member.id) if member.accepted_at is not None else ()
        left = unit.factors.recovery_codes_left(member.id) if factors else 0
    return Done(Factors([FactorShape(one.kind, one.created_at, one.used_at) for one in factors], left))


def reset(call: Call) -> Done | Problem:
    """Resets the member's lost second factor."""
    with call.services.store.reading() as unit:
        member = _member(unit, call)
    if not member.has_anything_to_reset:
        return Problem(Code.NOTHING_TO_RESET)
    outcome = reset_factor(call.services, call.visitor, call.person, member.id, why=plain(call.body.why))
    return _problem(outcome) or Done()


def unlink(call: Call) -> Done:
    """Ends the member's link to the provider."""
    end_links(call.services, call.visitor, call.person, call.named("id"))
    return Done()


def _problem(outcome: object) -> Problem | None:
    if isinstance(outcome, Changed):
        return None
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Problem(_CODES[type(outcome)])


def _as_it_is_now(call: Call) -> Done:
    with call.services.store.reading() as unit:
        return Done(_shape(_member(unit, call)))


def _member(unit: Unit, call: Call) -> Member:
    member = unit.members.find(call.organisation.id, call.named("id"))
    if member is None:
        raise NotFound
    return member


def _shape(member: Member) -> MemberShape:
    has_accepted = member.accepted_at is not None
    return MemberShape(
        id=member.id,
        email=member.email,
        name=member.name,
        role=member.role.value,
        state=member.state.value if has_accepted else "invited",
        must_enrol=has_accepted and member.must_enrol,
        last_seen=member.last_seen,
    )


_ALL = "/organisations/{slug}/members"
_ONE = f"{_ALL}/{{id}}"
_SEE, _MANAGE = Right.SEE_MEMBERS, Right.MANAGE_MEMBERS
_KEPT = (Code.LAST_GLOBAL_ADMINISTRATOR, Code.KEEPS_PASSWORD)

ENDPOINTS = (
    Endpoint("GET", _ALL, _SEE, "The members, by name.", list_them, query=MembersWanted, answer=MemberList),
    Endpoint("GET", _ONE, _SEE, "One member.", read, answer=MemberShape),
    Endpoint(
        "PATCH",
        _ONE,
        Right.CHANGE_ROLES,
        "Gives the member another role.",
        give_role,
        body=RoleWanted,
        answer=MemberShape,
        problems=(*_KEPT, Code.FRESH_PROOF),
    ),
    Endpoint(
        "DELETE",
        _ONE,
        _MANAGE,
        "Removes the member. A token removes users, and no administrator.",
        remove,
        problems=(*_KEPT, Code.ONESELF),
    ),
    Endpoint("GET", f"{_ONE}/sessions", _SEE, "The member’s sessions here.", list_sessions, answer=SessionList),
    Endpoint("DELETE", f"{_ONE}/sessions", _MANAGE, "Ends them, save the one that asks.", end_all_sessions),
    Endpoint("GET", f"{_ONE}/factors", _SEE, "The member’s second factors.", list_factors, answer=Factors),
    Endpoint(
        "POST",
        f"{_ONE}/factors/reset",
        Right.RESET_FACTOR,
        "Resets the member’s lost second factor: they must enrol anew.",
        reset,
        body=Reason,
        problems=(Code.NOTHING_TO_RESET, Code.ONESELF, Code.MEMBER_ELSEWHERE, Code.FRESH_PROOF),
    ),
    Endpoint("DELETE", f"{_ONE}/links", Right.CHANGE_SSO, "Ends the member’s link to the provider.", unlink),
)
