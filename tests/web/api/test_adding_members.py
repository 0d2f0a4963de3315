"""Members are added by the API, at addresses that are the organisation's to give."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.api.programs import Program, Told, program
from tests.web.connected import proven_domain
from tests.web.house import PASSWORD, House, Resident
from totrinn.core.api_tokens import Scope
from totrinn.core.roles import Role

PATH = "/organisations/fjordly/members"


@pytest.fixture
def fjordly(house: House, kari: Resident) -> House:
    """Fjordly, which has proven its domain."""
    assert kari.id
    proven_domain(house)
    return house


def _told_once(told: Told) -> str:
    assert told.status == 201, told.json
    assert told.json["member"]["state"] == "missing"
    assert told.json["expires_at"]
    return str(told.json["link"])


def test_somebody_new_chooses_a_password_by_the_link(fjordly: House) -> None:
    """Once; it signs nobody in, and then the password does. The log says who added them."""
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    told = manager.post(PATH, {"email": " Ola@Fjordly.NO ", "name": " Ola  Berg "})
    link = _told_once(told)
    assert link.startswith("http://localhost:8700/password/")
    assert (told.json["member"]["email"], told.json["member"]["name"]) == ("ola@fjordly.no", "Ola Berg")
    assert fjordly.kinds("fjordly")[:2] == ["organisation:member:added", "person:account:created"]
    assert fjordly.events("fjordly")[0].actor.startswith("token:")
    browser = fjordly.browser()
    path = link.removeprefix("http://localhost:8700")
    browser.get(path)
    browser.post(path, password="noe ganske annet enn før")
    assert browser.get("/account").status == 303
    browser.get("/login")
    browser.post("/login", email="ola@fjordly.no", password="noe ganske annet enn før")
    assert browser.get("/account").status == 200
    assert browser.get(path).status != 200


@pytest.mark.row("R12")
def test_of_addresses_elsewhere_nothing_is_told(fjordly: House) -> None:
    """Word for word the same refusal, whether somebody has that address or not; and nobody is made or invited."""
    fjordly.person("siri@other.no", "other")
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    known, unknown = (manager.post(PATH, {"email": email}) for email in ("siri@other.no", "nobody@other.no"))
    assert (known.status, known.code, known.json) == (409, "domain_not_proven", unknown.json)
    with fjordly.services.store.reading() as unit:
        assert unit.people.find_by_email("nobody@other.no") is None
        assert unit.members.listed(fjordly.stored("fjordly").id) == 1


def test_a_claimed_domain_is_not_enough(house: House, person: Program) -> None:
    """It must have been proven."""
    person.post("/organisations/fjordly/domains", {"name": "fjordly.no"})
    assert person.post(PATH, {"email": "ola@fjordly.no"}).code == "domain_not_proven"


def test_whoever_has_an_account_is_offered_a_membership(fjordly: House, person: Program) -> None:
    """They get no link, keep their password, and are no member until they accept."""
    siri = fjordly.person("siri@fjordly.no", "other")
    told = person.post(PATH, {"email": "siri@fjordly.no", "name": "Another name"})
    assert (told.status, told.json["link"], told.json["member"]["state"]) == (201, None, "invited")
    assert told.json["member"]["name"] == "Siri"
    assert person.post(PATH, {"email": "SIRI@fjordly.no"}).code == "already_a_member"
    assert person.get(f"{PATH}/{siri.id}/factors").json == {"items": [], "recovery_codes_left": 0}
    theirs = Program(fjordly, browser=fjordly.sign_in(siri, organisation="other"))
    assert theirs.get("/organisations/fjordly").status == 404
    assert theirs.post("/account/memberships/fjordly/accept").status == 204
    assert person.get(f"{PATH}/{siri.id}").json["state"] == "missing"


@pytest.mark.row("R43")
def test_administrators_are_added_by_who_may_make_them(
    fjordly: House, person: Program, clock: time_machine.Traveller
) -> None:
    """No token, no administrator, and no session whose proof is old; users are added by all of these."""
    adm = fjordly.person("adm@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    administrator = Program(fjordly, browser=fjordly.sign_in(adm))
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    for number, role in enumerate(("administrator", "global_administrator")):
        wanted = {"email": f"n{number}@fjordly.no", "role": role}
        assert [each.post(PATH, wanted).code for each in (manager, administrator)] == ["not_allowed"] * 2
        assert person.post(PATH, wanted).json["member"]["role"] == role
    clock.shift(timedelta(minutes=21))
    stale = person.post(PATH, {"email": "n3@fjordly.no", "role": "administrator"})
    assert (stale.status, stale.code) == (403, "fresh_proof_required")
    for number, who in enumerate((manager, administrator, person)):
        _told_once(who.post(PATH, {"email": f"u{number}@fjordly.no"}))
    assert person.post(PATH, {"email": "v@fjordly.no", "role": "vendor"}).status == 422


@pytest.mark.parametrize("email", ["ola", "@fjordly.no", "ola@", "ola@fjordly.no\u0007", "o" * 300 + "@fjordly.no"])
def test_what_is_no_address_is_refused_at_its_place(fjordly: House, person: Program, email: str) -> None:
    """With a sentence that says what is wrong."""
    told = person.post(PATH, {"email": email})
    assert (told.status, told.json["errors"][0]["pointer"]) == (422, "/email")


def test_a_repeated_request_adds_once_and_tells_its_link_once(fjordly: House) -> None:
    """Under one key; the second answer says that it was done."""
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    key = {"idempotency-key": "k"}
    _told_once(manager.post(PATH, {"email": "ola@fjordly.no"}, **key))
    assert manager.post(PATH, {"email": "ola@fjordly.no"}, **key).code == "answered_once"


def test_one_session_of_a_member_is_ended(fjordly: House, person: Program, kari: Resident) -> None:
    """The one that is named, and no other; not one's own present one, and not by a token an administrator's."""
    ola = fjordly.person("ola@fjordly.no", "fjordly")
    one, two = fjordly.sign_in(ola), fjordly.sign_in(ola)
    manager = program(fjordly, "fjordly", Scope.MEMBERS_MANAGE)
    sessions = manager.get(f"{PATH}/{ola.id}/sessions").json["items"]
    cookies = {browser.cookie() for browser in (one, two)}
    assert not cookies & {value for session in sessions for value in session.values()}
    assert manager.delete(f"{PATH}/{ola.id}/sessions/{sessions[0]['id']}").status == 204
    assert sorted(browser.get("/account").status for browser in (one, two)) == [200, 303]
    assert manager.delete(f"{PATH}/{ola.id}/sessions/{sessions[0]['id']}").status == 404
    (own,) = person.get(f"{PATH}/{kari.id}/sessions").json["items"]
    assert person.delete(f"{PATH}/{kari.id}/sessions/{own['id']}").code == "oneself"
    assert manager.delete(f"{PATH}/{kari.id}/sessions/{own['id']}").code == "not_allowed"
    assert manager.delete(f"{PATH}/{ola.id}/sessions/{own['id']}").status == 404
    assert person.get("/account").status == 200


def test_a_members_session_elsewhere_is_none_of_ours(fjordly: House, person: Program) -> None:
    """It is neither listed nor ended, though the person is a member here, too."""
    siri = fjordly.person("siri@fjordly.no", "other")
    fjordly.join(siri, "fjordly")
    browser = fjordly.sign_in(siri, organisation="other")
    theirs = Program(fjordly, browser=browser)
    (session,) = theirs.get("/account/sessions").json["items"]
    assert session["organisation"] == "other"
    assert person.get(f"{PATH}/{siri.id}/sessions").json == {"items": []}
    assert person.delete(f"{PATH}/{siri.id}/sessions/{session['id']}").status == 404
    assert browser.get("/account").status == 200
    assert PASSWORD not in str(session)
