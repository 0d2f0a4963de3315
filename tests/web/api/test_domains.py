"""Domains, and closing password sign-in, by the API."""

import pytest

from tests.web.api.programs import Program, program
from tests.web.connected import connected
from tests.web.house import House, Resident
from totrinn.app.identity_providers import Unavailable
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role

PATH = "/organisations/fjordly/domains"
PASSWORDS = "/organisations/fjordly/passwords"


def test_a_domain_is_claimed_proven_led_and_given_up(house: House, person: Program) -> None:
    """Proven by the record that the answer names, and by nothing else."""
    connection = connected(house)
    added = person.post(PATH, {"name": "Bø.no"})
    assert (added.status, added.json["name"], added.json["is_proven"]) == (201, "xn--b-5ga.no", False)
    one = f"{PATH}/{added.json['name']}"
    assert person.post(PATH, {"name": "bø.no"}).code == "domain_taken"
    assert person.post(f"{one}/look-up").code == "record_missing"
    house.records.texts_of[added.json["record_name"]] = Unavailable("timed_out")
    assert (failed := person.post(f"{one}/look-up")).code == "provider_unusable"
    assert failed.json["cause"] == "timed_out"
    house.records.texts_of[added.json["record_name"]] = (added.json["record_value"],)
    assert person.post(f"{one}/look-up").json["is_proven"]
    assert person.patch(one, {"connection": connection.id}).json["connection"] == connection.id
    listed = program(house, "fjordly", Scope.ORGANISATION_READ).get(PATH)
    assert [each["name"] for each in listed.json["items"]] == ["xn--b-5ga.no"]
    assert person.get(f"/organisations/fjordly/connections/{connection.id}").json["domains"] == ["xn--b-5ga.no"]
    assert person.patch(one, {"connection": None}).json["connection"] is None
    assert person.delete(one).status == 204
    assert person.delete(one).status == 404


@pytest.mark.row("R46")
def test_no_domain_is_led_to_anothers_connection(house: House, person: Program) -> None:
    """It is as unknown here as one that does not exist; and no address is a domain."""
    theirs = connected(house, "other")
    assert person.post(PATH, {"name": "fjordly.no", "connection": theirs.id}).status == 404
    person.post(PATH, {"name": "fjordly.no"})
    assert person.patch(f"{PATH}/fjordly.no", {"connection": theirs.id}).status == 404
    for name in ("localhost", "1.2.3.4", "a b.no", "x" * 250):
        told = person.post(PATH, {"name": name})
        assert (told.status, told.json["errors"][0]["pointer"]) == (422, "/name"), name
    assert person.patch(f"{PATH}/fjordly.no", {}).json["errors"][0]["code"] == "missing"


def test_password_sign_in_is_closed_and_opened(house: House, person: Program, kari: Resident) -> None:
    """With at least two who keep theirs, and a connection that is on."""
    other = house.person("knut@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    weak = house.person("ola@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    keepers = [kari.id, other.id]
    assert person.put(PASSWORDS, {"closed": True, "keepers": keepers}).code == "no_connection"
    connected(house, is_on=True)
    assert person.put(PASSWORDS, {"closed": True}).code == "too_few_keepers"
    assert person.put(PASSWORDS, {"closed": True, "keepers": [kari.id, weak.id]}).code == "unfit_keeper"
    closed = person.put(PASSWORDS, {"closed": True, "keepers": keepers})
    assert (closed.status, closed.json["closed"]) == (200, True)
    assert {each["id"] for each in closed.json["keepers"] if each["keeps"]} == set(keepers)
    assert house.stored("fjordly").passwords_closed
    assert person.put(PASSWORDS, {"closed": False}).json["closed"] is False
    assert person.get(PASSWORDS).json["closed"] is False
