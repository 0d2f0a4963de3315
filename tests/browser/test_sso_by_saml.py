"""SAML in a real browser: the answer comes by a post from another site, and our cookies are Lax all the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.browser import installation, workplace
from tests.browser.chromium import DESKTOP, Desk
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL
from tests.browser.workplace import Workplace
from tests.providers.saml_simplesamlphp import PASSWORD, Person, SimpleSamlPhp, running_simplesamlphp

KARI = Person("kari", "kari@nordlys.example", "Kari Nordlys")


@dataclass(frozen=True, slots=True)
class Connected:
    """An organisation that requires two-factor, and its SAML provider."""

    nordlys: Workplace
    provider: SimpleSamlPhp
    connection: str


@pytest.fixture(scope="module")
def connected(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """Each side is given the other's metadata, as an operator would do it."""
    folder = tmp_path_factory.mktemp("saml")
    with installation.served(folder) as house, running_simplesamlphp((KARI,)) as provider:
        nordlys = workplace.found(house, Desk(browser), "nordlys", "Nordlys kommune")
        connection = _connect(nordlys, provider, folder / "provider.xml")
        yield Connected(nordlys, provider, connection)


def _connect(nordlys: Workplace, provider: SimpleSamlPhp, metadata: Path) -> str:
    metadata.write_bytes(provider.metadata())
    about = ("--kind", "saml", "--metadata", str(metadata), "--domain", "nordlys.example", "--vouch", "--json")
    made = json.loads(nordlys.house.run("connection", "add", "nordlys", *about))
    with urlopen(made["metadata"], timeout=10) as ours:
        provider.trust(ours.read())
    return str(made["id"])


@pytest.fixture
def visit(browser: Browser, connected: Connected) -> Iterator[Visit]:
    """Somebody at a browser that asks ours and the provider's host, and no other."""
    desk = Desk(browser)
    yield Visit(desk.sit_down(connected.nordlys.house.address, size=DESKTOP), BOKMAAL)
    desk.tidy()
    hosts = {address.partition("//")[2].partition("/")[0] for address in _addresses(connected)}
    assert desk.hosts <= hosts


def _addresses(connected: Connected) -> tuple[str, str]:
    return connected.nordlys.house.address, connected.provider.address


def signs_in_there(visit: Visit) -> None:
    """On the provider's own form."""
    visit.page.locator("[name=username]").fill(KARI.uid)
    visit.page.locator("[name=password]").fill(PASSWORD)
    visit.page.locator("[name=password]").press("Enter")


@pytest.mark.row("R55", "R77", "R80")
def test_whoever_comes_by_saml_is_undisturbed(connected: Connected, visit: Visit) -> None:
    """Address, provider, post from another site, and in, though the organisation requires two-factor."""
    visit.open_sign_in()
    visit.link(BOKMAAL.by_sso).click()
    visit.field(BOKMAAL.email).fill(KARI.mail)
    visit.button(BOKMAAL.go_on).click()
    signs_in_there(visit)
    expect(visit.heading("Hei, Kari")).to_be_visible()
    visit.is_at("/")
    session = next(each for each in visit.page.context.cookies() if each["name"] == "totrinn")
    assert session["sameSite"] == "Lax"


@pytest.mark.row("R80")
def test_the_same_answer_opens_nothing_twice(connected: Connected, visit: Visit) -> None:
    """What the provider had the browser post is refused when the browser posts it again, after signing out."""
    posted: list[Request] = []
    visit.page.on("request", lambda request: posted.append(request) if request.url.endswith("/acs") else None)
    visit.page.goto(f"/sso/{connected.connection}/login")
    signs_in_there(visit)
    expect(visit.heading("Hei, Kari")).to_be_visible()
    visit.sign_out()
    (answer,) = posted
    again = visit.page.request.post(answer.url, form=dict(parse_qsl(answer.post_data or "")))
    assert again.status == 400
    visit.page.goto("/account")
    visit.is_at("/login")


@pytest.mark.row("R87")
def test_signing_out_at_the_provider_signs_out_here(connected: Connected, visit: Visit) -> None:
    """Its signed logout request, which comes through the browser, ends our session, and our answer lets it finish."""
    visit.page.goto(f"/sso/{connected.connection}/login")
    signs_in_there(visit)
    expect(visit.heading("Hei, Kari")).to_be_visible()
    back = f"{connected.provider.address}/module.php/core/frontpage_welcome.php"
    visit.page.goto(f"{connected.provider.address}/saml2/idp/SingleLogoutService.php?ReturnTo={back}")
    visit.page.wait_for_load_state()
    visit.page.goto("/account")
    visit.is_at("/login")
