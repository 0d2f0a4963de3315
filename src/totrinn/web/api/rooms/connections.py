"""Connections to identity providers: read by who may, switched and removed by a person who has just proven themselves.

Adding and changing one takes the pages: an administrator tries it there before anybody depends on it.
"""

from totrinn.app import connecting
from totrinn.app.connecting import ConnectionObstacle
from totrinn.app.own_factors import StaleProof
from totrinn.app.ports import Unit
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import stale_problem
from totrinn.web.api.shapes import ConnectionList, ConnectionShape, Switch

_CODES = {
    ConnectionObstacle.UNTESTED: Code.UNTESTED,
    ConnectionObstacle.PASSWORDS_CLOSED: Code.PASSWORDS_CLOSED,
    ConnectionObstacle.SOMEONE_ELSE: Code.CHANGED_MEANWHILE,
    ConnectionObstacle.VENDORS_OWN: Code.ALWAYS,
}


def list_them(call: Call) -> Done:
    """The organisation's connections."""
    with call.services.store.reading() as unit:
        return Done(ConnectionList(_shapes(unit, call)))


def switch(call: Call) -> Done | Problem:
    """Switches it on, once it is tested, or off."""
    act = connecting.switch_on if call.body.is_enabled else connecting.switch_off
    outcome = act(call.services, call.visitor, call.person, call.named("id"))
    problem = _problem(outcome)
    if problem is not None:
        return problem
    with call.services.store.reading() as unit:
        return Done(next(shape for shape in _shapes(unit, call) if shape.id == call.named("id")))


def remove(call: Call) -> Done | Problem:
    """Deletes it with all links that were made by it."""
    outcome = connecting.remove_connection(call.services, call.visitor, call.person, call.named("id"))
    return _problem(outcome) or Done()


def _problem(outcome: Connection | StaleProof | ConnectionObstacle) -> Problem | None:
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    return Problem(_CODES[outcome]) if isinstance(outcome, ConnectionObstacle) else None


def _shapes(unit: Unit, call: Call) -> list[ConnectionShape]:
    domains = unit.domains.of_organisation(call.organisation.id)
    return [
        ConnectionShape(
            id=one.id,
            kind=one.kind.value,
            name=one.name,
            is_enabled=one.is_enabled,
            is_tested=one.is_tested,
            demands_evidence=one.rules.demands_evidence,
            domains=[domain.name for domain in domains if domain.connection_id == one.id],
            created_at=one.created_at,
        )
        for one in unit.connections.of_organisation(call.organisation.id)
    ]


_ALL = "/organisations/{slug}/connections"
_ONE = f"{_ALL}/{{id}}"

ENDPOINTS = (
    Endpoint("GET", _ALL, Right.SEE_SSO, "The connections to identity providers.", list_them, answer=ConnectionList),
    Endpoint(
        "PATCH",
        _ONE,
        Right.CHANGE_SSO,
        "Switches a connection on, once it is tested, or off.",
        switch,
        body=Switch,
        answer=ConnectionShape,
        problems=(Code.UNTESTED, Code.FRESH_PROOF),
    ),
    Endpoint(
        "DELETE",
        _ONE,
        Right.CHANGE_SSO,
        "Deletes a connection with all links that were made by it.",
        remove,
        problems=(Code.PASSWORDS_CLOSED, Code.FRESH_PROOF),
    ),
)
