"""What came with applications is set up with the keyboard alone: focus goes to what is wrong, and to a secret."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.chromium import Desk
from tests.browser.installation import Installation
from tests.browser.keyboard import Keyboard
from tests.browser.visits import Visit

_SLUG = "tastatur"
_CHIEF = f"sjef@{_SLUG}.example"


@pytest.fixture(scope="module")
def organisation(house: Installation) -> str:
    """One that requires nothing, so that its chief comes in by the password."""
    house.organisation("Tastatur AS", _SLUG)
    house.user(_CHIEF, _SLUG, "global_administrator", name="Kari Nilsen")
    return _SLUG


@pytest.fixture
def chief(organisation: str, house: Installation, desk: Desk) -> Visit:
    """Its global administrator, signed in, on a narrow screen."""
    visit = Visit(desk.sit_down(house.address, size=(400, 800)))
    visit.sign_in(_CHIEF)
    visit.is_at("/")
    return visit


@pytest.fixture(scope="module")
def support(house: Installation, browser: Browser) -> Iterator[Visit]:
    """One of the vendor's staff, signed in."""
    house.vendor("stine@tastatur.example", name="Stine Dahl")
    desk = Desk(browser)
    visit = Visit(desk.sit_down(house.address))
    visit.sign_in("stine@tastatur.example")
    visit.enrol()
    visit.link(visit.words.onward).click()
    yield visit
    desk.tidy()


def chosen(visit: Visit, keys: Keyboard, target: Locator, key: str = "Enter") -> None:
    """Goes on to the target, and presses the key on it."""
    keys.tab_to(target)
    keys.press(key)
    visit.page.wait_for_load_state()


@pytest.mark.row("R97")
def test_an_application_is_registered_and_removed(support: Visit) -> None:
    """What is wrong has the focus, then the secret; what cannot be undone is asked for in two steps."""
    page, keys = support.page, Keyboard(support.page)
    page.goto("/vendor/applications")
    chosen(support, keys, support.link("Registrer en applikasjon"))
    support.is_at("/vendor/applications/new")
    chosen(support, keys, support.button("Registrer"))
    name = support.field("Navn")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    keys.type("Tastaturjobb")
    keys.tab_to(page.locator("#redirect_uris"))
    keys.type("https://tastatur.example/cb")
    chosen(support, keys, support.button("Registrer"))
    expect(support.heading("Klienthemmeligheten, vises bare nå")).to_be_focused()
    chosen(support, keys, page.locator("summary", has_text="Slå av applikasjonen"))
    chosen(support, keys, support.button("Slå av Tastaturjobb"), "Space")
    support.sees("Den er av: Ingen kan logge inn i den.")
    chosen(support, keys, page.locator("summary", has_text="Fjern applikasjonen"))
    chosen(support, keys, support.button("Fjern Tastaturjobb"))
    support.is_at("/vendor/applications")
    expect(support.link("Tastaturjobb")).to_have_count(0)


@pytest.mark.row("R97")
def test_a_token_is_made_and_ended(chief: Visit) -> None:
    """From the menu of a narrow screen on; the token has the focus when it is shown."""
    page, keys = chief.page, Keyboard(chief.page)
    menu = page.locator(".narrownav")
    chosen(chief, keys, menu.locator("summary"))
    chosen(chief, keys, menu.get_by_role("link", name="API", exact=True))
    chief.is_at("/settings/api")
    keys.tab_to(chief.field("Navn"))
    keys.type("Nattjobb")
    chosen(chief, keys, chief.button("Lag tokenet"))
    expect(page.locator("#scopes-error")).to_be_focused()
    chosen(chief, keys, page.locator("#scope-1"), "Space")
    page.goto("/settings/api")
    keys.tab_to(chief.field("Navn"))
    keys.type("Nattjobb")
    chosen(chief, keys, page.locator("#scope-1"), "Space")
    chosen(chief, keys, chief.button("Lag tokenet"))
    expect(chief.heading("Tokenet «Nattjobb» er laget")).to_be_focused()
    chosen(chief, keys, page.locator("summary", has_text="Avslutt Nattjobb"))
    chosen(chief, keys, page.locator("form[action$=end] button"))
    chief.sees("Det er ingen ennå.")


@pytest.mark.row("R97")
def test_a_receiver_of_events_is_added_and_removed(chief: Visit) -> None:
    """A wrong address has the focus; its secret, when it is shown; and nothing is removed at one stroke."""
    page, keys = chief.page, Keyboard(chief.page)
    page.goto("/settings/webhooks")
    keys.tab_to(chief.field("Adresse"))
    keys.type("http://hendelser.example/")
    add = page.locator("form[action='/settings/webhooks'] button")
    chosen(chief, keys, add)
    expect(chief.field("Adresse")).to_be_focused()
    keys.press("Control+A")
    keys.type("https://hendelser.example/")
    chosen(chief, keys, page.locator("form[action='/settings/webhooks'] input[type=checkbox]").first, "Space")
    chosen(chief, keys, add)
    expect(chief.heading("Hemmeligheten")).to_be_focused()
    chosen(chief, keys, page.locator("summary", has_text="Fjern mottakeren"))
    chosen(chief, keys, chief.button("Fjern mottakeren"))
    chief.is_at("/settings/webhooks")
    chief.sees("Det er ingen ennå.")


def test_without_javascript_secrets_are_shown_and_things_removed(
    organisation: str, house: Installation, desk: Desk
) -> None:
    """Where no script runs, everything is pages and forms."""
    visit = Visit(desk.sit_down(house.address, scripts=False))
    visit.sign_in(_CHIEF)
    page = visit.page
    page.goto("/settings/api")
    visit.field("Navn").fill("Uten skript")
    page.locator("#scope-1").check()
    visit.button("Lag tokenet").click()
    expect(page.locator("#token")).to_contain_text("tot_")
    expect(visit.button("Kopier – Token")).to_be_hidden()
    page.locator("summary", has_text="Avslutt Uten skript").click()
    page.locator("form[action$=end] button").click()
    page.goto("/settings/webhooks")
    visit.field("Adresse").fill("https://uten.example/skript")
    page.locator("form[action='/settings/webhooks'] input[type=checkbox]").first.check()
    page.locator("form[action='/settings/webhooks'] button").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    page.locator("summary", has_text="Fjern mottakeren").click()
    visit.button("Fjern mottakeren").click()
    visit.sees("Det er ingen ennå.")
