"""Removing one's own app, and making new recovery codes."""

from datetime import timedelta

import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident, now
from tests.web.own_account import (
    at_second_step,
    factor_id,
    is_dead,
    lets_in,
    mails,
    set_up,
    shown_codes,
    wait_for_next_code,
)
from tests.web.requiring import turned_on, withdrawn
from totrinn.core.policy import Requirement
from totrinn.core.roles import Role

CODES = "/account/recovery-codes"
UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def eva(house: House) -> Resident:
    """A user with a second factor, where none is required."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("eva@fjordly.no", "fjordly", name="Eva Dahl", factor=True)


@pytest.fixture
def browser(house: House, eva: Resident, clock: time_machine.Traveller) -> Browser:
    """Hers, with a code that has not been used."""
    browser = house.sign_in(eva)
    wait_for_next_code(clock)
    return browser


def opened(house: House, browser: Browser, eva: Resident) -> str:
    """The address of the removal, with its page open."""
    path = f"/account/second-factor/{factor_id(house, eva)}/remove"
    assert browser.get(path).status == 200
    return path


@pytest.mark.row("R29", "R30", "R33", "R53", "R58", "R92")
def test_the_last_app_is_removed_with_a_fresh_code(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """What it proved ends, the person is told, and the recovery codes die with it, even if an app is added later."""
    other = house.sign_in(eva)
    wait_for_next_code(clock)
    with house.services.store.writing() as unit:
        unit.factors.replace_recovery_codes(eva.id, [b"digest"])
    path, old = opened(house, browser, eva), browser.cookie()
    answer = browser.post(path, code=eva.code())
    assert (answer.status, answer.location) == (303, "/account?said=factor-removed")
    assert "Not set up" in browser.get(answer.location).words
    assert is_dead(house, old)
    assert is_dead(house, other.cookie())
    assert mails(house) == ["factor_removed"]
    assert house.kinds("fjordly")[0] == "person:factor:removed"
    assert house.sign_in(eva).get("/account").status == 200
    with house.services.store.reading() as unit:
        assert unit.factors.recovery_codes_left(eva.id) == 0


@pytest.mark.row("R29")
@pytest.mark.parametrize("typed", [None, "", "000000", "12345"])
def test_without_a_fresh_code_nothing_is_removed(
    house: House, browser: Browser, eva: Resident, typed: str | None
) -> None:
    """However fresh the sign-in is."""
    path = opened(house, browser, eva)
    assert browser.post(path, code=typed).status == 422
    assert factor_id(house, eva)


@pytest.mark.row("R16", "R29")
def test_the_code_of_the_sign_in_removes_nothing(house: House, eva: Resident) -> None:
    """A code counts once."""
    browser = house.sign_in(eva)
    answer = browser.post(opened(house, browser, eva), code=eva.code())
    assert answer.status == 422
    assert "already been used" in answer.words


@pytest.mark.row("R29")
def test_the_password_is_asked_for_after_20_minutes(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """The code is fresh in any case; what was proven long ago is the password."""
    clock.shift(timedelta(minutes=21))
    path = opened(house, browser, eva)
    assert 'name="password"' in browser.last.text
    for password in (None, "", "wrong", "x" * 1025):
        assert browser.post(path, code=eva.code(), password=password).status == 422
    assert factor_id(house, eva)
    answer = browser.post(path, code=eva.code(), password=PASSWORD)
    assert answer.location == "/account?said=factor-removed", answer.words


@pytest.mark.row("R13", "R29")
@pytest.mark.parametrize("what", ["code", "password"])
def test_guessing_to_remove_the_app_has_an_end(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller, what: str
) -> None:
    """Whichever is guessed, one has to wait, and the right ones do not count meanwhile."""
    clock.shift(timedelta(minutes=21))
    path = opened(house, browser, eva)
    right = {"code": eva.code(), "password": PASSWORD}
    for _ in range(5):
        assert browser.post(path, **{**right, what: "000000"}).status == 422
    answer = browser.post(path, **right)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert "Too many failed attempts. Wait 1 second" in answer.words
    assert factor_id(house, eva)


@pytest.mark.row("R29", "R45")
@pytest.mark.parametrize("days", [None, 30])
@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_the_last_app_stays_where_an_organisation_requires_it(
    house: House, browser: Browser, eva: Resident, days: int | None, is_withdrawn: bool
) -> None:
    """Now or from a date, here or in another organisation, and also if the feature was withdrawn since."""
    house.organisation("nordly", name="Nordly AS")
    house.join(eva, "nordly")
    turned_on(house, "nordly", from_=now() + timedelta(days=days) if days else None)
    if is_withdrawn:
        withdrawn(house, "nordly")
    assert "Nordly AS requires two-factor authentication" in browser.get("/account").words
    assert "/remove" not in browser.last.text
    path = opened(house, browser, eva)
    answer = browser.post(path, code=eva.code())
    assert answer.status == 409
    assert "Nordly AS requires two-factor authentication. You can replace what you use" in answer.words
    assert lets_in(house, eva, code=eva.code())


def test_an_invitation_does_not_hold_the_last_app(house: House, browser: Browser, eva: Resident) -> None:
    """What one has not accepted decides nothing."""
    house.organisation("nordly")
    turned_on(house, "nordly")
    house.join(eva, "nordly", accepted=False)
    assert browser.post(opened(house, browser, eva), code=eva.code()).status == 303


@pytest.mark.row("R29", "R51")
def test_the_vendors_staff_keep_their_app(house: House, clock: time_machine.Traveller) -> None:
    """They always need one."""
    house.organisation("vendor", name="Jobadmin support", is_vendor=True)
    tor = house.person("tor@vendor.no", "vendor", Role.VENDOR, factor=True)
    browser = house.sign_in(tor)
    wait_for_next_code(clock)
    assert browser.post(opened(house, browser, tor), code=tor.code()).status == 409


@pytest.mark.row("R46")
@pytest.mark.parametrize("which", ["another person's", "unknown", "nonsense"])
def test_another_persons_app_is_as_unknown_as_any(house: House, browser: Browser, eva: Resident, which: str) -> None:
    """The answer is the same page, whatever the id is, and nothing is removed."""
    siri = house.person("siri@fjordly.no", "fjordly", factor=True)
    ids = {"another person's": factor_id(house, siri), "unknown": UNKNOWN, "nonsense": "'%00%20--"}
    path = f"/account/second-factor/{ids[which]}/remove"
    answer = browser.get(path)
    assert answer.status == 404
    assert "We could not find this page" in answer.words
    browser.get("/account")
    assert browser.post(path, code=eva.code()).status == 404
    assert factor_id(house, eva)
    assert factor_id(house, siri)


# Recovery codes


@pytest.mark.row("R32", "R92")
def test_new_recovery_codes_kill_the_old_ones(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """Ten new ones of 120 bits, shown this once; the log says that it was done, and no code."""
    _, old = set_up(browser)
    assert "You have 10 of 10 left" in browser.get(CODES).words
    answer = browser.post(CODES)
    new = shown_codes(answer)
    assert len(set(new)) == 10
    assert "The old recovery codes no longer work" in answer.words
    assert not shown_codes(browser.get(CODES))
    assert not lets_in(house, eva, recovery_code=old[0])
    assert lets_in(house, eva, recovery_code=new[0].lower().replace("-", " "))
    assert "You have 9 of 10 left" in browser.get(CODES).words
    assert house.kinds("fjordly").count("person:recovery_codes:renewed") == 1
    assert not any(code in str(house.events("fjordly")) for code in new)


@pytest.mark.row("R29")
def test_new_recovery_codes_ask_for_a_stale_proof(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """Nothing is made before password and code have been given again; then it goes on at once, by a new cookie."""
    clock.shift(timedelta(minutes=21))
    assert "Confirm that it is you" in browser.get(CODES).words
    for wrong in ({}, {"password": PASSWORD}, {"password": "wrong", "proof_code": eva.code()}):
        answer = browser.post(CODES, **wrong)
        assert answer.status == 422
        assert not shown_codes(answer)
    old = browser.cookie()
    answer = browser.post(CODES, password=PASSWORD, proof_code=eva.code())
    assert len(shown_codes(answer)) == 10
    assert is_dead(house, old)
    assert browser.get("/account").status == 200


def test_without_an_app_there_are_no_recovery_codes(house: House, eva: Resident) -> None:
    """They are no factor by themselves: the page leads to setting one up."""
    ola = house.person("ola@fjordly.no", "fjordly")
    browser = house.sign_in(ola)
    assert browser.get(CODES).location == "/account/second-factor"
    assert browser.post(CODES).location == "/account/second-factor"
    with house.services.store.reading() as unit:
        assert unit.factors.recovery_codes_left(ola.id) == 0


@pytest.mark.row("R32", "R13")
def test_wrong_recovery_codes_count_with_wrong_codes(house: House, browser: Browser, eva: Resident) -> None:
    """One counter for both, so that nobody guesses twice as long."""
    set_up(browser)
    guessing = at_second_step(house, eva)
    for number in range(5):
        field = {"code": "000000"} if number % 2 else {"recovery_code": "ABCD-" * 5 + "ABCD"}
        assert guessing.post("/login/two-factor", **field).status == 422
    answer = guessing.post("/login/two-factor", code="000000")
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert "Too many failed attempts" in answer.words


@pytest.mark.row("R29", "R88")
def test_whoever_is_inactive_may_remove_the_last_app_and_returns_to_enrolment(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """Where she is no member nobody holds it; back there, the password alone leads to enrolment, by whatever way."""
    house.organisation("strict", name="Strict AS", requirement=Requirement(since=now()))
    house.join(eva, "strict")
    assert browser.post(opened(house, browser, eva), code=eva.code()).status == 409
    turn(house, eva, active=False)
    wait_for_next_code(clock)
    assert "Strict" not in browser.get("/account").words
    assert browser.post(opened(house, browser, eva), code=eva.code()).status == 303
    turn(house, eva, active=True)
    assert browser.get("/account").status == 200
    browser.get("/choose-organisation")
    switched = browser.post("/choose-organisation", organisation="strict")
    assert switched.location == "/login/enrol"
    assert browser.get("/account").location == "/login/enrol"
    fresh = house.sign_in(eva, organisation="strict")
    for path in ("/", "/account", "/settings/basic"):
        assert fresh.get(path).location == "/login/enrol"
    assert house.sessions("strict", eva) == 0


@pytest.mark.row("R29", "R33", "R88")
def test_who_returns_while_the_last_app_is_being_removed_is_held_as_well(
    house: House, browser: Browser, eva: Resident, clock: time_machine.Traveller
) -> None:
    """The page was opened before, the form is sent after: she is a member again, and the app stays."""
    house.organisation("strict", name="Strict AS", requirement=Requirement(since=now()))
    house.join(eva, "strict")
    turn(house, eva, active=False)
    path = opened(house, browser, eva)
    turn(house, eva, active=True)
    wait_for_next_code(clock)
    assert browser.post(path, code=eva.code()).status == 409
    assert lets_in(house, eva, code=eva.code())


def turn(house: House, resident: Resident, *, active: bool) -> None:
    """What the directory of the strict organisation does."""
    with house.services.store.writing() as unit:
        change = unit.directory.reactivate if active else unit.directory.deactivate
        assert change(house.stored("strict").id, resident.id, now())
