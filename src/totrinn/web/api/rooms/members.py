"""Members: who they are, how they get in, and what administrators do with them."""

from totrinn.app.administering import (
    KeepsPassword,
    LastGlobalAdministrator,
    Oneself,
    change_role,
    remove_member,
)
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.errors import NotFound
from totrinn.app.inviting import Invitation, InvitingObstacle, invite
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.records import Member
from totrinn.core.roles import Right, Role
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import plain, stale_problem, unprintable, wrong
from totrinn.web.api.shapes import MemberAdded, MemberList, MemberShape, MembersWanted, MemberWanted, RoleWanted
from totrinn.web.sentences import address_problem

_CODES: dict[type, Code] = {
    LastGlobalAdministrator: Code.LAST_GLOBAL_ADMINISTRATOR,
    KeepsPassword: Code.KEEPS_PASSWORD,
    Oneself: Code.ONESELF,
}
_INVITING = {
    InvitingObstacle.DOMAIN_NOT_PROVEN: Code.DOMAIN_NOT_PROVEN,
    InvitingObstacle.ALREADY_A_MEMBER: Code.ALREADY_A_MEMBER,
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
        return Done(_shape(member_of(unit, call)))


def add(call: Call) -> Done | Problem:
    """Adds a member; whoever has an account is offered a membership."""
    sent = call.body
    problem = unprintable(call)
    if problem is not None:
        return problem
    email = canonical_email(sent.email)
    if isinstance(email, AddressProblem):
        return wrong("/email", address_problem(call.ask.language, email))
    invitation = Invitation(email, plain(sent.name), Role(sent.role))
    outcome = invite(call.services, call.visitor, call.caller, invitation)
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if isinstance(outcome, InvitingObstacle):
        return Problem(_INVITING[outcome])
    with call.services.store.reading() as unit:
        member = unit.members.find(call.organisation.id, outcome.person.id)
    if member is None:
        raise NotFound
    link = outcome.link
    address = call.ask.settings.base_url + f"/password/{link.token}" if link else None
    return Done(MemberAdded(_shape(member), address, link.link.expires_at if link else None))


def give_role(call: Call) -> Done | Problem:
    """Gives the member another role."""
    person_id = call.named("id")
    outcome = change_role(call.services, call.visitor, call.person, person_id, Role(call.body.role))
    return problem_of(outcome) or read(call)


def remove(call: Call) -> Done | Problem:
    """Removes the member from the organisation."""
    outcome = remove_member(call.services, call.visitor, call.caller, call.named("id"))
    return problem_of(outcome) or Done()


def problem_of(outcome: object) -> Problem | None:
    """Why it was not done, if it was not."""
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    code = _CODES.get(type(outcome))
    return None if code is None else Problem(code)


def member_of(unit: Unit, call: Call) -> Member:
    """The member in the path. Raises `NotFound`."""
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
        state=member.state.value if has_accepted else "inactive" if member.is_inactive else "invited",
        must_enrol=has_accepted and member.must_enrol,
        last_seen=member.last_seen,
    )


_ALL = "/organisations/{slug}/members"
ONE_MEMBER = f"{_ALL}/{{id}}"
_SEE, _MANAGE = Right.SEE_MEMBERS, Right.MANAGE_MEMBERS
_KEPT = (Code.LAST_GLOBAL_ADMINISTRATOR, Code.KEEPS_PASSWORD)

ENDPOINTS = (
    Endpoint("GET", _ALL, _SEE, "The members, by name.", list_them, query=MembersWanted, answer=MemberList),
    Endpoint(
        "POST",
        _ALL,
        _MANAGE,
        "Adds a member at an address of a domain that the organisation has proven: somebody new, with a link that is"
        " told this once, unless the domain leads to a provider; whoever has an account is offered a membership. A"
        " token adds users.",
        add,
        body=MemberWanted,
        answer=MemberAdded,
        status=201,
        problems=(Code.DOMAIN_NOT_PROVEN, Code.ALREADY_A_MEMBER, Code.FRESH_PROOF),
        answers_once=True,
    ),
    Endpoint("GET", ONE_MEMBER, _SEE, "One member.", read, answer=MemberShape),
    Endpoint(
        "PATCH",
        ONE_MEMBER,
        Right.CHANGE_ROLES,
        "Gives the member another role.",
        give_role,
        body=RoleWanted,
        answer=MemberShape,
        problems=(*_KEPT, Code.FRESH_PROOF),
    ),
    Endpoint(
        "DELETE",
        ONE_MEMBER,
        _MANAGE,
        "Removes the member. A token removes users, and no administrator.",
        remove,
        problems=(*_KEPT, Code.ONESELF),
    ),
)
