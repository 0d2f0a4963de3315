"""An answer of a provider counts once, in the browser that asked, for the connection that was asked, as it still is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import House
from tests.attacks.provider import somebody, state_of
from totrinn.app.identity_providers import SamlSettings
from totrinn.app.records import Person

ASE = "ase@nordlys.test"
SAML = SamlSettings("https://provider.example/idp", "https://provider.example/sso", ("MII",))


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation that requires two-factor, and its connection."""
    house.organisation("nordlys", required=True)
    return house.connection("nordlys", "nordlys.test")


@pytest.mark.row("R83")
def test_another_browsers_answer_is_refused(house: House, nordlys: str) -> None:
    """Neither does a stolen state with a right code sign in, nor is somebody signed in to the attacker's account."""
    attacker, victim, bare = house.browser(), house.browser(), house.browser()
    state = attacker.set_out(nordlys)
    victim.set_out(nordlys)
    code = house.vouched("mallory", "mallory@nordlys.test")
    for browser in (victim, bare):
        assert browser.come_back(nordlys, state, code).status_code == 400
        assert not browser.is_in()
    assert attacker.come_back(nordlys, state, code).status_code == 303


@pytest.mark.row("R83")
def test_an_answer_counts_once(house: House, nordlys: str) -> None:
    """The same address once more, in the same browser, opens nothing."""
    browser = house.browser()
    state, code = browser.set_out(nordlys), house.vouched("ase", ASE)
    assert browser.come_back(nordlys, state, code).headers["location"] == "/"
    browser.submit("/", "/logout")
    browser.set_out(nordlys)
    assert browser.come_back(nordlys, state, code).status_code == 400
    assert not browser.is_in()


@pytest.mark.row("R80")
def test_a_token_counts_once_whoever_brings_it(house: House, nordlys: str) -> None:
    """An assertion that was accepted is refused in another sign-in, which is right in everything else."""
    code = house.vouched("ase", ASE)
    first, second = house.browser(), house.browser()
    assert first.come_back(nordlys, first.set_out(nordlys), code).headers["location"] == "/"
    answer = second.come_back(nordlys, second.set_out(nordlys), code)
    assert answer.status_code == 400
    assert "replayed" in answer.text
    assert not second.is_in()


@pytest.mark.row("R83")
def test_an_answer_for_one_connection_is_none_for_another(house: House, nordlys: str) -> None:
    """A state of A's connection is unknown at B's, even where both are the attacker's own."""
    house.organisation("fjordly")
    other = house.connection("fjordly", "nordlys.test")
    browser = house.browser()
    state = browser.set_out(other)
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).status_code == 400
    assert not browser.is_in()


@pytest.mark.row("R70", "R83")
@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x", "state=&code=x", "state=%00", "state={s}&state={s}&code={c}"]
)
def test_a_mangled_answer_is_refused_and_ends_nothing(house: House, nordlys: str, query: str) -> None:
    """Without its parts, or with one twice, it is refused; the right one still counts after it."""
    browser = house.browser()
    state, code = browser.set_out(nordlys), house.vouched("ase", ASE)
    mangled = query.replace("{s}", state).replace("{c}", code)
    assert browser.get(f"/sso/{nordlys}/callback?{mangled}").status_code == 400
    assert browser.come_back(nordlys, state, code).headers["location"] == "/"


@pytest.mark.row("R56", "R83")
def test_whoever_takes_too_long_begins_again(house: House, nordlys: str, clock: Clock) -> None:
    """After ten minutes at the provider the answer counts no more; nor does one by a clock that was set back."""
    for minutes in (11, -60):
        browser = house.browser()
        state, code = browser.set_out(nordlys), house.vouched("ase", ASE)
        clock.pass_by(minutes=minutes)
        assert browser.come_back(nordlys, state, code).status_code == 400


@pytest.mark.row("R84")
@pytest.mark.parametrize("what", ["off", "changed", "removed", "person", "membership", "organisation", "link"])
def test_what_ends_in_the_midst_of_a_sign_in_refuses_it(house: House, nordlys: str, what: str) -> None:
    """Between leaving for the provider and coming back, whatever it rests on may end: nobody gets in."""
    house.browser().sign_in_by_sso(nordlys, "ase", ASE)
    browser = house.browser()
    state, code = browser.set_out(nordlys), house.vouched("ase", ASE)
    _end(house, nordlys, what)
    answer = browser.come_back(nordlys, state, code)
    if what == "link":
        # The next sign-in links anew: by the verified address of a proven domain, as the first one did.
        assert answer.headers["location"] == "/"
        return
    assert 400 <= answer.status_code < 500
    assert not browser.is_in()


@pytest.mark.row("R57", "R84")
@pytest.mark.parametrize("what", ["off", "removed", "person", "membership", "organisation", "link"])
def test_what_ends_later_ends_live_sessions_at_their_next_request(house: House, nordlys: str, what: str) -> None:
    """No session outlives its connection, its link, its person, its membership or its organisation."""
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE)
    assert browser.is_in()
    cookie = browser.cookie("totrinn")
    _end(house, nordlys, what)
    assert not browser.is_in()
    replayed = httpx2.get(house.address + "/account", headers={"cookie": f"totrinn={cookie}"})
    assert replayed.headers["location"].startswith("/login")


@pytest.mark.row("R84")
def test_a_connection_that_was_on_again_meanwhile_revives_no_ended_session(house: House, nordlys: str) -> None:
    """A session that was refused once has ended for good."""
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE)
    cookie = browser.cookie("totrinn")
    _end(house, nordlys, "off")
    browser.get("/")
    _switch(house, nordlys, on=True)
    replayed = httpx2.get(house.address + "/account", headers={"cookie": f"totrinn={cookie}"})
    assert replayed.status_code == 303


@pytest.mark.row("R80")
def test_a_posted_answer_waits_for_the_browser_that_asked(house: House) -> None:
    """The consumer believes nothing by itself: without the cookie of the browser that set out, the answer is none."""
    house.organisation("nordlys", required=True)
    connection = house.connection("nordlys", "nordlys.test", settings=SAML)
    browser, other = house.browser(), house.browser()
    other.set_out(connection)
    state, answer = browser.set_out(connection), house.vouched("ase", ASE)
    posted = httpx2.post(
        f"{house.address}/sso/{connection}/acs",
        data={"SAMLResponse": answer, "RelayState": state},
        headers={"origin": "https://provider.example", "sec-fetch-site": "cross-site"},
    )
    assert posted.status_code == 303
    assert "set-cookie" not in posted.headers, "it would replace the cookie that the browser does not send across sites"
    assert other.get(posted.headers["location"]).status_code == 400
    assert browser.get(posted.headers["location"]).headers["location"] == "/"
    assert browser.is_in()


@pytest.mark.row("R80")
def test_a_posted_answer_is_not_replaced_by_a_second_one(house: House) -> None:
    """Whoever posts after the provider changes nothing; an answer to no request of ours is not kept at all."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", "nordlys.test", settings=SAML)
    browser = house.browser()
    state = browser.set_out(connection)
    right, wrong = house.vouched("ase", ASE), house.vouched("mallory", "mallory@nordlys.test")

    def post(answer: str, relay_state: str) -> int:
        sent = {"SAMLResponse": answer, "RelayState": relay_state}
        return httpx2.post(f"{house.address}/sso/{connection}/acs", data=sent).status_code

    assert [post(right, state), post(wrong, state), post(wrong, "x"), post(wrong, "")] == [303, 400, 400, 400]
    browser.get(f"/sso/{connection}/answer?state={state}")
    assert "Mallory" not in browser.get("/account").text
    assert browser.is_in()


@pytest.mark.row("R81")
def test_answers_that_nobody_asked_for_are_refused_unless_that_is_agreed(house: House) -> None:
    """By default none; where the connection allows them, each counts once, and leads to our own pages only."""
    house.organisation("nordlys")
    strict = house.connection("nordlys", "nordlys.test", settings=SAML)
    lenient = house.connection("nordlys", settings=replace(SAML, allows_idp_initiated=True))
    sent = {"SAMLResponse": house.vouched("ase", ASE), "RelayState": "//evil.test"}
    assert httpx2.post(f"{house.address}/sso/{strict}/acs", data=sent).status_code == 400
    browser = house.browser()
    posted = browser.http.post(f"/sso/{lenient}/acs", data=sent)
    assert posted.status_code == 303
    assert browser.get(posted.headers["location"]).headers["location"] == "/"
    again = house.browser()
    posted = again.http.post(f"/sso/{lenient}/acs", data=sent)
    assert again.get(posted.headers["location"]).status_code == 400
    assert not again.is_in()


@pytest.mark.row("R53")
def test_signing_in_by_sso_ends_what_the_browser_held_before(house: House, nordlys: str) -> None:
    """A session in another organisation is asked before it ends, and is dead afterwards."""
    house.organisation("fjordly")
    house.person("ola@fjordly.test", "fjordly")
    browser = house.browser()
    browser.sign_in("ola@fjordly.test")
    before = browser.cookie("totrinn")
    asked = browser.get(f"/sso/{nordlys}/login")
    assert asked.status_code == 200
    assert browser.is_in()
    state = state_of(browser.send(asked, f"/sso/{nordlys}/login").headers["location"])
    assert browser.come_back(nordlys, state, house.vouched("ase", ASE)).headers["location"] == "/"
    assert browser.is_in()
    replayed = httpx2.get(house.address + "/account", headers={"cookie": f"totrinn={before}"})
    assert replayed.headers["location"].startswith("/login")


@pytest.mark.row("R82")
def test_an_endless_answer_is_refused(house: House) -> None:
    """More than half a megabyte is not read to its end."""
    house.organisation("nordlys")
    connection = house.connection("nordlys", settings=SAML)
    posted = httpx2.post(
        f"{house.address}/sso/{connection}/acs", data={"SAMLResponse": "A" * 600_000, "RelayState": "x"}
    )
    assert posted.status_code == 413


def _end(house: House, connection: str, what: str) -> None:
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
        person = unit.people.find_by_email(ASE)
        assert organisation is not None
        assert person is not None
        found = unit.connections.find(connection)
        assert found is not None
        if what == "off":
            unit.connections.set_enabled(organisation.id, connection, is_enabled=False)
        elif what == "changed":
            assert unit.connections.save(replace(found, name="Other"), expected_revision=found.revision)
        elif what == "removed":
            assert unit.connections.remove(organisation.id, connection)
        elif what == "person":
            unit.people.set_active(person.id, is_active=False)
        elif what == "membership":
            assert unit.members.remove(organisation.id, person.id)
        elif what == "link":
            assert unit.identities.remove_of_person(organisation.id, person.id) == 1
    if what == "organisation":
        _close(house)


def _close(house: House) -> None:
    with house.database.engines.writing.begin() as writing:
        writing.exec_driver_sql("UPDATE organisation SET is_active = 0 WHERE slug = 'nordlys'")


def _switch(house: House, connection: str, *, on: bool) -> None:
    with house.database.writing() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
        assert organisation is not None
        unit.connections.set_enabled(organisation.id, connection, is_enabled=on)


def test_a_subject_is_one_person_whatever_address_comes_with_it(house: House, nordlys: str) -> None:
    """Once linked, the subject alone tells who it is; another address with it finds nobody else."""
    boss = house.person("boss@nordlys.test", "nordlys")
    house.browser().sign_in_by_sso(nordlys, "ase", ASE)
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", "boss@nordlys.test")
    assert ASE in browser.get("/account").text
    assert _linked(house, boss) == 0


def _linked(house: House, person_id: str) -> int:
    with house.database.reading() as unit:
        return len(unit.identities.of_person(person_id))


def _person(house: House, email: str) -> Person:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(email)
    assert person is not None
    return person


@pytest.mark.row("R78")
def test_two_first_sign_ins_at_once_make_one_person(house: House, nordlys: str) -> None:
    """However many browsers bring the same new subject, there is one person and one link."""
    now = datetime.now(UTC)
    browsers = [house.browser() for _ in range(4)]
    prepared = [
        (browser, browser.set_out(nordlys), house.provider.says(somebody("ase", ASE, now))) for browser in browsers
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: each[0].come_back(nordlys, each[1], each[2]).status_code, prepared))
    assert answers == [303] * 4
    assert _linked(house, _person(house, ASE).id) == 1
