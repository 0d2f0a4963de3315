"""`/choose-organisation`: for members of several, at sign-in or to go to another one."""

from dataclasses import replace

from starlette.responses import Response

from totrinn.app.accounts import own_memberships, switch_organisation
from totrinn.app.judging import verdict_on, verdict_on_signin
from totrinn.app.landing import NowhereToGo
from totrinn.app.records import Membership, Standing
from totrinn.app.signing_in import choose_organisation, organisations_to_choose
from totrinn.core.policy import MustEnrol, Reason, Verdict
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
    if ask.actor is not None and not isinstance(landed, NowhereToGo):
        ask.drop(Cookie.SESSION)
    return follow(ask, landed)


def _page(ask: Ask, status: int) -> Response:
    if ask.actor is not None:
        with ask.services.store.reading() as unit:
            memberships = own_memberships(unit, ask.actor)
    else:
        memberships = organisations_to_choose(ask.services, ask.visitor, ask.signin_token)
    choices = [
        _choice(ask, membership, is_last=at == 0)
        for at, membership in enumerate(m for m in memberships if m.accepted_at and m.organisation.is_active)
    ]
    email = ask.held.standing.person.email if ask.signin is not None else ""
    return ask.page(
        "choose_organisation.html",
        status,
        choices=choices,
        signing_in=ask.actor is None,
        email=email,
        came_by_sso=ask.actor is not None and ask.actor.came_by_sso,
    )


def _choice(ask: Ask, membership: Membership, *, is_last: bool) -> dict[str, object]:
    organisation = membership.organisation
    requirement = organisation.policy.requirement
    verdict = _verdict(ask, membership)
    must_enrol = isinstance(verdict, MustEnrol)
    bites = requirement.bites(ask.visitor.now)
    return {
        "slug": organisation.slug,
        "name": organisation.name,
        "role": membership.role.value,
        "demand": "enrol" if must_enrol else "met" if bites else "none",
        "from_": requirement.from_ if requirement.since and not bites else None,
        "by_sso_only": verdict.reason is Reason.PASSWORD_CLOSED,
        "is_last": is_last and membership.last_used_at is not None,
    }


def _verdict(ask: Ask, membership: Membership) -> Verdict:
    """The verdict if this organisation were chosen now."""
    organisation = membership.organisation
    with ask.services.store.reading() as unit:
        afresh = unit.people.standing(membership.person_id, organisation.id) if organisation.passwords_closed else None
    takes_password = afresh is None or afresh.takes_password

    def there(standing: Standing) -> Standing:
        return replace(standing, organisation=organisation, role=membership.role, takes_password=takes_password)

    if ask.actor is not None:
        live = ask.actor.live
        return verdict_on(replace(live, standing=there(live.standing)), ask.visitor.now)
    return verdict_on_signin(replace(ask.held, standing=there(ask.held.standing)), ask.visitor.now)


PAGES = (Page("/choose-organisation", AT_CHOICE, get=show, post=submit),)
