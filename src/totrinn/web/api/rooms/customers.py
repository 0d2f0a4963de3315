"""The vendor's customers: started, looked after, and given the feature."""

from totrinn.app.administering import NothingToReset
from totrinn.app.api_tokens import source_of
from totrinn.app.enforcing import make_available, withdraw
from totrinn.app.errors import NotFound
from totrinn.app.operating import Obstacle, create_organisation, hand_out_setup_link, reset_by_vendor
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.records import MemberCounts, Organisation
from totrinn.core.roles import Right
from totrinn.web.adoption import requirement_state
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import adoption, plain, stale_problem, wrong
from totrinn.web.api.vendor_shapes import (
    Availability,
    CustomerList,
    CustomerShape,
    CustomersWanted,
    CustomerWanted,
    LinkMade,
    ResetWanted,
)
from totrinn.web.typed_settings import name_problem

_LONGEST_OFFSET = 7


def list_them(call: Call) -> Done | Problem:
    """A page of customers, by name; the cursor is how many come before."""
    wanted = call.query
    cursor = wanted.cursor or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_OFFSET):
        return Problem(Code.BAD_QUERY)
    offset = int(cursor)
    with call.services.store.reading() as unit:
        found = unit.organisations.summaries(
            query=wanted.q.strip(), filter_=wanted.filter, limit=wanted.limit + 1, offset=offset
        )
    shown = found[: wanted.limit]
    following = str(offset + wanted.limit) if len(found) > wanted.limit else None
    return Done(CustomerList([_shape(call, one.organisation, one.counts) for one in shown], following))


def start(call: Call) -> Done | Problem:
    """Starts an organisation."""
    name = plain(call.body.name)
    if said := name_problem(call.ask.language, name):
        return wrong("/name", said)
    source = source_of(call.visitor, call.caller)
    made = create_organisation(call.services, call.visitor, source, name=name, slug=call.body.slug, caller=call.caller)
    if isinstance(made, Obstacle):
        return Problem(Code.SLUG_TAKEN)
    return Done(_shape(call, made, MemberCounts(0, 0, 0)))


def read(call: Call) -> Done:
    """One customer."""
    with call.services.store.reading() as unit:
        organisation = _customer(unit, call)
        return Done(_shape(call, organisation, unit.members.counts(organisation.id)))


def set_availability(call: Call) -> Done:
    """Makes the feature available, or withdraws it; what is required stays required (rule 7)."""
    change = make_available if call.body.available else withdraw
    source = source_of(call.visitor, call.caller)
    slug, why = call.named("slug"), plain(call.body.why)
    change(call.services, source, slug, why=why, now=call.visitor.now, caller=call.caller)
    return read(call)


def make_setup_link(call: Call) -> Done | Problem:
    """A one-time link for the first global administrator."""
    with call.services.store.reading() as unit:
        organisation = _customer(unit, call)
    made = hand_out_setup_link(call.services, call.visitor, call.person, organisation.slug)
    if isinstance(made, StaleProof):
        return stale_problem(made)
    return Done(LinkMade(f"{call.ask.settings.base_url}/setup/{made.token}", made.link.expires_at))


def reset(call: Call) -> Done | Problem:
    """Resets the second factor of a member whom the organisation's own administrators cannot help."""
    slug, why = call.named("slug"), plain(call.body.why)
    outcome = reset_by_vendor(call.services, call.visitor, call.person, slug, call.body.person, why=why)
    if isinstance(outcome, NothingToReset):
        return Problem(Code.NOTHING_TO_RESET)
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Done()


def _customer(unit: Unit, call: Call) -> Organisation:
    organisation = unit.organisations.find_by_slug(call.named("slug"))
    if organisation is None or organisation.is_vendor:
        raise NotFound
    return organisation


def _shape(call: Call, organisation: Organisation, counts: MemberCounts) -> CustomerShape:
    policy = organisation.policy
    return CustomerShape(
        slug=organisation.slug,
        name=organisation.name,
        available=policy.is_available,
        available_since=policy.available_since,
        requirement=requirement_state(policy, call.visitor.now),
        adoption=adoption(counts),
    )


_ALL = "/vendor/organisations"
_ONE = f"{_ALL}/{{slug}}"
_RUN = Right.RUN_ORGANISATIONS

ENDPOINTS = (
    Endpoint(
        "GET", _ALL, Right.SEE_ORGANISATIONS, "The customers.", list_them, query=CustomersWanted, answer=CustomerList
    ),
    Endpoint(
        "POST",
        _ALL,
        _RUN,
        "Starts an organisation.",
        start,
        body=CustomerWanted,
        answer=CustomerShape,
        status=201,
        problems=(Code.SLUG_TAKEN,),
    ),
    Endpoint("GET", _ONE, Right.SEE_ORGANISATIONS, "One customer.", read, answer=CustomerShape),
    Endpoint(
        "PUT",
        f"{_ONE}/availability",
        _RUN,
        "Makes required two-factor available, or withdraws it. What is required stays required.",
        set_availability,
        body=Availability,
        answer=CustomerShape,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/setup-link",
        _RUN,
        "A one-time link for the first global administrator.",
        make_setup_link,
        answer=LinkMade,
        status=201,
        problems=(Code.FRESH_PROOF,),
        persons_only=True,
        answers_once=True,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/factors/reset",
        _RUN,
        "Resets the second factor of a member whom nobody there can help.",
        reset,
        body=ResetWanted,
        problems=(Code.NOTHING_TO_RESET, Code.FRESH_PROOF),
        persons_only=True,
    ),
)
