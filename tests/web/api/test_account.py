"""What is a person's own, by the API: read, and changed as far as a program may."""

import json
from datetime import UTC, datetime

import pytest

from tests.web.api.programs import Program, program
from tests.web.connected import connected
from tests.web.house import House, Resident
from totrinn.app.records import Session
from totrinn.app.sso_records import SsoIdentity
from totrinn.core.api_tokens import Scope
from totrinn.core.policy import Method, Proof, Requirement, SsoProof
from totrinn.core.roles import Role


def test_a_person_reads_who_they_are(house: House, person: Program, kari: Resident) -> None:
    """Where they belong, in which language they are spoken to, what they have; and no secret of it."""
    told = person.get("/account")
    assert (told.json["id"], told.json["through_sso"], told.json["must_enrol"]) == (kari.id, False, False)
    assert [(each["slug"], each["is_current"]) for each in told.json["memberships"]] == [("fjordly", True)]
    changed = person.patch("/account", {"language": "nn"})
    assert changed.json == {**told.json, "language": "nn"}
    assert person.get("/nothing").json["title"] == "Det finst ikkje her."
    factors = person.get("/account/factors").json
    assert [each["kind"] for each in factors["items"]] == ["totp"]
    assert set(factors["items"][0]) == {"kind", "enrolled_at", "used_at"}
    assert kari.secret is not None
    assert kari.secret not in json.dumps(factors)


def test_the_last_factor_is_held_by_who_requires_it(house: House, person: Program) -> None:
    """By name."""
    assert person.get("/account/factors").json["held_by"] == []
    with house.services.store.writing() as unit:
        organisation = house.stored("fjordly")
        requirement = Requirement(since=datetime.now(UTC))
        unit.organisations.take_requirement(
            organisation.id, requirement, by=None, expected_revision=organisation.policy.revision
        )
    assert person.get("/account/factors").json["held_by"] == ["Fjordly AS"]


def test_own_sessions_are_ended_one_or_all(house: House) -> None:
    """The others by one request, each by its name; this one, too, if it is named."""
    house.organisation("fjordly")
    ola = house.person("ola@fjordly.no", "fjordly")
    person, *_ = [Program(house, browser=house.sign_in(ola)) for _ in range(4)]
    sessions = person.get("/account/sessions").json["items"]
    others = [each["id"] for each in sessions if not each["is_this"]]
    assert len(others) == 3
    assert person.delete(f"/account/sessions/{others[0]}").status == 204
    assert person.delete(f"/account/sessions/{others[0]}").status == 404
    assert person.delete("/account/sessions").status == 204
    (this,) = person.get("/account/sessions").json["items"]
    assert this["is_this"]
    assert person.delete(f"/account/sessions/{this['id']}").status == 204
    assert person.get("/account").code == "sign_in_required"


def test_a_membership_is_accepted_declined_and_left(house: House, person: Program, kari: Resident) -> None:
    """An offer by its slug; the last global administrator stays; whoever leaves where they are is signed out."""
    for slug in ("other", "vendor"):
        house.join(kari, slug, accepted=False)
    assert person.post("/account/memberships/other/accept").status == 204
    assert person.post("/account/memberships/other/accept").status == 404
    assert person.delete("/account/memberships/vendor").status == 204
    assert [each["slug"] for each in person.get("/account").json["memberships"]] == ["fjordly", "other"]
    assert person.delete("/account/memberships/fjordly").code == "last_global_administrator"
    house.person("knut@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    left = person.delete("/account/memberships/fjordly")
    assert left.status == 204
    assert 'totrinn=""' in left.headers["set-cookie"]
    assert person.get("/account").code == "sign_in_required"


@pytest.mark.row("R43")
def test_no_token_is_a_person(house: House, person: Program) -> None:
    """With every scope it reads and changes nothing that is a person's own."""
    scopes = [scope for scope in Scope if not scope.value.startswith(("organisations", "applications"))]
    token = program(house, "fjordly", *scopes)
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("GET", "/factors"),
        ("DELETE", "/memberships/fjordly"),
        ("POST", "/memberships/fjordly/accept"),
    ):
        assert token.ask(method, f"/account{path}").code == "person_needed", (method, path)
    assert person.get("/account").status == 200


def test_through_sso_one_sees_that_organisation_alone(house: House, kari: Resident) -> None:
    """No membership, no session of elsewhere; and nothing is accepted there."""
    connection = connected(house, is_on=True)
    house.join(kari, "other")
    house.join(kari, "vendor", accepted=False)
    elsewhere = house.sign_in(kari, organisation="other")
    at, organisation_id = datetime.now(UTC), house.stored("fjordly").id
    link = SsoIdentity(house.services.random.id(at), connection.id, organisation_id, "subject", kari.id, at, at)
    proof = Proof(Method.SSO, at, sso=SsoProof(organisation_id, link.id))
    session_id, value = house.services.random.id(at), house.services.random.token()
    session = Session(session_id, kari.id, organisation_id, 1, proof, ("sso",), None, at, at, "", "")
    with house.services.store.writing() as unit:
        assert unit.identities.add(link)
        unit.sessions.add(house.services.digest(value), session)
    browser = house.browser()
    browser.client.cookies.set("totrinn", value)
    through = Program(house, browser=browser)
    account = through.get("/account").json
    assert (account["through_sso"], account["must_enrol"], account["password_changed_at"]) == (True, False, None)
    factors = through.get("/account/factors")
    assert (factors.status, factors.code) == (403, "own_credentials_required")
    assert [each["slug"] for each in through.get("/account").json["memberships"]] == ["fjordly"]
    assert [each["id"] for each in through.get("/account/sessions").json["items"]] == [session_id]
    accepted = through.post("/account/memberships/vendor/accept")
    assert (accepted.status, accepted.code) == (403, "own_credentials_required")
    assert through.delete("/account/memberships/other").status == 404
    assert through.delete("/account/sessions").status == 204
    assert elsewhere.get("/account").status == 200
