"""Who may open the pages of an organisation's SSO, and whose connections they reach."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.connected import FORM, HOME, RANDOM_ID, SAML, connected, have_tested, open_page, stored
from tests.web.house import Browser, House, Resident, now
from tests.web.provider import identity
from totrinn.app.sso_records import Connection, SsoIdentity
from totrinn.core.roles import Role

OF_ONE = ("", "/test", "/on", "/off", "/remove", "/metadata")
OVERALL = ("/proof", "/passwords", "/domains", "/domains/fjordly.no/look", "/domains/fjordly.no/lead", "/new")
SENT = {**FORM, "revision": "1", "kind": "oidc", "provider": "entra", "domain": "ny.no", "passwords": "open"}


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of Fjordly."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def connection(house: House, kari: Resident) -> Connection:
    """Fjordly's, tested and on."""
    made = connected(house, is_on=True)
    have_tested(house, made)
    return stored(house, made)


def paths(connection: Connection) -> list[str]:
    """The addresses of all forms."""
    return [f"{HOME}{path}" for path in OVERALL] + [f"{HOME}/{connection.id}{path}" for path in OF_ONE]


def everything(house: House, connection: Connection) -> tuple[object, ...]:
    """What any of the forms could have changed."""
    with house.services.store.reading() as unit:
        organisation_id = house.stored("fjordly").id
        return (
            unit.connections.of_organisation(organisation_id),
            unit.domains.of_organisation(organisation_id),
            house.stored("fjordly").passwords_closed,
        )


@pytest.mark.row("R47", "R48", "R92")
@pytest.mark.parametrize("role", [Role.USER, Role.ADMINISTRATOR])
def test_only_global_administrators_get_in(house: House, kari: Resident, connection: Connection, role: Role) -> None:
    """Neither to look nor to change; the menu does not offer it, and the attempts stand in the log."""
    before = everything(house, connection)
    ola = house.person("ola@fjordly.no", "fjordly", role)
    browser = house.sign_in(ola)
    assert HOME not in browser.get("/").text
    for path in (HOME, *paths(connection)):
        assert (path, browser.get(path).status) == (path, 403)
    for path in paths(connection):
        assert (path, browser.post(path, **SENT).status) == (path, 403)
    assert everything(house, connection) == before
    assert house.kinds("fjordly").count("session:access:refused") == 1 + 2 * len(paths(connection))


@pytest.mark.row("R39")
def test_nobody_gets_in_without_a_session(house: House, connection: Connection) -> None:
    """They are sent to the sign-in page."""
    browser = house.browser()
    for path in paths(connection):
        assert browser.get(path).location.startswith("/login")
        assert browser.send(path, "name=x").location == "/login"


@pytest.mark.row("R51")
def test_the_vendors_own_organisation_has_no_sso(house: House, connection: Connection) -> None:
    """Not for its staff, whose role has no right to it; nor for whoever has another role there by mistake."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    tor = house.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)
    browser = house.sign_in(tor)
    assert browser.get(HOME).status == browser.get(f"{HOME}/new").status == 403
    house.set_role("vendor", tor, Role.GLOBAL_ADMINISTRATOR)
    for path in (HOME, f"{HOME}/new", f"{HOME}/{connection.id}"):
        assert browser.get(path).status == 404
    browser.get("/")
    assert browser.post(f"{HOME}/new", kind="oidc", provider="entra", organisation="vendor").status == 404


@pytest.mark.row("R46", "R78")
@pytest.mark.parametrize("what", OF_ONE)
def test_anothers_connection_is_as_unknown_as_none(
    house: House, kari: Resident, connection: Connection, what: str
) -> None:
    """The same answer for both, and nothing happens to it."""
    house.organisation("nordly")
    foreign = connected(house, "nordly", SAML, is_on=True)
    have_tested(house, foreign)
    before = stored(house, foreign)
    browser = house.sign_in(kari)
    answers = []
    for connection_id in (foreign.id, RANDOM_ID):
        browser.get(HOME)
        shown = browser.get(f"{HOME}/{connection_id}{what}")
        browser.get(HOME)
        sent = browser.post(f"{HOME}/{connection_id}{what}", metadata="<x/>", **SENT)
        answers.append((shown.status, sent.status, sent.words))
    assert answers[0] == answers[1]
    assert answers[0][:2] == (404, 404)
    assert stored(house, foreign) == before
    assert house.providers.challenges == []


@pytest.mark.row("R46", "R69")
@pytest.mark.parametrize("odd", ["%00", "..", "x" * 2000, "<script>", "new%2F", "domains"])
def test_odd_ids_are_unknown(house: House, kari: Resident, odd: str) -> None:
    """Whatever stands in the address."""
    browser = house.sign_in(kari)
    answer = browser.get(f"{HOME}/{odd}")
    assert answer.status in (303, 404)
    assert "<script>alert" not in answer.text


@pytest.mark.row("R50", "R62")
def test_forms_of_another_window_change_nothing(house: House, kari: Resident, connection: Connection) -> None:
    """They name the organisation that they are of; and they come from a page of ours."""
    before = everything(house, connection)
    house.organisation("nordly")
    house.join(kari, "nordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.sign_in(kari, organisation="fjordly")
    for path in paths(connection):
        for organisation in ("nordly", "", None):
            open_page(browser, connection)
            assert (path, browser.post(path, **SENT, organisation=organisation).status) == (path, 409)
        open_page(browser, connection)
        assert browser.post(path, **SENT, csrf="0" * 64).status == 403
    assert everything(house, connection) == before


@pytest.mark.row("R47")
def test_opening_an_address_of_a_form_changes_nothing(house: House, kari: Resident, connection: Connection) -> None:
    """It leads to the page that the form stands on."""
    before = everything(house, connection)
    browser = house.sign_in(kari)
    for what in OF_ONE[1:]:
        assert browser.get(f"{HOME}/{connection.id}{what}").location == f"{HOME}/{connection.id}"
    for what in OVERALL[:-1]:
        assert browser.get(f"{HOME}{what}").location == HOME
    assert everything(house, connection) == before


@pytest.mark.row("R53", "R77")
def test_whoever_came_through_sso_proves_it_there(
    house: House, kari: Resident, connection: Connection, clock: time_machine.Traveller
) -> None:
    """Their session may change it while it is fresh; then the provider is asked, never for a password here."""
    browser = through_sso(house, kari, connection)
    path = open_page(browser, connection)
    assert browser.post(f"{HOME}/domains", domain="fjordly.no").status == 303
    clock.shift(timedelta(minutes=25))
    page = browser.get(path)
    assert f"/sso/{connection.id}/login?again=1&amp;next=%2Fsettings%2Fsso%2F{connection.id}" in page.text
    assert ('name="password"' in page.text, "Confirm through SSO" in page.words) == (False, True)
    assert browser.post(f"{path}/remove").status == 422
    assert stored(house, connection) == connection


def through_sso(house: House, resident: Resident, connection: Connection) -> Browser:
    """A browser whose session the provider has proven."""
    with house.services.store.writing() as unit:
        row = house.services.random.id(now())
        unit.identities.add(
            SsoIdentity(row, connection.id, connection.organisation_id, "sub-1", resident.id, now(), now())
        )
    house.providers.answers = identity(resident.email, subject="sub-1")
    browser = house.browser()
    away = browser.get(f"/sso/{connection.id}/login").location
    state = away.partition("state=")[2].partition("&")[0]
    answer = browser.get(f"/sso/{connection.id}/callback?state={state}&code=c")
    assert (answer.status, browser.cookie() is not None) == (303, True), answer.words
    return browser
