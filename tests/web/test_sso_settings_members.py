"""On a member's page: whether they are linked to the sign-in service, and the end of that link."""

import pytest

from tests.web.connected import connected
from tests.web.house import House, Resident, now
from totrinn.app.identity_providers import Rejected
from totrinn.app.sso_records import SsoIdentity
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of Fjordly."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def ola(house: House, kari: Resident) -> Resident:
    """A user who is linked."""
    ola = house.person("ola@fjordly.no", "fjordly", name="Ola Nordmann")
    connection = connected(house, is_on=True)
    with house.services.store.writing() as unit:
        row = house.services.random.id(now())
        unit.identities.add(SsoIdentity(row, connection.id, connection.organisation_id, "s", ola.id, now(), now()))
    return ola


def is_linked(house: House, resident: Resident) -> bool:
    """Whether any link is left."""
    with house.services.store.reading() as unit:
        return bool(unit.identities.of_person(resident.id))


@pytest.mark.row("R78", "R92")
def test_a_link_is_shown_and_ended(house: House, kari: Resident, ola: Resident) -> None:
    """In words that need no protocol; the log says who ended it."""
    browser = house.sign_in(kari)
    page = browser.get(f"/members/{ola.id}")
    assert "Ola Nordmann is linked to an account at your sign-in service" in page.words
    assert not any(word in page.words for word in ("SAML", "OpenID", "OIDC"))
    answer = browser.post(f"/members/{ola.id}/unlink")
    assert answer.location == f"/members/{ola.id}?said=unlinked"
    page = browser.get(answer.location)
    assert ("The link to the sign-in service has been ended" in page.words, "End the link" in page.words) == (
        True,
        False,
    )
    assert not is_linked(house, ola)
    event = house.events("fjordly")[0]
    assert (event.kind, event.actor_name) == ("person:sso:unlinked", "Kari Fjeldstad")


@pytest.mark.row("R47", "R48")
def test_an_administrator_sees_the_link_and_cannot_end_it(house: House, ola: Resident) -> None:
    """Neither by a button nor without one."""
    siri = house.person("siri@fjordly.no", "fjordly", Role.ADMINISTRATOR)
    browser = house.sign_in(siri)
    words = browser.get(f"/members/{ola.id}").words
    assert ("is linked to an account" in words, "End the link" in words) == (True, False)
    assert browser.post(f"/members/{ola.id}/unlink").status == 403
    assert is_linked(house, ola)


def test_who_is_not_linked_is_not_told_of_links(house: House, kari: Resident) -> None:
    """There is nothing to end."""
    assert "is linked to" not in house.sign_in(kari).get(f"/members/{kari.id}").words


def test_the_log_says_why_a_sign_in_was_refused(house: House, kari: Resident, ola: Resident) -> None:
    """In words, with the code that the person was shown."""
    browser = house.browser()
    with house.services.store.reading() as unit:
        (connection,) = unit.connections.of_organisation(house.stored("fjordly").id)
    house.providers.answers = Rejected("nonce_mismatch")
    state = browser.get(f"/sso/{connection.id}/login").location.partition("state=")[2].partition("&")[0]
    assert "nonce_mismatch" in browser.get(f"/sso/{connection.id}/callback?state={state}").words
    words = house.sign_in(kari).get("/log").words
    assert "The token was not made for this sign-in. Start again in one window (nonce_mismatch)" in words
