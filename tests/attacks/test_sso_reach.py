"""How far a session through SSO reaches: into its organisation, and into nothing that belongs to the person alone."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.attacks.clock import Clock
from tests.attacks.house import PASSWORD, Browser, House, hidden
from totrinn.core.roles import Role

ASE = "ase@nordlys.test"
OWN = (
    "/account/password",
    "/account/second-factor",
    "/account/second-factor/confirm",
    "/account/recovery-codes",
)


@pytest.fixture
def nordlys(house: House) -> str:
    """An organisation with a connection; Åse has a password there, too, and belongs to another one."""
    house.organisation("nordlys")
    house.organisation("fjordly")
    house.person(ASE, "nordlys", Role.GLOBAL_ADMINISTRATOR)
    house.person(ASE, "fjordly")
    return house.connection("nordlys", "nordlys.test")


@pytest.fixture
def browser(house: House, nordlys: str) -> Browser:
    """A session that the organisation's provider has opened in her name."""
    opened = house.browser()
    opened.sign_in_by_sso(nordlys, "ase", ASE)
    assert opened.is_in()
    return opened


@pytest.mark.row("R7", "R29", "R77")
def test_what_belongs_to_the_person_is_out_of_reach(house: House, browser: Browser) -> None:
    """Password, authenticators and recovery codes: neither seen nor changed, even by who knows the password."""
    page = browser.get("/account")
    sent = {"password": PASSWORD, "new_password": "et helt nytt passord her", "code": "123456", "proof_code": "123456"}
    for path in OWN:
        opened = browser.get(path)
        assert opened.status_code in (403, 405), path
        assert "otpauth" not in opened.text
        answer = browser.send(page, path, **sent)
        assert answer.status_code in (403, 405), path
    with house.database.reading() as unit:
        person = unit.people.find_by_email(ASE)
        assert person is not None
        assert unit.factors.of_person(person.id) == ()
        assert house.services.passwords.verify(person.password_hash, PASSWORD)
    assert browser.is_in()


@pytest.mark.row("R34", "R77")
def test_a_factor_of_the_person_is_not_removed_through_sso(house: House, nordlys: str, browser: Browser) -> None:
    """The page to remove it is refused, whatever is typed; the factor is there afterwards."""
    house.enrolled("kari@nordlys.test", "nordlys")
    kari = house.browser()
    kari.sign_in_by_sso(nordlys, "kari", "kari@nordlys.test")
    with house.database.reading() as unit:
        person = unit.people.find_by_email("kari@nordlys.test")
        assert person is not None
        (factor,) = unit.factors.of_person(person.id)
    app = house.apps["kari@nordlys.test"]
    page = kari.get("/account")
    path = f"/account/second-factor/{factor.id}/remove"
    assert kari.send(page, path, password=PASSWORD, code=app.now()).status_code == 403
    with house.database.reading() as unit:
        assert unit.factors.of_person(person.id) == (factor,)


@pytest.mark.row("R49", "R50", "R59")
def test_the_persons_life_elsewhere_is_out_of_reach(house: House, browser: Browser) -> None:
    """Other organisations are neither left, nor accepted, nor named; sessions there are neither seen nor ended."""
    elsewhere = house.browser()
    elsewhere.sign_in(ASE)
    elsewhere.submit("/choose-organisation", organisation="fjordly")
    house.organisation("third")
    _offer(house, "third")
    page = browser.get("/account")
    for path in ("/account", "/", "/choose-organisation"):
        assert "Fjordly" not in browser.get(path).text
        assert "Third" not in browser.get(path).text
    assert browser.send(page, "/account/memberships/fjordly/leave").status_code == 404
    assert browser.send(page, "/account/memberships/third/accept").status_code == 403
    for session in _sessions(house):
        if session[1] == "fjordly":
            assert browser.send(page, f"/account/sessions/{session[0]}/end").status_code == 404
    browser.send(page, "/account/sessions/end-others")
    assert elsewhere.is_in()


@pytest.mark.row("R42", "R77")
def test_the_requirement_is_turned_on_from_a_fresh_sso_session(house: House, browser: Browser) -> None:
    """A global administrator who has just come through SSO needs no password for it, and is not disturbed by it."""
    assert _turn_on(browser).headers["location"] == "/settings/basic?said=on"
    assert browser.is_in()
    other = house.browser()
    other.sign_in(ASE)
    assert other.submit("/choose-organisation", organisation="nordlys").headers["location"] == "/login/enrol"


@pytest.mark.row("R42", "R61")
def test_an_old_sso_session_must_come_through_the_provider_again(
    house: House, nordlys: str, browser: Browser, clock: Clock
) -> None:
    """After 20 minutes the provider must see the person anew; the password that they have here helps nothing."""
    clock.pass_by(minutes=25)
    answer = _turn_on(browser)
    assert answer.status_code == 422
    assert f"/sso/{nordlys}/login?again=1" in answer.text
    assert _turn_on(browser, password=PASSWORD).status_code == 422
    assert not _is_required(house)
    state = browser.set_out(nordlys, again="1", next="/settings/basic")
    assert house.provider.challenges[state].is_fresh
    code = house.vouched("ase", ASE, authenticated_at=clock.now(), token_expires_at=clock.now())
    assert browser.come_back(nordlys, state, code).headers["location"] == "/settings/basic"
    assert _turn_on(browser).status_code == 303


@pytest.mark.row("R42", "R61")
def test_a_provider_that_saw_the_person_long_ago_gives_no_fresh_session(house: House, nordlys: str) -> None:
    """A new session out of an old sign-in at the provider is admitted, but is no fresh proof."""
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE, authenticated_at=datetime.now(UTC) - timedelta(hours=2))
    assert browser.is_in()
    assert _turn_on(browser).status_code == 422
    assert not _is_required(house)


@pytest.mark.row("R14", "R77")
def test_coming_through_sso_forgives_no_wrong_codes(house: House, nordlys: str) -> None:
    """The counter of wrong codes goes back to zero with the person's own credentials only."""
    house.enrolled("kari@nordlys.test", "nordlys")
    guesser = house.browser()
    guesser.sign_in("kari@nordlys.test")
    for _ in range(4):
        guesser.submit("/login/two-factor", code="000000")
    house.browser().sign_in_by_sso(nordlys, "kari", "kari@nordlys.test")
    with house.database.reading() as unit:
        person = unit.people.find_by_email("kari@nordlys.test")
        assert person is not None
        assert unit.throttles.read(f"factor:{person.id}").failures == 4


@pytest.mark.row("R14", "R77")
def test_coming_through_sso_makes_no_known_browser(house: House, nordlys: str) -> None:
    """A provider cannot make a browser from which passwords may be guessed for longer."""
    browser = house.browser()
    browser.sign_in_by_sso(nordlys, "ase", ASE)
    assert browser.cookie("totrinn-device") is None


@pytest.mark.row("R60")
def test_the_cookie_of_a_visit_is_no_session(house: House, nordlys: str) -> None:
    """What binds a browser to its answer opens nothing by itself, under no name."""
    browser = house.browser()
    browser.set_out(nordlys)
    visit = browser.cookie("totrinn-visit")
    for name in ("totrinn", "totrinn-signin"):
        answer = httpx2.get(house.address + "/account", headers={"cookie": f"{name}={visit}"})
        assert answer.headers["location"].startswith("/login")


def _turn_on(browser: Browser, **more: str) -> httpx2.Response:
    page = browser.get("/settings/basic")
    fields = {"name": "Nordlys", "language": "nb", "time_zone": "Europe/Oslo", "require_two_factor": "on"}
    window = browser.send(page, "/settings/basic", **fields)
    return browser.send(
        window, "/settings/basic/confirm", **{"confirmation": hidden(window.text)["confirmation"], **more}
    )


def _is_required(house: House) -> bool:
    with house.database.reading() as unit:
        organisation = unit.organisations.find_by_slug("nordlys")
    assert organisation is not None
    return organisation.policy.requirement.stands()


def _sessions(house: House) -> list[tuple[str, str]]:
    with house.database.reading() as unit:
        person = unit.people.find_by_email(ASE)
        assert person is not None
        found = unit.sessions.of_person(person.id)
    return [(live.session.id, live.standing.organisation.slug) for live in found if live.standing.organisation]


def _offer(house: House, slug: str) -> None:
    visitor = house.visitor()
    with house.database.writing() as unit:
        organisation, person = unit.organisations.find_by_slug(slug), unit.people.find_by_email(ASE)
        assert organisation is not None
        assert person is not None
        new_id = house.services.random.id(visitor.now)
        assert unit.members.add(new_id, organisation.id, person.id, Role.USER, now=visitor.now, accepted_at=None)
