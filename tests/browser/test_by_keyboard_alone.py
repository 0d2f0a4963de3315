"""Everything can be done with the keyboard: Tab, Enter, Space and Esc."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Desk
from tests.browser.conftest import Hire
from tests.browser.installation import PASSWORD, Installation
from tests.browser.keyboard import Keyboard
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL


@pytest.mark.row("R97")
def test_a_person_enrols_and_signs_in(hire: Hire) -> None:
    """The window takes the focus, Esc closes it, and the focus returns to the button that opened it."""
    newcomer = hire()
    visit, keys = newcomer.visit, Keyboard(newcomer.page)
    signs_in(visit, keys, newcomer.email)
    keys.tab_to(visit.button(BOKMAAL.activate))
    keys.press("Enter")
    window = visit.window(BOKMAAL.activate)
    expect(window.get_by_role("heading", name=BOKMAAL.activate)).to_be_focused()
    keys.press("Escape")
    expect(window).to_be_hidden()
    expect(visit.button(BOKMAAL.activate)).to_be_focused()
    keys.press("Space")
    expect(window).to_be_visible()
    app = visit.scan()
    keys.tab_to(window.get_by_role("textbox", name=BOKMAAL.code_from_app))
    keys.type(app.code())
    keys.press("Enter")
    expect(visit.heading(BOKMAAL.active)).to_be_focused()
    keys.tab_to(visit.page.get_by_role("checkbox", name=BOKMAAL.kept))
    keys.press("Space")
    expect(visit.page.get_by_role("checkbox", name=BOKMAAL.kept)).to_be_checked()
    keys.tab_to(visit.link(BOKMAAL.onward))
    keys.press("Enter")
    expect(visit.heading("Hei, Nina")).to_be_visible()
    signs_out(visit, keys)
    signs_in(visit, keys, newcomer.email)
    expect(visit.field(BOKMAAL.one_time_code)).to_be_focused()
    keys.type(app.code())
    keys.press("Enter")
    expect(visit.heading("Hei, Nina")).to_be_visible()


def test_the_focus_stays_in_the_window(hire: Hire) -> None:
    """What lies behind an open window is out of reach."""
    newcomer = hire()
    visit, keys = newcomer.visit, Keyboard(newcomer.page)
    visit.sign_in(newcomer.email)
    visit.open_enrolment()
    for _ in range(12):
        keys.press("Tab")
        outside = "!document.querySelector('dialog').contains(document.activeElement)"
        assert not visit.page.evaluate(f"document.activeElement !== document.body && {outside}")


def test_an_administrator_turns_the_requirement_on(house: Installation, desk: Desk) -> None:
    """Menu, switch, Save, and the confirmation, which Esc takes back."""
    house.organisation("Nordvik AS", "nordvik")
    house.user("leder@nordvik.example", "nordvik", "global_administrator", name="Liv Leder")
    visit = Visit(desk.sit_down(house.address))
    keys = Keyboard(visit.page)
    signs_in(visit, keys, "leder@nordvik.example")
    expect(visit.heading("Hei, Liv")).to_be_visible()
    menu = visit.page.get_by_role("navigation", name=BOKMAAL.main_menu, exact=True)
    keys.tab_to(menu.locator("summary"))
    keys.press("Enter")
    keys.tab_to(menu.get_by_role("link", name=BOKMAAL.basic_settings))
    keys.press("Enter")
    visit.is_at("/settings/basic")
    keys.tab_to(visit.switch())
    keys.press("Space")
    expect(visit.switch()).to_be_checked()
    keys.tab_to(visit.button(BOKMAAL.save))
    keys.press("Enter")
    window = visit.window(BOKMAAL.question)
    expect(window.get_by_role("heading", name=BOKMAAL.question)).to_be_focused()
    keys.press("Escape")
    expect(window).to_be_hidden()
    expect(visit.button(BOKMAAL.save)).to_be_focused()
    expect(visit.switch()).to_be_checked()
    keys.press("Enter")
    keys.tab_to(window.get_by_role("button", name=BOKMAAL.confirm, exact=True))
    keys.press("Enter")
    expect(visit.heading(BOKMAAL.must_enrol)).to_be_visible()


def test_esc_closes_a_menu(hire: Hire) -> None:
    """The focus returns to the menu's name."""
    newcomer = hire()
    visit, keys = newcomer.visit, Keyboard(newcomer.page)
    visit.sign_in(newcomer.email)
    visit.enrol()
    visit.link(BOKMAAL.onward).click()
    own = visit.own_menu()
    keys.tab_to(own)
    keys.press("Enter")
    keys.tab_to(visit.button(BOKMAAL.sign_out))
    keys.press("Escape")
    expect(visit.button(BOKMAAL.sign_out)).to_be_hidden()
    expect(own).to_be_focused()


def test_the_first_stop_leads_past_the_menu(hire: Hire) -> None:
    """The first Tab shows a way to the main content."""
    newcomer = hire()
    visit, keys = newcomer.visit, Keyboard(newcomer.page)
    visit.sign_in(newcomer.email)
    expect(visit.heading(BOKMAAL.must_enrol)).to_be_visible()
    keys.press("Tab")
    skip = visit.link("Hopp til hovedinnholdet")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    keys.press("Enter")
    expect(visit.page.locator("#main")).to_be_focused()


def signs_in(visit: Visit, keys: Keyboard, email: str) -> None:
    """The first field has the focus from the beginning; Enter sends."""
    visit.open_sign_in()
    expect(visit.field(BOKMAAL.email)).to_be_focused()
    keys.type(email)
    keys.tab_to(visit.password_field())
    keys.type(PASSWORD)
    keys.press("Enter")


def signs_out(visit: Visit, keys: Keyboard) -> None:
    """By one's own menu."""
    keys.tab_to(visit.own_menu())
    keys.press("Enter")
    keys.tab_to(visit.button(BOKMAAL.sign_out))
    keys.press("Enter")
    visit.is_at("/login")
