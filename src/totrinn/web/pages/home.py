"""`/`: the first page of who is signed in: how the organisation stands, for administrators; the way on, for users."""

from starlette.responses import Response

from totrinn.app.accounts import own_memberships
from totrinn.app.ports import Unit
from totrinn.core.roles import Right, Role, may
from totrinn.web.adoption import adoption_view, requirement_view
from totrinn.web.ask import Ask
from totrinn.web.demands import SIGNED_IN
from totrinn.web.event_sentences import event_text
from totrinn.web.notices import notice
from totrinn.web.onward import registered_ways, ways_on
from totrinn.web.routing import Page

_LATEST = 5


def show(ask: Ask) -> Response:
    """The vendor's staff go to their own page; everybody else is greeted."""
    if ask.me.role is Role.VENDOR:
        return ask.go("/vendor")
    administers = may(ask.me.role, Right.SEE_MEMBERS)
    with ask.services.store.reading() as unit:
        context = _administration(ask, unit) if administers else {}
        invitations = [
            {"slug": each.organisation.slug, "name": each.organisation.name, "role": each.role.value}
            for each in own_memberships(unit, ask.me)
            if each.accepted_at is None and each.organisation.is_active
        ]
    return ask.page(
        "home.html",
        nav="home",
        notice=notice(ask),
        today=ask.visitor.now,
        has_second_factor=ask.me.live.standing.has_factor,
        came_by_sso=ask.me.came_by_sso,
        pending_invitations=invitations,
        ways_on=registered_ways(ask) if administers else ways_on(ask),
        **context,
    )


def _administration(ask: Ask, unit: Unit) -> dict[str, object]:
    organisation = ask.me.organisation
    counts = unit.members.counts(organisation.id)
    adoption = adoption_view(counts)
    return {
        "adoption": adoption,
        "requirement": requirement_view(unit, organisation, ask.visitor.now, adoption),
        "todo": _todo(ask, unit, missing=counts.missing),
        "events": _events(ask, unit) if may(ask.me.role, Right.READ_LOG) else [],
    }


def _todo(ask: Ask, unit: Unit, *, missing: int) -> list[dict[str, object]]:
    """What is worth attention, the most pressing first."""
    todo: list[dict[str, object]] = []
    if not (ask.me.live.standing.has_factor or ask.me.came_by_sso):
        todo.append({"key": "enrol_self"})
    if ask.me.role is Role.GLOBAL_ADMINISTRATOR:
        governors = len(unit.members.global_administrators(ask.me.organisation.id))
        key = "single_global_administrator" if governors == 1 else "two_or_more_global_administrators"
        todo.append({"key": key, "count": governors})
    if ask.settings.nobody_told and missing and ask.me.organisation.policy.requirement.stands():
        todo.append({"key": "nobody_told"})
    return todo


def _events(ask: Ask, unit: Unit) -> list[dict[str, object]]:
    """The newest lines of the log, for those who may read it."""
    newest = unit.log.of_organisation(ask.me.organisation.id, kind="", before=None, limit=_LATEST)
    return [{"text": event_text(ask.language, event)[0], "at": event.at} for event in newest]


PAGES = (Page("/", SIGNED_IN, get=show),)
