"""Through a real identity provider, in a real browser: in, undisturbed, where a password alone is held."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import installation, workplace
from tests.browser.chromium import DESKTOP, PHONE, Desk
from tests.browser.installation import Installation
from tests.browser.keyboard import Keyboard
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL, LANGUAGES
from tests.browser.workplace import Workplace
from tests.providers.oidc_provider import User, running_oidc_provider

SECRET = "a secret of the tests, chosen before the provider starts"
KARI = User("kari@nordlys.example", name="Kari Nordlys")
OLA = User("ola@nordlys.example", name="Ola Nordlys")
BOSS = User("sjef@nordlys.example", name="Siri Sjefsen")


@dataclass(frozen=True, slots=True)
class Connected:
    """An organisation that requires two-factor, whose people sign in at a provider of their own."""

    nordlys: Workplace
    provider: str
    connection: str

    @property
    def house(self) -> Installation:
        """Where it is."""
        return self.nordlys.house


@pytest.fixture(scope="module")
def connected(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """The operator connects the organisation by command, before the provider is told of us."""
    with installation.served(tmp_path_factory.mktemp("sso")) as house:
        nordlys = workplace.found(house, Desk(browser), "nordlys", "Nordlys kommune")
        port = _free_port()
        issuer = f"http://127.0.0.1:{port}"
        about = ("--kind", "oidc", "--issuer", issuer, "--client-id", "totrinn", "--client-secret-stdin")
        domain = ("--domain", "nordlys.example", "--vouch", "--json")
        made = json.loads(house.run("connection", "add", "nordlys", *about, *domain, typed=f"{SECRET}\n"))
        people = {"kari": KARI, "ola": OLA, "sjef": BOSS}
        with running_oidc_provider([made["callback"]], users=people, port=port, client_secret=SECRET) as provider:
            yield Connected(nordlys, provider.issuer, made["id"])


@pytest.fixture
def two_hosts(browser: Browser, connected: Connected) -> Iterator[Desk]:
    """Browsers that ask ours and the provider's host for everything, and no other."""
    desk = Desk(browser)
    yield desk
    desk.tidy()
    ours, theirs = connected.house.address.removeprefix("http://"), connected.provider.removeprefix("http://")
    assert desk.hosts <= {ours, theirs}


def _sit_down(
    desk: Desk, connected: Connected, *, language: str = "nb", size: tuple[int, int] = DESKTOP, scripts: bool = True
) -> Visit:
    page = desk.sit_down(connected.house.address, language=language, size=size, scripts=scripts)
    return Visit(page, LANGUAGES[language])


def comes_through(visit: Visit, user: User, name: str) -> None:
    """From our sign-in page by one's address to the provider, and back in."""
    words = visit.words
    visit.open_sign_in()
    visit.link(words.by_sso).click()
    visit.field(words.email).fill(user.email)
    visit.button(words.go_on).click()
    visit.page.get_by_label("User name").fill(name)
    visit.page.get_by_label("Password").fill(user.password)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.row("R77", "R97")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_whoever_comes_through_sso_is_undisturbed(
    connected: Connected, two_hosts: Desk, language: str, size: tuple[int, int]
) -> None:
    """In each language, on a desk and on a phone: nothing is asked, though the organisation requires two-factor."""
    visit = _sit_down(two_hosts, connected, language=language, size=size)
    comes_through(visit, KARI, "kari")
    expect(visit.heading(visit.words.hello.format(name="Kari"))).to_be_visible()
    visit.is_at("/")


@pytest.mark.row("R77")
def test_the_same_organisation_holds_whoever_comes_by_password(connected: Connected, two_hosts: Desk) -> None:
    """A password alone leads to enrolment, also for somebody who may come through SSO."""
    connected.house.user(OLA.email, "nordlys", name=OLA.name)
    by_password = _sit_down(two_hosts, connected)
    by_password.sign_in(OLA.email)
    expect(by_password.heading(BOKMAAL.must_enrol)).to_be_visible()
    through = _sit_down(two_hosts, connected)
    comes_through(through, OLA, "ola")
    expect(through.heading("Hei, Ola")).to_be_visible()


def test_it_works_without_javascript(connected: Connected, two_hosts: Desk) -> None:
    """Forms and redirects are all that it takes; no policy of ours stands in their way."""
    visit = _sit_down(two_hosts, connected, scripts=False)
    comes_through(visit, KARI, "kari")
    expect(visit.heading("Hei, Kari")).to_be_visible()


@pytest.mark.row("R97")
def test_the_keyboard_alone_leads_to_the_provider(connected: Connected, two_hosts: Desk) -> None:
    """Tab and Enter, and the focus is in the first field of each page."""
    visit = _sit_down(two_hosts, connected)
    keys = Keyboard(visit.page)
    visit.open_sign_in()
    keys.tab_to(visit.link(BOKMAAL.by_sso))
    keys.press("Enter")
    expect(visit.field(BOKMAAL.email)).to_be_focused()
    keys.type(KARI.email)
    keys.press("Enter")
    expect(visit.page.get_by_role("heading", name="Sign in at the provider")).to_be_visible()


def test_whoever_cancels_at_the_provider_is_told_so(connected: Connected, two_hosts: Desk) -> None:
    """The page says that it was cancelled, and leads back to the beginning."""
    visit = _sit_down(two_hosts, connected)
    visit.page.goto(f"/sso/{connected.connection}/login")
    visit.page.get_by_role("button", name="Refuse").click()
    expect(visit.heading(BOKMAAL.sso_cancelled)).to_be_visible()
    visit.link(BOKMAAL.to_sign_in).click()
    expect(visit.heading(BOKMAAL.sign_in)).to_be_visible()


def test_a_page_that_one_wanted_comes_after_the_provider(connected: Connected, two_hosts: Desk) -> None:
    """Whoever opened a page of ours first ends up there."""
    visit = _sit_down(two_hosts, connected)
    visit.page.goto("/account")
    visit.link(BOKMAAL.by_sso).click()
    visit.field(BOKMAAL.email).fill(KARI.email)
    visit.button(BOKMAAL.go_on).click()
    visit.page.get_by_label("User name").fill("kari")
    visit.page.get_by_label("Password").fill(KARI.password)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()
    visit.is_at("/account")


def test_an_administrator_tests_the_connection_and_sees_what_came(connected: Connected, two_hosts: Desk) -> None:
    """The provider's claims and every check that they passed, and nobody is signed in by it."""
    visit = _sit_down(two_hosts, connected)
    visit.sign_in(connected.nordlys.boss, connected.nordlys.app)
    expect(visit.heading("Hei, Siri")).to_be_visible()
    visit.page.goto(f"/settings/sso/{connected.connection}")
    visit.button(BOKMAAL.test_connection).click()
    visit.page.get_by_label("User name").fill("kari")
    visit.page.get_by_label("Password").fill(KARI.password)
    visit.page.get_by_role("button", name="Sign in", exact=True).click()
    visit.is_at(f"/settings/sso/{connected.connection}")
    visit.sees(KARI.email)
    visit.page.goto("/account")
    expect(visit.page.get_by_text("Siri Sjefsen").first).to_be_visible()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
