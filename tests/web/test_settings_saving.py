"""Name, language, time zone and date as people type them, and as nobody should."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine

from tests.web.house import Answer, Browser, House, Resident
from tests.web.requiring import CONFIRM, FORM, ON
from totrinn.core.roles import Role
from totrinn.web.typed_dates import read_date, typed_date


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of an organisation that may require two-factor."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


@pytest.fixture
def browser(house: House, kari: Resident) -> Browser:
    """Hers, with the settings open."""
    browser = house.sign_in(kari)
    browser.get("/settings/basic")
    return browser


def require_from(browser: Browser, typed: str) -> Answer:
    """Proposes and confirms a date."""
    window = browser.post("/settings/basic", **ON, required_from=typed)
    assert window.status == 200, window.words
    return browser.post(CONFIRM, confirmation=window.hidden("confirmation"))


def test_the_settings_are_saved_and_logged(house: House, browser: Browser) -> None:
    """What was typed stands, trimmed, on the next page and in the log."""
    answer = browser.post("/settings/basic", name="  Fjordly og sønner  ", language="nn", time_zone="Atlantic/Faroe")
    assert (answer.status, answer.location) == (303, "/settings/basic?said=saved")
    stored = house.stored("fjordly")
    assert (stored.name, stored.language, stored.time_zone) == ("Fjordly og sønner", "nn", "Atlantic/Faroe")
    assert house.events("fjordly")[0].kind == "organisation:settings:changed"
    page = browser.get(answer.location)
    assert "The changes are saved." in page.words
    assert 'value="Fjordly og sønner"' in page.text


def test_saving_what_stands_writes_nothing(house: House, browser: Browser) -> None:
    """A form sent as it was is fine, and leaves no line in the log."""
    before = house.kinds("fjordly")
    assert browser.post("/settings/basic", **FORM).location == "/settings/basic?said=saved"
    assert house.kinds("fjordly") == before


def test_beside_a_proposal_the_rest_is_saved_at_once(house: House, browser: Browser) -> None:
    """The new name stands, and is said to, while the requirement waits for its confirmation."""
    page = browser.post("/settings/basic", **{**ON, "name": "Nordly AS"})
    assert "The requirement waits for your confirmation" in page.words
    assert "get in to Nordly AS with just email" in page.words
    assert house.stored("fjordly").name == "Nordly AS"
    assert not house.requires("fjordly")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Type the name"),
        ("name", " \t ", "Type the name"),
        ("name", "x" * 101, "The name is too long"),
        ("name", "x" * 50_000, "The name is too long"),
        ("name", "Fjord\nly", "a character that cannot be shown"),
        ("name", "Fjord\x1bly", "a character that cannot be shown"),
        ("name", "Fjord\u202ely", "a character that cannot be shown"),
        ("language", "de", "Choose one of the languages"),
        ("language", "../nb", "Choose one of the languages"),
        ("time_zone", "Europe/Atlantis", "Choose one of the time zones"),
        ("time_zone", "../../etc/passwd", "Choose one of the time zones"),
        ("required_from", "31.02.2027", "We could not read the date"),
        ("required_from", "i morgen", "We could not read the date"),
        ("required_from", "01.13.2026", "We could not read the date"),
        ("required_from", "01.12.2026 25.00", "We could not read the date"),
        ("required_from", "0001-01-01", "We could not read the date"),
        ("required_from", "14.10.1066", "The date has passed"),
        ("required_from", "31.12.9999", "more than ten years ahead"),
        ("required_from", "22.11.2026", "The date has passed"),
        ("required_from", "23.11.2026 12.59", "The date has passed"),
        ("required_from", "1" * 3000, "We could not read the date"),
    ],
)
def test_what_cannot_be_saved_is_explained_and_kept(
    house: House, browser: Browser, field: str, value: str, said: str
) -> None:
    """A sentence stands at the field, what was typed elsewhere is kept, and nothing is saved."""
    typed = {**ON, "name": "Nytt navn", field: value}
    page = browser.post("/settings/basic", **typed)
    assert page.status == 422
    assert said in page.words
    assert page.hidden("confirmation") is None
    if field != "name":
        assert 'value="Nytt navn"' in page.text
    assert house.stored("fjordly").name == "Fjordly AS"
    assert not house.requires("fjordly")


@pytest.mark.row("R48")
def test_fields_that_are_not_on_the_page_are_not_taken(house: House, browser: Browser) -> None:
    """Neither slug, availability, id nor anything else can be set by sending its name along."""
    before = house.stored("fjordly")
    extra = {"slug": "stolen", "id": "x", "available_since": "", "is_vendor": "on", "always": "on", "revision": "99"}
    browser.post("/settings/basic", **FORM, **extra)
    assert house.stored("fjordly") == before


@pytest.mark.row("R69", "R70")
@pytest.mark.parametrize("path", ["/settings/basic", CONFIRM])
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", "application/x-www-form-urlencoded", 403),
        ("name", "application/x-www-form-urlencoded", 403),
        ("csrf=%ff", "application/x-www-form-urlencoded", 400),
        ("csrf=a&csrf=b", "application/x-www-form-urlencoded", 400),
        ("name=%00", "application/x-www-form-urlencoded", 400),
        ("x=1&" * 61, "application/x-www-form-urlencoded", 400),
        ("name=" + "x" * 70_000, "application/x-www-form-urlencoded", 413),
        ('{"require_two_factor": "on"}', "application/json", 415),
        ("require_two_factor=on", "text/plain", 415),
    ],
)
def test_hostile_bodies_are_refused(
    house: House, browser: Browser, path: str, body: str, content_type: str, status: int
) -> None:
    """Whatever is sent, the answer is a refusal and not an error of ours."""
    assert browser.send(path, body, content_type).status == status
    assert not house.requires("fjordly")


@pytest.mark.row("R69")
@pytest.mark.parametrize("missing", ["name", "language", "time_zone", "require_two_factor", "confirmation", "csrf"])
def test_missing_fields_are_no_error_of_ours(house: House, browser: Browser, missing: str) -> None:
    """A form with a field less is refused or understood, and never turns anything on."""
    sent: dict[str, str | None] = {**ON, "confirmation": "x", missing: None}
    for path in ("/settings/basic", CONFIRM):
        assert browser.post(path, **sent).status in (200, 303, 403, 409, 422)
    assert not house.requires("fjordly")


def test_a_date_without_the_switch_is_ignored(house: House, browser: Browser) -> None:
    """Off is off, whatever stands in the field of the date."""
    assert browser.post("/settings/basic", **FORM, required_from="nonsense").status == 303
    assert not house.requires("fjordly")


def test_saving_with_a_date_that_stands_changes_nothing(
    house: House, browser: Browser, clock: time_machine.Traveller
) -> None:
    """The date that is shown, sent back unchanged, is no proposal, not even on the day that it has passed."""
    require_from(browser, "01.12.2026 08.30")
    before = house.stored("fjordly").policy
    browser.get("/settings/basic")
    assert browser.post("/settings/basic", **ON, required_from="01.12.2026 08.30").status == 303
    assert house.stored("fjordly").policy == before


def test_another_time_zone_does_not_move_the_date(house: House, browser: Browser) -> None:
    """Whoever changes the time zone only, changes how the date is written and not when it is."""
    require_from(browser, "01.12.2026")
    before = house.stored("fjordly").policy
    browser.get("/settings/basic")
    form = {**ON, "time_zone": "America/New_York"}
    assert browser.post("/settings/basic", **form, required_from="01.12.2026").status == 303
    assert house.stored("fjordly").policy == before
    assert 'value="30.11.2026 18.00"' in browser.get("/settings/basic").text


def test_a_date_is_read_in_the_time_zone_of_the_same_form(house: House, browser: Browser) -> None:
    """Time zone and date typed together belong together."""
    window = browser.post(
        "/settings/basic", **{**ON, "time_zone": "America/New_York"}, required_from="2026-12-01 09:00"
    )
    browser.post(CONFIRM, confirmation=window.hidden("confirmation"))
    assert house.stored("fjordly").policy.requirement.from_ == datetime(2026, 12, 1, 14, 0, tzinfo=UTC)


def test_the_date_can_be_moved_and_dropped(house: House, browser: Browser) -> None:
    """Later, earlier, at once, off: each is proposed and confirmed, and said in its own words."""
    assert require_from(browser, "01.12.2026").location.endswith("said=on")
    assert require_from(browser, "10.12.2026").location.endswith("said=moved")
    assert require_from(browser, "2026-12-05").location.endswith("said=moved")
    window = browser.post("/settings/basic", **ON)
    assert "from now?" in window.words
    assert browser.post(CONFIRM, confirmation=window.hidden("confirmation")).location.endswith("said=moved")
    browser.get("/settings/basic")
    window = browser.post("/settings/basic", **FORM)
    assert "Turn off the two-factor requirement?" in window.words
    assert browser.post(CONFIRM, confirmation=window.hidden("confirmation")).location.endswith("said=off")
    kinds = house.kinds("fjordly")
    assert kinds.count("organisation:requirement:moved") == 3


def test_a_date_that_has_come_is_on(house: House, browser: Browser, clock: time_machine.Traveller) -> None:
    """From its date on the page says on, since that date; saving again proposes nothing."""
    require_from(browser, "23.11.2026 13.30")
    clock.shift(timedelta(minutes=31))
    page = browser.get("/settings/basic")
    assert "On since 23 November 2026 at 13:30" in page.words
    assert browser.post("/settings/basic", **ON).status == 303


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("01.12.2026", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("1.7.2027", datetime(2027, 6, 30, 22, 0, tzinfo=UTC)),
        ("1. 7. 2027", datetime(2027, 6, 30, 22, 0, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("2026-12-01T08:30", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
        ("01.12.2026 kl. 08.30", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
        (" 01.12.2026 8:30 ", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_people_write_them(typed: str, expected: datetime) -> None:
    """In the organisation's time zone, summer and winter, with or without the time."""
    assert read_date(typed, "Europe/Oslo") == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1",
        "12/01/2026",
        "01.12.26",
        "2026-13-01",
        "01.12.2026 24.00",
        "01.12.2026x",
        "\u0660\u0661.12.2026",
        "0000-01-01",
    ],
)
def test_what_is_no_date_is_none(typed: str) -> None:
    """Neither guessed at nor an error."""
    assert read_date(typed, "Europe/Oslo") is None


def test_a_date_at_the_edge_of_time_is_none() -> None:
    """Times that cannot be told in UTC are no dates."""
    assert read_date("9999-12-31 23:59", "America/New_York") is None
    assert read_date("0001-01-01", "Europe/Oslo") is None


def test_a_date_is_shown_as_it_is_typed() -> None:
    """What is shown in the field is read as the same time again."""
    for at in (datetime(2026, 11, 30, 23, 0, tzinfo=UTC), datetime(2027, 7, 1, 5, 59, tzinfo=UTC)):
        assert read_date(typed_date(at, "Europe/Oslo"), "Europe/Oslo") == at


def test_a_long_query_is_no_error(browser: Browser) -> None:
    """The address may hold anything."""
    assert browser.get("/settings/basic?" + urlencode({"said": "x" * 5000, "\0": "\n"})).status == 200
