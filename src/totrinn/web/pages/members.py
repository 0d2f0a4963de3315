"""`/members`: who belongs to the organisation, how they get in, and what its administrators do with them.

A person who is not of this organisation is as unknown here as one who does not exist (R46).
"""

import re

from starlette.responses import Response

from totrinn.app.administering import (
    Done,
    KeepsPassword,
    LastGlobalAdministrator,
    MemberElsewhere,
    Oneself,
    change_role,
    end_sessions,
    is_member_elsewhere,
    remove_member,
    reset_factor,
)
from totrinn.app.errors import NotFound
from totrinn.app.judging import is_over
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.records import Member
from totrinn.app.sso_endings import end_links
from totrinn.core.roles import ASSIGNABLE, Right, may, may_manage
from totrinn.web import sentences
from totrinn.web.adoption import adoption_view
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import proof_view, prove_again, stale_proof
from totrinn.web.rendering import initials
from totrinn.web.routing import Page

_ON_A_PAGE = 25
_FILTERS = ("all", "missing", "has", "sso")
_LONGEST_QUERY = 100
_LONGEST_WHY = 300
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROLES = {role.value: role for role in ASSIGNABLE}


def show(ask: Ask) -> Response:
    """The members, by name, 25 a page."""
    query = ask.query.get("q", "").strip()[:_LONGEST_QUERY]
    filter_ = ask.query.get("filter", "all")
    filter_ = filter_ if filter_ in _FILTERS else "all"
    organisation_id = ask.me.organisation.id
    with ask.services.store.reading() as unit:
        counts = unit.members.counts(organisation_id)
        everybody = unit.members.listed(organisation_id)
        found = unit.members.page(
            organisation_id,
            query=query,
            filter_=filter_,
            limit=_ON_A_PAGE,
            after=ask.query.get("after"),
            before=ask.query.get("before"),
        )
    return ask.page(
        "members.html",
        nav="members",
        notice=notice(ask),
        members=[_row(ask, member) for member in found.members],
        counts={"all": everybody, "has": counts.has, "missing": counts.missing, "sso": counts.sso},
        adoption=adoption_view(counts),
        filter=filter_,
        q=query,
        earlier=found.earlier,
        later=found.later,
    )


def show_one(ask: Ask) -> Response:
    """One member, and what may be done with them."""
    return _page(ask, 200)


def submit_role(ask: Ask) -> Response:
    """Gives the member another role, which counts from their next request on."""
    role = _ROLES.get(ask.form.get("role", ""))
    if role is None:
        return _page(ask, 422, role=ask.language.say("Choose one of the roles."))
    person_id = _person_id(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = change_role(ask.services, ask.visitor, ask.me, person_id, role)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, password=ask.language.say("Type your password."))
    if isinstance(outcome, LastGlobalAdministrator):
        return _page(ask, 409, role=_last_sentence(ask))
    if isinstance(outcome, KeepsPassword):
        return _page(ask, 409, role=sentences.keeps_password(ask.language))
    if person_id == ask.me.person.id and not may(role, Right.SEE_MEMBERS):
        return ask.go("/?said=role")
    return ask.go(f"/members/{person_id}?said=role")


def submit_sessions(ask: Ask) -> Response:
    """Ends the member's sessions here; one's own present one stays."""
    person_id = _person_id(ask)
    end_sessions(ask.services, ask.visitor, ask.me, person_id)
    return ask.go(f"/members/{person_id}?said=sessions")


def submit_removal(ask: Ask) -> Response:
    """Removes the member from the organisation."""
    outcome = remove_member(ask.services, ask.visitor, ask.me, _person_id(ask))
    if isinstance(outcome, Done):
        return ask.go("/members?said=removed")
    if isinstance(outcome, KeepsPassword):
        return _page(ask, 409, form=sentences.keeps_password(ask.language))
    is_last = isinstance(outcome, LastGlobalAdministrator)
    return _page(ask, 409, form=_last_sentence(ask) if is_last else _cannot_leave_sentence(ask))


def submit_unlinking(ask: Ask) -> Response:
    """Ends the member's link to the provider: sessions through SSO end, and the next sign-in there links anew."""
    person_id = _person_id(ask)
    end_links(ask.services, ask.visitor, ask.me, person_id)
    return ask.go(f"/members/{person_id}?said=unlinked")


def submit_reset(ask: Ask) -> Response:
    """Resets the member's lost factor, for a reason that stands in the log."""
    person_id = _person_id(ask)
    with ask.services.store.reading() as unit:
        member = _member(unit, ask)
    if not member.has_anything_to_reset:
        return _page(ask, 409, form=ask.language.say("There is nothing to reset."))
    why, problem = _read_why(ask)
    if problem:
        return _page(ask, 422, why=problem)
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    outcome = reset_factor(ask.services, ask.visitor, ask.me, person_id, why=why)
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, password=ask.language.say("Type your password."))
    if isinstance(outcome, Oneself):
        return _page(ask, 409, form=_own_factor_sentence(ask))
    if isinstance(outcome, MemberElsewhere):
        return _page(ask, 409, form=_elsewhere_sentence(ask))
    return ask.go(f"/members/{person_id}?said=reset")


def to_member(ask: Ask) -> Response:
    """The forms have no pages of their own: opening their addresses leads to the member."""
    return ask.go(f"/members/{_person_id(ask)}")


def _person_id(ask: Ask) -> str:
    """The id in the address, if it looks like one."""
    person_id = ask.params["id"]
    if _ID.fullmatch(person_id) is None:
        raise NotFound
    return person_id


def _member(unit: Unit, ask: Ask) -> Member:
    member = unit.members.find(ask.me.organisation.id, _person_id(ask))
    if member is None:
        raise NotFound
    return member


def _read_why(ask: Ask) -> tuple[str, str]:
    why = " ".join(ask.form.get("why", "").split())
    if not why:
        return "", ask.language.say("Say why; it stands in the log.")
    if len(why) > _LONGEST_WHY:
        return "", ask.language.say("This is too long. Use at most 300 characters.")
    return why, ""


def _row(ask: Ask, member: Member) -> dict[str, object]:
    """What a list says of a member; of whom is only invited, nothing but name, address and role."""
    has_accepted = member.accepted_at is not None
    return {
        "id": member.id,
        "name": member.name,
        "email": member.email,
        "initials": initials(member.name or member.email),
        "role": member.role.value,
        "state": member.state.value if has_accepted else "inactive" if member.is_inactive else "invited",
        "marked": has_accepted and member.must_enrol,
        "last_seen": member.last_seen,
        "is_me": member.id == ask.me.person.id,
        "accepted": has_accepted,
    }


def _page(ask: Ask, status: int, **errors: str) -> Response:
    with ask.services.store.reading() as unit:
        member = _member(unit, ask)
        is_elsewhere = is_member_elsewhere(unit, member.id, ask.me.organisation.id)
        facts = _own_facts(ask, unit, member) if member.accepted_at is not None else {}
    is_me, role = member.id == ask.me.person.id, ask.me.role
    may_manage_them = may_manage(role, member.role)
    may_reset = may(role, Right.RESET_FACTOR) and member.has_anything_to_reset
    return ask.page(
        "member.html",
        status,
        nav="members",
        notice=notice(ask),
        member={**_row(ask, member), "sessions": 0, "recovery_left": None, "elsewhere": is_elsewhere, **facts},
        roles=list(_ROLES),
        chosen_role=_ROLES.get(ask.form.get("role", ""), member.role).value,
        sent=ask.path.rpartition("/")[2] if ask.method == "POST" else "",
        may={
            "change_role": may(role, Right.CHANGE_ROLES) and member.role in ASSIGNABLE,
            "end_sessions": may_manage_them,
            "remove": may_manage_them and not is_me,
            "unlink": may(role, Right.CHANGE_SSO),
            "reset": may_reset and not is_me and not is_elsewhere,
        },
        why=ask.form.get("why", "")[:_LONGEST_WHY],
        why_not_reset=_why_not_reset(ask, is_me=is_me, is_elsewhere=is_elsewhere) if may_reset else None,
        why_not_remove=_why_not_remove(ask, is_me=is_me, may_manage_them=may_manage_them),
        proof=None if Cookie.SESSION in ask.cookies_to_set else proof_view(ask, stale_proof(ask)),
        errors=errors,
    )


def _own_facts(ask: Ask, unit: Unit, member: Member) -> dict[str, object]:
    """When the member enrolled, what is left of their recovery codes, and in how many places they are signed in."""
    factors = unit.factors.of_person(member.id)
    sessions = [
        live
        for live in unit.sessions.of_person(member.id)
        if live.session.organisation_id == ask.me.organisation.id and not is_over(live, ask.visitor.now)
    ]
    return {
        "enrolled_at": min((factor.created_at for factor in factors), default=None),
        "recovery_left": unit.factors.recovery_codes_left(member.id) if factors else None,
        "sessions": len(sessions),
        "linked": bool(unit.identities.of_person(member.id, ask.me.organisation.id)),
    }


def _why_not_reset(ask: Ask, *, is_me: bool, is_elsewhere: bool) -> str | None:
    if is_me:
        return _own_factor_sentence(ask)
    return _elsewhere_sentence(ask) if is_elsewhere else None


def _why_not_remove(ask: Ask, *, is_me: bool, may_manage_them: bool) -> str | None:
    if is_me:
        return _cannot_leave_sentence(ask)
    if not may_manage_them:
        return ask.language.say("Only a global administrator can remove a global administrator.")
    return None


def _own_factor_sentence(ask: Ask) -> str:
    return ask.language.say(
        "You cannot reset your own second factor here. Replace it in My account, or ask another global administrator."
    )


def _elsewhere_sentence(ask: Ask) -> str:
    return ask.language.say(
        "This person is also a member of other organisations, so you cannot reset their second factor. "
        "They can use a recovery code, or %(vendor)s can help.",
        vendor=ask.settings.vendor_name,
    )


def _cannot_leave_sentence(ask: Ask) -> str:
    return ask.language.say("You cannot remove yourself here. You can leave the organisation in My account.")


def _last_sentence(ask: Ask) -> str:
    return ask.language.say(
        "The organisation must have at least one global administrator. Give somebody else the role first."
    )


_SEE = with_right(Right.SEE_MEMBERS, of_organisation=True)
_MANAGE = with_right(Right.MANAGE_MEMBERS, of_organisation=True)
_CHANGE_ROLES = with_right(Right.CHANGE_ROLES, of_organisation=True)
_RESET = with_right(Right.RESET_FACTOR, of_organisation=True)
_CHANGE_SSO = with_right(Right.CHANGE_SSO, of_organisation=True)

PAGES = (
    Page("/members", _SEE, get=show),
    Page("/members/{id}", _SEE, get=show_one),
    Page("/members/{id}/role", _CHANGE_ROLES, get=to_member, post=submit_role, hashes=True),
    Page("/members/{id}/sessions", _MANAGE, get=to_member, post=submit_sessions),
    Page("/members/{id}/remove", _MANAGE, get=to_member, post=submit_removal),
    Page("/members/{id}/unlink", _CHANGE_SSO, get=to_member, post=submit_unlinking),
    Page("/members/{id}/reset", _RESET, get=to_member, post=submit_reset, hashes=True),
)
