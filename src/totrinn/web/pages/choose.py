"""`/choose-organisation`: for members of several, at sign-in or to go to another one."""

from starlette.responses import Response

from totrinn.app.accounts import switch_organisation
from totrinn.app.records import Membership
from totrinn.app.signing_in import choose_organisation, organisations_to_choose
from totrinn.core.roles import Role
from totrinn.web import messages
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import AT_CHOICE
from totrinn.web.landings import follow
from totrinn.web.routing import Page


def show(ask: Ask) -> Response:
    """The organisations, the last used first, each with what it demands."""
    return _page(ask, 200)


def submit(ask: Ask) -> Response:
    """Goes to the chosen one: admitted there, or held at what it demands."""
    slug = ask.form.get("organisation", "")
    if ask.actor is None:
        landed = choose_organisation(ask.services, ask.visitor, ask.signin_token, slug)
    else:
        landed = switch_organisation(ask.services, ask.visitor, ask.actor, slug)
    if landed is None:
        return messages.not_found(ask)
    if ask.actor is not None:
        ask.drop(Cookie.SESSION)
    return follow(ask, landed)


def _page(ask: Ask, status: int) -> Response:
    if ask.actor is not None:
        with ask.services.store.reading() as unit:
            memberships = unit.members.of_person(ask.actor.person.id)
        has_factor = ask.actor.live.standing.has_factor
    else:
        memberships = organisations_to_choose(ask.services, ask.visitor, ask.signin_token)
        has_factor = ask.held.standing.has_factor
    choices = [
        _choice(ask, membership, has_factor, is_last=at == 0)
        for at, membership in enumerate(m for m in memberships if m.accepted_at and m.organisation.is_active)
    ]
    email = ask.held.standing.person.email if ask.signin is not None else ""
    return ask.page("choose_organisation.html", status, choices=choices, signing_in=ask.actor is None, email=email)


def _choice(ask: Ask, membership: Membership, has_factor: bool, *, is_last: bool) -> dict[str, object]:
    organisation = membership.organisation
    requirement = organisation.policy.requirement
    bites = membership.role is Role.VENDOR or requirement.bites(ask.visitor.now)
    return {
        "slug": organisation.slug,
        "name": organisation.name,
        "role": membership.role.value,
        "demand": ("met" if has_factor else "enrol") if bites else "none",
        "from_": requirement.from_ if requirement.since and not bites else None,
        "is_last": is_last and membership.last_used_at is not None,
    }


PAGES = (Page("/choose-organisation", AT_CHOICE, get=show, post=submit),)
