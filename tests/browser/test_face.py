"""A colour that nobody could read as it is, and a long name: every page can be read all the same."""

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import DESKTOP, NARROWEST, Desk
from tests.browser.installation import Installation, served
from tests.browser.test_accessible import BETWEEN, findings, sideways
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_FAINT = "#ffe45c"
_NAME = "Kommunerekrutteringsportalen i Vestfolda"


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of its own, as its look changes."""
    with served(tmp_path_factory.mktemp("face")) as house:
        house.vendor("stine@leverandor.example", name="Stine Dahl")
        house.organisation("Vestlia", "vestlia")
        house.user("sjef@vestlia.example", "vestlia", "global_administrator", name="Bo Berg")
        yield house


@pytest.mark.row("R24")
def test_every_page_can_be_read_in_a_faint_colour_and_by_a_long_name(own_house: Installation, browser: Browser) -> None:
    """The vendor chooses name, colour and logo; the page says what became of the colour; axe finds nothing anywhere."""
    desk = Desk(browser)
    stine = Visit(desk.sit_down(own_house.address), BOKMAAL)
    stine.sign_in("stine@leverandor.example")
    stine.enrol()
    stine.link(BOKMAAL.onward).click()
    page = stine.page
    page.goto("/settings/face")
    page.locator("#name").fill(_NAME)
    page.locator("#has_accent").check()
    page.locator("#accent").fill(_FAINT)
    page.locator("#logo").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": _PNG})
    page.locator(".savebar button").click()
    expect(page.locator("img.logo-shown")).to_be_visible()
    expect(page.locator(".note-info")).to_contain_text("På lyse sider")
    bo = Visit(desk.sit_down(own_house.address), BOKMAAL)
    bo.page.goto("/login")
    expect(bo.page.locator("img.logo")).to_be_visible()
    _reads(bo)
    bo.sign_in("sjef@vestlia.example")
    for path in ("/", "/settings/basic", "/members", "/account"):
        bo.page.goto(path)
        _reads(bo)
    for path in ("/settings/face", "/vendor", "/vendor/applications/new"):
        page.goto(path)
        _reads(stine)
    desk.tidy()


def _reads(visit: Visit) -> None:
    for scheme in ("light", "dark"):
        visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert findings(visit.page) == [], (visit.page.url, scheme)
    expect(visit.page.locator(".brandname")).to_contain_text(_NAME)
    for width in (NARROWEST, *BETWEEN, DESKTOP[0]):
        visit.page.set_viewport_size({"width": width, "height": DESKTOP[1]})
        assert sideways(visit.page) == [], (visit.page.url, width)
