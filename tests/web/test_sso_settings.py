"""`/settings/sso`: what is connected, whose domains, who still gets in with a password, and who signs in how."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.connected import HOME, connected, have_tested, open_page, proven_domain
from tests.web.house import PASSWORD, Browser, House, Resident, now
from totrinn.app.identity_providers import Unavailable
from totrinn.app.sso_records import Domain, SsoIdentity
from totrinn.core.roles import Role

STALE = timedelta(minutes=25)


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of Fjordly."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Kari Fjeldstad", factor=True)


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """Hers, with the page open."""
    browser = house.sign_in(kari)
    assert browser.get(HOME).status == 200
    return browser


def domain_of(house: House, name: str) -> Domain | None:
    """The domain as Fjordly has it."""
    with house.services.store.reading() as unit:
        return unit.domains.find(house.stored("fjordly").id, name)


def link(house: House, resident: Resident, connection_id: str) -> None:
    """Links the person."""
    with house.services.store.writing() as unit:
        organisation_id = house.stored("fjordly").id
        row = house.services.random.id(now())
        identity = SsoIdentity(row, connection_id, organisation_id, f"sub {row}", resident.id, now(), now())
        assert unit.identities.add(identity)


# At a glance


def test_who_has_nothing_yet_reads_what_it_is_and_what_comes_first(browser: Browser) -> None:
    """In words that need no knowledge of protocols."""
    words = browser.get(HOME).words
    assert "With SSO (single sign-on) they sign in at your own sign-in service" in words
    assert "Prove that the email domain is yours" in words
    assert f'href="{HOME}/new"' in browser.last.text


def test_each_next_step_is_named_until_people_can_come(house: House, browser: Browser) -> None:
    """Test, prove, turn on; then nothing more."""
    connection = connected(house)
    assert "Next: set up the connection and test it" in browser.get(HOME).words
    have_tested(house, connection)
    assert "Next: prove that an email domain is yours" in browser.get(HOME).words
    proven_domain(house, "fjordly.no", connection)
    assert "Next: turn the connection on" in browser.get(HOME).words
    with house.services.store.writing() as unit:
        unit.connections.set_enabled(connection.organisation_id, connection.id, is_enabled=True)
    assert "Next:" not in browser.get(HOME).words


def test_connections_are_listed_with_how_they_stand(house: House, browser: Browser) -> None:
    """Name, protocol, on or off, tested or not, and the address where people begin."""
    connection = connected(house)
    assert "Fjordly-konto OpenID Connect Off Not tested" in browser.get(HOME).words
    assert f"http://localhost:8700/sso/{connection.id}/login" in browser.last.text
    have_tested(house, connection)
    assert "OpenID Connect Off Tested" in browser.get(HOME).words
    have_tested(house, connection, code="nonce_mismatch")
    assert "The test failed" in browser.get(HOME).words


@pytest.mark.row("R85")
def test_the_last_month_is_counted_with_and_without_evidence(house: House, browser: Browser) -> None:
    """For each connection; what lies further back does not count."""
    connection = connected(house)
    with house.services.store.writing() as unit:
        for days, has_evidence in ((0, True), (3, True), (29, False), (40, False)):
            unit.connections.count_use(connection.id, (now() - timedelta(days=days)).date(), has_evidence=has_evidence)
    assert "Fjordly-konto With two factors 2 Not said 1" in browser.get(HOME).words


@pytest.mark.row("R77")
def test_who_uses_sso_and_has_a_password_is_named(house: House, browser: Browser) -> None:
    """12 a page; whoever is not linked is not among them."""
    connection = connected(house)
    house.person("utenom@fjordly.no", "fjordly", name="Uten Om")
    for number in range(14):
        link(house, house.person(f"p{number}@fjordly.no", "fjordly", name=f"Person {number:02}"), connection.id)
    words = browser.get(HOME).words
    assert "14 who use SSO also have a password" in words
    assert ("Person 11" in words, "Person 12" in words, "Uten Om" in words) == (True, False, False)
    assert "Person 13" in browser.get(f"{HOME}?page=2").words
    assert browser.get(f"{HOME}?page=x").status == browser.get(f"{HOME}?page=999999").status == 200


# Domains


@pytest.mark.row("R78", "R92")
def test_a_domain_is_claimed_and_proven_by_its_record(house: House, browser: Browser) -> None:
    """Until the record is there it stays unproven; then it stands as proven, and in the log."""
    answer = browser.post(f"{HOME}/domains", domain=" @Fjordly.NO ")
    assert (answer.status, answer.location) == (303, f"{HOME}?said=domain-added#domains")
    domain = domain_of(house, "fjordly.no")
    assert domain is not None
    page = browser.get(HOME)
    assert "Waits for its record" in page.words
    assert f"_totrinn.fjordly.no Copy – Name Value totrinn-domain={domain.challenge}" in page.words
    answer = browser.post(f"{HOME}/domains/fjordly.no/look")
    assert (answer.status, "The record is not there yet" in answer.words) == (422, True)
    assert domain_of(house, "fjordly.no") == domain
    house.records.texts_of["_totrinn.fjordly.no"] = ("v=spf1", f"totrinn-domain={domain.challenge}")
    assert browser.post(f"{HOME}/domains/fjordly.no/look").location == f"{HOME}?said=domain-proven#domains"
    assert "Proven by DNS, 23 November 2026" in browser.get(HOME).words
    assert house.kinds("fjordly")[:2] == ["organisation:domain:proven", "organisation:domain:added"]


def test_records_that_cannot_be_looked_up_prove_nothing(house: House, browser: Browser) -> None:
    """The page says why, and what to do."""
    browser.post(f"{HOME}/domains", domain="fjordly.no")
    house.records.texts_of["_totrinn.fjordly.no"] = Unavailable("dns_timed_out")
    answer = browser.post(f"{HOME}/domains/fjordly.no/look")
    assert (answer.status, "could not be looked up in time" in answer.words) == (422, True)


@pytest.mark.parametrize("typed", ["", "fjordly", "a b.no", "http://fjordly.no", "x" * 300, "@", "<b>.no"])
def test_what_is_no_domain_is_not_claimed(house: House, browser: Browser, typed: str) -> None:
    """What was typed stands there still."""
    answer = browser.post(f"{HOME}/domains", domain=typed)
    assert (answer.status, "This is no domain" in answer.words) == (422, True)
    assert "<b>.no" not in answer.text
    with house.services.store.reading() as unit:
        assert unit.domains.of_organisation(house.stored("fjordly").id) == ()


def test_a_domain_stands_once_on_the_list(house: House, browser: Browser) -> None:
    """Claiming it again is told, and keeps its challenge."""
    browser.post(f"{HOME}/domains", domain="fjordly.no")
    before = domain_of(house, "fjordly.no")
    answer = browser.post(f"{HOME}/domains", domain="FJORDLY.no")
    assert (answer.status, "on the list already" in answer.words) == (409, True)
    assert domain_of(house, "fjordly.no") == before


def test_a_domain_leads_to_a_connection_or_nowhere(house: House, browser: Browser) -> None:
    """By its own form, and when it is claimed."""
    connection = connected(house)
    browser.get(HOME)
    browser.post(f"{HOME}/domains", domain="fjordly.no", connection=connection.id)
    domain = domain_of(house, "fjordly.no")
    assert domain is not None
    assert domain.connection_id == connection.id
    browser.get(HOME)
    browser.post(f"{HOME}/domains/fjordly.no/lead", connection="")
    domain = domain_of(house, "fjordly.no")
    assert domain is not None
    assert domain.connection_id is None


@pytest.mark.row("R46", "R78")
def test_a_domain_never_leads_to_another_organisations_connection(house: House, browser: Browser) -> None:
    """It is as unknown as one that does not exist; and so is another's domain."""
    house.organisation("nordly")
    foreign = connected(house, "nordly")
    proven_domain(house)
    for connection_id in (foreign.id, "01900000-0000-7000-8000-000000000000", "x"):
        browser.get(HOME)
        assert browser.post(f"{HOME}/domains", domain="ny.no", connection=connection_id).status == 404
        browser.get(HOME)
        assert browser.post(f"{HOME}/domains/fjordly.no/lead", connection=connection_id).status == 404
    for what in ("look", "lead", "remove"):
        browser.get(HOME)
        assert browser.post(f"{HOME}/domains/nordly.no/{what}").status == 404
    assert domain_of(house, "ny.no") is None


@pytest.mark.row("R92")
def test_a_domain_is_removed(house: House, browser: Browser) -> None:
    """And the log says by whom."""
    proven_domain(house)
    assert "Vouched for by" in browser.get(HOME).words
    assert browser.post(f"{HOME}/domains/fjordly.no/remove").location == f"{HOME}?said=domain-removed"
    assert domain_of(house, "fjordly.no") is None
    event = house.events("fjordly")[0]
    assert (event.kind, event.actor_name) == ("organisation:domain:removed", "Kari Fjeldstad")


# Passwords


@pytest.fixture
def lars(house: House, kari: Resident) -> Resident:
    """The second global administrator who could keep their password."""
    return house.person("lars@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Lars Moen", factor=True)


def closed(browser: Browser, *keepers: Resident) -> int:
    """Closes password sign-in with these keepers; the status."""
    browser.get(HOME)
    chosen = {f"keeper_{keeper.id}": "on" for keeper in keepers}
    return browser.post(f"{HOME}/passwords", passwords="closed", **chosen).status


@pytest.mark.row("R77", "R92")
def test_password_sign_in_is_closed_and_opened(house: House, browser: Browser, kari: Resident, lars: Resident) -> None:
    """With two who keep theirs, by name."""
    connected(house, is_on=True)
    assert closed(browser, kari, lars) == 303
    assert house.stored("fjordly").passwords_closed
    words = browser.get(f"{HOME}?said=passwords-closed").words
    assert "They keep their password: Kari Fjeldstad, Lars Moen." in words
    assert browser.post(f"{HOME}/passwords", passwords="open").location == f"{HOME}?said=passwords-open"
    assert not house.stored("fjordly").passwords_closed
    assert house.kinds("fjordly")[:2] == ["organisation:passwords:opened", "organisation:passwords:closed"]


@pytest.mark.row("R48", "R77")
def test_password_sign_in_is_not_closed_without_a_way_back(
    house: House, browser: Browser, kari: Resident, lars: Resident
) -> None:
    """Neither with one keeper, nor with a user, a foreigner or nobody as the second, nor without a connection."""
    house.organisation("nordly")
    ola = house.person("ola@fjordly.no", "fjordly", factor=True)
    siri = house.person("siri@nordly.no", "nordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    assert closed(browser, kari, lars) == 422
    connected(house, is_on=True)
    for keepers in ((), (kari,), (kari, ola), (kari, siri)):
        assert closed(browser, *keepers) == 422
    assert browser.post(f"{HOME}/passwords", passwords="x").status == 422
    assert not house.stored("fjordly").passwords_closed


def test_who_cannot_keep_a_password_is_not_offered(house: House, browser: Browser, kari: Resident) -> None:
    """With one fit administrator alone the page says what is missing."""
    assert "It cannot be closed yet" in browser.get(HOME).words
    house.person("lars@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, name="Lars Moen")
    assert "It cannot be closed yet" in browser.get(HOME).words
    assert "keeper_" not in browser.last.text


# The proof


@pytest.mark.row("R53")
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("domains", {"domain": "ny.no"}),
        ("domains/fjordly.no/look", {}),
        ("domains/fjordly.no/lead", {"connection": ""}),
        ("domains/fjordly.no/remove", {}),
        ("passwords", {"passwords": "open"}),
    ],
)
def test_an_old_proof_changes_nothing(
    house: House, browser: Browser, clock: time_machine.Traveller, path: str, fields: dict[str, str]
) -> None:
    """The page asks for password and code, and says that nothing was changed."""
    proven_domain(house)
    before = len(house.events("fjordly"))
    clock.shift(STALE)
    page = browser.get(HOME)
    assert "Before you change anything, confirm that it is you" in page.words
    answer = browser.post(f"{HOME}/{path}", **fields)
    assert (answer.status, "more than 20 minutes since you signed in" in answer.words) == (422, True)
    assert 'name="proof_code"' in answer.text
    assert len(house.events("fjordly")) == before


def test_the_proof_is_given_once_for_the_page(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """Then one is back where one was, with a new cookie."""
    connection = connected(house)
    clock.shift(STALE)
    path = open_page(browser, connection)
    old = browser.cookie()
    assert browser.post(f"{HOME}/proof", next=path, password="feil", proof_code=kari.code()).status == 422
    answer = browser.post(f"{HOME}/proof", next=path, password=PASSWORD, proof_code=kari.code())
    assert (answer.status, answer.location) == (303, path)
    assert browser.cookie() != old
    assert "Before you change anything" not in browser.get(path).words


@pytest.mark.row("R65")
@pytest.mark.parametrize(
    "next_", ["//evil.example", "https://evil.example", "/logout", "/members", "", "/settings/basic"]
)
def test_the_proof_leads_nowhere_else(browser: Browser, next_: str) -> None:
    """Only back to these pages."""
    assert browser.post(f"{HOME}/proof", next=next_).location == HOME


def test_a_form_with_something_typed_asks_for_the_proof_itself(
    house: House, browser: Browser, kari: Resident, clock: time_machine.Traveller
) -> None:
    """What was typed is kept, and goes along with the proof."""
    clock.shift(STALE)
    browser.get(HOME)
    answer = browser.post(f"{HOME}/domains", domain="fjordly.no")
    assert 'value="fjordly.no"' in answer.text
    answer = browser.post(f"{HOME}/domains", domain="fjordly.no", password=PASSWORD, proof_code=kari.code())
    assert answer.status == 303
    assert domain_of(house, "fjordly.no") is not None
