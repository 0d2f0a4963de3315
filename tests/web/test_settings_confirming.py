"""The requirement over HTTP: proposed, shown, and confirmed; whatever is not exactly that changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Answer, Browser, House, Resident, now
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

FORM = {"name": "Fjordly AS", "language": "nb", "time_zone": "Europe/Oslo"}
ON = {**FORM, "require_two_factor": "on"}
CONFIRM = "/settings/basic/confirm"


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of an organisation that may require two-factor, and does not."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


def proposed(browser: Browser, **form: str) -> Answer:
    """The page with the window, after the form was saved."""
    browser.get("/settings/basic")
    answer = browser.post("/settings/basic", **(form or ON))
    assert answer.status == 200, answer.words
    assert answer.hidden("confirmation")
    return answer


def confirmation(browser: Browser, **form: str) -> str:
    """The token of a change that was just proposed."""
    return proposed(browser, **form).hidden("confirmation") or ""


def turned_on(house: House, slug: str = "fjordly", *, from_: datetime | None = None) -> None:
    """Requires two-factor behind everybody's back."""
    organisation = house.stored(slug)
    with house.services.store.writing() as unit:
        assert unit.organisations.take_requirement(
            organisation.id, Requirement(now(), from_), by=None, expected_revision=organisation.policy.revision
        )


def withdrawn(house: House, slug: str = "fjordly") -> None:
    """The vendor takes the feature back."""
    with house.services.store.writing() as unit:
        unit.organisations.set_available(house.stored(slug).id, None, None)


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


@pytest.mark.row("R43")
def test_what_is_not_available_cannot_be_turned_on(house: House) -> None:
    """The switch is locked; whoever sends the form all the same is refused, nothing is saved, and it is logged."""
    house.organisation("fjordly", name="Fjordly AS", is_available=False)
    kari = house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    browser = house.sign_in(kari)
    assert "Not available to you yet" in browser.get("/settings/basic").words
    answer = browser.post("/settings/basic", **{**ON, "name": "Nytt navn"})
    assert answer.status == 403
    assert "Contact support" in answer.words
    assert house.stored("fjordly").name == "Fjordly AS"
    assert not house.requires("fjordly")
    assert house.kinds("fjordly")[0] == "organisation:requirement:refused"


@pytest.mark.row("R42", "R45")
def test_withdrawn_between_preview_and_confirmation(house: House, kari: Resident) -> None:
    """What the vendor has withdrawn in the meantime can no longer be turned on."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    withdrawn(house)
    answer = browser.post(CONFIRM, confirmation=token)
    assert answer.status == 403
    assert "not available" in answer.words
    assert not house.requires("fjordly")


@pytest.mark.row("R45")
def test_a_withdrawn_feature_keeps_its_requirement_until_turned_off(house: House, kari: Resident) -> None:
    """It stays required; its administrator may turn it off, is told what that means, and cannot turn it on again."""
    turned_on(house)
    withdrawn(house)
    browser = house.sign_in(kari)
    page = browser.get("/settings/basic")
    assert "The feature has been withdrawn" in page.words
    assert house.requires("fjordly")
    window = browser.post("/settings/basic", **FORM)
    assert "you cannot turn it on again without support" in window.words
    answer = browser.post(CONFIRM, confirmation=window.hidden("confirmation"))
    assert answer.location == "/settings/basic?said=off"
    assert not house.requires("fjordly")
    browser.get("/settings/basic")
    assert browser.post("/settings/basic", **ON).status == 403
    assert not house.requires("fjordly")


@pytest.mark.row("R45")
def test_withdrawn_with_a_date_it_cannot_be_moved_forward(house: House, kari: Resident) -> None:
    """A date that stands may be put off or dropped, but not brought forward, once the feature is withdrawn."""
    turned_on(house, from_=datetime(2026, 12, 1, 12, 0, tzinfo=UTC))
    withdrawn(house)
    browser = house.sign_in(kari)
    browser.get("/settings/basic")
    assert browser.post("/settings/basic", **ON, required_from="30.11.2026").status == 403
    assert browser.post("/settings/basic", **ON).status == 403
    window = browser.post("/settings/basic", **ON, required_from="02.12.2026")
    assert browser.post(CONFIRM, confirmation=window.hidden("confirmation")).location == "/settings/basic?said=moved"


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


@pytest.mark.row("R42", "R53")
def test_a_stale_proof_is_asked_for_in_the_window(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """After 20 minutes password and code are asked for; with both, the very confirmation goes through."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=21))
    window = proposed(browser)
    assert "It is more than 20 minutes since you signed in" in window.words
    before = browser.cookie()
    answer = browser.post(
        CONFIRM, confirmation=window.hidden("confirmation"), password=PASSWORD, proof_code=kari.code()
    )
    assert (answer.status, answer.location) == (303, "/settings/basic?said=on")
    assert browser.cookie() != before
    assert browser.get(answer.location).status == 200
    assert house.requires("fjordly")


@pytest.mark.row("R42")
@pytest.mark.parametrize(
    ("password", "code", "said"),
    [
        ("not the password", "right", "The password is wrong"),
        ("", "right", "Type your password"),
        (PASSWORD, "000000", "The code does not match"),
        (PASSWORD, "", "A code is six digits"),
        ("x" * 5000, "right", "The password is wrong"),
    ],
)
def test_a_failed_proof_keeps_the_confirmation(
    house: House, kari: Resident, clock: time_machine.Traveller, password: str, code: str, said: str
) -> None:
    """The window comes back with what was wrong and the same confirmation, which is still good."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=21))
    token = confirmation(browser)
    typed = kari.code() if code == "right" else code
    answer = browser.post(CONFIRM, confirmation=token, password=password, proof_code=typed)
    assert answer.status == 422
    assert said in answer.words
    assert answer.hidden("confirmation") == token
    assert not house.requires("fjordly")
    clock.shift(timedelta(seconds=90))
    answer = browser.post(CONFIRM, confirmation=token, password=PASSWORD, proof_code=kari.code())
    assert answer.status == 303
    assert house.requires("fjordly")


@pytest.mark.row("R42")
def test_a_proof_that_goes_stale_in_the_window_is_asked_for(
    house: House, kari: Resident, clock: time_machine.Traveller
) -> None:
    """Fresh when it was shown, stale when it is confirmed: the window comes back and asks, and nothing has changed."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=18))
    token = confirmation(browser)
    clock.shift(timedelta(minutes=4))
    answer = browser.post(CONFIRM, confirmation=token)
    assert answer.status == 422
    assert "Confirm that it is you" in answer.words
    assert not house.requires("fjordly")
    answer = browser.post(
        CONFIRM, confirmation=answer.hidden("confirmation"), password=PASSWORD, proof_code=kari.code()
    )
    assert answer.status == 303


@pytest.mark.row("R42", "R92")
def test_proven_again_but_too_late(house: House, kari: Resident, clock: time_machine.Traveller) -> None:
    """The new session cookie is given even when the confirmation has expired, and the window that comes back works."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=21))
    token = confirmation(browser)
    clock.shift(timedelta(minutes=6))
    answer = browser.post(CONFIRM, confirmation=token, password=PASSWORD, proof_code=kari.code())
    assert answer.status == 409
    assert "More than five minutes passed" in answer.words
    assert browser.post(CONFIRM, confirmation=answer.hidden("confirmation")).status == 303


@pytest.mark.row("R13", "R14")
def test_guessing_the_password_in_the_window_is_slowed(
    house: House, kari: Resident, clock: time_machine.Traveller
) -> None:
    """A borrowed session does not become a way to try passwords."""
    browser = house.sign_in(kari)
    clock.shift(timedelta(minutes=21))
    token = confirmation(browser)
    statuses = [browser.post(CONFIRM, confirmation=token, password=f"wrong {n}").status for n in range(12)]
    assert statuses[0] == 422
    assert statuses[-1] == 429
    assert not house.requires("fjordly")


@pytest.mark.row("R43", "R47", "R92")
@pytest.mark.parametrize("role", [Role.USER, Role.ADMINISTRATOR])
def test_others_read_and_change_nothing(house: House, kari: Resident, role: Role) -> None:
    """Whoever is not a global administrator sees the page read-only and who may; their forms are refused and logged."""
    ola = house.person("ola@fjordly.no", "fjordly", role)
    browser = house.sign_in(ola)
    page = browser.get("/settings/basic")
    assert page.status == 200
    assert "Only a global administrator can change this. At your organisation that is Kari." in page.words
    assert "Save" not in page.words
    for path in ("/settings/basic", CONFIRM):
        assert browser.post(path, **{**ON, "name": "Mitt"}, organisation="fjordly", confirmation="x").status == 403
        assert house.kinds("fjordly")[0] == "session:access:refused"
    assert not house.requires("fjordly")
    assert house.stored("fjordly").name == "Fjordly AS"


@pytest.mark.row("R43", "R49")
def test_a_role_lost_between_page_and_confirmation(house: House, kari: Resident) -> None:
    """Whoever is a global administrator no more confirms nothing, whatever they were shown before."""
    house.person("per@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)
    browser = house.sign_in(kari)
    token = confirmation(browser)
    house.set_role("fjordly", kari, Role.ADMINISTRATOR)
    assert browser.post(CONFIRM, confirmation=token).status == 403
    assert browser.post("/settings/basic", **ON, organisation="fjordly").status == 403
    assert not house.requires("fjordly")
    house.set_role("fjordly", kari, Role.GLOBAL_ADMINISTRATOR)
    assert browser.post(CONFIRM, confirmation=token, organisation="fjordly").status == 303


@pytest.mark.row("R49")
def test_a_removed_administrator_confirms_nothing(house: House, kari: Resident) -> None:
    """Removed from the organisation, the session ends and the confirmation with it."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    with house.services.store.writing() as unit:
        unit.members.remove(house.stored("fjordly").id, kari.id)
    answer = browser.post(CONFIRM, confirmation=token)
    assert (answer.status, answer.location) == (303, "/login")
    assert not house.requires("fjordly")


@pytest.mark.row("R43")
def test_the_vendors_own_organisation_has_no_such_page(house: House) -> None:
    """It always requires two-factor, and nobody there can turn that off."""
    house.organisation("vendor", is_vendor=True)
    tor = house.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)
    browser = house.sign_in(tor)
    assert browser.get("/settings/basic").status == 403
    assert browser.post("/settings/basic", **FORM, organisation="vendor").status == 403
    assert browser.post(CONFIRM, confirmation="x", organisation="vendor").status == 403
    assert house.requires("vendor")


@pytest.mark.row("R62")
def test_without_our_own_form_nothing_is_done(house: House, kari: Resident) -> None:
    """A right confirmation from a page that is not ours is refused, and is still good on ours."""
    browser = house.sign_in(kari)
    token = confirmation(browser)
    assert browser.post(CONFIRM, confirmation=token, csrf="0" * 64).status == 403
    assert not house.requires("fjordly")
    browser.get("/settings/basic")
    assert browser.post(CONFIRM, confirmation=token).status == 303


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
