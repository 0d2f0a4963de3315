"""Who may change the requirement, how freshly proven, and for as long as the vendor makes it available."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, House, Resident
from tests.web.requiring import CONFIRM, FORM, ON, confirmation, proposed, turned_on, withdrawn
from totrinn.core.roles import Role


@pytest.fixture
def kari(house: House) -> Resident:
    """The global administrator of an organisation that may require two-factor, and does not."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("kari@fjordly.no", "fjordly", Role.GLOBAL_ADMINISTRATOR, factor=True)


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
    assert (answer.status, answer.location) == (303, "/login?said=over")
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
