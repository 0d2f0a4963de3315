"""A connection's metadata are read, and it is tried: both ask the provider, in threads of their own."""

from totrinn.app import connecting
from totrinn.app.connecting import Draft, change_connection
from totrinn.app.errors import NotFound
from totrinn.app.identity_providers import Rejected, SamlSettings, Unavailable
from totrinn.app.own_factors import StaleProof, stale_for_organisation
from totrinn.app.sso_attempts import Away
from totrinn.core.roles import Right
from totrinn.web.api.endpoints import Call, Done, Endpoint, Problem
from totrinn.web.api.problems import Code
from totrinn.web.api.rooms.answers import expected_revision, stale_problem, wrong
from totrinn.web.api.rooms.connection_answers import told_test, unusable
from totrinn.web.api.rooms.connections import ONE_CONNECTION, known_connection, told_outcome
from totrinn.web.api.sso_shapes import ConnectionDetails, LastTest, MetadataWanted, WayOut
from totrinn.web.sso_drafts import merged_metadata
from totrinn.web.sso_ready import is_complete

_LARGEST_BODY = 4 * 1024 * 1024


def take_metadata(call: Call) -> Done | Problem:
    """Takes entity, addresses and certificates from the provider's metadata, as sent or from their address."""
    connection, revision = known_connection(call), expected_revision(call)
    standing = connection.settings
    if not isinstance(standing, SamlSettings):
        raise NotFound
    if isinstance(revision, Problem):
        return revision
    stale = stale_for_organisation(call.person.live, call.visitor)
    if stale is not None:
        return stale_problem(stale)
    found = _found(call)
    if isinstance(found, Problem):
        return found
    merged = merged_metadata(call.ask.language, standing, found, beside=call.body.beside)
    if isinstance(merged, str):
        return wrong("/beside", merged)
    draft = Draft(connection.name, merged, connection.rules)
    outcome = change_connection(
        call.services, call.visitor, call.person, connection.id, draft, expected_revision=revision
    )
    return told_outcome(call, outcome)


def read_test(call: Call) -> Done:
    """What came back when it was tried last."""
    return Done(told_test(call, known_connection(call)))


def try_out(call: Call) -> Done | Problem:
    """Sets out for the provider; nobody is signed in by it."""
    connection = known_connection(call)
    if not is_complete(connection.settings):
        return Problem(Code.INCOMPLETE)
    outcome = connecting.try_out(call.services, call.visitor, call.person, connection.id, browser=call.ask.visit)
    if isinstance(outcome, Away):
        return Done(WayOut(outcome.address))
    return stale_problem(outcome) if isinstance(outcome, StaleProof) else unusable(call, outcome)


def _found(call: Call) -> SamlSettings | Problem:
    sent, providers = call.body, call.services.providers
    if bool(sent.metadata) == bool(sent.address):
        said = call.ask.language.say("Paste the metadata or type its address, one of the two.")
        return wrong("/metadata", said)
    found: SamlSettings | Rejected | Unavailable
    if sent.metadata:
        found = providers.read_metadata(sent.metadata.encode(), entity_id=sent.entity_id)
    else:
        found = providers.fetch_metadata(sent.address, entity_id=sent.entity_id)
    return found if isinstance(found, SamlSettings) else unusable(call, found)


ENDPOINTS = (
    Endpoint(
        "PUT",
        f"{ONE_CONNECTION}/metadata",
        Right.CHANGE_SSO,
        "Takes addresses and certificates from a SAML provider’s metadata, sent here or fetched from their address.",
        take_metadata,
        body=MetadataWanted,
        answer=ConnectionDetails,
        problems=(
            Code.NO_REVISION, Code.CHANGED_MEANWHILE, Code.PASSWORDS_CLOSED, Code.PROVIDER, Code.BUSY, Code.FRESH_PROOF,
        ),
        largest_body=_LARGEST_BODY,
        calls_out=True,
    ),
    Endpoint(
        "GET",
        f"{ONE_CONNECTION}/test",
        Right.CHANGE_SSO,
        "What came back when the connection was tried last.",
        read_test,
        answer=LastTest,
    ),
    Endpoint(
        "POST",
        f"{ONE_CONNECTION}/test",
        Right.CHANGE_SSO,
        "Begins to try it: where the browser that asks must go. Nobody is signed in by it.",
        try_out,
        answer=WayOut,
        problems=(Code.INCOMPLETE, Code.PROVIDER, Code.BUSY, Code.FRESH_PROOF),
        answers_once=True,
        calls_out=True,
    ),
)  # fmt: skip
