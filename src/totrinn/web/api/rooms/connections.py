"""Connections to identity providers: read by who may; added, changed and switched by a person with a fresh proof.

They are set up as on the pages: added switched off, tried, and then switched on.
"""

from totrinn.app import connecting
from totrinn.app.connecting import ConnectionObstacle, Draft, change_connection, own_connection
from totrinn.app.identity_providers import ProviderKind, SamlSettings
from totrinn.app.own_factors import StaleProof
from totrinn.app.sso_records import Connection
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import expected_revision, stale_problem, unprintable, wrong, wrongs
from totrinn.web.api.rooms.connection_answers import draft_of, in_a_list, told_connection
from totrinn.web.api.shapes import Switch
from totrinn.web.api.sso_shapes import ConnectionDetails, ConnectionList, ConnectionShape, ConnectionWanted
from totrinn.web.sso_drafts import draft_problems

_CODES = {
    ConnectionObstacle.UNTESTED: Code.UNTESTED,
    ConnectionObstacle.PASSWORDS_CLOSED: Code.PASSWORDS_CLOSED,
    ConnectionObstacle.SOMEONE_ELSE: Code.CHANGED_MEANWHILE,
    ConnectionObstacle.VENDORS_OWN: Code.NOT_FOUND,
}
_NOTHING_READ = SamlSettings(entity_id="", sso_url="", certificates=())


def list_them(call: Call) -> Done:
    """The organisation's connections."""
    with call.services.store.reading() as unit:
        domains = unit.domains.of_organisation(call.organisation.id)
        found = unit.connections.of_organisation(call.organisation.id)
    return Done(ConnectionList([in_a_list(each, domains) for each in found]))


def read(call: Call) -> Done:
    """One connection, with its revision as ETag."""
    return told_connection(call, known_connection(call))


def add(call: Call) -> Done | Problem:
    """Adds a connection, switched off."""
    draft = _draft(call, _NOTHING_READ, is_enabled=False)
    if isinstance(draft, Problem):
        return draft
    return told_outcome(call, connecting.add_connection(call.services, call.visitor, call.person, draft))


def change(call: Call) -> Done | Problem:
    """Stores what is now agreed, at the revision that `If-Match` names."""
    connection, revision = known_connection(call), expected_revision(call)
    if isinstance(revision, Problem):
        return revision
    settings = connection.settings
    standing = settings if isinstance(settings, SamlSettings) else _NOTHING_READ
    draft = _draft(call, standing, is_enabled=connection.is_enabled)
    if isinstance(draft, Problem):
        return draft
    if isinstance(draft.settings, SamlSettings) is not (connection.kind is ProviderKind.SAML):
        return wrong("/kind", call.ask.language.say("The kind of a connection stays. Add another one instead."))
    outcome = change_connection(
        call.services, call.visitor, call.person, connection.id, draft, expected_revision=revision
    )
    return told_outcome(call, outcome)


def switch(call: Call) -> Done | Problem:
    """Switches it on, once it is tested, or off."""
    act = connecting.switch_on if call.body.is_enabled else connecting.switch_off
    problem = problem_of(act(call.services, call.visitor, call.person, call.named("id")))
    if problem is not None:
        return problem
    connection = known_connection(call)
    with call.services.store.reading() as unit:
        domains = unit.domains.of_organisation(call.organisation.id)
    return Done(in_a_list(connection, domains))


def remove(call: Call) -> Done | Problem:
    """Deletes it with all links that were made by it."""
    outcome = connecting.remove_connection(call.services, call.visitor, call.person, call.named("id"))
    return problem_of(outcome) or Done()


def known_connection(call: Call) -> Connection:
    """The organisation's own connection in the path. Raises `NotFound`."""
    with call.services.store.reading() as unit:
        return own_connection(unit, call.caller, call.named("id"))


def problem_of(outcome: Connection | StaleProof | ConnectionObstacle) -> Problem | None:
    """Why it was not done, if it was not."""
    if isinstance(outcome, StaleProof):
        return stale_problem(outcome)
    return Problem(_CODES[outcome]) if isinstance(outcome, ConnectionObstacle) else None


def told_outcome(call: Call, outcome: Connection | StaleProof | ConnectionObstacle) -> Done | Problem:
    """The connection as it is now, or why it was not done."""
    return told_connection(call, outcome) if isinstance(outcome, Connection) else problem_of(outcome) or Done()


def _draft(call: Call, standing: SamlSettings, *, is_enabled: bool) -> Draft | Problem:
    problem = unprintable(call)
    if problem is not None:
        return problem
    draft, language = draft_of(call.body, standing), call.ask.language
    allow_private = call.ask.settings.allow_private_addresses
    problems = draft_problems(language, draft, is_enabled=is_enabled, allow_private=allow_private)
    if not draft.name:
        problems["name"] = language.say("Type a name.")
    return wrongs({f"/{name}": said for name, said in problems.items()}) if problems else draft


CONNECTIONS = "/organisations/{slug}/connections"
ONE_CONNECTION = f"{CONNECTIONS}/{{id}}"

ENDPOINTS = (
    Endpoint(
        "GET", CONNECTIONS, Right.SEE_SSO, "The connections to identity providers.", list_them, answer=ConnectionList
    ),
    Endpoint(
        "POST",
        CONNECTIONS,
        Right.CHANGE_SSO,
        "Adds a connection, switched off. Of a SAML provider the metadata follow.",
        add,
        body=ConnectionWanted,
        answer=ConnectionDetails,
        status=201,
        problems=(Code.FRESH_PROOF,),
    ),
    Endpoint(
        "GET",
        ONE_CONNECTION,
        Right.SEE_SSO,
        "One connection, with our addresses for the provider; its revision is the ETag.",
        read,
        answer=ConnectionDetails,
    ),
    Endpoint(
        "PUT",
        ONE_CONNECTION,
        Right.CHANGE_SSO,
        "Stores what is now agreed, at the revision that `If-Match` names. It then has to be tested anew.",
        change,
        body=ConnectionWanted,
        answer=ConnectionDetails,
        problems=(Code.NO_REVISION, Code.CHANGED_MEANWHILE, Code.PASSWORDS_CLOSED, Code.FRESH_PROOF),
    ),
    Endpoint(
        "PATCH",
        ONE_CONNECTION,
        Right.CHANGE_SSO,
        "Switches a connection on, once it is tested, or off.",
        switch,
        body=Switch,
        answer=ConnectionShape,
        problems=(Code.UNTESTED, Code.FRESH_PROOF),
    ),
    Endpoint(
        "DELETE",
        ONE_CONNECTION,
        Right.CHANGE_SSO,
        "Deletes a connection with all links that were made by it.",
        remove,
        problems=(Code.PASSWORDS_CLOSED, Code.FRESH_PROOF),
    ),
)
