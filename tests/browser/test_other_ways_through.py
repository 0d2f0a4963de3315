"""The same journey on a phone, without JavaScript, and with the language changed half-way."""

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import PHONE
from tests.browser.conftest import Hire
from tests.browser.words import BOKMAAL, ENGLISH, LANGUAGES, NYNORSK
from tests.browser.workplace import Newcomer


def comes_in_twice(newcomer: Newcomer) -> None:
    """From the first sign-in to the second."""
    visit, words = newcomer.visit, newcomer.visit.words
    visit.sign_in(newcomer.email)
    expect(visit.heading(words.must_enrol)).to_be_visible()
    app = visit.open_enrolment()
    assert visit.manual_key().replace(" ", "") == app.secret
    visit.confirm_enrolment(app.code())
    expect(visit.heading(words.active)).to_be_visible()
    visit.link(words.onward).click()
    expect(visit.heading(words.hello.format(name="Nina"))).to_be_visible()
    visit.sign_out()
    visit.sign_in(newcomer.email, app)
    expect(visit.heading(words.hello.format(name="Nina"))).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_person_comes_in_on_a_narrow_screen(hire: Hire, language: str) -> None:
    """360 px are enough, in each language."""
    comes_in_twice(hire(language=language, size=PHONE))


@pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["wide", "narrow"])
def test_a_person_comes_in_without_javascript(hire: Hire, size: tuple[int, int]) -> None:
    """Where no script runs, the window is a page."""
    newcomer = hire(scripts=False, size=size)
    comes_in_twice(newcomer)


def test_without_javascript_the_window_can_be_left(hire: Hire) -> None:
    """Cancel leads back to the page that says what is required, and from there to the same key."""
    newcomer = hire(scripts=False)
    visit = newcomer.visit
    visit.sign_in(newcomer.email)
    app = visit.open_enrolment()
    visit.link(visit.words.cancel).click()
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    assert visit.open_enrolment().secret == app.secret


def test_the_language_can_be_changed_half_way(hire: Hire) -> None:
    """The switch at the foot of the page leads back to the page, and nothing is lost."""
    newcomer = hire()
    visit = newcomer.visit
    visit.open_sign_in()
    visit.switch_language(NYNORSK)
    expect(visit.heading("Logg inn")).to_be_visible()
    visit.type_password(newcomer.email)
    expect(visit.heading(NYNORSK.must_enrol)).to_be_visible()
    app = visit.open_enrolment()
    visit.page.keyboard.press("Escape")
    visit.switch_language(ENGLISH)
    assert visit.scan().secret == app.secret
    visit.confirm_enrolment(app.code())
    expect(visit.heading(ENGLISH.active)).to_be_visible()
    visit.link(ENGLISH.onward).click()
    visit.sign_out()
    visit.type_password(newcomer.email)
    expect(visit.heading(ENGLISH.enter_code)).to_be_visible()
    visit.switch_language(BOKMAAL)
    visit.type_code(app.code())
    expect(visit.heading("Hei, Nina")).to_be_visible()
