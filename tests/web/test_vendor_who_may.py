"""Who may open the vendor's pages, and what the vendor may not open."""

import pytest

from tests.web.house import House, Resident
from totrinn.core.roles import Role

FJORDLY = "/vendor/organisations/fjordly"
GETS = ("/vendor", FJORDLY, "/vendor/organisations/unknown", "/vendor/organisations/vendor")
POSTS = (
    "/vendor/organisations",
    f"{FJORDLY}/availability",
    f"{FJORDLY}/setup-link",
    f"{FJORDLY}/reset",
)
FORM = {"name": "Nordly", "slug": "nordly", "available": "on", "why": "because"}


@pytest.fixture
def tor(house: House) -> Resident:
    """One of the vendor's staff."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    return house.person("tor@vendor.no", "vendor", Role.VENDOR, name="Tor Vik", factor=True)


@pytest.fixture
def kari(house: House, tor: Resident) -> Resident:
    """The global administrator of a customer."""
    house.organisation("fjordly", name="Fjordly AS", is_available=False)
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


@pytest.mark.row("R42", "R46", "R47", "R48", "R92")
@pytest.mark.parametrize("role", [Role.GLOBAL_ADMINISTRATOR, Role.ADMINISTRATOR, Role.USER])
def test_customers_do_not_get_in(house: House, kari: Resident, role: Role) -> None:
    """Whatever their role; nothing is made available, and the attempts stand in their own organisation's log."""
    house.set_role("fjordly", kari, role)
    browser = house.sign_in(kari)
    for path in GETS:
        answer = browser.get(path)
        assert (path, answer.status) == (path, 403)
        assert "You do not have access to this" in answer.words
    for path in POSTS:
        assert browser.post(path, person=kari.id, **FORM).status == 403
    assert not house.stored("fjordly").policy.is_available
    assert house.kinds("fjordly").count("session:access:refused") == len(GETS) + len(POSTS)
    assert house.kinds("vendor") == []


@pytest.mark.row("R39")
@pytest.mark.parametrize("path", [*GETS, *POSTS])
def test_nobody_gets_in_without_a_session(house: House, kari: Resident, path: str) -> None:
    """Neither to look nor to act."""
    browser = house.browser()
    assert browser.get(path).location.startswith("/login")
    assert browser.send(path, "why=because&available=on").location == "/login"
    assert not house.stored("fjordly").policy.is_available


@pytest.mark.row("R46", "R47")
@pytest.mark.parametrize("path", ["/members", "/settings/basic", "/members/01900000-0000-7000-8000-000000000000"])
def test_the_vendor_does_not_get_in_to_customers_pages(house: House, tor: Resident, path: str) -> None:
    """What the vendor does to customers, it does on its own pages, and they can read it."""
    assert house.sign_in(tor).get(path).status == 403


@pytest.mark.row("R51")
def test_the_vendors_staff_need_a_second_factor(house: House, tor: Resident) -> None:
    """Without one they are held at enrolment."""
    liv = house.person("liv@vendor.no", "vendor", Role.VENDOR)
    browser = house.sign_in(liv)
    assert browser.get("/vendor").location == "/login/enrol"
    assert browser.post("/vendor/organisations", **FORM).location == "/login/enrol"


@pytest.mark.row("R49", "R57")
def test_a_colleague_who_has_left_does_not_get_in(house: House, tor: Resident, kari: Resident) -> None:
    """At the next request, with the same cookie."""
    liv = house.person("liv@vendor.no", "vendor", Role.VENDOR, factor=True)
    browser = house.sign_in(liv)
    browser.get("/vendor")
    with house.services.store.writing() as unit:
        unit.members.remove(house.stored("vendor").id, liv.id)
    assert browser.post(f"{FJORDLY}/availability", **FORM).status == 303
    assert not house.stored("fjordly").policy.is_available


@pytest.mark.row("R50", "R62")
@pytest.mark.parametrize("organisation", ["", "fjordly", "unknown"])
def test_a_form_of_another_organisation_changes_nothing(
    house: House, tor: Resident, kari: Resident, organisation: str
) -> None:
    """The forms carry the session's own organisation, not the customer's."""
    browser = house.sign_in(tor)
    browser.get(FJORDLY)
    assert browser.last.hidden("organisation") == "vendor"
    for path in POSTS:
        browser.get(FJORDLY)
        answer = browser.post(path, **{**FORM, "person": kari.id, "organisation": organisation})
        assert answer.status == 409
        assert "You have changed to Jobadmin support in another window" in answer.words
    assert house.events("fjordly") == []
    assert not house.stored("fjordly").policy.is_available


@pytest.mark.row("R47")
@pytest.mark.parametrize("path", [path for path in POSTS if path != "/vendor/organisations"])
def test_opening_an_address_of_a_form_changes_nothing(house: House, tor: Resident, kari: Resident, path: str) -> None:
    """It leads to the customer's page."""
    browser = house.sign_in(tor)
    assert browser.get(path).location == FJORDLY
    assert browser.get("/vendor/organisations").location == "/vendor"
    assert house.events("fjordly") == []


@pytest.mark.row("R46")
@pytest.mark.parametrize("slug", ["unknown", "vendor", "%00", "FJORDLY", "x" * 2000])
@pytest.mark.parametrize("what", ["availability", "setup-link", "reset"])
def test_who_is_no_customer_is_unknown(house: House, tor: Resident, kari: Resident, slug: str, what: str) -> None:
    """The vendor's own organisation is none: nobody makes links to it, or resets its people, from here."""
    browser = house.sign_in(tor)
    browser.get("/vendor")
    assert browser.post(f"/vendor/organisations/{slug}/{what}", person=tor.id, **FORM).status == 404
    assert browser.get(f"/vendor/organisations/{slug}").status == 404


@pytest.mark.row("R29", "R51")
def test_the_customers_log_names_who_acted(house: House, tor: Resident, kari: Resident) -> None:
    """Its global administrator reads who made it available, and why."""
    browser = house.sign_in(tor)
    browser.get(FJORDLY)
    browser.post(f"{FJORDLY}/availability", available="on", why="Avtale 4711")
    words = house.sign_in(kari).get("/log").words
    assert "Tor Vik made required two-factor authentication available “Avtale 4711”" in words
