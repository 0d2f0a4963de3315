"""Choosing an organisation: what each says that it demands is what it then does."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident, now
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

PAGE = "/choose-organisation"
SET_UP_NOW = "Requires two-factor authentication: you set it up now"
HAVE_IT = "Requires two-factor authentication, which you have"
NOT_REQUIRED = "Does not require two-factor authentication"


@pytest.fixture
def ola(house: House) -> Resident:
    """A member of one organisation that requires a second factor, and of one that does not."""
    house.organisation("mild")
    house.organisation("streng", requirement=Requirement(now()))
    ola = house.person("ola@mild.no", "mild")
    house.join(ola, "streng")
    return ola


def at_the_choice(house: House, resident: Resident) -> Browser:
    """A browser that has proven what the person has, and must choose."""
    browser = house.browser()
    browser.get("/login")
    location = browser.post("/login", email=resident.email, password=PASSWORD).location
    if location == "/login/two-factor":
        browser.get(location)
        location = browser.post(location, code=resident.code()).location
    assert location == PAGE
    browser.get(PAGE)
    return browser


@pytest.mark.row("R50")
def test_without_a_factor_the_strict_one_says_that_it_is_set_up_now(house: House, ola: Resident) -> None:
    """And so it is; the mild one lets in."""
    browser = at_the_choice(house, ola)
    assert browser.last.words.count(SET_UP_NOW) == 1
    assert browser.last.words.count(NOT_REQUIRED) == 1
    assert browser.post(PAGE, organisation="streng").location == "/login/enrol"
    assert at_the_choice(house, ola).post(PAGE, organisation="mild").location == "/"


@pytest.mark.row("R50")
def test_with_a_factor_both_let_in(house: House, ola: Resident) -> None:
    """The strict one says that one has what it asks for."""
    enrolled = house.enrol(ola)
    browser = at_the_choice(house, enrolled)
    assert HAVE_IT in browser.last.words
    assert SET_UP_NOW not in browser.last.words
    assert browser.post(PAGE, organisation="streng").location == "/"
    assert HAVE_IT in browser.get(PAGE).words


@pytest.mark.row("R34")
def test_after_a_reset_every_organisation_says_that_it_is_set_up_now(house: House, ola: Resident) -> None:
    """Also the one that requires nothing, as nobody gets in anywhere before they have enrolled anew."""
    with house.services.store.writing() as unit:
        unit.people.mark_must_enrol(ola.id)
    browser = at_the_choice(house, ola)
    assert browser.last.words.count(SET_UP_NOW) == 2
    assert browser.post(PAGE, organisation="mild").location == "/login/enrol"


@pytest.mark.row("R51")
def test_the_vendors_own_says_that_it_is_set_up_now(house: House, ola: Resident) -> None:
    """It always requires it."""
    house.organisation("vendor", is_vendor=True)
    house.join(ola, "vendor", Role.VENDOR)
    browser = at_the_choice(house, ola)
    assert browser.last.words.count(SET_UP_NOW) == 2
    assert browser.post(PAGE, organisation="vendor").location == "/login/enrol"


@pytest.mark.row("R46")
@pytest.mark.parametrize("slug", ["fremmed", "unknown", "", "MILD", "%00"])
def test_what_is_none_of_theirs_is_as_unknown_as_any(house: House, ola: Resident, slug: str) -> None:
    """Nothing changes, and the choice still stands."""
    house.organisation("fremmed")
    browser = at_the_choice(house, ola)
    assert browser.post(PAGE, organisation=slug).status == 404
    browser.get(PAGE)
    assert browser.post(PAGE, organisation="mild").location == "/"


@pytest.mark.row("R56")
@pytest.mark.parametrize("way_round", [("streng", "mild"), ("mild",)])
def test_no_way_round_prolongs_a_session(
    house: House, ola: Resident, clock: time_machine.Traveller, way_round: tuple[str, ...]
) -> None:
    """Twelve hours after the password everything is over, whatever was chosen or asked for anew in between."""
    browser = at_the_choice(house, ola)
    browser.post(PAGE, organisation="mild")
    for _ in range(13):
        clock.shift(timedelta(minutes=50))
        assert browser.get("/").status == 200
    for slug in way_round:
        browser.get(PAGE)
        location = browser.post(PAGE, organisation=slug).location
        assert location == ("/login/enrol" if slug == "streng" else "/")
    clock.shift(timedelta(minutes=50))
    assert browser.get("/").status == 200
    clock.shift(timedelta(minutes=50))
    assert browser.get("/").location.startswith("/login")
