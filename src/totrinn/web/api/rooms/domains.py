"""The organisation's e-mail domains, and whether whoever SSO governs still gets in with a password."""

from totrinn.app.closing_passwords import ClosingObstacle, close_passwords, open_passwords, possible_keepers
from totrinn.app.identity_providers import Unavailable
from totrinn.app.own_factors import StaleProof
from totrinn.app.owning_domains import DomainObstacle, canonical_domain, claim, give_up, lead_to, look_up, record_of
from totrinn.app.sso_records import Domain
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import stale_problem, wrong
from totrinn.web.api.rooms.connection_answers import unusable
from totrinn.web.api.sso_shapes import (
    DomainLead,
    DomainList,
    DomainShape,
    DomainWanted,
    Keeper,
    PasswordsShape,
    PasswordsWanted,
)

_CLOSING = {
    ClosingObstacle.TOO_FEW_KEEPERS: Code.TOO_FEW_KEEPERS,
    ClosingObstacle.UNFIT_KEEPER: Code.UNFIT_KEEPER,
    ClosingObstacle.NO_CONNECTION: Code.NO_CONNECTION,
}


def list_them(call: Call) -> Done:
    """All of them, each with the record that proves it."""
    with call.services.store.reading() as unit:
        return Done(DomainList([_shape(each) for each in unit.domains.of_organisation(call.organisation.id)]))


def add(call: Call) -> Done | Problem:
    """Claims a domain, which then waits for its proof."""
    name = canonical_domain(call.body.name)
    if name is None:
        return wrong("/name", call.ask.language.say("This is no domain. It is written like example.no."))
    return _told(call, claim(call.services, call.visitor, call.person, name, call.body.connection))


def look(call: Call) -> Done | Problem:
    """Looks whether the record has been published."""
    return _told(call, look_up(call.services, call.visitor, call.person, call.named("domain")))


def lead(call: Call) -> Done | Problem:
    """Leads its addresses to a connection, or nowhere."""
    name, connection = call.named("domain"), call.body.connection
    return _told(call, lead_to(call.services, call.visitor, call.person, name, connection))


def remove(call: Call) -> Done | Problem:
    """Gives it up."""
    outcome = give_up(call.services, call.visitor, call.person, call.named("domain"))
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else Done()


def read_passwords(call: Call) -> Done:
    """Whether password sign-in is closed, and who keeps theirs."""
    with call.services.store.reading() as unit:
        organisation = unit.organisations.find(call.organisation.id) or call.organisation
        kept = {person_id for person_id, _ in unit.keepers.names(organisation.id)}
        possible = possible_keepers(unit, organisation.id)
    keepers = [Keeper(each.id, each.name or each.email, each.id in kept) for each in possible]
    return Done(PasswordsShape(organisation.passwords_closed, keepers))


def set_passwords(call: Call) -> Done | Problem:
    """Closes password sign-in for those whom SSO governs, or opens it again."""
    outcome: ClosingObstacle | StaleProof | None
    if call.body.closed:
        outcome = close_passwords(call.services, call.visitor, call.person, call.body.keepers)
    else:
        outcome = open_passwords(call.services, call.visitor, call.person)
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    return read_passwords(call) if outcome is None else Problem(_CLOSING[outcome])


def _told(call: Call, outcome: Domain | DomainObstacle | Unavailable | StaleProof) -> Done | Problem:
    if isinstance(outcome, Domain):
        return Done(_shape(outcome))
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    if isinstance(outcome, Unavailable):
        return unusable(call, outcome)
    return Problem(Code.DOMAIN_TAKEN if outcome is DomainObstacle.TAKEN else Code.NO_RECORD)


def _shape(domain: Domain) -> DomainShape:
    record = record_of(domain)
    return DomainShape(
        name=domain.name,
        connection=domain.connection_id,
        is_proven=domain.proven_at is not None,
        proven_at=domain.proven_at,
        record_name=record.name,
        record_value=record.value,
    )


_ALL = "/organisations/{slug}/domains"
_ONE = f"{_ALL}/{{domain}}"
_PASSWORDS = "/organisations/{slug}/passwords"
_SEE, _CHANGE = Right.SEE_SSO, Right.CHANGE_SSO
_FRESH = (Code.FRESH_PROOF,)

ENDPOINTS = (
    Endpoint(
        "GET", _ALL, _SEE, "The e-mail domains, each with the record that proves it.", list_them, answer=DomainList
    ),
    Endpoint(
        "POST",
        _ALL,
        _CHANGE,
        "Claims a domain, which then waits for its proof.",
        add,
        body=DomainWanted,
        answer=DomainShape,
        status=201,
        problems=(Code.DOMAIN_TAKEN, *_FRESH),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/look-up",
        _CHANGE,
        "Looks whether the record has been published.",
        look,
        answer=DomainShape,
        problems=(Code.NO_RECORD, Code.PROVIDER, Code.BUSY, *_FRESH),
        calls_out=True,
    ),
    Endpoint(
        "PATCH",
        _ONE,
        _CHANGE,
        "Leads the domain’s addresses to a connection, or nowhere.",
        lead,
        body=DomainLead,
        answer=DomainShape,
        problems=_FRESH,
    ),
    Endpoint("DELETE", _ONE, _CHANGE, "Gives the domain up.", remove, problems=_FRESH),
    Endpoint(
        "GET",
        _PASSWORDS,
        _CHANGE,
        "Whether those whom SSO governs still get in with a password, and who keeps theirs.",
        read_passwords,
        answer=PasswordsShape,
    ),
    Endpoint(
        "PUT",
        _PASSWORDS,
        _CHANGE,
        "Closes password sign-in for those whom SSO governs, or opens it.",
        set_passwords,
        body=PasswordsWanted,
        answer=PasswordsShape,
        problems=(Code.TOO_FEW_KEEPERS, Code.UNFIT_KEEPER, Code.NO_CONNECTION, *_FRESH),
    ),
)
