"""`/settings/sso`: an organisation's SSO at a glance; its domains; who still gets in with a password.

Whoever acts here after 20 minutes proves first that it is they: a box on top of the page, or fields in the form
that was sent when it has something typed in it.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from starlette.responses import Response

from totrinn.app.closing_passwords import ClosingObstacle, close_passwords, open_passwords, possible_keepers
from totrinn.app.identity_providers import Unavailable
from totrinn.app.own_factors import StaleProof
from totrinn.app.owning_domains import DomainObstacle, canonical_domain, claim, give_up, lead_to, look_up
from totrinn.app.ports import Unit
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Right
from totrinn.core.sso import LEAST_KEEPERS
from totrinn.web.ask import Ask
from totrinn.web.demands import with_right
from totrinn.web.notices import notice
from totrinn.web.paths import own_path
from totrinn.web.proof_again import prove_again
from totrinn.web.routing import Page
from totrinn.web.sso_asking import HOME, own_organisation, proof_asked_for, sent_form, stale_in_form, stale_words
from totrinn.web.sso_codes import cause
from totrinn.web.sso_views import connection_row, domain_row

_DAYS = timedelta(days=30)
_NAMES_ON_A_PAGE = 12
_MOST_KEEPERS = 40
_LONGEST_DOMAIN = 253


def show(ask: Ask) -> Response:
    """Everything at a glance."""
    return _page(ask, 200)


def prove(ask: Ask) -> Response:
    """Proves anew that it is they, and goes back to where it was asked for."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    next_ = own_path(ask.form.get("next", ""))
    return ask.go(next_ if next_.startswith(HOME) else HOME)


def add_domain(ask: Ask) -> Response:
    """Claims a domain, which then waits for its proof."""
    name = canonical_domain(ask.form.get("domain", "")[:_LONGEST_DOMAIN])
    if name is None:
        return _page(ask, 422, domain=ask.language.say("This is no domain. It is written like example.no."))
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    claimed = claim(ask.services, ask.visitor, ask.me, name, ask.form.get("connection") or None)
    if isinstance(claimed, StaleProof):
        return _page(ask, 422, **stale_in_form(ask, claimed))
    if isinstance(claimed, DomainObstacle):
        return _page(ask, 409, domain=ask.language.say("This domain is on the list already."))
    return ask.go(f"{HOME}?said=domain-added#domains")


def look(ask: Ask) -> Response:
    """Looks whether the record has been published."""
    found = look_up(ask.services, ask.visitor, ask.me, ask.params["domain"])
    if isinstance(found, StaleProof):
        return _page(ask, 422, form=stale_words(ask))
    if isinstance(found, Unavailable):
        return _page(ask, 422, record=cause(ask.language, found.code))
    if isinstance(found, DomainObstacle):
        say = ask.language.say
        return _page(ask, 422, record=say("The record is not there yet. It may take an hour before others see it."))
    return ask.go(f"{HOME}?said=domain-proven#domains")


def lead(ask: Ask) -> Response:
    """Leads a domain's addresses to a connection, or nowhere."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    led = lead_to(ask.services, ask.visitor, ask.me, ask.params["domain"], ask.form.get("connection") or None)
    return (
        _page(ask, 422, form=stale_words(ask)) if isinstance(led, StaleProof) else ask.go(f"{HOME}?said=saved#domains")
    )


def remove_domain(ask: Ask) -> Response:
    """Gives a domain up."""
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    given_up = give_up(ask.services, ask.visitor, ask.me, ask.params["domain"])
    return (
        _page(ask, 422, form=stale_words(ask))
        if isinstance(given_up, StaleProof)
        else ask.go(f"{HOME}?said=domain-removed")
    )


def set_passwords(ask: Ask) -> Response:
    """Closes password sign-in for those whom SSO governs, or opens it again."""
    wish = ask.form.get("passwords")
    if wish not in ("open", "closed"):
        return _page(ask, 422, passwords=ask.language.say("Choose one of these."))
    unproven = prove_again(ask)
    if unproven is not None:
        return _page(ask, unproven.status, **unproven.errors)
    if wish == "open":
        outcome: ClosingObstacle | StaleProof | None = open_passwords(ask.services, ask.visitor, ask.me)
    else:
        outcome = close_passwords(ask.services, ask.visitor, ask.me, _chosen_keepers(ask))
    if isinstance(outcome, StaleProof):
        return _page(ask, 422, **stale_in_form(ask, outcome))
    if outcome is not None:
        return _page(ask, 422, passwords=_obstacle(ask, outcome))
    return ask.go(f"{HOME}?said=passwords-{wish}")


def to_overview(ask: Ask) -> Response:
    """The forms have no pages of their own."""
    return ask.go(HOME)


def _chosen_keepers(ask: Ask) -> list[str]:
    prefix = "keeper_"
    return [name.removeprefix(prefix) for name, value in ask.form.items() if name.startswith(prefix) and value == "on"]


def _obstacle(ask: Ask, obstacle: ClosingObstacle) -> str:
    say = ask.language.say
    return {
        ClosingObstacle.TOO_FEW_KEEPERS: say("Choose at least two who keep their password."),
        ClosingObstacle.UNFIT_KEEPER: say(
            "Somebody chosen is no longer a global administrator with a password and a second factor. Choose anew."
        ),
        ClosingObstacle.NO_CONNECTION: say("No connection is on. Turn one on first, or nobody could sign in."),
    }[obstacle]


def _page(ask: Ask, status: int, **errors: str) -> Response:
    organisation = own_organisation(ask)
    with ask.services.store.reading() as unit:
        connections = unit.connections.of_organisation(organisation.id)
        domains = unit.domains.of_organisation(organisation.id)
        passwords = _passwords(ask, unit)
        uses = {use.connection_id: use for use in unit.connections.uses(organisation.id, _since(ask))}
        also = _also_with_password(ask, unit)
    rows = [{**connection_row(ask, each), "use": uses.get(each.id)} for each in connections]
    return ask.page(
        "settings_sso.html",
        status,
        nav="sso",
        notice=notice(ask),
        connections=rows,
        domains=[domain_row(domain) for domain in domains],
        next_step=_next_step(connections, is_proven=any(domain.proven_at for domain in domains)),
        passwords=passwords,
        also=also,
        form={
            "domain": ask.form.get("domain", "")[:_LONGEST_DOMAIN],
            "connection": ask.form.get("connection", "") or (connections[0].id if len(connections) == 1 else ""),
        },
        sent=sent_form(ask),
        which=ask.params.get("domain", ""),
        proof=proof_asked_for(ask),
        errors=errors,
    )


def _since(ask: Ask) -> date:
    return (ask.visitor.now - _DAYS).date()


def _next_step(connections: Sequence[Connection], *, is_proven: bool) -> str:
    """What is left to do until somebody can sign in."""
    if not connections:
        return "connect"
    if not any(connection.is_tested or connection.is_enabled for connection in connections):
        return "test"
    if not is_proven:
        return "prove"
    return "" if any(connection.is_enabled for connection in connections) else "switch_on"


def _passwords(ask: Ask, unit: Unit) -> dict[str, object]:
    organisation = unit.organisations.find(ask.me.organisation.id) or ask.me.organisation
    kept = unit.keepers.names(organisation.id)
    keeping = {person_id for person_id, _ in kept}
    chosen = set(_chosen_keepers(ask)) if sent_form(ask) == "passwords" else keeping
    possible = possible_keepers(unit, organisation.id)[:_MOST_KEEPERS]
    return {
        "closed": organisation.passwords_closed,
        "kept": [name for _, name in kept],
        "least": LEAST_KEEPERS,
        "possible": [
            {"id": member.id, "name": member.name or member.email, "email": member.email, "chosen": member.id in chosen}
            for member in possible
        ],
    }


def _also_with_password(ask: Ask, unit: Unit) -> dict[str, object]:
    """Who comes through SSO and has a usable password as well; a page of their names."""
    organisation_id, typed = ask.me.organisation.id, ask.query.get("page", "")
    wanted = max(int(typed), 1) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    total, names = unit.identities.with_password(organisation_id, limit=_NAMES_ON_A_PAGE, offset=0)
    pages = max(1, -(-total // _NAMES_ON_A_PAGE))
    page = min(wanted, pages)
    offset = (page - 1) * _NAMES_ON_A_PAGE
    if offset:
        total, names = unit.identities.with_password(organisation_id, limit=_NAMES_ON_A_PAGE, offset=offset)
    people = [{"id": person_id, "name": name} for person_id, name in names]
    first, last = min(offset + 1, total), offset + len(people)
    return {"total": total, "people": people, "page": page, "pages": pages, "first": first, "last": last}


_CHANGE = with_right(Right.CHANGE_SSO, of_organisation=True)
_DOMAIN = f"{HOME}/domains/{{domain}}"

PAGES = (
    Page(HOME, _CHANGE, get=show),
    Page(f"{HOME}/proof", _CHANGE, get=to_overview, post=prove, hashes=True),
    Page(f"{HOME}/passwords", _CHANGE, get=to_overview, post=set_passwords, hashes=True),
    Page(f"{HOME}/domains", _CHANGE, get=to_overview, post=add_domain, hashes=True),
    Page(f"{_DOMAIN}/look", _CHANGE, get=to_overview, post=look, calls_out=True),
    Page(f"{_DOMAIN}/lead", _CHANGE, get=to_overview, post=lead, hashes=True),
    Page(f"{_DOMAIN}/remove", _CHANGE, get=to_overview, post=remove_domain, hashes=True),
)
