"""Bad input as a person meets it: the sentence says what happened and what to do."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.browser.conftest import Hire
from tests.browser.visits import Visit
from tests.browser.words import BOKMAAL
from tests.browser.workplace import Newcomer

WRONG = "Koden stemmer ikke. Vent på neste kode i appen og prøv igjen."
MALFORMED = "En kode er seks sifre. Sjekk det du skrev, og prøv igjen."
USED = "Koden er allerede brukt. Vent på neste kode."
SET_THE_CLOCK = "Skriv inn en ny kode når klokken er stilt."
CURE = "Slå på automatisk dato og klokkeslett i telefonens innstillinger, vent på en ny kode og prøv igjen."


def refused(visit: Visit, label: str, sentence: str) -> None:
    """The field is marked, has the focus, is described by the sentence; the title says that something is wrong."""
    field = visit.page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    described = (field.get_attribute("aria-describedby") or "").split()
    said = [visit.page.locator(f"#{name}").inner_text() for name in described]
    assert sentence in said
    assert visit.page.title().startswith("Feil: ")


@pytest.mark.row("R12")
def test_a_wrong_password_says_neither_what_was_wrong_nor_who_exists(hire: Hire) -> None:
    """The same for somebody who exists and somebody who does not; the address stays, the password goes."""
    newcomer = hire()
    visit = newcomer.visit
    for email in (newcomer.email, "ingen@vestlia.example"):
        visit.open_sign_in()
        visit.type_password(email, "helt feil passord her")
        expect(visit.page.get_by_role("alert")).to_have_text(BOKMAAL.wrong_password)
        expect(visit.field(BOKMAAL.email)).to_have_value(email)
        expect(visit.password_field()).to_have_value("")
        expect(visit.password_field()).to_be_focused()


def test_a_wrong_code_is_refused_in_words(hire: Hire) -> None:
    """Wrong, malformed, used already: three sentences, and the right code after them is taken."""
    newcomer = hire()
    app, visit = newcomer.enrolled(), newcomer.visit
    visit.type_password(newcomer.email)
    for typed, sentence in ((app.wrong_code(), WRONG), ("12345", MALFORMED), (app.code_last_typed(), USED)):
        visit.type_code(typed)
        refused(visit, BOKMAAL.one_time_code, sentence)
    visit.type_code(app.code())
    expect(visit.heading("Hei, Nina")).to_be_visible()


@pytest.mark.parametrize(
    ("minutes", "cause"),
    [(4, "Telefonens klokke går 4 minutter for fort"), (-4, "Telefonens klokke går 4 minutter for sakte")],
)
def test_a_clock_that_is_off_is_named_with_its_minutes(hire: Hire, minutes: int, cause: str) -> None:
    """Cause first, then the cure; a code of the right time is then taken."""
    newcomer = hire()
    app, visit = newcomer.enrolled(), newcomer.visit
    visit.type_password(newcomer.email)
    visit.type_code(app.code_when_off(minutes))
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text(cause)
    expect(alert).to_contain_text(CURE)
    refused(visit, BOKMAAL.one_time_code, SET_THE_CLOCK)
    visit.type_code(app.code())
    expect(visit.heading("Hei, Nina")).to_be_visible()


def test_at_enrolment_the_window_stays_open_with_the_sentence(hire: Hire) -> None:
    """Wrong, malformed, clock off: the key stays the same, and the right code after them is taken."""
    newcomer = hire()
    visit = newcomer.visit
    visit.sign_in(newcomer.email)
    app = visit.open_enrolment()
    slow = (
        "Klokken på telefonen går omtrent 4 minutter for sakte. Slå på automatisk dato og klokkeslett i innstillingene "
        "på telefonen, vent på en ny kode og prøv igjen."
    )
    for typed, sentence in ((app.wrong_code(), WRONG), ("abc", MALFORMED), (app.code_when_off(-4), slow)):
        visit.confirm_enrolment(typed)
        refused(visit, BOKMAAL.code_from_app, sentence)
        assert visit.manual_key().replace(" ", "") == app.secret
    visit.confirm_enrolment(app.code())
    expect(visit.heading(BOKMAAL.active)).to_be_visible()


@pytest.mark.row("R8")
def test_a_code_can_be_pasted_with_its_space(hire: Hire) -> None:
    """An app that shows «123 456» copies it so."""
    newcomer = hire()
    visit = newcomer.visit
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.sign_in(newcomer.email)
    app = visit.open_enrolment()
    code = app.code()
    visit.page.evaluate("text => navigator.clipboard.writeText(text)", f" {code[:3]} {code[3:]}")
    field = visit.field(BOKMAAL.code_from_app)
    field.focus()
    visit.page.keyboard.press("Control+V")
    expect(field).to_have_value(f" {code[:3]} {code[3:]}")
    visit.page.keyboard.press("Enter")
    expect(visit.heading(BOKMAAL.active)).to_be_visible()


def test_the_key_can_be_copied(hire: Hire) -> None:
    """The button copies the key without spaces, and says so."""
    newcomer = hire()
    visit = newcomer.visit
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.sign_in(newcomer.email)
    app = visit.open_enrolment()
    visit.button("Kopier koden").click()
    expect(visit.button("Kopiert")).to_be_visible()
    assert visit.page.evaluate("navigator.clipboard.readText()") == app.secret


@pytest.mark.row("R8")
def test_password_managers_know_the_fields(hire: Hire) -> None:
    """Address, password and code say what they are, and the password is hidden until one asks to see it."""
    newcomer = hire()
    app, visit = newcomer.enrolled(), newcomer.visit
    expect(visit.field(BOKMAAL.email)).to_have_attribute("autocomplete", "username")
    password = visit.page.locator("#password")
    expect(password).to_have_attribute("autocomplete", "current-password")
    expect(password).to_have_attribute("type", "password")
    visit.button("Vis passordet").click()
    expect(password).to_have_attribute("type", "text")
    visit.button("Skjul passordet").click()
    expect(password).to_have_attribute("type", "password")
    visit.type_password(newcomer.email)
    code = visit.field(BOKMAAL.one_time_code)
    expect(code).to_have_attribute("autocomplete", "one-time-code")
    expect(code).to_have_attribute("inputmode", "numeric")
    visit.type_code(app.code())
    visit.is_at("/")


def test_a_reload_shows_the_same_key(hire: Hire) -> None:
    """Whoever has scanned the key already need not scan again."""
    newcomer = hire()
    visit = newcomer.visit
    visit.sign_in(newcomer.email)
    app = visit.open_enrolment()
    visit.page.reload()
    assert visit.scan().secret == app.secret
    assert visit.manual_key().replace(" ", "") == app.secret


def signed_in_with_two_windows(newcomer: Newcomer) -> tuple[Visit, Visit]:
    """Two windows of one browser, both at the page that says what is required."""
    first = newcomer.visit
    first.sign_in(newcomer.email)
    second = Visit(first.page.context.new_page())
    second.page.goto("/login/enrol")
    expect(second.heading(BOKMAAL.must_enrol)).to_be_visible()
    return first, second


def test_two_windows_show_one_key(hire: Hire) -> None:
    """And what was done in one is done in the other."""
    first, second = signed_in_with_two_windows(hire())
    app = first.open_enrolment()
    assert second.open_enrolment().secret == app.secret
    second.confirm_enrolment(app.code())
    expect(second.heading(BOKMAAL.active)).to_be_visible()
    first.page.reload()
    first.is_at("/")
    expect(first.heading("Hei, Nina")).to_be_visible()


def test_a_window_left_behind_leads_in(hire: Hire) -> None:
    """Whoever goes on in the other window is in already, and enrols no second time."""
    first, second = signed_in_with_two_windows(hire())
    app = first.open_enrolment()
    second.open_enrolment()
    first.confirm_enrolment(app.code())
    expect(first.heading(BOKMAAL.active)).to_be_visible()
    second.confirm_enrolment(app.code())
    expect(second.heading("Hei, Nina")).to_be_visible()


def test_after_signing_out_the_back_button_shows_nothing(hire: Hire) -> None:
    """No private page comes back out of the browser's memory."""
    newcomer = hire()
    newcomer.enrolled()
    visit = newcomer.visit
    for _ in range(3):
        with suppress(Error):  # Chromium's own page: what a form answered is not kept
            visit.page.go_back()
        expect(visit.heading("Hei, Nina")).to_have_count(0)
        expect(visit.page.locator("#key, #codes")).to_have_count(0)


def test_signing_out_in_one_window_ends_the_other(hire: Hire) -> None:
    """The next step anywhere leads to the sign-in page."""
    newcomer = hire()
    visit = newcomer.visit
    visit.sign_in(newcomer.email)
    visit.enrol()
    visit.link(BOKMAAL.onward).click()
    other = Visit(visit.page.context.new_page())
    other.page.goto("/")
    expect(other.heading("Hei, Nina")).to_be_visible()
    visit.sign_out()
    other.page.reload()
    other.is_at("/login")
