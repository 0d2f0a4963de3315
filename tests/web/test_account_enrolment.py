"""Setting up, or replacing, one's own app from the account."""

from datetime import timedelta

import pyotp
import pytest
import time_machine

from tests.web.house import PASSWORD, Browser, House, Resident, now
from tests.web.own_account import (
    SECOND_FACTOR,
    at_second_step,
    begun,
    code_of,
    is_dead,
    lets_in,
    mails,
    set_up,
    shown_codes,
    shown_key,
    wait_for_next_code,
)

CONFIRM = f"{SECOND_FACTOR}/confirm"


@pytest.fixture
def ola(house: House) -> Resident:
    """A user without a second factor."""
    house.organisation("fjordly", name="Fjordly AS")
    return house.person("ola@fjordly.no", "fjordly", name="Ola Nordmann")


@pytest.fixture
def eva(house: House, ola: Resident) -> Resident:
    """A user with a second factor."""
    return house.person("eva@fjordly.no", "fjordly", factor=True)


def by_recovery_code(house: House, resident: Resident, code: str) -> tuple[Browser, str]:
    """A browser that was let in by a recovery code, and where it was sent."""
    browser = at_second_step(house, resident)
    browser.get("/login/two-factor?way=recovery")
    return browser, browser.post("/login/two-factor", recovery_code=code).location


@pytest.mark.row("R18", "R30", "R53", "R92")
def test_an_app_is_set_up_of_ones_own_accord(
    house: House, ola: Resident, eva: Resident, clock: time_machine.Traveller
) -> None:
    """From then on the password alone does not lead in; the code that confirmed does not sign in as well."""
    browser = house.sign_in(ola)
    old = browser.cookie()
    secret, codes = set_up(browser)
    assert "Two-factor authentication is active" in browser.last.words
    assert len(set(codes)) == 10
    assert is_dead(house, old)
    assert browser.get("/account").status == 200
    assert mails(house) == ["new_factor"]
    assert house.kinds("fjordly")[0] == "person:factor:enrolled"
    assert not lets_in(house, ola, code=code_of(secret))
    wait_for_next_code(clock)
    assert lets_in(house, ola, code=code_of(secret))
    assert lets_in(house, ola, recovery_code=codes[0])
    assert not lets_in(house, ola, recovery_code=codes[0])


@pytest.mark.row("R41", "R58")
def test_what_the_password_alone_had_opened_must_verify(house: House, ola: Resident) -> None:
    """Another browser's session, and a sign-in that was under way, are back at the start."""
    other, browser = house.sign_in(ola), house.sign_in(ola)
    set_up(browser)
    assert other.get("/account").location.startswith("/login")
    assert other.get("/").location.startswith("/login")
    assert at_second_step(house, ola).get("/").location == "/login/two-factor"


@pytest.mark.row("R22", "R26", "R27")
def test_the_key_stays_the_same_until_it_expires(house: House, ola: Resident, clock: time_machine.Traveller) -> None:
    """It counts for nothing before it is confirmed, and for nothing after ten minutes."""
    browser = house.sign_in(ola)
    key = begun(browser)
    assert shown_key(browser.get(SECOND_FACTOR)) == key
    assert begun(browser) == key
    assert house.sign_in(ola).get("/account").status == 200
    clock.shift(timedelta(minutes=10, seconds=1))
    assert shown_key(browser.get(SECOND_FACTOR)) is None
    answer = browser.post(CONFIRM, code=code_of(key))
    assert answer.status == 422
    assert "The key has expired" in answer.words
    assert begun(browser) != key


@pytest.mark.row("R22", "R26")
def test_a_key_is_confirmed_only_where_it_was_shown(house: House, ola: Resident, eva: Resident) -> None:
    """Neither another session of the same person nor a secret that the browser sends along counts."""
    browser, other = house.sign_in(ola), house.sign_in(ola)
    key = begun(browser)
    other.get(SECOND_FACTOR)
    assert other.post(CONFIRM, code=code_of(key)).status == 422
    own = pyotp.random_base32()
    assert browser.post(CONFIRM, code=code_of(own), secret=own, pending=own).status == 422
    assert shown_key(house.sign_in(eva).get(SECOND_FACTOR)) is None


@pytest.mark.row("R20")
@pytest.mark.parametrize(
    "typed", [None, "", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "+12345", "1e5000"]
)
def test_what_is_no_code_confirms_nothing(house: House, ola: Resident, typed: str | None) -> None:
    """The window stays open, with the same key."""
    browser = house.sign_in(ola)
    key = begun(browser)
    answer = browser.post(CONFIRM, code=typed)
    assert answer.status == 422
    assert "A code is six digits" in answer.words
    assert shown_key(answer) == key


@pytest.mark.row("R19")
def test_a_phone_whose_clock_is_off_is_told_so(house: House, ola: Resident) -> None:
    """The cause first, then the cure."""
    browser = house.sign_in(ola)
    key = begun(browser)
    answer = browser.post(CONFIRM, code=pyotp.TOTP(key).at(now() + timedelta(minutes=3)))
    assert answer.status == 422
    assert "Your phone’s clock is about 3 minutes fast" in answer.words


@pytest.mark.row("R29", "R30", "R32")
def test_the_app_is_replaced_in_one_step(house: House, eva: Resident, clock: time_machine.Traveller) -> None:
    """The old app and its recovery codes are dead the moment the new one is confirmed, not before."""
    browser = house.sign_in(eva)
    _, old_codes = set_up(browser)
    wait_for_next_code(clock)
    second = begun(browser)
    answer = browser.post(CONFIRM, code=code_of(second))
    assert "The new app is in use" in answer.words
    new_codes = shown_codes(answer)
    assert not set(new_codes) & set(old_codes)
    wait_for_next_code(clock)
    assert not lets_in(house, eva, code=eva.code())
    assert not lets_in(house, eva, recovery_code=old_codes[0])
    assert lets_in(house, eva, code=code_of(second))
    assert lets_in(house, eva, recovery_code=new_codes[0])
    assert house.kinds("fjordly").count("person:factor:replaced") == 2


@pytest.mark.row("R29")
def test_the_old_app_counts_until_the_new_one_is_confirmed(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """Whoever stops half-way is not locked out."""
    begun(house.sign_in(eva))
    wait_for_next_code(clock)
    assert lets_in(house, eva, code=eva.code())


@pytest.mark.row("R28", "R29", "R53")
@pytest.mark.parametrize(
    "typed", [{}, {"password": ""}, {"password": "wrong"}, {"password": PASSWORD}, {"password": "x" * 2000}]
)
def test_a_stale_proof_shows_no_key(
    house: House, eva: Resident, clock: time_machine.Traveller, typed: dict[str, str]
) -> None:
    """After 20 minutes the browser that was left open cannot put another app in the place of this one."""
    browser = house.sign_in(eva)
    clock.shift(timedelta(minutes=21))
    assert "Confirm that it is you" in browser.get(SECOND_FACTOR).words
    answer = browser.post(SECOND_FACTOR, **typed, proof_code="000000")
    assert answer.status == 422
    assert shown_key(answer) is None
    assert shown_key(browser.get(SECOND_FACTOR)) is None


@pytest.mark.row("R29", "R53")
def test_with_a_fresh_proof_it_goes_on(house: House, eva: Resident, clock: time_machine.Traveller) -> None:
    """Password and code with the same form; the session has a new cookie, and the old one is dead."""
    browser = house.sign_in(eva)
    clock.shift(timedelta(minutes=21))
    old = browser.cookie()
    browser.get(SECOND_FACTOR)
    answer = browser.post(SECOND_FACTOR, password=PASSWORD, proof_code=eva.code())
    assert (answer.status, answer.location) == (303, SECOND_FACTOR)
    assert browser.cookie() != old
    assert is_dead(house, old)
    assert shown_key(browser.get(SECOND_FACTOR)) is not None
    assert "session:proof:renewed" in house.kinds("fjordly")


@pytest.mark.row("R29")
def test_a_proof_that_grows_stale_meanwhile_confirms_nothing(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """The key that was shown in time does not outlive the proof."""
    browser = house.sign_in(eva)
    clock.shift(timedelta(minutes=15))
    key = begun(browser)
    clock.shift(timedelta(minutes=6))
    assert shown_key(browser.get(SECOND_FACTOR)) is None
    answer = browser.post(CONFIRM, code=code_of(key))
    assert (answer.status, answer.location) == (303, SECOND_FACTOR)
    assert lets_in(house, eva, code=eva.code())


@pytest.mark.row("R13", "R29")
def test_guessing_codes_to_prove_oneself_has_an_end(house: House, eva: Resident, clock: time_machine.Traveller) -> None:
    """They are counted with those of sign-in; while one has to wait the right one does not count either."""
    browser = house.sign_in(eva)
    clock.shift(timedelta(minutes=21))
    browser.get(SECOND_FACTOR)
    for _ in range(5):
        assert browser.post(SECOND_FACTOR, password=PASSWORD, proof_code="000000").status == 422
    answer = browser.post(SECOND_FACTOR, password=PASSWORD, proof_code=eva.code())
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert "Too many failed attempts" in answer.words
    assert mails(house) == ["wrong_codes"]


@pytest.mark.row("R32")
def test_after_a_recovery_code_the_new_phone_is_offered(
    house: House, eva: Resident, clock: time_machine.Traveller
) -> None:
    """Right after signing in, with a way past it; the code counts as proof, and the old app falls away."""
    _, codes = set_up(house.sign_in(eva))
    browser, address = by_recovery_code(house, eva, codes[0])
    assert address == f"{SECOND_FACTOR}?after=recovery"
    page = browser.get(address)
    assert "Set up your new phone" in page.words
    assert '<a class="ds-button" data-variant="secondary" href="/">Continue to Jobadmin</a>' in page.text
    assert browser.get("/").status == 200
    secret, _ = set_up(browser)
    assert "The new app is in use" in browser.last.words
    wait_for_next_code(clock)
    assert lets_in(house, eva, code=code_of(secret))


def test_the_address_alone_does_not_say_how_one_came_in(house: House, eva: Resident) -> None:
    """Who signed in with the app is not told that it was a recovery code."""
    page = house.sign_in(eva).get(f"{SECOND_FACTOR}?after=recovery")
    assert "You signed in with a recovery code" not in page.words


@pytest.mark.row("R23", "R24")
def test_the_key_is_shown_by_this_service_alone(house: House, ola: Resident) -> None:
    """The QR code is part of the page, no cache keeps it, and the key stands in no address."""
    browser = house.sign_in(ola)
    key = begun(browser)
    assert "<svg" in browser.last.text
    assert "no-store" in browser.last.headers["cache-control"]
    assert key not in browser.post(CONFIRM, code=code_of(key)).text
    assert key not in str(house.events("fjordly"))
