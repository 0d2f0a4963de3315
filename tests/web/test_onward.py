"""Where people go on to: the registered applications that are on and have a home; else what the settings say."""

import re
from dataclasses import replace

import pytest

from tests.web.house import Answer, Browser, House, Resident, now
from totrinn.app.applications.records import Agreement, Application
from totrinn.core.roles import Role
from totrinn.web.application import create

ENROL = "/account/second-factor"


@pytest.fixture
def ola(house: House) -> Resident:
    """A user."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("ola@fjordly.no", "fjordly", name="Ola Vik")


def register(house: House, name: str, home: str, *, is_enabled: bool = True) -> Application:
    """An application that has been registered."""
    made = Application(house.services.random.id(now()), Agreement(name, home=home), is_enabled, 1, now())
    with house.services.store.writing() as unit:
        unit.applications.add(made)
    return made


def ways(answer: Answer) -> list[tuple[str, str]]:
    """Where «Continue» leads, and to what."""
    links = re.findall(r'<a class="ds-button[^>]*href="([^"]*)">([^<]*)', answer.text)
    return [(href, words) for href, words in links if words.startswith("Continue")]


def enrolled(browser: Browser) -> Answer:
    """The page after setting up a second factor."""
    browser.get(ENROL)
    window = browser.get(browser.post(ENROL).location)
    found = re.search(r"secret=([A-Z2-7]+)", window.text)
    assert found is not None
    return browser.post(f"{ENROL}/confirm", code=Resident("", "", "", found[1]).code())


def test_without_any_it_is_the_application_of_the_settings(house: House, ola: Resident) -> None:
    """By its name there; what is registered without a home, or is off, is no way on."""
    house.application = create(house.services, replace(house.settings, application_url="https://jobadmin.example/"))
    register(house, "Api", "")
    register(house, "Old", "https://old.example/", is_enabled=False)
    browser = house.sign_in(ola)
    assert ways(browser.get("/")) == [("https://jobadmin.example/", "Continue to Jobadmin")]
    assert ways(enrolled(browser)) == [("https://jobadmin.example/", "Continue to Jobadmin")]


def test_one_is_the_button(house: House, ola: Resident) -> None:
    """On the home page, in the menu, and after a second factor has been set up, by its own name."""
    register(house, "Timer & sånt", "https://timer.example/?a=1&b=2")
    browser = house.sign_in(ola)
    expected = [("https://timer.example/?a=1&amp;b=2", "Continue to Timer &amp; sånt")]
    page = browser.get("/")
    assert ways(page) == expected
    assert page.text.count('<a href="https://timer.example/?a=1&amp;b=2">To Timer &amp; sånt</a>') == 2
    assert ways(enrolled(browser)) == expected


def test_several_stand_on_the_home_page(house: House, ola: Resident) -> None:
    """By name, in order; everywhere else it is to that page."""
    register(house, "Timer", "https://timer.example/")
    register(house, "Jobadmin", "https://jobadmin.example/")
    browser = house.sign_in(ola)
    page = browser.get("/")
    assert ways(page) == [
        ("https://jobadmin.example/", "Continue to Jobadmin"),
        ("https://timer.example/", "Continue to Timer"),
    ]
    assert '<a href="/" aria-current="page">Home</a>' in page.text
    assert ways(enrolled(browser)) == [("/", "Continue")]


def test_administrators_go_on_too(house: House, ola: Resident) -> None:
    """Below what they look after."""
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    assert ways(house.sign_in(kari).get("/")) == []
    register(house, "Jobadmin", "https://jobadmin.example/")
    assert ways(house.sign_in(kari).get("/")) == [("https://jobadmin.example/", "Continue to Jobadmin")]


def test_the_vendors_staff_have_their_work_here(house: House) -> None:
    """After enrolment they stay."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    register(house, "Jobadmin", "https://jobadmin.example/")
    browser = house.sign_in(house.person("tor@vendor.no", "vendor", Role.VENDOR))
    browser.get("/login/enrol")
    window = browser.get(browser.post("/login/enrol").location)
    found = re.search(r"secret=([A-Z2-7]+)", window.text)
    assert found is not None
    answer = browser.post("/login/enrol/confirm", code=Resident("", "", "", found[1]).code())
    assert ways(answer) == [("/", "Continue to Jobadmin")]
