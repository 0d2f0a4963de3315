"""The requirement over HTTP: proposed, shown, and confirmed; whatever is not exactly that changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.web.house import House, Resident
from tests.web.requiring import CONFIRM, FORM, ON, confirmation, proposed, turned_on
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of an organisation that may require two-factor, and does not."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


@pytest.mark.row("R42", "R44")
def test_the_requirement_is_turned_on_by_what_was_shown_and_confirmed(house: House, kari: Resident) -> None:
    """Saving shows the numbers and the names and changes nothing; confirming turns it on, and it stands in the log."""
    house.person("ola@fjordly.no", "fjordly", name="Ola Uten")
    browser = house.sign_in(kari)
    page = proposed(browser)
    assert "Ola Uten" in page.words
    assert not house.requires("fjordly")
    answer = browser.post(CONFIRM, confirmation=page.hidden("confirmation"))
    assert (answer.status, answer.location) == (303, "/settings/basic?said=on")
    assert house.requires("fjordly")
    assert house.kinds("fjordly")[0] == "organisation:requirement:turned_on"
    assert "Turned on by Kari" in browser.get(answer.location).words


@pytest.mark.row("R42", "R43")
@pytest.mark.parametrize("path", ["/settings/basic", CONFIRM])
def test_a_direct_post_changes_nothing(house: House, kari: Resident, path: str) -> None:
    """Without the confirmation that was handed out, no field of any form turns the requirement on."""
    browser = house.sign_in(kari)
    browser.get("/settings/basic")
    answer = browser.post(path, **ON, confirm="on", confirmed="true", force_2fa="true")
    assert answer.status in (200, 409)
    assert not house.requires("fjordly")


@pytest.mark.row("R42", "R43", "R92")
def test_a_confirmation_of_ones_own_making_is_refused_and_logged(house: House, kari: Resident) -> None:
    """An invented token is told to be invalid, and the attempt stands in the log."""
    browser = house.sign_in(kari)
    browser.get("/settings/basic")
    answer = browser.post(CONFIRM, confirmation="A" * 43)
    assert answer.status == 409
    assert "not valid here" in answer.words
    assert house.kinds("fjordly")[0] == "organisation:requirement:refused"


@pytest.mark.row("R42")
def test_a_confirmation_belongs_to_one_session(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """The same person in another browser cannot confirm it, and it is still good where it was handed out."""
    first = house.sign_in(kari)
    token = confirmation(first)
    clock.shift(timedelta(seconds=60))
    second = house.sign_in(kari)
    second.get("/settings/basic")
    assert second.post(CONFIRM, confirmation=token).status == 409
    assert not house.requires("fjordly")
    assert first.post(CONFIRM, confirmation=token).status == 303


@pytest.mark.row("R42", "R46")
def test_a_confirmation_belongs_to_one_organisation(house: House, kari: Resident) -> None:
    """A global administrator of two organisations cannot confirm for the one what was shown for the other."""
    house.organisation("nordly")
    house.join(kari, "nordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.sign_in(kari, organisation="fjordly")
    token = confirmation(browser)
    browser.get("/choose-organisation")
    browser.post("/choose-organisation", organisation="nordly")
    browser.get("/settings/basic")
    assert browser.post(CONFIRM, confirmation=token).status == 409
    assert not house.requires("fjordly")
    assert not house.requires("nordly")


@pytest.mark.row("R42")
def test_a_form_of_another_organisation_is_answered_with_409(house: House, kari: Resident) -> None:
    """After changing organisation in another window, the old window's forms change nothing and say so."""
    house.organisation("nordly", name="Nordly")
    house.join(kari, "nordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.sign_in(kari, organisation="nordly")
    browser.get("/settings/basic")
    for path in ("/settings/basic", CONFIRM):
        answer = browser.post(path, **ON, organisation="fjordly")
        assert answer.status == 409
        assert "You have changed to Nordly in another window" in answer.words
    answer = browser.post("/settings/basic", **ON, organisation=None)
    assert answer.status == 409
    assert house.stored("nordly").name == "Nordly"


@pytest.mark.row("R42")
def test_a_confirmation_confirms_only_its_own_value(house: House, kari: Resident) -> None:
    """What else is sent with it makes no difference: a confirmation for a date does not turn it on at once."""
    browser = house.sign_in(kari)
    token = confirmation(browser, **ON, required_from="01.12.2026")
    browser.post(CONFIRM, confirmation=token, require_two_factor="on", required_from="")
    assert house.stored("fjordly").policy.requirement.from_ == datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


@pytest.mark.row("R42")
def test_a_newer_proposal_voids_the_earlier_one(house: House, kari: Resident) -> None:
    """Of two windows of one session only the last one shown can be confirmed."""
    browser = house.sign_in(kari)
    earlier = confirmation(browser)
    later = confirmation(browser, **ON, required_from="01.12.2026")
    assert browser.post(CONFIRM, confirmation=earlier).status == 409
    assert not house.requires("fjordly")
    assert browser.post(CONFIRM, confirmation=later).status == 303


@pytest.mark.row("R42")
def test_a_confirmation_counts_once(house: House, kari: Resident) -> None:
    """Sent again after the requirement was turned off, it does not turn it on a second time."""
    browser = house.sign_in(kari)
    first = confirmation(browser)
    browser.post(CONFIRM, confirmation=first)
    browser.post(CONFIRM, confirmation=confirmation(browser, **FORM))
    assert not house.requires("fjordly")
    assert browser.post(CONFIRM, confirmation=first).status == 409
    assert not house.requires("fjordly")


@pytest.mark.row("R42", "R17")
def test_of_parallel_confirmations_one_counts(house: House, kari: Resident) -> None:
    """Eight windows that send the same confirmation at the same time make one change."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    others = [house.same_browser(browser) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda other: other.post(CONFIRM, confirmation=token).status, others))
    assert sorted(statuses) == [303, *[409] * 7]
    assert house.kinds("fjordly").count("organisation:requirement:turned_on") == 1


@pytest.mark.row("R42")
def test_after_five_minutes_it_is_shown_anew(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """An expired confirmation changes nothing; the same window comes back with a new one, which counts."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    clock.shift(timedelta(minutes=5))
    answer = browser.post(CONFIRM, confirmation=token)
    assert answer.status == 409
    assert "More than five minutes passed" in answer.words
    assert not house.requires("fjordly")
    assert browser.post(CONFIRM, confirmation=answer.hidden("confirmation")).status == 303
    assert house.requires("fjordly")


@pytest.mark.row("R42")
def test_just_within_five_minutes_it_counts(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """The time that the page promises is given."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    clock.shift(timedelta(minutes=4, seconds=50))
    assert browser.post(CONFIRM, confirmation=token).status == 303


@pytest.mark.row("R42")
def test_two_administrators_at_once(house: House, kari: Resident) -> None:
    """The second one is told that somebody else has changed it, and that it stands already."""
    per = house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    hers, his = house.sign_in(kari), house.sign_in(per)
    her_token, his_token = confirmation(hers), confirmation(his)
    assert hers.post(CONFIRM, confirmation=her_token).status == 303
    answer = his.post(CONFIRM, confirmation=his_token)
    assert answer.status == 409
    assert "Someone else has changed this" in answer.words
    assert "Turned on by Kari" in answer.words


@pytest.mark.row("R42")
def test_two_administrators_with_different_wishes(house: House, kari: Resident) -> None:
    """The second one sees the window again with what now stands, and changes nothing before confirming that."""
    per = house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    hers, his = house.sign_in(kari), house.sign_in(per)
    her_token = confirmation(hers, **ON, required_from="01.12.2026")
    his_token = confirmation(his)
    hers.post(CONFIRM, confirmation=her_token)
    answer = his.post(CONFIRM, confirmation=his_token)
    assert answer.status == 409
    assert "Someone else has changed this" in answer.words
    assert house.stored("fjordly").policy.requirement.from_ is not None
    answer = his.post(CONFIRM, confirmation=answer.hidden("confirmation"))
    assert answer.location == "/settings/basic?said=moved"
    assert house.stored("fjordly").policy.requirement.from_ is None


@pytest.mark.row("R42", "R44")
def test_when_the_people_change_the_new_ones_are_shown(house: House, kari: Resident) -> None:
    """Somebody who joined after the preview was shown has to be shown first."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    house.person("eva@fjordly.no", "fjordly", name="Eva Ny")
    answer = browser.post(CONFIRM, confirmation=token)
    assert answer.status == 409
    assert "The people it concerns have changed" in answer.words
    assert "Eva Ny" in answer.words
    assert not house.requires("fjordly")
    assert browser.post(CONFIRM, confirmation=answer.hidden("confirmation")).status == 303


def test_turned_on_from_a_date(house: House, kari: Resident) -> None:
    """The date is read in the organisation's time zone, shown before and after, and bites nobody before then."""
    ola = house.person("ola@fjordly.no", "fjordly")
    browser, his = house.sign_in(kari), house.sign_in(ola)
    window = proposed(browser, **ON, required_from="01.12.2026 08.30")
    assert "from 1 December 2026 at 08:30?" in window.words
    answer = browser.post(CONFIRM, confirmation=window.hidden("confirmation"))
    page = browser.get(answer.location)
    assert "will be required from 1 December 2026 at 08:30" in page.words
    assert 'value="01.12.2026 08.30"' in page.text
    assert house.stored("fjordly").policy.requirement.from_ == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    assert his.get("/").status == 200


@pytest.mark.row("R41")
def test_the_administrator_is_asked_to_enrol_at_the_next_request(house: House) -> None:
    """Whoever turns it on without having a factor is told so before, and is held at enrolment afterwards."""
    house.organisation("fjordly", name="Fjordly AS")
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR)
    browser = house.sign_in(kari)
    window = proposed(browser)
    assert "You will be asked to set up two-factor authentication right away" in window.words
    answer = browser.post(CONFIRM, confirmation=window.hidden("confirmation"))
    assert answer.location == "/settings/basic?said=on"
    assert browser.get(answer.location).location == "/login/enrol"
    assert house.requires("fjordly")


def test_many_names_are_paged(house: House, kari: Resident) -> None:
    """Names beyond twelve stand on further pages of the same window, each of which can be confirmed."""
    for number in range(30):
        house.person(f"p{number:02}@fjordly.no", "fjordly", name=f"Person {number:02}")
    browser = house.sign_in(kari)
    page = proposed(browser)
    assert "Person 11" in page.words
    assert "Person 12" not in page.words
    page = proposed(browser, **ON, names_page="3")
    assert "Page 3 of 3" in page.words
    assert "Person 29" in page.words
    for odd in ("99", "0", "-1", "x", "9" * 30, "²"):
        assert proposed(browser, **ON, names_page=odd).status == 200
    assert browser.post(CONFIRM, confirmation=browser.last.hidden("confirmation")).status == 303


def test_the_window_has_no_address(house: House, kari: Resident) -> None:
    """Asked for by GET, as when the language is switched on it, it leads to the page behind."""
    answer = house.sign_in(kari).get(CONFIRM)
    assert (answer.status, answer.location) == (303, "/settings/basic")


@pytest.mark.row("R97")
@pytest.mark.parametrize(
    ("language", "asked", "button", "refused"),
    [
        ("nb", "Vil du kreve totrinnsbekreftelse fra nå?", "Bekreft", "Noen andre har endret dette i mellomtiden."),
        ("nn", "Vil du krevje totrinnsstadfesting frå no?", "Stadfest", "Nokon andre har endra dette i mellomtida."),
    ],
)
def test_the_window_speaks_the_persons_language(
    house: House, kari: Resident, language: str, asked: str, button: str, refused: str
) -> None:
    """Question, button and refusal stand in the language that the person has chosen."""
    browser = house.sign_in(kari)
    with house.services.store.writing() as unit:
        unit.people.set_language(kari.id, language)
    window = proposed(browser)
    assert asked in window.words
    assert f"{button} Avbryt" in window.words
    turned_on(house)
    answer = browser.post(CONFIRM, confirmation=window.hidden("confirmation"))
    assert refused in answer.words
