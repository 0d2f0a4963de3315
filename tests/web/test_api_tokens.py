"""The page on which tokens are made and ended, for an organisation and for the vendor."""

import re
from datetime import timedelta

import pytest
import time_machine

from tests.web.api.programs import Program
from tests.web.house import PASSWORD, Browser, House, Resident
from totrinn.core.roles import Role

HOME = "/settings/api"
SENT = {"name": "Nightly sync", "members:read": "on", "days": "30"}


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of Fjordly; there is the vendor's organisation, too."""
    house.organisation("vendor", is_vendor=True)
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Holm", factor=True)


def _made(browser: Browser, home: str = HOME, **fields: str) -> str:
    browser.get(home)
    answer = browser.post(home, **{**SENT, **fields})
    assert answer.status == 200, answer.words
    found = re.search(r"tot_[\w-]{49}", answer.text)
    assert found is not None
    return found[0]


def test_a_token_is_made_shown_once_and_used(house: House, kari: Resident) -> None:
    """It opens what its scope says; the page shows its name, never its text again; the log says who made it."""
    browser = house.sign_in(kari)
    text = _made(browser)
    told = Program(house, token=text).get("/organisations/fjordly/members")
    assert told.status == 200
    page = browser.get(HOME)
    assert text not in page.text
    assert "Nightly sync" in page.words
    assert "Kari Holm" in page.words
    assert house.kinds("fjordly")[0] == "organisation:token:added"
    assert text not in str(house.events("fjordly"))


def test_a_token_is_ended_on_its_page(house: House, kari: Resident) -> None:
    """Its next call is refused, and the page no longer has it."""
    browser = house.sign_in(kari)
    program = Program(house, token=_made(browser))
    ending = re.search(rf"{HOME}/[0-9a-f-]{{36}}/end", browser.get(HOME).text)
    assert ending is not None
    assert browser.get(ending[0]).location == HOME
    assert browser.post(ending[0]).location == f"{HOME}?said=token-ended"
    assert program.get("/organisations/fjordly/members").code == "invalid_token"
    assert "Nightly sync" not in browser.get(HOME).words
    assert house.kinds("fjordly")[0] == "organisation:token:ended"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Type a name"),
        ({"name": "x" * 101}, "Type a name"),
        ({"members:read": ""}, "Choose what the token is for"),
        ({"days": "3660"}, "Choose how long"),
        ({"members:read": "", "organisations:read": "on"}, "Choose what the token is for"),
    ],
)
def test_what_is_left_out_is_asked_for(house: House, kari: Resident, fields: dict[str, str], said: str) -> None:
    """Nothing is made; the vendor's scopes are no customer's."""
    browser = house.sign_in(kari)
    browser.get(HOME)
    answer = browser.post(HOME, **{**SENT, **fields})
    assert answer.status == 422
    assert said in answer.words
    assert "organisation:token:added" not in house.kinds("fjordly")


def test_a_name_is_taken_once(house: House, kari: Resident) -> None:
    """So that the log tells tokens apart."""
    browser = house.sign_in(kari)
    _made(browser)
    browser.get(HOME)
    assert browser.post(HOME, **SENT).status == 409


@pytest.mark.row("R53")
def test_a_stale_proof_makes_no_token(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """After 20 minutes password and code are asked for again (rule 13)."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=21))
    browser.get(HOME)
    assert browser.post(HOME, **SENT).status == 422
    assert "organisation:token:added" not in house.kinds("fjordly")
    _made(browser, password=PASSWORD, proof_code=kari.code())


@pytest.mark.row("R46")
@pytest.mark.row("R47")
def test_only_who_governs_keeps_tokens(house: House, kari: Resident) -> None:
    """Others are refused, and another organisation's token is as unknown as none."""
    token = _made(house.sign_in(kari))
    assert token
    with house.services.store.reading() as unit:
        (live,) = unit.api_tokens.of_organisation(house.stored("fjordly").id)
    house.organisation("other")
    strangers = house.sign_in(house.person("siri@other.no", "other", Role.GLOBAL_ADMINISTRATOR))
    strangers.get(HOME)
    assert strangers.post(f"{HOME}/{live.token.id}/end").status == 404
    for role in (Role.USER, Role.ADMINISTRATOR):
        browser = house.sign_in(house.person(f"{role.value}@fjordly.no", "fjordly", role))
        assert HOME not in browser.get("/account").text
        assert browser.get(HOME).status == 403
        assert browser.post(HOME, **SENT).status == 403
    assert Program(house, token=token).get("/organisations/fjordly/members").status == 200


def test_the_vendor_has_a_page_of_its_own(house: House, kari: Resident) -> None:
    """With its own scopes; neither page is open to the other side."""
    stine = house.person("stine@vendor.no", "vendor", Role.VENDOR, factor=True)
    staff = house.sign_in(stine)
    text = _made(staff, "/vendor/api", **{"members:read": "", "organisations:read": "on"})
    assert Program(house, token=text).get("/vendor/organisations").json["items"][0]["slug"] == "fjordly"
    assert staff.get(HOME).status == 404
    assert house.sign_in(kari).get("/vendor/api").status == 404
