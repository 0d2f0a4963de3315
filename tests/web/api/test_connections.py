"""Connections by the API: from nothing to on, and whatever stands in the way."""

import json
import re
from datetime import timedelta

import pytest
import time_machine

from tests.web.api.programs import Program, Told, program
from tests.web.connected import SECRET, connected, have_tested, stored
from tests.web.house import House
from tests.web.provider import METADATA, identity
from totrinn.app.identity_providers import Rejected, SamlSettings, Unavailable
from totrinn.app.sso_parties import party_of
from totrinn.app.sso_records import Connection
from totrinn.core.api_tokens import Scope
from totrinn.web.forms import LARGEST_BODY

PATH = "/organisations/fjordly/connections"
WANTED = {
    "kind": "oidc",
    "name": " Fjordly  konto ",
    "issuer": "https://id.fjordly.no",
    "client_id": "client-1",
    "client_secret": SECRET,
    "evidence": ["mfa", "mfa"],
    "evidence_age": 90,
    "roles": [{"group": "sjefer", "role": "global_administrator"}],
}
SAML = {"kind": "saml", "name": "ADFS", "email_attribute": "mail"}


def _places(told: Told) -> list[str]:
    assert (told.status, told.code) == (422, "wrong_shape"), told.json
    return [each["pointer"] for each in told.json["errors"]]


def _one(house: House, told: Told) -> Connection:
    with house.services.store.reading() as unit:
        found = unit.connections.find(told.json["id"])
    assert found is not None
    return found


def test_a_connection_comes_from_nothing_to_on(house: House, person: Program) -> None:
    """Added switched off, tried by the browser that asks, and only then switched on; its secret is in no answer."""
    added = person.post(PATH, WANTED)
    assert (added.status, added.headers["etag"]) == (201, '"1"')
    connection = _one(house, added)
    one, answers = f"{PATH}/{connection.id}", [added]
    assert party_of(house.services, connection).secret == SECRET
    assert (connection.name, connection.rules.evidence) == ("Fjordly konto", ("mfa",))
    assert added.json["ours"]["callback"] == f"http://localhost:8700/sso/{connection.id}/callback"
    assert (added.json["has_secret"], added.json["is_enabled"]) == (True, False)
    too_early = person.patch(one, {"is_enabled": True})
    assert (too_early.status, too_early.code) == (409, "untested")
    answers += [person.get(f"{one}/test"), person.post(f"{one}/test")]
    assert answers[1].json == {"test": None}
    house.providers.answers = identity("kari@fjordly.no", claims=(("sub", "s-1"),), checks=("state",))
    state = re.search(r"state=([\w-]+)", answers[2].json["address"])
    assert state is not None
    person.client.get(f"/sso/{connection.id}/callback?state={state[1]}&code=c", follow_redirects=False)
    answers += [person.get(f"{one}/test"), person.patch(one, {"is_enabled": True}), person.get(one), person.get(PATH)]
    assert (answers[3].json["test"]["passed"], answers[3].json["test"]["is_current"]) == (True, True)
    assert answers[3].json["test"]["claims"] == [{"name": "sub", "value": "s-1"}]
    assert (answers[4].json["is_enabled"], answers[5].json["is_tested"]) == (True, True)
    assert not any(SECRET in json.dumps(each.json) for each in answers)
    assert person.delete(one).status == 204
    assert person.get(one).status == 404


def test_what_is_agreed_is_replaced_at_the_revision_that_was_read(house: House, person: Program) -> None:
    """Not blindly, not twice; without a secret the one that is there stays, and it must be tested anew."""
    connection = connected(house, is_on=True)
    have_tested(house, connection)
    one = f"{PATH}/{connection.id}"
    read = person.get(one)
    wanted = {**WANTED, "client_secret": None, "demands_evidence": True}
    assert (blind := person.put(one, wanted)).status == 428, blind.json
    assert person.put(one, wanted, **{"if-match": '"2"'}).code == "changed_meanwhile"
    for odd in ("*", 'W/"1"', '"x"', '"99999999999999"'):
        assert person.put(one, wanted, **{"if-match": odd}).status == 412, odd
    changed = person.put(one, wanted, **{"if-match": read.headers["etag"]})
    assert (changed.status, changed.json["revision"], changed.json["is_tested"]) == (200, 2, False)
    assert changed.headers["etag"] == '"2"'
    assert party_of(house.services, stored(house, connection)).secret == SECRET
    assert person.put(one, wanted, **{"if-match": read.headers["etag"]}).status == 412
    person.put(one, {**wanted, "client_secret": "another"}, **{"if-match": '"2"'})
    assert party_of(house.services, stored(house, connection)).secret == "another"


@pytest.mark.row("R23")
def test_a_secret_is_shown_to_no_other_provider(house: House, person: Program) -> None:
    """Whoever leads the connection elsewhere must have that provider's own; the one that was there is gone."""
    connection = connected(house)
    elsewhere = {**WANTED, "issuer": "https://id.elsewhere.example", "client_secret": None}
    changed = person.put(f"{PATH}/{connection.id}", elsewhere, **{"if-match": '"1"'})
    assert (changed.status, changed.json["has_secret"]) == (200, False)
    assert party_of(house.services, stored(house, connection)).secret is None
    back = {**WANTED, "client_secret": None}
    assert person.put(f"{PATH}/{connection.id}", back, **{"if-match": '"2"'}).json["has_secret"] is False


@pytest.mark.parametrize(
    ("changed", "places"),
    [
        ({"issuer": "http://id.fjordly.no"}, ["/issuer"]),
        ({"issuer": "", "client_id": ""}, ["/issuer", "/client_id"]),
        ({"scopes": ["email"], "demands_evidence": True, "evidence": []}, ["/scopes", "/evidence"]),
        ({"name": " \t "}, ["/name"]),
        ({"name": "a\u202eb", "evidence": ["mfa", "\u0007"]}, ["/name", "/evidence/1"]),
        ({"name": "   "}, ["/name"]),
        ({"issuer": 1, "default_role": "global_administrator"}, ["/default_role", "/issuer"]),
        ({"kind": "ldap"}, ["/kind"]),
        ({"kind": "saml"}, ["/issuer", "/client_id", "/client_secret"]),
        ({"is_enabled": True, "organisation_id": "x"}, ["/is_enabled", "/organisation_id"]),
    ],
)
def test_what_cannot_be_is_refused_with_every_place(
    house: House, person: Program, changed: dict[str, object], places: list[str]
) -> None:
    """As on the form; nothing changes."""
    connection = connected(house, is_on=True)
    told = person.put(f"{PATH}/{connection.id}", {**WANTED, **changed}, **{"if-match": '"1"'})
    assert _places(told) == places
    assert stored(house, connection) == connection


def test_a_connection_keeps_its_kind(house: House, person: Program) -> None:
    """One of OpenID does not become one of SAML by being stored anew."""
    connection = connected(house)
    assert _places(person.put(f"{PATH}/{connection.id}", SAML, **{"if-match": '"1"'})) == ["/kind"]


def test_metadata_are_taken_as_sent_or_from_their_address(house: House, person: Program) -> None:
    """Larger than other bodies; the options stay, and certificates stand beside each other while one rolls over."""
    added = person.post(PATH, SAML)
    one = f"{PATH}/{added.json['id']}"
    assert (added.json["is_complete"], person.post(f"{one}/test").code) == (False, "incomplete")
    text = "<x>" + "y" * (2 * LARGEST_BODY) + "</x>"
    assert person.put(f"{one}/metadata", {"metadata": text}).status == 428
    taken = person.put(f"{one}/metadata", {"metadata": text}, **{"if-match": '"1"'})
    assert (taken.status, taken.json["entity_id"], taken.json["is_complete"]) == (200, METADATA.entity_id, True)
    assert (taken.json["email_attribute"], house.providers.read) == ("mail", [text])
    house.providers.metadata = SamlSettings(METADATA.entity_id, METADATA.sso_url, ("AAAA",))
    wanted = {"address": "https://idp.example.no/metadata", "beside": True}
    beside = person.put(f"{one}/metadata", wanted, **{"if-match": '"2"'})
    assert len(beside.json["certificates"]) == 2
    house.providers.metadata = SamlSettings("https://another.example.no", METADATA.sso_url, ("BBBB",))
    assert _places(person.put(f"{one}/metadata", wanted, **{"if-match": '"3"'})) == ["/beside"]
    for both in ({}, {"metadata": "x", "address": "https://x.no"}):
        assert _places(person.put(f"{one}/metadata", both, **{"if-match": '"3"'})) == ["/metadata"]


@pytest.mark.parametrize("failure", [Rejected("metadata_malformed", "line 1"), Unavailable("unreachable")])
def test_a_provider_that_cannot_be_used_is_told_by_its_cause(
    house: House, person: Program, failure: Rejected | Unavailable
) -> None:
    """A stable code of the cause, and a sentence; nothing changes."""
    saml, oidc = connected(house, settings=METADATA, name="ADFS"), connected(house)
    house.providers.metadata = house.providers.begins = failure
    address = {"address": "https://idp.example.no/metadata"}
    for told in (
        person.put(f"{PATH}/{saml.id}/metadata", address, **{"if-match": '"1"'}),
        person.post(f"{PATH}/{oidc.id}/test"),
    ):
        assert (told.status, told.code, told.json["cause"]) == (409, "provider_unusable", failure.code)
        assert told.json["detail"] == failure.detail
    assert person.put(f"{PATH}/{oidc.id}/metadata", address, **{"if-match": '"1"'}).status == 404
    assert stored(house, saml).settings == METADATA


@pytest.mark.row("R53")
def test_nobody_outside_is_asked_for_whom_is_not_proven_freshly(
    house: House, person: Program, clock: time_machine.Traveller
) -> None:
    """After 20 minutes nothing is changed, and no provider hears of it."""
    saml, oidc = connected(house, settings=METADATA, name="ADFS"), connected(house)
    clock.shift(timedelta(minutes=21))
    match = {"if-match": '"1"'}
    attempts = (
        person.post(PATH, WANTED),
        person.put(f"{PATH}/{oidc.id}", WANTED, **match),
        person.put(f"{PATH}/{saml.id}/metadata", {"address": "https://idp.example.no/metadata"}, **match),
        person.post(f"{PATH}/{oidc.id}/test"),
        person.delete(f"{PATH}/{oidc.id}"),
    )
    assert [(each.status, each.code) for each in attempts] == [(403, "fresh_proof_required")] * 5
    assert (house.providers.read, house.providers.parties) == ([], [])
    assert stored(house, oidc) == oidc


def test_a_token_reads_connections_and_not_what_was_said_of_who_tried(house: House, person: Program) -> None:
    """The claims of a test are a person's; a token of the organisation reads what is agreed, and changes nothing."""
    connection = connected(house)
    have_tested(house, connection)
    reader = program(house, "fjordly", Scope.ORGANISATION_READ)
    read = reader.get(f"{PATH}/{connection.id}")
    assert (read.status, read.json["issuer"]) == (200, "https://id.fjordly.no")
    assert "s1" not in json.dumps(read.json)
    assert reader.get(f"{PATH}/{connection.id}/test").code == "person_needed"
    assert reader.put(f"{PATH}/{connection.id}", WANTED, **{"if-match": '"1"'}).code == "person_needed"
