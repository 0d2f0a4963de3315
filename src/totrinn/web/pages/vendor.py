"""`/vendor`: the vendor's staff make the feature available, start organisations, help whom nobody else can help."""

from starlette.responses import Response

from totrinn.app.administering import NothingToReset
from totrinn.app.email_address import LONGEST as LONGEST_ADDRESS
from totrinn.app.email_address import AddressProblem, canonical_email
from totrinn.app.enforcing import make_available, withdraw
from totrinn.app.errors import NotFound
from totrinn.app.operating import Obstacle, create_organisation, hand_out_setup_link, reset_by_vendor
from totrinn.app.own_factors import StaleProof
from totrinn.app.records import MemberCounts, Organisation
from totrinn.core.identity import is_slug
from totrinn.core.roles import Right
from totrinn.web import sentences
from totrinn.web.adoption import requirement_state
from totrinn.web.ask import Ask
from totrinn.web.cookies import Cookie
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.proof_again import proof_view, prove_again, stale_proof
from totrinn.web.routing import Page
from totrinn.web.typed_settings import LONGEST_NAME, name_problem

_ON_A_PAGE = 50
_LONGEST_WHY = 300
_FILTERS = ("all", "available", "unavailable", "required")


def show(ask: Ask) -> Response:
    """The organisations, with what each requires and who is missing."""
    return _page(ask, 200)


def create(ask: Ask) -> Response:
    """Starts an organisation."""
    name = " ".join(ask.form.get("name", "").split())
    slug = ask.form.get("slug", "").strip()
    errors = {}
    if problem := name_problem(ask.language, name):
        errors["name"] = problem
    if not is_slug(slug):
        errors["slug"] = ask.language.say("Use 2 to 40 lower-case letters, digits and hyphens.")
    if errors:
        return _page(ask, 422, **errors)
    source = ask.visitor.source(ask.me.person.id)
    made = create_organisation(ask.services, ask.visitor, source, name=name, slug=slug, caller=ask.me)
    if isinstance(made, Obstacle):
        return _page(ask, 409, slug=ask.language.say("This short name is taken. Choose another one."))
    return ask.go(f"/vendor/organisations/{made.slug}?said=created")


def show_one(ask: Ask) -> Response:
    """One organisation."""
    return _customer_page(ask, 200)


def set_availability(ask: Ask) -> Response:
    """Makes the feature available, or withdraws it; the reason stands in the organisation's log."""
    why, problem = _read_why(ask)
    wish = ask.form.get("available")
    if problem:
        return _customer_page(ask, 422, why=problem)
    if wish not in ("on", "off"):
        return _customer_page(ask, 422, form=ask.language.say("Choose whether the feature is available."))
    change = make_available if wish == "on" else withdraw
    source = ask.visitor.source(ask.me.person.id)
    slug = ask.params["slug"]
    change(ask.services, source, slug, why=why, now=ask.visitor.now, caller=ask.me)
    return ask.go(f"/vendor/organisations/{slug}?said={'available' if wish == 'on' else 'withdrawn'}")


def make_setup_link(ask: Ask) -> Response:
    """Makes a one-time link for the first global administrator, shown this once."""
    organisation = _customer(ask)
    unproven = prove_again(ask)
    if unproven is not None:
        return _customer_page(ask, unproven.status, **unproven.errors)
    made = hand_out_setup_link(ask.services, ask.visitor, ask.me, organisation.slug)
    if isinstance(made, StaleProof):
        return _customer_page(ask, 422, password=ask.language.say("Type your password."))
    return _customer_page(
        ask,
        200,
        setup_link=f"{ask.settings.base_url}/setup/{made.token}",
        expires_at=made.link.expires_at,
    )


def reset(ask: Ask) -> Response:
    """Resets the second factor of a member whom the organisation's own administrators cannot help."""
    person_id, errors = _read_whom(ask)
    why, problem = _read_why(ask)
    if problem:
        errors["why"] = problem
    if errors:
        return _customer_page(ask, 422, **errors)
    unproven = prove_again(ask)
    if unproven is not None:
        return _customer_page(ask, unproven.status, **unproven.errors)
    outcome = reset_by_vendor(ask.services, ask.visitor, ask.me, ask.params["slug"], person_id, why=why)
    if isinstance(outcome, NothingToReset):
        return _customer_page(ask, 409, form=ask.language.say("There is nothing to reset."))
    if isinstance(outcome, StaleProof):
        return _customer_page(ask, 422, password=ask.language.say("Type your password."))
    return ask.go(f"/vendor/organisations/{ask.params['slug']}?said=reset")


def to_vendor(ask: Ask) -> Response:
    """The form has no page of its own."""
    return ask.go("/vendor")


def to_customer(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go(f"/vendor/organisations/{_customer(ask).slug}")


def _read_why(ask: Ask) -> tuple[str, str]:
    why = " ".join(ask.form.get("why", "").split())
    if not why:
        return "", ask.language.say("Say why; it stands in the log.")
    if len(why) > _LONGEST_WHY:
        return "", ask.language.say("This is too long. Use at most 300 characters.")
    return why, ""


def _read_whom(ask: Ask) -> tuple[str, dict[str, str]]:
    """The id of the one who was chosen, or whose address was typed; else what is wrong."""
    say = ask.language.say
    chosen, typed = ask.form.get("person", ""), ask.form.get("email", "").strip()
    if not typed:
        return chosen, {} if chosen else {"person": say("Choose who it is.")}
    if chosen:
        return "", {"person": say("Choose one of them or type an address, not both.")}
    email = canonical_email(typed)
    if isinstance(email, AddressProblem):
        return "", {"email": sentences.address_problem(ask.language, email)}
    organisation = _customer(ask)
    with ask.services.store.reading() as unit:
        person = unit.people.find_by_email(email)
        member = unit.members.find(organisation.id, person.id) if person else None
    if member is None or member.accepted_at is None:
        return "", {"email": say("Nobody with this address is a user of the organisation.")}
    return member.id, {}


def _page(ask: Ask, status: int, **errors: str) -> Response:
    filter_ = ask.query.get("filter", "all")
    filter_ = filter_ if filter_ in _FILTERS else "all"
    query = ask.query.get("q", "").strip()[:LONGEST_NAME]
    typed = ask.query.get("page", "1")
    page = max(int(typed), 1) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    with ask.services.store.reading() as unit:
        total = unit.organisations.count(query=query, filter_=filter_)
        pages = max(1, -(-total // _ON_A_PAGE))
        page = min(page, pages)
        offset = (page - 1) * _ON_A_PAGE
        found = unit.organisations.summaries(query=query, filter_=filter_, limit=_ON_A_PAGE, offset=offset)
        everywhere = unit.organisations.totals()
        numbers = {name: unit.organisations.count(filter_=name) for name in ("all", "available", "required")}
    return ask.page(
        "vendor.html",
        status,
        nav="vendor",
        notice=notice(ask),
        organisations=[_row(ask, one.organisation, one.counts) for one in found],
        totals={
            "organisations": numbers["all"],
            "available": numbers["available"],
            "required": numbers["required"],
            "users": everywhere.total,
            "has": everywhere.has,
            "sso": everywhere.sso,
            "missing": everywhere.missing,
        },
        q=query,
        filter=filter_,
        page=page,
        pages=pages,
        first=min(offset + 1, total),
        last=offset + len(found),
        total=total,
        form={"name": ask.form.get("name", "")[:LONGEST_NAME], "slug": ask.form.get("slug", "")[:63]},
        errors=errors,
    )


def _customer_page(
    ask: Ask, status: int, *, setup_link: str | None = None, expires_at: object = None, **errors: str
) -> Response:
    organisation = _customer(ask)
    with ask.services.store.reading() as unit:
        counts = unit.members.counts(organisation.id)
        governors = unit.members.global_administrators(organisation.id)
    stale = None if Cookie.SESSION in ask.cookies_to_set else stale_proof(ask)
    return ask.page(
        "vendor_organisation.html",
        status,
        nav="vendor",
        notice=notice(ask),
        customer=_row(ask, organisation, counts),
        global_administrators=[
            {"id": one.id, "name": one.name, "email": one.email, "state": one.state.value} for one in governors
        ],
        sent=ask.path.rpartition("/")[2] if ask.method == "POST" else "",
        form={
            "person": ask.form.get("person", ""),
            "email": ask.form.get("email", "")[:LONGEST_ADDRESS],
            "why": ask.form.get("why", "")[:_LONGEST_WHY],
        },
        setup_link=setup_link,
        expires_at=expires_at,
        proof=proof_view(ask, stale),
        errors=errors,
    )


def _customer(ask: Ask) -> Organisation:
    with ask.services.store.reading() as unit:
        organisation = unit.organisations.find_by_slug(ask.params["slug"])
    if organisation is None or organisation.is_vendor:
        raise NotFound
    return organisation


def _row(ask: Ask, organisation: Organisation, counts: MemberCounts) -> dict[str, object]:
    policy, requirement = organisation.policy, organisation.policy.requirement
    return {
        "slug": organisation.slug,
        "name": organisation.name,
        "users": counts.total,
        "missing": counts.missing,
        "requirement": {
            "state": requirement_state(policy, ask.visitor.now),
            "since": requirement.since,
            "from_": requirement.from_,
        },
        "available": policy.is_available,
        "available_since": policy.available_since,
        "asked": None,
    }


_RUN = with_right(Right.RUN_ORGANISATIONS, of_organisation=True)

PAGES = (
    Page("/vendor", _RUN, get=show),
    Page("/vendor/organisations", _RUN, get=to_vendor, post=create),
    Page("/vendor/organisations/{slug}", _RUN, get=show_one),
    Page("/vendor/organisations/{slug}/availability", _RUN, get=to_customer, post=set_availability),
    Page("/vendor/organisations/{slug}/setup-link", _RUN, get=to_customer, post=make_setup_link, hashes=True),
    Page("/vendor/organisations/{slug}/reset", _RUN, get=to_customer, post=reset, hashes=True),
)
