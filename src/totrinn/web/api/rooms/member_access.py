"""How a member gets in: their sessions here, their second factors, their link to the provider."""

from totrinn.app.administering import (
    MemberElsewhere,
    Oneself,
    end_session_of_member,
    end_sessions,
    reset_factor,
)
from totrinn.app.judging import is_over
from totrinn.app.own_factors import StaleProof
from totrinn.app.sso_endings import end_links
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import plain, stale_problem
from totrinn.web.api.rooms.members import ONE_MEMBER, member_of
from totrinn.web.api.shapes import Factors, FactorShape, Reason, SessionList, SessionShape


def list_sessions(call: Call) -> Done:
    """The member's sessions in this organisation."""
    with call.services.store.reading() as unit:
        member = member_of(unit, call)
        sessions = unit.sessions.of_person(member.id) if member.accepted_at is not None else ()
    here = [
        live.session
        for live in sessions
        if live.session.organisation_id == call.organisation.id and not is_over(live, call.visitor.now)
    ]
    return Done(
        SessionList(
            [SessionShape(one.id, one.created_at, one.last_seen, one.proof.method.value, one.browser) for one in here]
        )
    )


def end_session(call: Call) -> Done | Problem:
    """Ends one of them, and not the one that asks."""
    outcome = end_session_of_member(call.services, call.visitor, call.caller, call.named("id"), call.named("session"))
    return Problem(Code.ONESELF) if isinstance(outcome, Oneself) else Done()


def end_all_sessions(call: Call) -> Done:
    """Ends them, save the one that asks."""
    end_sessions(call.services, call.visitor, call.caller, call.named("id"))
    return Done()


def list_factors(call: Call) -> Done:
    """The member's second factors: kinds and times."""
    with call.services.store.reading() as unit:
        member = member_of(unit, call)
        factors = unit.factors.of_person(member.id) if member.accepted_at is not None else ()
        left = unit.factors.recovery_codes_left(member.id) if factors else 0
    return Done(Factors([FactorShape(one.kind, one.created_at, one.used_at) for one in factors], left))


def reset(call: Call) -> Done | Problem:
    """Resets the member's lost second factor."""
    with call.services.store.reading() as unit:
        member = member_of(unit, call)
    if not member.has_anything_to_reset:
        return Problem(Code.NOTHING_TO_RESET)
    outcome = reset_factor(call.services, call.visitor, call.person, member.id, why=plain(call.body.why))
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if isinstance(outcome, Oneself | MemberElsewhere):
        return Problem(Code.ONESELF if isinstance(outcome, Oneself) else Code.MEMBER_ELSEWHERE)
    return Done()


def unlink(call: Call) -> Done:
    """Ends the member's link to the provider."""
    end_links(call.services, call.visitor, call.person, call.named("id"))
    return Done()


_SESSIONS = f"{ONE_MEMBER}/sessions"
_SEE, _MANAGE = Right.SEE_MEMBERS, Right.MANAGE_MEMBERS

ENDPOINTS = (
    Endpoint("GET", _SESSIONS, _SEE, "The member’s sessions here.", list_sessions, answer=SessionList),
    Endpoint("DELETE", _SESSIONS, _MANAGE, "Ends them, save the one that asks.", end_all_sessions),
    Endpoint(
        "DELETE",
        f"{_SESSIONS}/{{session}}",
        _MANAGE,
        "Ends one of them, and not the one that asks.",
        end_session,
        problems=(Code.ONESELF,),
    ),
    Endpoint("GET", f"{ONE_MEMBER}/factors", _SEE, "The member’s second factors.", list_factors, answer=Factors),
    Endpoint(
        "POST",
        f"{ONE_MEMBER}/factors/reset",
        Right.RESET_FACTOR,
        "Resets the member’s lost second factor: they must enrol anew.",
        reset,
        body=Reason,
        problems=(Code.NOTHING_TO_RESET, Code.ONESELF, Code.MEMBER_ELSEWHERE, Code.FRESH_PROOF),
    ),
    Endpoint("DELETE", f"{ONE_MEMBER}/links", Right.CHANGE_SSO, "Ends the member’s link to the provider.", unlink),
)
